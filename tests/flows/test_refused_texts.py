"""What follows when the provider refuses a text, or nobody knows whether it took it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Cart, Consent, Link, ProviderState, Suppression
from app.runtime import Runtime
from connectors.sms import Category, InDoubt, OutgoingText, Refused
from flows import dispatch, enrollment, sweeper
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import Killed, PocketProvider
from tests.flows.scenes import Scene, fresh, make_british_store, make_scene

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
UNREACHABLE = Refused(Category.UNREACHABLE, detail="no connection", retryable=True)


def test_a_provider_that_says_stop_stops_the_number(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    provider.answers = [Refused(Category.OPTED_OUT, code="21610")]
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert (message.status, message.reason, message.final_at) == ("failed", "opted_out", NOW)
    with runtime.database.session() as session:
        consent = session.scalars(select(Consent)).one()
        assert (consent.stopped, consent.source) == (True, "provider_opt_out")
        assert session.scalars(select(Suppression)).one().reason == "provider_opt_out"
        assert session.scalars(select(Link)).one().ended_at == NOW
    assert fresh(runtime, scene.enrollment).reason == "stopped"
    assert scenes.planned(runtime) == {}


@pytest.mark.parametrize("category", [Category.INVALID_NUMBER, Category.NOT_MOBILE])
def test_a_number_that_the_provider_refuses_is_not_texted_again(
    runtime: Runtime, provider: PocketProvider, scene: Scene, category: Category
) -> None:
    provider.answers = [Refused(category)]
    dispatch.drain(runtime)
    assert fresh(runtime, scene.contact).unreachable_reason == category
    enrollment = fresh(runtime, scene.enrollment)
    assert (enrollment.state, enrollment.reason) == ("ended", category)
    assert scenes.planned(runtime) == {}
    assert scenes.message(runtime).reason == category


@pytest.mark.parametrize("category", [Category.BLOCKED, Category.FILTERED, Category.UNKNOWN])
def test_a_text_that_is_refused_for_good_fails_and_the_flow_goes_on(
    runtime: Runtime, provider: PocketProvider, scene: Scene, category: Category
) -> None:
    provider.answers = [Refused(category, code="30007")]
    dispatch.drain(runtime)
    message, (call,) = scenes.message(runtime), scenes.calls(runtime)
    assert (message.status, message.reason, message.accepted_at) == ("failed", category, None)
    assert (call.outcome, call.category, call.code) == ("refused", category, "30007")
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + DAY}
    assert scenes.story(runtime, scene.cart) == [("sending", None), ("failed", category)]


def test_a_text_that_certainly_did_not_leave_is_tried_again(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [UNREACHABLE, UNREACHABLE]
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert (message.status, message.accepted_at) == ("sending", None)
    assert scenes.planned(runtime) == {f"resend:{message.id}": NOW + timedelta(seconds=30)}
    for _ in range(2):
        clock.advance(MINUTE)
        dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("accepted", None)
    assert [(call.attempt, call.outcome) for call in scenes.calls(runtime)] == [
        (1, "refused"),
        (2, "refused"),
        (3, "accepted"),
    ]
    assert {text.body for text in provider.texts} == {message.body}
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": clock.now() + DAY}
    assert fresh(runtime, scene.cart).texts_sent == 1
    assert scenes.story(runtime, scene.cart) == [
        ("sending", None),
        ("held", "provider_unreachable"),
        ("sent", None),
    ]


def test_an_american_text_is_tried_again_although_a_cart_gets_only_one(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session)
        contact = {"phone": "+13125550123", "country": "US", "address_country": "US", "region": "IL"}
        make_scene(session, store, contact=contact)
    provider.answers = [UNREACHABLE]
    dispatch.drain(runtime)
    clock.advance(MINUTE)
    dispatch.drain(runtime)
    assert scenes.message(runtime).status == "accepted"


def test_an_outage_delays_a_text_within_its_hours_and_then_ends_it(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [UNREACHABLE] * 10_000
    for _ in range(5 * 24):
        dispatch.drain(runtime)
        if fresh(runtime, scene.enrollment).state == "ended":
            break
        clock.advance(HOUR)
    message, enrollment = scenes.message(runtime), fresh(runtime, scene.enrollment)
    assert (message.status, message.reason) == ("failed", "unreachable")
    assert (enrollment.state, enrollment.reason) == ("ended", "too_late")
    assert clock.now() < scenes.ACTIVITY + timedelta(days=4) + HOUR
    assert scenes.planned(runtime) == {}
    assert scenes.story(runtime, scene.cart)[-2:] == [("failed", "unreachable"), ("ended", "too_late")]


def test_an_order_ends_a_text_that_waits_to_go_again(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [UNREACHABLE]
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        enrollment.end_for_cart(session, scene.store.id, scene.cart.id, "ordered", NOW)
    clock.advance(MINUTE)
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("failed", "unreachable")
    assert len(provider.texts) == 1
    assert scenes.planned(runtime) == {}


def test_a_provider_that_is_asked_too_much_slows_the_sender_down(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [Refused(Category.RATE, code="20429", retryable=True, retry_after=7)]
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        other = make_scene(session)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert scenes.story(runtime, other.cart) == [("held", "provider_busy")]
    clock.advance(timedelta(seconds=7))
    dispatch.drain(runtime)
    assert len(provider.texts) == 3


def test_a_stopped_account_stops_all_sending_and_is_tried_again_after_an_hour(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [Refused(Category.ACCOUNT, code="20003")]
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        other = make_scene(session)
        state = session.scalars(select(ProviderState)).one()
    assert (state.sender, state.state, state.reason, state.code) == ("", "stopped", "account", "20003")
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert scenes.story(runtime, scene.cart)[-1] == ("held", "provider_stopped")
    assert scenes.story(runtime, other.cart) == [("held", "provider_stopped")]
    clock.advance(HOUR)
    dispatch.drain(runtime)
    assert len(provider.texts) == 3
    assert {message.status for message in scenes.messages(runtime)} == {"accepted"}


def test_a_sender_that_may_not_text_a_country_is_replaced_by_the_next_one(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = make_british_store(session, sender="+447700900000")
        make_scene(session, store)
    provider.answers = [Refused(Category.SENDER_NOT_ALLOWED, code="21612")]
    dispatch.drain(runtime)
    assert [text.sender for text in provider.texts] == ["+447700900000"]
    clock.advance(HOUR - MINUTE)
    with runtime.database.session() as session:
        make_scene(session, store, factories.make_flow(session, store, name="Other", active=False))
    dispatch.drain(runtime)
    assert [text.sender for text in provider.texts] == ["+447700900000", "Warmcart"]


def test_a_contact_keeps_the_sender_that_it_knows(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = make_british_store(session, sender="+447700900000")
        make_scene(session, store, contact={"sender": "Warmcart"})
    dispatch.drain(runtime)
    assert [text.sender for text in provider.texts] == ["Warmcart"]


def test_hours_that_the_provider_keeps_hold_the_text(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [Refused(Category.QUIET_HOURS, code="30610")]
    dispatch.drain(runtime)
    assert scenes.story(runtime, scene.cart)[-1] == ("held", "quiet_hours")
    clock.advance(HOUR)
    dispatch.drain(runtime)
    assert scenes.message(runtime).status == "accepted"


# --- In doubt


def settle(runtime: Runtime) -> None:
    sweeper.sweep(runtime, runtime.clock.now() + HOUR)
    sweeper.drain(runtime)


def test_an_unanswered_call_is_never_repeated(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [InDoubt("no answer in time")]
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert message.status == "sending"
    assert scenes.planned(runtime) == {f"in_doubt:{message.id}": NOW + 5 * MINUTE}
    for _ in range(3):
        clock.advance(5 * MINUTE)
        dispatch.drain(runtime)
        settle(runtime)
    assert len(provider.texts) == 1
    assert [question.link_token for question in provider.asked] == [message.link_token] * 2
    message = scenes.message(runtime)
    assert (message.status, message.reason, message.accepted_at) == ("failed", "in_doubt", None)
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + 10 * MINUTE + DAY}
    assert scenes.story(runtime, scene.cart) == [
        ("sending", None),
        ("held", "in_doubt"),
        ("failed", "in_doubt"),
    ]


def test_a_text_in_doubt_that_the_provider_holds_counts_as_sent(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    def take_and_say_nothing(text: OutgoingText) -> None:
        provider.take(text)

    provider.before = take_and_say_nothing
    provider.answers = [InDoubt("no answer in time")]
    dispatch.drain(runtime)
    clock.advance(5 * MINUTE)
    settle(runtime)
    message, (call,) = scenes.message(runtime), scenes.calls(runtime)
    assert (message.status, message.accepted_at) == ("sent", NOW)
    assert (call.outcome, call.provider_id) == ("accepted", "pocket-1")
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": clock.now() + DAY}
    assert fresh(runtime, scene.enrollment).step_index == 1


def test_a_provider_that_cannot_be_asked_is_asked_later(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers, provider.unreachable = [InDoubt("no answer in time")], True
    dispatch.drain(runtime)
    for _ in range(10):
        clock.advance(5 * MINUTE)
        settle(runtime)
    assert scenes.message(runtime).status == "sending"
    provider.unreachable = False
    for _ in range(2):
        clock.advance(5 * MINUTE)
        settle(runtime)
    assert scenes.message(runtime).reason == "in_doubt"


@pytest.mark.parametrize("taken", [True, False])
def test_a_worker_that_dies_over_its_call_leaves_one_text_in_doubt(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock, taken: bool
) -> None:
    def die(text: OutgoingText) -> None:
        if taken:
            provider.take(text)
        raise Killed

    provider.before = die
    with pytest.raises(Killed):
        dispatch.drain(runtime)
    assert scenes.message(runtime).status == "sending"
    provider.before = lambda text: None
    for _ in range(4):
        clock.advance(5 * MINUTE)
        dispatch.drain(runtime)
        settle(runtime)
    message = scenes.message(runtime)
    assert (message.status, message.reason) == (("sent", None) if taken else ("failed", "in_doubt"))
    assert len(provider.held) == (1 if taken else 0)
    assert provider.texts == []
    assert f"step:{scene.enrollment.id}" in scenes.planned(runtime)


def test_a_worker_that_dies_before_its_call_is_committed_loses_nothing(
    runtime: Runtime,
    provider: PocketProvider,
    scene: Scene,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr("flows.sending.due.finish", die)
        dispatch.drain(runtime)
    assert scenes.messages(runtime) == []
    clock.advance(dispatch.LEASE)
    dispatch.drain(runtime)
    assert scenes.message(runtime).status == "accepted"


def test_a_worker_that_dies_over_a_repeated_call_leaves_it_in_doubt(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [UNREACHABLE, Killed()]
    dispatch.drain(runtime)
    clock.advance(MINUTE)
    with pytest.raises(Killed):
        dispatch.drain(runtime)
    for _ in range(4):
        clock.advance(5 * MINUTE)
        dispatch.drain(runtime)
        settle(runtime)
    assert len(provider.texts) == 2
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("failed", "in_doubt")


def test_an_error_of_the_provider_code_is_a_text_in_doubt(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    provider.answers = [RuntimeError("a fault of ours")]
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert message.status == "sending"
    assert f"in_doubt:{message.id}" in scenes.planned(runtime)


def test_a_text_whose_retry_was_cancelled_with_its_store_fails(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [UNREACHABLE]
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        enrollment.end_for_store(session, scene.store.id, "uninstalled", NOW)
    clock.advance(5 * MINUTE)
    settle(runtime)
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("failed", "uninstalled")


def test_two_sweeps_at_once_settle_a_doubt_once(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    provider.answers = [InDoubt("no answer in time")]
    dispatch.drain(runtime)
    clock.advance(5 * MINUTE)
    for _ in range(2):
        settle(runtime)
    assert len(provider.asked) == 1


def test_a_text_to_a_number_that_was_corrected_meanwhile_does_not_go_once_more(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    """The gates ask about the shopper's number of now; the earlier one may have said stop."""
    provider.answers = [Refused(Category.TEMPORARY)]
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        right = factories.make_contact(session, scene.store)
        factories.make_consent(session, scene.store, right.phone)
        cart = session.get_one(Cart, scene.cart.id)
        cart.contact_id = right.id
        enrollment.follow_contact(session, cart)
    clock.advance(10 * MINUTE)
    assert dispatch.drain(runtime) == 0
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("failed", "number_changed")
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": clock.now() + DAY}
    clock.advance(DAY)
    dispatch.drain(runtime)
    assert [text.to for text in provider.texts] == [scene.contact.phone, right.phone]
