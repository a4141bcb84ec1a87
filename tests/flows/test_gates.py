from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.caps import Cap
from flows.consent import Standing
from flows.gates import (
    EVENT_PENDING_PAUSE,
    RECHECK_PAUSE,
    Answer,
    CartState,
    Outcome,
    PlatformCheck,
    StepKind,
    StoreState,
    may_enroll,
    may_send,
)
from flows.reasons import REASONS
from flows.windows import Window, windows_for
from flows.zones import Place, possible_zones, regions_of
from tests.flows.situations import ALWAYS, AMERICAN, DAY, HOUR, NOON, situation
from tests.flows.test_timing import Recipient


def test_a_kind_of_texts_that_the_shopper_does_not_want_never_goes_and_another_does() -> None:
    unwanted = {"kinds_off": frozenset({"marketing"})}
    assert may_send(situation(**unwanted)) == Answer(Outcome.END, "kind_off")
    assert may_send(situation(**unwanted, kind=StepKind.SERVICE)).outcome is Outcome.GO


def test_a_cart_with_nothing_against_it_goes() -> None:
    assert may_enroll(situation()) == Answer(Outcome.GO)
    assert may_send(situation()) == Answer(Outcome.GO, until=datetime(2027, 1, 13, 19, tzinfo=UTC))


ENDS: list[tuple[str, dict[str, Any]]] = [
    ("uninstalled", {"store": StoreState.UNINSTALLED}),
    ("ordered", {"ordered": True}),
    ("ordered", {"cart": CartState.ORDERED}),
    ("ordered", {"platform_check": PlatformCheck.ORDERED}),
    ("stopped", {"consent": Standing.WITHDRAWN}),
    ("stopped", {"suppressed": True}),
    ("cart_emptied", {"cart": CartState.EMPTIED}),
    ("cart_emptied", {"items": 0}),
    ("before_install", {"before_install": True}),
    ("too_late", {"cart": CartState.EXPIRED}),
    ("too_late", {"last_activity_at": NOON - 4 * DAY}),
    ("invalid_number", {"phone": None, "phone_problem": "invalid_number"}),
    ("not_mobile", {"phone_problem": "not_mobile"}),
    ("country_off", {"allowed_countries": frozenset({"AT", "HR"})}),
    ("country_off", {"country": None, "allowed_countries": frozenset({"SI"})}),
    ("one_text_per_cart", {**AMERICAN, "texts_for_this_cart": 1}),
]
WAITS: list[tuple[str, dict[str, Any]]] = [
    ("no_number", {"phone": None, "country": None, "allowed_countries": frozenset({"SI"})}),
    ("no_consent", {"consent": Standing.NONE}),
    ("no_double_opt_in", {"consent": Standing.PENDING}),
    # The stop stands until a later tick is confirmed; the cart that the tick is of waits for that.
    ("no_double_opt_in", {"consent": Standing.PENDING, "suppressed": True}),
    ("no_double_opt_in", {**AMERICAN, "confirmed": False}),
]
HOLDS_OF_BOTH: list[tuple[str, dict[str, Any], timedelta]] = [
    ("store_inactive", {"store": StoreState.RECONNECT}, RECHECK_PAUSE),
    ("store_paused", {"store": StoreState.PAUSED}, RECHECK_PAUSE),
    ("event_pending", {"event_pending": True}, EVENT_PENDING_PAUSE),
    ("idle_again", {"last_activity_at": NOON - timedelta(minutes=10)}, timedelta(minutes=20)),
]
HOLDS_OF_SENDING: list[tuple[str, dict[str, Any], timedelta]] = [
    ("no_sender", {"sender_available": False}, RECHECK_PAUSE),
    ("cap_reached", {"last_marketing_text_at": NOON - 15 * HOUR}, HOUR),
    ("conversation_open", {"conversation_until": NOON + 10 * DAY}, RECHECK_PAUSE),
    ("daily_cap", {"caps": (Cap(1, DAY),), "recent_texts": (NOON - 23 * HOUR,)}, HOUR),
    ("quiet_hours", {"now": NOON + 9 * HOUR}, 11 * HOUR),
    ("quiet_hours", {"days_off": frozenset({2})}, 20 * HOUR),
    ("quiet_hours", {"quiet": ((time(11), time(13)),)}, HOUR),
]
NO_WINDOW: dict[str, Any] = {
    "windows": windows_for([Place("BR", None)]),
    "zones": ("America/Sao_Paulo", "Asia/Tokyo"),
}


