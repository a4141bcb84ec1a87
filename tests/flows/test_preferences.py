"""What a shopper chose, as it is stored and as it narrows the hours."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import Contact
from flows import facts, preferences, timing
from flows.preferences import FIRST_HOUR, KINDS, LAST_HOUR, Preferences
from tests.factories import NOW

HOURS = st.none() | st.integers(FIRST_HOUR, LAST_HOUR)


@given(st.sets(st.sampled_from(KINDS)), st.sampled_from([None, "de", "sl"]), st.tuples(HOURS, HOURS))
def test_what_is_kept_is_what_was_chosen(kinds, language, hours):
    contact, chosen = Contact(kinds_off=[]), Preferences(frozenset(kinds), language, hours)
    preferences.keep(contact, chosen, NOW)
    assert preferences.stored(contact) == chosen


@given(st.tuples(HOURS, HOURS), st.integers(0, 23))
def test_the_hours_between_the_two_stay_and_all_others_go(hours, hour):
    chosen = Preferences(hours=hours)
    if chosen.hours_wrong:
        return
    contact = Contact(kinds_off=[])
    preferences.keep(contact, chosen, NOW)
    left = timing._without((time(FIRST_HOUR), time(LAST_HOUR)), facts._quiet(contact))
    start, end = hours[0] or FIRST_HOUR, hours[1] or LAST_HOUR
    assert any(first <= time(hour) < last for first, last in left) == (start <= hour < end)


@pytest.mark.parametrize(
    ("hours", "wrong"),
    [
        ((None, None), False),
        ((10, 12), False),
        ((10, 11), True),
        ((12, 10), True),
        ((21, None), True),
        ((None, 7), True),
        ((None, 8), False),
    ],
)
def test_too_few_hours_are_wrong(hours, wrong):
    assert Preferences(hours=hours).hours_wrong is wrong
