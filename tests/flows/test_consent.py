from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.events import ConsentState
from flows.consent import (
    DOUBLE_OPT_IN,
    KEYWORD_START,
    KEYWORD_STOP,
    PLAIN_WORDS,
    Consent,
    ConsentEvent,
    Standing,
    derive,
)

DAY_ZERO = datetime(2027, 1, 1, 12, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY_ZERO + timedelta(days=number)


def said(
    state: str,
    on: int | None,
    *,
    source: str = "shopify_customer",
    confirmed: bool = False,
    checkout: int | None = None,
    recorded: int | None = None,
) -> ConsentEvent:
    return ConsentEvent(
        state=ConsentState(state),
        source=source,
        recorded_at=day(recorded if recorded is not None else on or 0),
        occurred_at=None if on is None else day(on),
        confirmed=confirmed,
        checkout_created_at=None if checkout is None else day(checkout),
    )


def tick(on: int | None, checkout: int, *, confirmed: bool = False) -> ConsentEvent:
    return said("given", on, source="shopify_checkout", checkout=checkout, confirmed=confirmed)


def record(on: int | None, *, confirmed: bool = False, recorded: int | None = None) -> ConsentEvent:
    return said("given", on, confirmed=confirmed, recorded=recorded)


def stop(on: int, source: str = KEYWORD_STOP) -> ConsentEvent:
    return said("withdrawn", on, source=source)


def start(on: int | None, *, confirmed: bool = False, recorded: int | None = None) -> ConsentEvent:
    return said("given", on, source=KEYWORD_START, confirmed=confirmed, recorded=recorded)


def test_nobody_consented_who_never_said_so() -> None:
    assert derive([]) == Consent(Standing.NONE, False, None, None)


def test_a_tick_gives_consent_from_its_moment_on() -> None:
    assert derive([tick(1, 0)]) == Consent(Standing.GIVEN, False, day(1), "shopify_checkout")


def test_consent_said_again_keeps_its_first_moment_and_gains_a_confirmation() -> None:
    assert derive([tick(1, 0), record(2, confirmed=True), tick(3, 0)]) == Consent(
        Standing.GIVEN, True, day(1), "shopify_checkout"
    )


@pytest.mark.parametrize("source", [KEYWORD_STOP, "provider_opt_out", "page", "shopify_customer"])
def test_a_stop_from_any_side_ends_consent(source: str) -> None:
    assert derive([tick(1, 0), stop(2, source)]) == Consent(Standing.WITHDRAWN, False, day(2), source)


def test_an_undated_stop_counts_from_when_we_learnt_of_it() -> None:
    undated = said("withdrawn", None, recorded=2)
    assert derive([tick(1, 0), undated]).state is Standing.WITHDRAWN
    assert derive([tick(1, 0), undated, tick(4, 3)]).state is Standing.GIVEN
    assert derive([tick(1, 0), undated, tick(4, 1)]).state is Standing.WITHDRAWN


@pytest.mark.parametrize(
    "yes",
    [
        tick(5, 1),
        tick(5, 2),
        tick(1, 0, confirmed=True),
        record(5),
        record(5, confirmed=True),
        record(None, confirmed=True, recorded=5),
        said("given", 5, source="import", confirmed=True),
        said("pending", 5),
        start(1),
        start(2),
        start(None, recorded=5),
    ],
    ids=[
        "the old checkout updated",
        "a checkout created at the stop",
        "an older tick",
        "the platform's record",
        "the platform's confirmed record",
        "an undated record",
        "an import",
        "a question",
        "an older START",
        "a START at the same moment",
        "an undated START",
    ],
)
def test_after_a_stop_a_yes_that_is_old_undated_or_only_on_record_changes_nothing(yes: ConsentEvent) -> None:
    before = [record(0), stop(2)]
    assert (
        derive([*before, yes]) == derive(before) == Consent(Standing.WITHDRAWN, False, day(2), KEYWORD_STOP)
    )


def test_after_a_stop_a_tick_in_a_later_checkout_gives_consent_again() -> None:
    assert derive([tick(1, 0), stop(2), tick(4, 3)]) == Consent(
        Standing.GIVEN, False, day(4), "shopify_checkout"
    )


def test_a_tick_after_a_stop_must_be_confirmed_anew() -> None:
    assert not derive([tick(1, 0, confirmed=True), stop(2), tick(4, 3)]).confirmed
    assert derive([tick(1, 0, confirmed=True), stop(2), tick(4, 3, confirmed=True)]).confirmed


def test_a_tick_in_a_later_checkout_without_a_moment_of_its_own_counts_from_the_checkout() -> None:
    assert derive([tick(1, 0), stop(2), tick(None, 3)]).since == day(3)


def test_after_a_stop_start_allows_again_as_it_was() -> None:
    assert derive([tick(1, 0), stop(2), start(3)]) == Consent(Standing.GIVEN, False, day(3), KEYWORD_START)
    assert derive([tick(1, 0, confirmed=True), stop(2), start(3)]).confirmed


def test_a_second_stop_takes_back_the_start_and_ticks_from_between() -> None:
    assert derive([tick(1, 0), stop(2), start(3), stop(4)]).state is Standing.WITHDRAWN
    assert derive([tick(1, 0), stop(2), stop(5), tick(6, 4)]).state is Standing.WITHDRAWN


@pytest.mark.parametrize("before", [[], [stop(1)], [stop(1), record(2)], [said("pending", 0), stop(1)]])
def test_start_gives_nothing_to_somebody_who_never_consented(before: list[ConsentEvent]) -> None:
    assert derive([*before, start(3)]).state is not Standing.GIVEN


def test_a_consent_that_is_learnt_of_late_still_lets_start_allow_again() -> None:
    assert derive([stop(2), start(3), tick(1, 0)]).state is Standing.GIVEN


def test_start_answers_a_pending_question() -> None:
    assert derive([said("pending", 1), start(2, confirmed=True)]) == Consent(
        Standing.GIVEN, True, day(2), KEYWORD_START
    )


def test_start_changes_nothing_for_somebody_who_may_be_texted() -> None:
    assert derive([tick(1, 0), start(2)]) == derive([tick(1, 0)])


def test_until_a_question_is_answered_there_is_no_consent() -> None:
    assert derive([tick(1, 0), said("pending", 2)]) == Consent(
        Standing.PENDING, False, day(2), "shopify_customer"
    )
    assert derive([tick(1, 0), said("pending", 2), tick(3, 0)]).state is Standing.PENDING
    assert derive([tick(1, 0), said("pending", 2), record(None, recorded=3)]).state is Standing.PENDING


def test_a_confirmed_answer_or_a_newer_yes_settles_a_question() -> None:
    asked = [tick(1, 0), said("pending", 2)]
    assert derive([*asked, tick(3, 0, confirmed=True)]).confirmed
    assert derive([*asked, record(3)]).state is Standing.GIVEN
    assert derive([*asked, tick(4, 3)]).state is Standing.GIVEN


def test_a_question_to_somebody_who_confirmed_before_changes_nothing() -> None:
    assert derive([tick(1, 0, confirmed=True), said("pending", 2)]).state is Standing.GIVEN


def test_after_a_stop_a_question_raised_by_a_later_tick_is_answered_only_by_a_confirmation() -> None:
    asked = [tick(1, 0), stop(2), said("pending", 4, checkout=3)]
    assert derive(asked).state is Standing.PENDING
    assert derive([*asked, record(5)]).state is Standing.PENDING
    assert derive([*asked, record(None, confirmed=True, recorded=5)]).state is Standing.PENDING
    assert derive([*asked, record(5, confirmed=True)]) == Consent(
        Standing.GIVEN, True, day(5), "shopify_customer"
    )


def answer(on: int) -> ConsentEvent:
    """The yes to our own request to confirm."""
    return said("given", on, source=DOUBLE_OPT_IN, confirmed=True)


def test_the_answer_to_our_request_confirms_what_was_ticked_and_keeps_its_moment() -> None:
    confirmed = Consent(Standing.GIVEN, True, day(1), "shopify_checkout")
    assert derive([tick(1, 0), answer(2)]) == derive([tick(1, 0), answer(2), tick(4, 3)]) == confirmed


def test_an_answer_after_a_stop_gives_nothing() -> None:
    assert derive([tick(1, 0), stop(2), answer(3)]).state is Standing.WITHDRAWN
    assert (
        derive([tick(1, 0), said("withdrawn", 2, source=PLAIN_WORDS), answer(3)]).state is Standing.WITHDRAWN
    )


def test_the_story_of_a_returning_shopper_is_the_same_in_whatever_order_it_arrives() -> None:
    story = [tick(1, 0, confirmed=True), stop(2), tick(3, 0), start(4), said("withdrawn", 5), tick(7, 6)]
    expected = Consent(Standing.GIVEN, False, day(7), "shopify_checkout")
    assert {derive(order) for order in permutations(story)} == {expected}


def events(*, dated: bool) -> st.SearchStrategy[ConsentEvent]:
    days = st.integers(0, 8)
    return st.builds(
        said,
        st.sampled_from(["given", "withdrawn", "pending"]),
        days if dated else st.none() | days,
        source=st.sampled_from(
            ["shopify_checkout", "shopify_customer", KEYWORD_STOP, "import", DOUBLE_OPT_IN, PLAIN_WORDS]
        ),
        confirmed=st.booleans(),
        checkout=st.none() | days,
        recorded=days,
    ) | st.builds(start, days if dated else st.none() | days, confirmed=st.booleans())


@settings(max_examples=150)
@given(st.data())
def test_dated_events_give_the_same_consent_in_every_order_of_arrival(data: st.DataObject) -> None:
    story = data.draw(st.lists(events(dated=True), max_size=7))
    shuffled = data.draw(st.permutations(story))
    arrivals = [data.draw(st.integers(0, 20)) for _ in story]
    arrived = [
        ConsentEvent(
            event.state,
            event.source,
            day(arrival),
            event.occurred_at,
            event.confirmed,
            event.checkout_created_at,
        )
        for event, arrival in zip(shuffled, arrivals, strict=True)
    ]
    assert derive(arrived) == derive(story)


@settings(max_examples=150)
@given(st.lists(events(dated=False), max_size=8))
def test_nothing_but_start_or_a_tick_in_a_later_checkout_ever_undoes_a_stop(
    story: list[ConsentEvent],
) -> None:
    stops = [event for event in story if event.state is ConsentState.WITHDRAWN]
    if not stops or derive(story).state is not Standing.GIVEN:
        return
    last = max(event.dated or event.recorded_at for event in stops)
    assert any(
        event.state is not ConsentState.WITHDRAWN
        and (
            (event.source == KEYWORD_START and event.occurred_at is not None and event.occurred_at > last)
            or (event.checkout_created_at is not None and event.checkout_created_at > last)
        )
        for event in story
    )


@settings(max_examples=150)
@given(st.lists(events(dated=False), max_size=8))
def test_without_a_yes_nobody_has_consented(story: list[ConsentEvent]) -> None:
    silent = [
        event for event in story if event.state is ConsentState.WITHDRAWN or event.source == KEYWORD_START
    ]
    assert derive(silent).state in (Standing.NONE, Standing.WITHDRAWN)