@pytest.mark.parametrize(
    ("reason", "changes"), ENDS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_ends_a_cart_ends_it_before_and_after_enrollment(reason: str, changes: dict[str, Any]) -> None:
    assert may_enroll(situation(**changes)) == Answer(Outcome.END, reason)
    assert may_send(situation(**changes)) == Answer(Outcome.END, reason)


@pytest.mark.parametrize(("reason", "changes"), WAITS)
def test_a_cart_waits_for_what_only_the_shopper_can_give_until_it_is_too_late(
    reason: str, changes: dict[str, Any]
) -> None:
    asked = situation(**changes)
    assert may_enroll(asked) == Answer(Outcome.WAIT, reason, asked.deadline)


@pytest.mark.parametrize(("reason", "changes"), WAITS)
def test_a_text_whose_consent_changed_on_the_way_is_asked_again_soon(
    reason: str, changes: dict[str, Any]
) -> None:
    asked = situation(**changes)
    assert may_send(asked) == Answer(Outcome.WAIT, reason, asked.now + RECHECK_PAUSE)


@pytest.mark.parametrize(("reason", "changes", "pause"), HOLDS_OF_BOTH)
def test_what_delays_a_cart_delays_enrollment_and_sending(
    reason: str, changes: dict[str, Any], pause: timedelta
) -> None:
    asked = situation(**changes)
    assert may_enroll(asked) == may_send(asked) == Answer(Outcome.HOLD, reason, asked.now + pause)


@pytest.mark.parametrize(("reason", "changes", "pause"), HOLDS_OF_SENDING)
def test_what_delays_only_the_text_lets_the_cart_enroll(
    reason: str, changes: dict[str, Any], pause: timedelta
) -> None:
    asked = situation(**changes)
    assert may_send(asked) == Answer(Outcome.HOLD, reason, asked.now + pause)
    assert may_enroll(asked) == Answer(Outcome.GO)


def test_a_cart_waits_for_a_flow_and_one_that_is_in_a_flow_stays_in_it() -> None:
    asked = situation(flow_active=False)
    assert may_enroll(asked) == Answer(Outcome.WAIT, "no_active_flow", asked.deadline)
    assert may_send(asked).outcome is Outcome.GO


def test_hours_that_never_come_end_the_cart_when_its_text_is_due() -> None:
    assert may_send(situation(**NO_WINDOW)) == Answer(Outcome.END, "no_open_window")
    assert may_send(situation(windows=(), zones=())) == Answer(Outcome.END, "no_open_window")


def test_every_reason_is_reached_and_every_one_that_is_reached_is_explained() -> None:
    cases = [
        *ENDS,
        *WAITS,
        *(case[:2] for case in HOLDS_OF_BOTH + HOLDS_OF_SENDING),
        ("no_open_window", NO_WINDOW),
        ("low_receptivity", {"avoided_hours": frozenset({12})}),
    ]
    reached = {reason for reason, _ in cases}
    assert reached | {"no_active_flow", "kind_off"} == set(REASONS)
    for reason, changes in cases:
        answer = may_send(situation(**changes))
        assert answer.reason == reason
        assert answer.outcome is REASONS[reason].outcome
        assert REASONS[reason].sentence.endswith(".")


def test_what_ends_is_named_before_what_waits_or_holds() -> None:
    delays: dict[str, Any] = {"consent": Standing.NONE, "store": StoreState.PAUSED, "event_pending": True}
    for reason, changes in ENDS:
        assert may_send(situation(**{**delays, **changes})).reason == reason
        assert may_enroll(situation(**{**delays, **changes})).reason == reason


def test_an_order_says_more_than_a_stop_and_an_uninstall_more_than_both() -> None:
    both = situation(ordered=True, suppressed=True)
    assert may_send(both).reason == "ordered"
    assert may_send(replace(both, store=StoreState.UNINSTALLED)).reason == "uninstalled"


@pytest.mark.parametrize("check", [PlatformCheck.CLEAR, PlatformCheck.UNKNOWN])
def test_a_platform_that_does_not_answer_in_time_stops_nothing(check: PlatformCheck) -> None:
    assert may_send(situation(platform_check=check)).outcome is Outcome.GO


class TestDeadline:
    def test_a_cart_lives_for_the_flow_s_cutoff_after_the_last_activity(self) -> None:
        assert situation().deadline == NOON - HOUR + 4 * DAY

    def test_carriers_that_ask_for_less_win(self) -> None:
        american = situation(**AMERICAN)
        assert american.deadline == american.last_activity_at + 2 * DAY
        assert replace(american, cutoff=DAY).deadline == american.last_activity_at + DAY

    def test_an_american_cart_is_too_late_after_48_hours(self) -> None:
        left = NOON + 6 * HOUR - 2 * DAY
        assert may_send(situation(**{**AMERICAN, "last_activity_at": left})).reason == "too_late"
        assert may_send(situation(**{**AMERICAN, "last_activity_at": left + HOUR})).outcome is Outcome.GO

    def test_a_text_that_could_only_go_after_the_deadline_ends_at_once(self) -> None:
        evening = NOON + 9 * HOUR
        asked = situation(now=evening, cutoff=12 * HOUR)
        assert may_send(asked) == Answer(Outcome.END, "too_late", held_by="quiet_hours")

    def test_an_opening_at_the_deadline_is_too_late_and_one_before_it_is_not(self) -> None:
        evening, opening = NOON + 9 * HOUR, NOON + 20 * HOUR
        left = evening - HOUR
        at_deadline = situation(now=evening, last_activity_at=left, cutoff=opening - left)
        assert may_send(at_deadline).reason == "too_late"
        just_before = replace(at_deadline, cutoff=opening - left + timedelta(minutes=1))
        assert may_send(just_before) == Answer(Outcome.HOLD, "quiet_hours", opening)

    @pytest.mark.parametrize(
        ("reason", "changes", "pause"),
        [*HOLDS_OF_BOTH, *HOLDS_OF_SENDING, *((reason, changes, RECHECK_PAUSE) for reason, changes in WAITS)],
    )
    def test_no_hold_reaches_beyond_the_deadline(
        self, reason: str, changes: dict[str, Any], pause: timedelta
    ) -> None:
        asked = situation(**changes)
        short = replace(asked, cutoff=asked.now - asked.last_activity_at + pause)
        expected = Answer(Outcome.END, "too_late", held_by=reason)
        if pause > timedelta(minutes=1):
            assert may_send(short) == expected
        assert may_send(replace(short, cutoff=short.cutoff - timedelta(seconds=1))) == expected

    def test_a_cap_that_ends_at_night_before_a_deadline_in_the_night_ends_at_once(self) -> None:
        asked = situation(last_marketing_text_at=NOON - 4 * HOUR, cutoff=20 * HOUR)
        assert may_send(asked) == Answer(Outcome.END, "too_late", held_by="cap_reached")

    def test_a_last_minute_before_the_deadline_is_not_worth_trying(self) -> None:
        assert may_send(situation(cutoff=HOUR + timedelta(seconds=59))) == Answer(Outcome.END, "too_late")
        enough = may_send(situation(cutoff=HOUR + timedelta(seconds=60)))
        assert enough == Answer(Outcome.GO, until=NOON + timedelta(seconds=60))


def test_a_last_minute_before_closing_holds_until_the_next_opening() -> None:
    closing = datetime(2027, 1, 13, 19, tzinfo=UTC)
    assert may_send(situation(now=closing - timedelta(seconds=60))).outcome is Outcome.GO
    assert may_send(situation(now=closing - timedelta(seconds=59))) == Answer(
        Outcome.HOLD, "quiet_hours", closing + 12 * HOUR
    )


class TestCap:
    def test_the_cap_ends_exactly_when_it_says(self) -> None:
        assert may_send(situation(last_marketing_text_at=NOON - 16 * HOUR)).outcome is Outcome.GO
        almost = NOON - 16 * HOUR + timedelta(seconds=1)
        assert may_send(situation(last_marketing_text_at=almost)).reason == "cap_reached"

    def test_no_cap_is_no_cap(self) -> None:
        assert (
            may_send(situation(last_marketing_text_at=NOON, contact_cap=timedelta(0))).outcome is Outcome.GO
        )

    def test_service_texts_are_outside_the_cap_but_not_outside_the_hours(self) -> None:
        service = situation(last_marketing_text_at=NOON, kind=StepKind.SERVICE)
        assert may_send(service).outcome is Outcome.GO
        assert may_send(replace(service, now=NOON + 9 * HOUR)).reason == "quiet_hours"


class TestCapsOfPlaces:
    three = (Cap(3, DAY),)

    def test_three_texts_within_a_day_are_the_most_whatever_their_kind(self) -> None:
        texts = (NOON - 23 * HOUR, NOON - 20 * HOUR, NOON - HOUR)
        asked = situation(caps=self.three, recent_texts=texts)
        assert may_send(asked) == Answer(Outcome.HOLD, "daily_cap", NOON + HOUR)
        assert may_send(replace(asked, kind=StepKind.SERVICE)).reason == "daily_cap"
        assert may_send(replace(asked, recent_texts=texts[1:])).outcome is Outcome.GO
        assert may_send(replace(asked, now=NOON + HOUR)).outcome is Outcome.GO

    def test_with_two_places_the_stricter_cap_holds(self) -> None:
        both = situation(caps=(Cap(3, DAY), Cap(1, DAY)), recent_texts=(NOON - 2 * HOUR,))
        assert may_send(both) == Answer(Outcome.HOLD, "daily_cap", NOON + 22 * HOUR)

    @settings(max_examples=100)
    @given(st.lists(st.integers(0, 4 * 24 * 60 - 1), max_size=40), st.integers(1, 3))
    def test_no_day_ever_holds_more_texts_than_the_cap(self, asked_at: list[int], most: int) -> None:
        sent: list[datetime] = []
        caps = (Cap(most, DAY),)
        for minute in sorted(asked_at):
            now = NOON + timedelta(minutes=minute)
            asked = situation(
                now=now,
                last_activity_at=now - HOUR,
                caps=caps,
                recent_texts=tuple(sent[-most:]),
                windows=ALWAYS,
            )
            if may_send(asked).outcome is Outcome.GO:
                sent.append(now)
        assert all(later - earlier >= DAY for earlier, later in zip(sent, sent[most:], strict=False))


class TestPause:
    def test_a_pause_with_an_end_holds_until_then(self) -> None:
        paused = situation(store=StoreState.PAUSED, paused_until=NOON + 3 * HOUR)
        assert may_send(paused) == may_enroll(paused) == Answer(Outcome.HOLD, "store_paused", NOON + 3 * HOUR)

    def test_a_pause_longer_than_the_cart_lives_is_looked_at_again_for_it_may_end_sooner(self) -> None:
        paused = situation(store=StoreState.PAUSED, paused_until=NOON + 10 * DAY)
        assert may_send(paused) == Answer(Outcome.HOLD, "store_paused", NOON + RECHECK_PAUSE)


class TestConversation:
    def test_a_shopper_who_wrote_back_gets_no_marketing_until_the_reply_is_old(self) -> None:
        asked = situation(conversation_until=NOON + timedelta(minutes=5))
        assert may_send(asked) == Answer(Outcome.HOLD, "conversation_open", NOON + timedelta(minutes=5))
        assert may_send(replace(asked, kind=StepKind.SERVICE)).outcome is Outcome.GO
        assert may_send(replace(asked, now=NOON + timedelta(minutes=5))).outcome is Outcome.GO


class TestAvoidedHours:
    """Windows are open from 8 to 20 in Ljubljana, where NOON is 12:00."""

    def test_a_text_waits_for_the_next_good_hour(self) -> None:
        asked = situation(avoided_hours=frozenset({12, 13, 19}))
        assert may_send(asked) == Answer(Outcome.HOLD, "low_receptivity", NOON + 2 * HOUR)
        assert may_send(replace(asked, now=NOON + 2 * HOUR)).outcome is Outcome.GO

    def test_after_the_last_hour_the_next_morning_is_the_next_good_hour(self) -> None:
        asked = situation(now=NOON + 7 * HOUR, avoided_hours=frozenset({19}))
        assert may_send(asked) == Answer(Outcome.HOLD, "low_receptivity", NOON + 20 * HOUR)

    def test_what_was_learnt_never_costs_a_text(self) -> None:
        asked = situation(avoided_hours=frozenset({12, 13}), cutoff=3 * HOUR)
        assert may_send(asked).outcome is Outcome.GO
        assert may_send(situation(avoided_hours=frozenset(range(24)))).outcome is Outcome.GO

    def test_the_law_s_hours_end_where_they_end(self) -> None:
        night = situation(now=NOON + 9 * HOUR, avoided_hours=frozenset({21, 8}))
        assert may_send(night) == Answer(Outcome.HOLD, "quiet_hours", NOON + 20 * HOUR)
        morning = replace(night, now=NOON + 20 * HOUR)
        assert may_send(morning) == Answer(Outcome.HOLD, "low_receptivity", NOON + 21 * HOUR)


def test_elsewhere_a_cart_may_have_several_texts() -> None:
    assert may_send(situation(texts_for_this_cart=2)).outcome is Outcome.GO


def test_the_address_s_place_and_the_number_s_must_both_be_open() -> None:
    number: Recipient = ("+12015550123", "US", "CA")
    torn = {**AMERICAN, "windows": windows_for(regions_of(*number)), "zones": possible_zones(*number)}
    nine_in_new_york = datetime(2027, 1, 13, 14, tzinfo=UTC)
    asked = situation(**{**torn, "now": nine_in_new_york, "last_activity_at": nine_in_new_york - HOUR})
    assert may_send(asked) == Answer(Outcome.HOLD, "quiet_hours", nine_in_new_york + 3 * HOUR)


def test_a_holiday_holds_where_the_window_closes_on_it() -> None:
    def wednesday(_window: Window, day: date) -> bool:
        return day == NOON.date()

    assert may_send(situation(), wednesday).until == datetime(2027, 1, 14, 7, tzinfo=UTC)
