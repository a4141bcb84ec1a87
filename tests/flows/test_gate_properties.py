"""What the gates never do, whatever they are asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.caps import Cap
from flows.consent import Standing
from flows.gates import (
    CartState,
    Outcome,
    PlatformCheck,
    Situation,
    StepKind,
    StoreState,
    may_enroll,
    may_send,
)
from flows.phones import country_of
from flows.reasons import REASONS
from flows.windows import windows_for
from tests.flows.judge import is_open
from tests.flows.situations import DAY, HOUR, situation
from tests.flows.test_timing import RECIPIENTS, YEAR, places_and_zones

STRICTER: list[dict[str, Any]] = [
    {"store": StoreState.PAUSED},
    {"store": StoreState.RECONNECT},
    {"store": StoreState.UNINSTALLED},
    {"before_install": True},
    {"cart": CartState.EMPTIED},
    {"cart": CartState.ORDERED},
    {"cart": CartState.EXPIRED},
    {"items": 0},
    {"ordered": True},
    {"event_pending": True},
    {"phone": None},
    {"phone_problem": "not_mobile"},
    {"allowed_countries": frozenset[str]()},
    {"consent": Standing.NONE},
    {"consent": Standing.PENDING},
    {"consent": Standing.WITHDRAWN},
    {"confirmed": False},
    {"suppressed": True},
    {"texts_for_this_cart": 9},
    {"contact_cap": 10 * DAY},
    {"kind": StepKind.MARKETING},
    {"platform_check": PlatformCheck.ORDERED},
    {"sender_available": False},
    {"caps": (Cap(1, DAY),), "recent_texts": (YEAR + 365 * DAY,)},
    {"idle": 10 * DAY},
    {"cutoff": timedelta(0)},
    {"windows": ()},
    {"days_off": frozenset(range(7))},
    {"conversation_until": YEAR + 400 * DAY},
    {"zones": ()},
]


@st.composite
def willing(draw: st.DrawFn) -> Situation:
    """Anybody, anywhere, at any minute of the year, with only time, place and history against a text."""
    recipient = draw(st.sampled_from(RECIPIENTS))
    places, zones = places_and_zones(recipient)
    now = YEAR + draw(st.integers(0, 365 * 24 * 60 - 1)) * timedelta(minutes=1)
    ages = st.sampled_from([timedelta(minutes=10), HOUR, HOUR, 15 * HOUR, 20 * HOUR, 2 * DAY, 3 * DAY])
    return situation(
        now=now,
        last_activity_at=now - draw(ages),
        cutoff=draw(st.sampled_from([DAY, 4 * DAY, 4 * DAY])),
        phone=recipient[0],
        country=country_of(recipient[0]),
        confirmed=True,
        texts_for_this_cart=draw(st.sampled_from([0, 0, 1])),
        last_marketing_text_at=draw(st.none() | ages.map(lambda age: now - age)),
        kind=draw(st.sampled_from(StepKind)),
        windows=windows_for(places),
        zones=zones,
        quiet=draw(st.sampled_from([(), (), ((time(21), time(9)),), ((time(12), time(13)),)])),
    )


def situations() -> st.SearchStrategy[Situation]:
    """Willing ones, and the same with one or two things against them."""
    changes = st.lists(st.sampled_from(STRICTER), max_size=2)
    return st.builds(
        lambda asked, found: replace(asked, **{k: v for c in found for k, v in c.items()}), willing(), changes
    )


@settings(max_examples=100)
@given(situations())
def test_a_text_goes_only_when_nothing_at_all_speaks_against_it(asked: Situation) -> None:
    answer = may_send(asked)
    if answer.outcome is not Outcome.GO:
        return
    places = tuple((window.country, window.region) for window in asked.windows)
    assert is_open(asked.now, places, asked.zones)
    assert answer.until is not None
    assert is_open(answer.until - timedelta(minutes=1), places, asked.zones)
    assert answer.until - asked.now >= timedelta(seconds=60)
    assert answer.until <= asked.last_activity_at + asked.cutoff
    assert (asked.consent, asked.suppressed, asked.ordered) == (Standing.GIVEN, False, False)
    if asked.country in ("US", "CA", "PR"):
        assert asked.confirmed
        assert asked.texts_for_this_cart == 0
        assert answer.until <= asked.last_activity_at + 2 * DAY


@settings(max_examples=100)
@given(situations())
def test_a_refusal_has_its_reason_and_a_hold_its_end_before_the_deadline(asked: Situation) -> None:
    for answer in (may_send(asked), may_enroll(asked)):
        if answer.outcome is Outcome.GO:
            assert answer.reason is None
            continue
        assert answer.reason is not None
        assert answer.outcome is REASONS[answer.reason].outcome
        assert (answer.until is None) == (answer.outcome is Outcome.END)
        if answer.outcome is Outcome.HOLD:
            assert answer.until is not None
            assert asked.now < answer.until < asked.deadline


@given(willing())
def test_a_text_held_for_its_hours_goes_when_they_open(asked: Situation) -> None:
    answer = may_send(asked)
    if answer.reason == "quiet_hours" and answer.until is not None:
        released = may_send(replace(asked, now=answer.until))
        assert released.outcome is Outcome.GO or released.reason == "too_late"


@settings(max_examples=100)
@given(willing(), st.sampled_from(STRICTER))
def test_a_stricter_situation_never_turns_a_refusal_into_a_go(
    asked: Situation, change: dict[str, Any]
) -> None:
    stricter = replace(asked, **change)
    assert may_send(asked).outcome is Outcome.GO or may_send(stricter).outcome is not Outcome.GO
    assert may_enroll(asked).outcome is Outcome.GO or may_enroll(stricter).outcome is not Outcome.GO


@settings(max_examples=100)
@given(willing(), willing())
def test_another_place_zone_or_quiet_hour_never_turns_a_refusal_into_a_go(
    asked: Situation, other: Situation
) -> None:
    stricter = replace(
        asked,
        windows=asked.windows + other.windows,
        zones=asked.zones + other.zones,
        quiet=asked.quiet + other.quiet,
    )
    assert may_send(asked).outcome is Outcome.GO or may_send(stricter).outcome is not Outcome.GO
