"""Right before a text goes, its platform and our inbox are looked at once more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from app.clock import FixedClock
from app.models import Cart, InboundEvent, Order, Store, StoreFlag
from app.runtime import Runtime
from connectors.events import Key, Money, OrderSeen, OrderStatus, Shopper
from connectors.platform import ConnectorError, Unreachable
from connectors.sms import Category, OutgoingText, Refused
from flows import dispatch, enrollment, last_look, sending, silence
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import Scene, fresh, make_scene

STALE = NOW - timedelta(minutes=3)


@dataclass
class Shop:
    """A store that is asked for orders; ``answer`` may raise."""

    answer: Callable[[], OrderSeen | None] = lambda: None
    asked: list[tuple[Sequence[Key], Shopper, datetime]] = field(default_factory=list)

    def find_order(self, keys: Sequence[Key], shopper: Shopper, since: datetime) -> OrderSeen | None:
        self.asked.append((keys, shopper, since))
        return self.answer()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop()
    monkeypatch.setattr("flows.connections.store_client", lambda runtime, store: shop)
    return shop


@pytest.fixture
def scene(runtime: Runtime) -> Scene:
    with runtime.database.session() as session:
        return make_scene(session, event_at=STALE, keys=[("checkout_token", "abc")], email="ada@example.com")


def order_of(scene: Scene, status: OrderStatus = OrderStatus.PLACED) -> OrderSeen:
    return OrderSeen(
        order_id="1001",
        status=status,
        placed_at=NOW - timedelta(minutes=1),
        updated_at=NOW - timedelta(minutes=1),
        total=Money(Decimal("48.00"), "GBP"),
        keys=(Key("checkout_token", "abc"),),
        shopper=Shopper(phones=(scene.contact.phone,)),
    )


def test_a_cart_without_recent_news_is_asked_about(
    runtime: Runtime, provider: PocketProvider, scene: Scene, shop: Shop
) -> None:
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    ((keys, shopper, since),) = shop.asked
    assert keys == [Key("checkout_token", "abc")]
    assert (shopper.phones, shopper.email) == ((scene.contact.phone,), "ada@example.com")
    assert since == scene.cart.activity_at


def test_a_cart_with_fresh_news_is_not_asked_about(
    runtime: Runtime, provider: PocketProvider, shop: Shop
) -> None:
    with runtime.database.session() as session:
        make_scene(session, event_at=NOW - timedelta(minutes=2))
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert shop.asked == []


def test_an_order_that_only_the_platform_knows_ends_the_flow_and_is_taken_in(
    runtime: Runtime, provider: PocketProvider, scene: Scene, shop: Shop
) -> None:
    shop.answer = lambda: order_of(scene)
    dispatch.drain(runtime)
    assert provider.texts == []
    assert fresh(runtime, scene.enrollment).reason == "ordered"
    assert fresh(runtime, scene.cart).state == "ordered"
    with runtime.database.session() as session:
        assert session.scalars(select(Order)).one().cart_id == scene.cart.id
    assert scenes.planned(runtime) == {}


def test_an_order_that_was_cancelled_unpaid_sends_no_text_either(
    runtime: Runtime, provider: PocketProvider, scene: Scene, shop: Shop
) -> None:
    shop.answer = lambda: order_of(scene, OrderStatus.CANCELLED)
    dispatch.drain(runtime)
    assert provider.texts == []
    assert fresh(runtime, scene.enrollment).reason == "cart_emptied"


@pytest.mark.parametrize("error", [Unreachable("down"), ConnectorError("odd"), ValueError("a fault of ours")])
def test_a_platform_that_cannot_tell_holds_up_no_text(
    runtime: Runtime, provider: PocketProvider, scene: Scene, shop: Shop, error: Exception
) -> None:
    def fail() -> None:
        raise error

    shop.answer = fail
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_a_platform_that_does_not_answer_in_time_holds_up_no_text_and_is_left_in_peace(
    runtime: Runtime,
    provider: PocketProvider,
    scene: Scene,
    shop: Shop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(last_look, "BUDGET_SECONDS", 0.05)
    answered = threading.Event()

    def answer_late() -> None:
        answered.wait(10)

    shop.answer = answer_late
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    answered.set()
    with runtime.database.session() as session:
        store = session.get_one(Store, scene.store.id)
        make_scene(session, store, scene.flow, event_at=STALE)
    dispatch.drain(runtime)
    assert (len(provider.texts), len(shop.asked)) == (2, 1)
    clock.advance(silence.LEFT_IN_PEACE)
    with runtime.database.session() as session:
        make_scene(session, store, scene.flow, event_at=STALE)
    dispatch.drain(runtime)
    assert (len(provider.texts), len(shop.asked)) == (3, 2)


def test_a_platform_that_does_not_answer_takes_no_other_stores_place(
    runtime: Runtime, provider: PocketProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runtime.database.session() as session:
        silent, good = (make_scene(session, event_at=STALE) for _ in range(2))
        for _ in range(last_look.AT_ONCE):
            make_scene(session, session.get_one(Store, silent.store.id), silent.flow, event_at=STALE)
    was_asked = threading.Event()
    shops = {silent.store.id: Shop(lambda: was_asked.wait(10) and None), good.store.id: Shop(was_asked.set)}
    monkeypatch.setattr("flows.connections.store_client", lambda runtime, store: shops[store.id])
    dispatch.drain(runtime)
    assert len(provider.texts) == last_look.AT_ONCE + 2
    with runtime.database.session() as session:
        assert session.scalars(select(StoreFlag).where(StoreFlag.name == last_look.SILENT)).all() == []


def test_a_found_order_that_cannot_be_taken_in_still_ends_the_flow(
    runtime: Runtime,
    provider: PocketProvider,
    scene: Scene,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("a strange order")

    shop.answer = lambda: order_of(scene)
    monkeypatch.setattr("flows.intake.apply", fail)
    dispatch.drain(runtime)
    assert provider.texts == []
    assert fresh(runtime, scene.enrollment).reason == "ordered"


# --- What comes in between the decision and the call


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens once, right after the rows of a text were committed and before its call."""
    happenings: list[Callable[[], None]] = []
    prepare = sending.prepare

    def prepare_and_then(*arguments: Any) -> sending.Prepared:
        prepared = prepare(*arguments)
        while happenings:
            happenings.pop()()
        return prepared

    monkeypatch.setattr(sending, "prepare", prepare_and_then)
    return happenings


