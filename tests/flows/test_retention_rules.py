"""For how long each kind of data is kept: never longer than the table says, never shorter than it may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.retention_rules import days, rules

WISHES = st.dictionaries(st.sampled_from(sorted(rules())), st.integers(-10, 10_000))


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.kind)
def test_every_rule_is_whole_and_says_where_it_comes_from(rule):
    assert 0 < rule.least <= rule.days
    assert all((rule.what, rule.why, rule.source))


@given(st.sampled_from(sorted(rules())), WISHES, WISHES)
def test_a_wish_shortens_and_never_lengthens(kind, operator, merchant):
    kept = days(kind, operator, merchant)
    assert rules()[kind].least <= kept <= rules()[kind].days
    assert kept <= days(kind, operator)
    assert kept <= days(kind, merchant)


def test_the_shortest_wish_counts():
    assert days("carts", {"carts": 100}, {"carts": 60, "clicks": 8}) == 60


@pytest.mark.parametrize("kind", ["applied_bodies", "failed_bodies", "consent"])
def test_what_the_law_or_the_design_fixes_cannot_be_chosen(kind):
    assert rules()[kind].fixed
    assert days(kind, {kind: 1}) == rules()[kind].days
