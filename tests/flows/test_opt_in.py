"""Our own double opt-in: one request where it is due, one answer that counts, and an end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Cart, Consent, ConsentEvent, Due, InboundEvent, Message, Reply, Store
from app.runtime import Runtime
from connectors.events import ConsentChanged, ConsentSignal, ConsentState, Key, Shopper
from connectors.sms import Category, InDoubt, Refused
from flows import dispatch, due, enrollment, inbox, opt_in, pace
from flows.opt_in import Tick, may_ask_again
from tests import factories
from tests.factories import NOW
from tests.flows import scenes, told
from tests.flows.pocket_provider import PocketProvider

PHONE = "+15122345678"  # Austin, Texas, where it is noon
LEA = Shopper(phones=(PHONE,), first_name="Lea", country="US", region="TX")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def store(runtime: Runtime, provider: PocketProvider) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, name="Harbour")
        factories.make_flow(session, store)
    return store


def leave_a_cart(runtime: Runtime, store: Store, checkout: str = "checkout-1", **changes: Any) -> None:
    """A ticked box in a checkout that was begun five minutes ago and is left right now."""
    now = runtime.clock.now()
    signal = told.tick(PHONE, occurred_at=now, checkout_created_at=now - 5 * MINUTE)
    values = {"keys": (Key("checkout_token", checkout),), "shopper": LEA, "consent": signal, "locale": "en"}
    values |= {"created_at": now - 5 * MINUTE, "updated_at": now}
    told.apply(runtime, store, told.cart(**(values | changes)))


def go_on(runtime: Runtime, clock: FixedClock, pause: timedelta = opt_in.PAUSE) -> None:
    """Time passes; carts are looked at and what is due is sent."""
    clock.advance(pause)
    enrollment.drain(runtime)
    dispatch.drain(runtime)


def reply(runtime: Runtime, body: str, provider_id: str = "in-1") -> None:
    with runtime.database.session() as session:
        now = runtime.clock.now()
        event = {"source": "sms:sandbox:reply", "topic": "reply", "subject": PHONE, "received_at": now}
        session.add(
            InboundEvent(
                **event, dedupe_key=provider_id, body=f"{provider_id}|{PHONE}|Warmcart|{body}|".encode()
            )
        )
    inbox.drain(runtime)
    enrollment.drain(runtime)
    dispatch.drain(runtime)


def kinds(runtime: Runtime) -> list[str]:
    return [message.kind for message in scenes.messages(runtime)]


def consent(runtime: Runtime) -> Consent:
    return told.row(runtime, Consent)


def story(runtime: Runtime) -> list[tuple[str, str | None]]:
    return scenes.story(runtime, told.rows(runtime, Cart)[0])


def test_a_tick_in_the_united_states_is_followed_by_one_request_that_names_cart_reminders(
    runtime: Runtime, store: Store, provider: PocketProvider, clock: FixedClock
) -> None:
    leave_a_cart(runtime, store)
    go_on(runtime, clock, MINUTE)
    assert kinds(runtime) == []
    go_on(runtime, clock, MINUTE)
    (request,) = scenes.messages(runtime)
    assert (request.kind, request.status, request.language) == ("opt_in_request", "accepted", "en-US")
    assert provider.texts[0].to == PHONE
    for word in ("Harbour", "cart reminders", "HELP", "STOP"):
        assert word in provider.texts[0].body
    assert ("asked", None) in story(runtime)
    for _ in range(3):
        leave_a_cart(runtime, store)
        go_on(runtime, clock, 10 * MINUTE)
    assert kinds(runtime) == ["opt_in_request"]


def test_a_consent_that_was_there_before_the_cart_is_asked_about_once_the_cart_waits_for_it(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    single = ConsentSignal(ConsentState.GIVEN, PHONE, "shopify_customer", occurred_at=NOW - 9 * DAY)
    told.apply(runtime, store, ConsentChanged(single))
    leave_a_cart(runtime, store, consent=None)
    go_on(runtime, clock, 10 * MINUTE)
    assert kinds(runtime) == []
    go_on(runtime, clock, 21 * MINUTE)
    assert kinds(runtime) == ["opt_in_request"]


def test_yes_confirms_the_consent_is_answered_once_and_lets_the_waiting_cart_be_texted(
    runtime: Runtime, store: Store, provider: PocketProvider, clock: FixedClock
) -> None:
    leave_a_cart(runtime, store)
    go_on(runtime, clock)
    go_on(runtime, clock, HOUR)
    assert story(runtime)[-1] == ("waited", "no_double_opt_in")
    clock.advance(HOUR)
    reply(runtime, "Yes!")
    assert (consent(runtime).state, consent(runtime).confirmed) == ("given", True)
    assert kinds(runtime) == ["opt_in_request", "opt_in_confirmation", "marketing"]
    assert [text.body.partition(":")[0] for text in provider.texts] == ["Harbour"] * 3
    clock.advance(MINUTE)
    reply(runtime, "YES", "in-2")
    assert kinds(runtime) == ["opt_in_request", "opt_in_confirmation", "marketing"]


def test_the_ledger_names_the_request_and_the_reply_that_confirm_a_consent(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    leave_a_cart(runtime, store)
    go_on(runtime, clock)
    asked_at = clock.now()
    clock.advance(HOUR)
    reply(runtime, "yes")
    event = told.rows(runtime, ConsentEvent)[-1]
    request = scenes.messages(runtime)[0]
    assert (event.source, event.confirmed, event.wording) == ("double_opt_in", True, request.body)
    assert (event.language, event.occurred_at) == ("en-US", asked_at + HOUR)
    assert (
        event.evidence.items()
        >= {
            "actor": "shopper",
            "keyword": "yes",
            "reply": "in-1",
            "request": request.id,
            "asked_at": asked_at.isoformat(),
        }.items()
    )


def test_the_word_of_the_requests_language_confirms_and_no_other_languages_word(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    leave_a_cart(runtime, store, locale="de")
    go_on(runtime, clock)
    reply(runtime, "Oui")
    assert not consent(runtime).confirmed
    assert told.row(runtime, Reply).needs_person
    reply(runtime, "Ja, gern", "in-2")
    assert not consent(runtime).confirmed
    reply(runtime, "ja.", "in-3")
    assert consent(runtime).confirmed
    assert not told.rows(runtime, Reply)[-1].needs_person
    answer = [message for message in scenes.messages(runtime) if message.kind == "opt_in_confirmation"]
    assert [message.language for message in answer] == ["de"]


def test_a_request_keeps_the_hours(runtime: Runtime, store: Store, clock: FixedClock) -> None:
    clock.advance(12 * HOUR)  # Sunday midnight in Texas, which opens at noon
    leave_a_cart(runtime, store)
    go_on(runtime, clock)
    assert kinds(runtime) == []
    assert ("held", "quiet_hours") in story(runtime)
    go_on(runtime, clock, 12 * HOUR)
    assert kinds(runtime) == ["opt_in_request"]


def test_a_platforms_own_confirmation_counts_and_nobody_is_asked(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    leave_a_cart(runtime, store)
    confirmed = ConsentSignal(
        ConsentState.GIVEN, PHONE, "shopify_customer", confirmed=True, occurred_at=clock.now() + MINUTE
    )
    told.apply(runtime, store, ConsentChanged(confirmed))
    go_on(runtime, clock)
    assert kinds(runtime) == []
    go_on(runtime, clock, 30 * MINUTE)
    assert kinds(runtime) == ["marketing"]


@pytest.mark.parametrize("what", ["stopped", "ordered", "emptied"])
def test_nobody_is_asked_for_nothing(runtime: Runtime, store: Store, clock: FixedClock, what: str) -> None:
    leave_a_cart(runtime, store)
    clock.advance(MINUTE)
    if what == "stopped":
        withdrawn = ConsentSignal(ConsentState.WITHDRAWN, PHONE, "shopify_customer", occurred_at=clock.now())
        told.apply(runtime, store, ConsentChanged(withdrawn))
    elif what == "ordered":
        key = (Key("checkout_token", "checkout-1"),)
        bought = {"keys": key, "shopper": LEA, "placed_at": clock.now(), "updated_at": clock.now()}
        told.apply(runtime, store, told.order(**bought))
    else:
        leave_a_cart(runtime, store, items=())
    go_on(runtime, clock, HOUR)
    assert kinds(runtime) == []
    assert due.OPT_IN not in {row.kind for row in told.rows(runtime, Due)}


def test_where_no_rule_asks_for_it_nobody_is_asked_unless_the_store_wishes(
    runtime: Runtime, store: Store, provider: PocketProvider, clock: FixedClock
) -> None:
    british = "+447400123456"
    shopper = Shopper(phones=(british,), country="GB")
    signal = told.tick(british, occurred_at=NOW, checkout_created_at=NOW - MINUTE)
    with runtime.database.session() as session:
        session.get_one(Store, store.id).ships_to = ["US", "GB"]
    leave_a_cart(runtime, store, shopper=shopper, consent=signal)
    go_on(runtime, clock, 31 * MINUTE)
    assert kinds(runtime) == ["marketing"]
    with runtime.database.session() as session:
        session.get_one(Store, store.id).double_opt_in_countries = ["GB"]
    now = clock.now()
    signal = told.tick(british, occurred_at=now, checkout_created_at=now)
    other = Shopper(phones=(british,), country="GB")
    leave_a_cart(runtime, store, "checkout-2", shopper=other, consent=signal)
    go_on(runtime, clock, 31 * MINUTE)
    assert kinds(runtime) == ["marketing", "opt_in_request"]


def test_a_yes_that_comes_after_the_end_confirms_nothing(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    leave_a_cart(runtime, store)
    go_on(runtime, clock)
    clock.advance(opt_in.OPEN_FOR)
    reply(runtime, "yes")
    assert not consent(runtime).confirmed
    assert kinds(runtime) == ["opt_in_request"]


def test_a_tick_in_a_later_checkout_is_asked_about_once_the_first_request_is_over(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    leave_a_cart(runtime, store)
    go_on(runtime, clock)
    clock.advance(DAY)
    leave_a_cart(runtime, store, "checkout-2")
    go_on(runtime, clock, HOUR)
    assert kinds(runtime) == ["opt_in_request"]
    clock.advance(2 * DAY)
    leave_a_cart(runtime, store, "checkout-3")
    go_on(runtime, clock, HOUR)
    assert kinds(runtime) == ["opt_in_request", "opt_in_request"]


def test_requests_keep_the_pace_of_their_sender(
    runtime: Runtime, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "segments_per_second", lambda *_: 0.1)
    for number in range(3):
        phone = f"+1512234567{number}"
        signal = told.tick(phone, occurred_at=NOW, checkout_created_at=NOW - MINUTE)
        shopper = Shopper(phones=(phone,), country="US", region="TX")
        leave_a_cart(runtime, store, f"checkout-{number}", shopper=shopper, consent=signal)
    go_on(runtime, clock)
    assert len(kinds(runtime)) == 1
    go_on(runtime, clock, timedelta(seconds=20))
    assert len(kinds(runtime)) == 2
    go_on(runtime, clock, timedelta(seconds=20))
    assert kinds(runtime) == ["opt_in_request"] * 3


def test_a_request_that_certainly_did_not_leave_goes_again_and_one_in_doubt_does_not(
    runtime: Runtime, store: Store, provider: PocketProvider, clock: FixedClock
) -> None:
    provider.answers = [Refused(Category.UNREACHABLE, retryable=True), InDoubt("time-out")]
    leave_a_cart(runtime, store)
    go_on(runtime, clock)
    assert (len(provider.texts), kinds(runtime)) == (1, ["opt_in_request"])
    go_on(runtime, clock, MINUTE)
    assert len(provider.texts) == 2
    go_on(runtime, clock, HOUR)
    assert (len(provider.texts), kinds(runtime)) == (2, ["opt_in_request"])


def test_a_stop_between_two_tries_ends_the_request(
    runtime: Runtime, store: Store, provider: PocketProvider, clock: FixedClock
) -> None:
    provider.answers = [Refused(Category.UNREACHABLE, retryable=True)]
    leave_a_cart(runtime, store)
    go_on(runtime, clock)
    withdrawn = ConsentSignal(ConsentState.WITHDRAWN, PHONE, "stop_page", occurred_at=clock.now())
    told.apply(runtime, store, ConsentChanged(withdrawn))
    go_on(runtime, clock, MINUTE)
    assert len(provider.texts) == 1
    with runtime.database.session() as session:
        message = session.scalars(select(Message)).one()
        assert (message.status, message.reason) == ("failed", "stopped")


@pytest.mark.parametrize(
    ("asked", "ticked", "expected"),
    [
        (None, None, True),
        (NOW - HOUR, NOW, False),
        (NOW - 3 * DAY, None, False),
        (NOW - 3 * DAY, NOW - 4 * DAY, False),
        (NOW - 3 * DAY, NOW - DAY, True),
        (NOW - 91 * DAY, None, True),
    ],
)
def test_whoever_was_asked_is_left_in_peace(
    asked: datetime | None, ticked: datetime | None, expected: bool
) -> None:
    assert may_ask_again(asked, Tick(1, ticked), NOW) is expected