def test_an_order_that_comes_in_between_claim_and_call_wins(
    runtime: Runtime,
    provider: PocketProvider,
    clock: FixedClock,
    meanwhile: list[Callable[[], None]],
) -> None:
    with runtime.database.session() as session:
        scene = make_scene(session, keys=[("checkout_token", "abc")])

    def order_comes_in() -> None:
        with runtime.database.session() as session:
            store = session.get_one(Store, scene.store.id)
            event = factories.make_inbound_event(session, store, mentions=["checkout_token:abc"])
        meanwhile_events.append(event.id)

    meanwhile_events: list[int] = []
    meanwhile.append(order_comes_in)
    dispatch.drain(runtime)
    assert provider.texts == []
    message = scenes.message(runtime)
    assert message.status == "sending"
    assert scenes.planned(runtime) == {f"resend:{message.id}": NOW + timedelta(seconds=5)}
    assert scenes.story(runtime, scene.cart)[-1] == ("held", "event_pending")
    with runtime.database.session() as session:
        session.execute(update(Cart).values(state="ordered"))
        enrollment.end_for_cart(session, scene.store.id, scene.cart.id, "ordered", NOW)
    clock.advance(timedelta(seconds=5))
    dispatch.drain(runtime)
    assert provider.texts == []
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("failed", "ordered")
    assert scenes.planned(runtime) == {}


