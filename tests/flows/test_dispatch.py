"""What is due goes out once, in its hours, by its gates, and its flow goes on."""

from __future__ import annotations

import threading
from datetime import time, timedelta

import pytest
from sqlalchemy import QueuePool, func, select, update
from sqlalchemy.exc import TimeoutError

from app.clock import FixedClock
from app.models import Cart, Contact, Due, Link, MessageOnce, Reply, SenderContact, Store, Usage
from app.runtime import Runtime
from connectors.sms import Accepted, OutgoingText
from flows import dispatch, due, outcomes, public_holidays
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import Scene, fresh, make_british_store, make_scene

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_a_due_text_goes_out_and_the_next_step_is_planned(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    assert dispatch.drain(runtime) == 1
    (text,) = provider.texts
    message = scenes.message(runtime)
    assert (message.status, message.accepted_at, message.phone) == ("accepted", NOW, scene.contact.phone)
    assert text.to == scene.contact.phone
    assert text.body == message.body
    assert f"https://warmcart.example.com/r/{message.link_token}" in text.body
    assert text.receipt_url == "https://warmcart.example.com/webhooks/sms/sandbox/receipt"
    enrollment = fresh(runtime, scene.enrollment)
    assert (enrollment.step_index, enrollment.sent, enrollment.state) == (1, 1, "active")
    assert scenes.planned(runtime) == {f"step:{enrollment.id}": NOW + DAY}
    assert scenes.story(runtime, scene.cart) == [("sending", None), ("sent", None)]


def test_everything_about_a_text_that_left_is_written_down(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    with runtime.database.session() as session:
        link = session.scalars(select(Link)).one()
        usage = session.scalars(select(Usage)).one()
        once = session.scalars(select(MessageOnce)).one()
        sender = session.scalars(select(SenderContact)).one()
        contact = session.scalars(select(Contact)).one()
    (call,) = scenes.calls(runtime)
    assert (link.token, link.message_id, link.cart_id) == (message.link_token, message.id, scene.cart.id)
    assert link.expires_at == scene.cart.activity_at + timedelta(days=34)
    assert (call.outcome, call.attempt, call.provider_id) == ("accepted", 1, "pocket-1")
    assert (usage.delivery_id, usage.segments, usage.price) == (call.id, message.segments, None)
    assert (once.once_key, once.message_id) == (f"step:{scene.enrollment.id}:reminder:0", message.id)
    assert (sender.sender, sender.phone, sender.texted_at) == ("Warmcart", contact.phone, NOW)
    assert (contact.texted_at, contact.sender) == (NOW, "Warmcart")
    assert fresh(runtime, scene.cart).texts_sent == 1


def test_the_last_step_completes_the_enrollment(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    for _ in range(3):
        dispatch.drain(runtime)
        clock.advance(DAY)
    enrollment = fresh(runtime, scene.enrollment)
    assert (enrollment.state, enrollment.step_index, enrollment.sent) == ("completed", 3, 3)
    assert [message.step_key for message in scenes.messages(runtime)] == [
        "reminder",
        "second_call",
        "last_call",
    ]
    assert scenes.planned(runtime) == {}


def test_two_dispatchers_never_send_the_same_text(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = make_british_store(session)
        flow = factories.make_flow(session, store)
        for _ in range(40):
            make_scene(session, store, flow)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait(timeout=10)
        dispatch.drain(runtime)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    clock.advance(timedelta(seconds=1))
    dispatch.drain(runtime)
    assert len(provider.texts) == 40
    assert set(provider.counts().values()) == {1}
    assert {message.status for message in scenes.messages(runtime)} == {"accepted"}


def test_a_text_waits_for_the_hours_of_its_recipient(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=5))
    dispatch.drain(runtime)
    assert provider.texts == []
    (until,) = scenes.planned(runtime).values()
    assert until > clock.now()
    assert scenes.story(runtime, scene.cart) == [("held", "quiet_hours")]
    clock.advance(until - clock.now())
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_the_provider_must_not_deliver_after_closing_time(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    dispatch.drain(runtime)
    (text,) = provider.texts
    closes_at = scenes.message(runtime).validity_until
    assert closes_at is not None
    assert text.validity == int((closes_at - clock.now()).total_seconds())
    assert closes_at < NOW + timedelta(hours=6)


def test_an_american_cart_gets_one_text(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session)
        contact = {"phone": "+13125550123", "country": "US", "address_country": "US", "region": "IL"}
        scene = make_scene(session, store, contact=contact)
    dispatch.drain(runtime)
    clock.advance(DAY)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    enrollment = fresh(runtime, scene.enrollment)
    assert (enrollment.state, enrollment.reason) == ("ended", "one_text_per_cart")
    assert scenes.story(runtime, scene.cart)[-1] == ("ended", "one_text_per_cart")
    assert scenes.planned(runtime) == {}


def test_a_contact_gets_no_second_text_within_the_cap(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = session.get_one(Store, scene.store.id)
        contact = session.get_one(Contact, scene.contact.id)
        cart = factories.make_cart(session, store, contact, activity_at=scenes.ACTIVITY)
        second = factories.make_enrollment(session, store, scene.flow, contact, cart)
        scenes.plan_step(session, second)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    clock.advance(timedelta(seconds=1))
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    reasons = scenes.story(runtime, scene.cart) + scenes.story(runtime, cart)
    assert ("held", "cap_reached") in reasons


def test_a_number_gets_no_more_texts_a_day_than_its_state_allows_over_all_carts(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    """Three texts about other carts within a day, one of which never arrived; nothing older counts."""
    with runtime.database.session() as session:
        store = factories.make_store(session)
        floridian = {"phone": "+13055550123", "country": "US", "address_country": "US", "region": "FL"}
        scene = make_scene(session, store=store, contact=floridian)
        others = [factories.make_cart(session, store, scene.contact) for _ in range(5)]
        ages = {"accepted": 1, "failed": 20, "sent": 23, "delivered": 25}
        for other, (status, hours) in zip(others, ages.items(), strict=False):
            factories.make_message(session, store, other, status=status, created_at=NOW - hours * HOUR)
        factories.make_message(session, store, others[4], kind="help", cart_id=None)
    dispatch.drain(runtime)
    assert provider.texts == []
    assert scenes.story(runtime, scene.cart) == [("held", "daily_cap")]
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + HOUR}
    clock.advance(HOUR)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_the_calendars_are_loaded_before_the_first_text_that_needs_them_while_nothing_is_locked(
    runtime: Runtime, provider: PocketProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runtime.database.session() as session:
        german = {"phone": "+4915123456789", "country": "DE"}
        scene = make_scene(session, make_british_store(session, ships_to=["DE"]), contact=german)
    loads = []

    def load() -> None:
        with runtime.database.session() as session:
            session.scalars(select(Cart).with_for_update(nowait=True)).one()
        loads.append(scene.cart.id)

    monkeypatch.setattr(public_holidays, "is_loaded", lambda: bool(loads))
    monkeypatch.setattr(public_holidays, "load", load)
    dispatch.drain(runtime)
    assert loads == [scene.cart.id]
    assert len(provider.texts) == 1


def test_the_store_s_own_hours_and_days_hold_on_the_shopper_s_clock(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    """It is Saturday, 18:00, in London; the store is in New York."""
    with runtime.database.session() as session:
        store = make_british_store(
            session,
            timezone="America/New_York",
            quiet_from=time(18),
            quiet_to=time(10),
            days_off=[6],
        )
        scene = make_scene(session, store=store)
    dispatch.drain(runtime)
    monday = NOW.replace(day=23, hour=10)
    assert scenes.story(runtime, scene.cart) == [("held", "quiet_hours")]
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": monday}
    clock.advance(monday - NOW)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_a_text_waits_for_a_person_to_answer_the_shopper(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        store, contact = session.get_one(Store, scene.store.id), session.get_one(Contact, scene.contact.id)
        question = factories.make_reply(session, store, contact, needs_person=True)
        factories.make_reply(session, store, contact, received_at=NOW - 15 * DAY, needs_person=True)
        factories.make_reply(session, store, contact, intent="help")
    dispatch.drain(runtime)
    assert provider.texts == []
    assert scenes.story(runtime, scene.cart) == [("held", "conversation_open")]
    with runtime.database.session() as session:
        session.get_one(Reply, question.id).settled_at = NOW
        due.hasten(session, store.id, "conversation_open", NOW)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_an_hour_at_which_shoppers_opt_out_waits_for_a_better_one_unless_that_is_switched_off(
    runtime: Runtime, provider: PocketProvider
) -> None:
    with runtime.database.session() as session:
        careful = make_scene(session, store=make_british_store(session, avoided_hours=[18]))
        bold = make_scene(session, store=make_british_store(session, avoided_hours=[18], avoids_hours=False))
    dispatch.drain(runtime)
    assert scenes.story(runtime, careful.cart) == [("held", "low_receptivity")]
    assert scenes.planned(runtime)[f"step:{careful.enrollment.id}"] == NOW + HOUR
    assert [text.to for text in provider.texts] == [bold.contact.phone]
    assert scenes.message(runtime).local_hour == 18


def test_an_unapplied_event_of_the_cart_holds_its_text(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        store = session.get_one(Store, scene.store.id)
        mention = f"phone:{scene.contact.phone.removeprefix('+')}"
        factories.make_inbound_event(session, store, mentions=[mention])
    dispatch.drain(runtime)
    assert provider.texts == []
    assert scenes.messages(runtime) == []
    assert scenes.story(runtime, scene.cart) == [("held", "event_pending")]
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + timedelta(seconds=5)}


def test_an_event_of_another_store_holds_nothing(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        stranger = make_british_store(session)
        mention = f"phone:{scene.contact.phone.removeprefix('+')}"
        factories.make_inbound_event(session, stranger, mentions=[mention])
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_a_store_that_is_paused_or_gone_sends_nothing(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        session.execute(update(Store).values(status="paused"))
    dispatch.drain(runtime)
    assert provider.texts == []
    assert scenes.story(runtime, scene.cart) == [("held", "store_paused")]


def test_a_text_of_one_store_leaves_the_same_number_at_another_store_alone(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        other = make_scene(session, contact={"phone": scene.contact.phone})
    dispatch.drain(runtime)
    assert [text.to for text in provider.texts] == [scene.contact.phone] * 2
    assert {message.store_id for message in scenes.messages(runtime)} == {scene.store.id, other.store.id}
    assert fresh(runtime, other.cart).texts_sent == fresh(runtime, scene.cart).texts_sent == 1


def test_a_deadline_that_is_over_sends_nothing(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    assert dispatch.drain(runtime, NOW) == 0
    assert provider.texts == []


def test_no_transaction_is_open_while_the_provider_is_called(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    pool = runtime.database.engine.pool
    assert isinstance(pool, QueuePool)
    seen: list[tuple[int, str]] = []

    def look(text: OutgoingText) -> None:
        seen.append((pool.checkedout(), scenes.message(runtime).status))

    provider.before = look
    dispatch.drain(runtime)
    assert seen == [(0, "sending")]


def test_a_database_that_is_away_while_results_are_written_ends_the_work(
    runtime: Runtime, provider: PocketProvider, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(*arguments: object) -> None:
        raise TimeoutError("no connection is free")

    monkeypatch.setattr(outcomes, "record", is_away)
    with pytest.raises(TimeoutError):
        dispatch.drain(runtime)
    assert scenes.message(runtime).status == "sending"


def test_a_full_claim_wakes_another_worker(
    runtime: Runtime, provider: PocketProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(runtime.waker, "soon", woken.append)
    monkeypatch.setattr(dispatch, "IN_FLIGHT", 4)
    with runtime.database.session() as session:
        store = make_british_store(session)
        flow = factories.make_flow(session, store)
        for _ in range(5):
            make_scene(session, store, flow)
    dispatch.drain(runtime)
    assert len(provider.texts) == 5
    assert woken == ["dispatch"]


def test_the_words_are_in_the_language_of_the_checkout(runtime: Runtime, provider: PocketProvider) -> None:
    with runtime.database.session() as session:
        make_scene(session, locale="de-DE")
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert (message.language, message.language_reason) == ("de", "checkout")


def test_rows_that_somebody_else_is_changing_are_looked_at_again_in_a_moment(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        session.execute(select(func.count()).select_from(Contact))
        session.execute(update(Contact).values(first_name="Ada"))
        dispatch.drain(runtime)
        assert provider.texts == []
    clock.advance(timedelta(seconds=1))
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_a_row_that_cannot_be_worked_on_keeps_no_other_back(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        store = session.get_one(Store, scene.store.id)
        for _ in range(4):
            make_scene(session, store, scene.flow)
        broken = make_scene(session, store, scene.flow, items=[{"quantity": 1}])
    dispatch.drain(runtime)
    assert len(provider.texts) == 5
    assert scenes.planned(runtime)[f"step:{broken.enrollment.id}"] == NOW + timedelta(minutes=10)


def test_a_result_that_cannot_be_written_down_leaves_only_its_own_text_in_doubt(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        store = session.get_one(Store, scene.store.id)
        for _ in range(4):
            make_scene(session, store, scene.flow)
    provider.answers = [Accepted("with a \x00 in it")]
    dispatch.drain(runtime)
    statuses = sorted(message.status for message in scenes.messages(runtime))
    assert statuses == ["accepted"] * 4 + ["sending"]


def test_a_shopper_gets_texts_in_the_language_and_at_the_hours_of_their_choice(
    runtime: Runtime, provider: PocketProvider
) -> None:
    hours = {"quiet_from": time(0), "quiet_to": time(19)}
    with runtime.database.session() as session:
        scene = make_scene(session, contact={"preferred_language": "sl", **hours}, locale="de")
    dispatch.drain(runtime)
    assert provider.texts == []
    assert scenes.story(runtime, scene.cart) == [("held", "quiet_hours")]
    with runtime.database.session() as session:
        session.execute(update(Contact).values(quiet_to=time(10)))
        session.execute(update(Due).values(due_at=NOW))
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert (message.language, message.language_reason) == ("sl", "chosen")


def test_a_kind_that_the_shopper_does_not_want_ends_the_flow(
    runtime: Runtime, provider: PocketProvider
) -> None:
    with runtime.database.session() as session:
        scene = make_scene(session, contact={"kinds_off": ["marketing"]})
    dispatch.drain(runtime)
    assert provider.texts == []
    assert scenes.story(runtime, scene.cart) == [("ended", "kind_off")]