def test_a_text_that_was_held_between_claim_and_call_goes_if_the_news_was_of_something_else(
    runtime: Runtime,
    provider: PocketProvider,
    clock: FixedClock,
    meanwhile: list[Callable[[], None]],
) -> None:
    with runtime.database.session() as session:
        scene = make_scene(session, keys=[("checkout_token", "abc")])

    def news_come_in() -> None:
        with runtime.database.session() as session:
            store = session.get_one(Store, scene.store.id)
            factories.make_inbound_event(session, store, mentions=["checkout_token:abc"], dedupe_key="news")

    meanwhile.append(news_come_in)
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        session.execute(update(InboundEvent).values(state="applied"))
    clock.advance(timedelta(seconds=5))
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert scenes.message(runtime).status == "accepted"
    assert [call.outcome for call in scenes.calls(runtime)] == ["refused", "accepted"]
    assert fresh(runtime, scene.cart).texts_sent == 1


@pytest.mark.parametrize("reason", ["stopped", "ordered", "cart_emptied"])
def test_what_ends_the_flow_between_claim_and_call_wins(
    runtime: Runtime,
    provider: PocketProvider,
    scene: Scene,
    shop: Shop,
    meanwhile: list[Callable[[], None]],
    reason: str,
) -> None:
    def end() -> None:
        with runtime.database.session() as session:
            enrollment.end_for_contact(session, scene.store.id, scene.contact.id, reason, NOW)

    with runtime.database.session() as session:
        session.execute(update(Cart).values(event_at=NOW))
    meanwhile.append(end)
    dispatch.drain(runtime)
    assert provider.texts == []
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("failed", reason)
    assert scenes.planned(runtime) == {}


def test_a_stop_while_a_call_is_in_flight_ends_the_flow_after_it(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        scene = make_scene(session)

    def stop(_text: object) -> None:
        with runtime.database.session() as session:
            enrollment.end_for_contact(session, scene.store.id, scene.contact.id, "stopped", NOW)

    provider.before = stop
    dispatch.drain(runtime)
    assert scenes.message(runtime).status == "accepted"
    ended = fresh(runtime, scene.enrollment)
    assert (ended.state, ended.reason, ended.step_index) == ("ended", "stopped", 0)
    assert scenes.planned(runtime) == {}


def test_a_stop_while_a_refused_call_is_in_flight_is_the_end(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        scene = make_scene(session)

    def stop(_text: object) -> None:
        with runtime.database.session() as session:
            enrollment.end_for_contact(session, scene.store.id, scene.contact.id, "stopped", NOW)

    provider.before = stop
    provider.answers = [Refused(Category.UNREACHABLE, retryable=True)]
    dispatch.drain(runtime)
    provider.before = lambda _text: None
    clock.advance(timedelta(minutes=1))
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert scenes.message(runtime).status == "failed"


def test_no_order_that_was_acknowledged_before_the_last_look_is_ever_texted_about(
    runtime: Runtime, provider: PocketProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runtime.database.session() as session:
        store = scenes.make_british_store(session)
        flow = factories.make_flow(session, store)
        carts = [make_scene(session, store, flow).contact.phone for _ in range(60)]
    acknowledged: set[str] = set()
    known: list[set[str]] = []
    still_clear = dispatch._still_clear

    def look(*arguments: Any) -> Any:
        known.append(set(acknowledged))
        return still_clear(*arguments)

    def order_comes_in(phone: str) -> None:
        with runtime.database.session() as session:
            row = session.get_one(Store, store.id)
            factories.make_inbound_event(session, row, mentions=[f"phone:{phone.removeprefix('+')}"])
        acknowledged.add(phone)

    def check(text: OutgoingText) -> None:
        if text.to in known[-1]:
            raise AssertionError("a text went after its order was acknowledged")

    provider.before = check
    monkeypatch.setattr(dispatch, "_still_clear", look)
    monkeypatch.setattr(dispatch, "IN_FLIGHT", 8)

    def shop_on() -> None:
        for phone in reversed(carts):
            order_comes_in(phone)

    shoppers = threading.Thread(target=shop_on)
    shoppers.start()
    dispatch.drain(runtime)
    shoppers.join()
    assert {message.status for message in scenes.messages(runtime)} <= {"accepted", "sending"}
    assert all(call.outcome != "in_doubt" for call in scenes.calls(runtime))
    assert len(provider.texts) < len(carts)
