"""Whatever happens while a code is made, no code is left at the shop and no word is false."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.clock import FixedClock
from app.models import Cart
from app.runtime import Runtime
from connectors.discounts import Goods
from connectors.platform import Unreachable
from connectors.sms import Category, InDoubt, Refused
from flows import discount_ends, discount_facts, discounts, dispatch, due, enrollment, sweeper
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.offering import (
    TOTE,
    an_order,
    code,
    flow,
    landing,
    no_more_time,
    set_up,
    states,
    take_in,
    told,
    upkeep,
)
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import Scene
from tests.waiting import wait_until


def end(runtime: Runtime, scene: Scene, reason: str) -> None:
    with runtime.database.session() as session:
        enrollment.end_for_contact(session, scene.store.id, scene.contact.id, reason, runtime.clock.now())


def test_an_order_that_comes_while_the_code_is_made_wins(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    shop.meanwhile = lambda: take_in(runtime, scene.store, an_order(scene))
    assert dispatch.drain(runtime) == 0
    assert states(runtime) == [("reminder", "ended", "ordered")]
    upkeep(runtime)
    assert shop.codes == {} and scenes.planned(runtime) == {}


def test_an_order_that_comes_while_the_goods_are_asked_about_lets_no_code_be_made(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = set_up(runtime, flow())

    def order_first(items: Any, *, collections: bool) -> dict[Any, Goods]:
        take_in(runtime, scene.store, an_order(scene))
        return {item: Goods() for item in items}

    monkeypatch.setattr(shop, "goods", order_first)
    assert dispatch.drain(runtime) == 0
    assert shop.asked == [] and states(runtime) == []


def test_a_stop_waits_for_a_code_that_is_being_written_down(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = set_up(runtime, flow())
    schedule_all, threads = due.schedule_all, []

    def stop_beside(session: Any, plans: Any) -> None:
        if plans and plans[0]["kind"] == due.DISCOUNT_END and not threads:
            threads.append(threading.Thread(target=end, args=(runtime, scene, "stopped")))
            threads[0].start()
            wait_until(lambda: is_waiting_for_a_lock(runtime), what="the stop waits")
        schedule_all(session, plans)

    monkeypatch.setattr(due, "schedule_all", stop_beside)
    assert dispatch.drain(runtime) == 0
    threads[0].join()
    assert states(runtime) == [("reminder", "ended", "stopped")]
    upkeep(runtime)
    assert shop.codes == {}


def test_two_numbers_of_one_shopper_get_one_offer_of_two_workers(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = {"customer_id": "7"}
    first = set_up(runtime, flow(), contact=same)
    schedule_all, threads = due.schedule_all, []

    def other_worker_beside(session: Any, plans: Any) -> None:
        if plans and plans[0]["kind"] == due.DISCOUNT_END and not threads:
            with runtime.database.session() as other:
                scenes.make_scene(other, first.store, first.flow, same, currency="GBP", items=[TOTE])
            threads.append(threading.Thread(target=dispatch.drain, args=(runtime,)))
            threads[0].start()
            wait_until(
                lambda: is_waiting_for_a_lock(runtime) or not threads[0].is_alive(), what="the other waits"
            )
        schedule_all(session, plans)

    monkeypatch.setattr(due, "schedule_all", other_worker_beside)
    dispatch.drain(runtime)
    threads[0].join()
    assert sorted("10% off" in sent.body for sent in provider.texts) == [False, True]
    assert len(shop.asked) == 1


def is_waiting_for_a_lock(runtime: Runtime) -> bool:
    with runtime.database.autocommit.connect() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.scalar(text(query)))


def test_an_order_that_comes_just_before_the_call_wins(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = set_up(runtime, flow())
    still_clear = dispatch._still_clear

    def order_first(runtime: Runtime, texts: Any) -> Any:
        if texts:
            take_in(runtime, scene.store, an_order(scene))
        return still_clear(runtime, texts)

    monkeypatch.setattr(dispatch, "_still_clear", order_first)
    dispatch.drain(runtime)
    assert provider.texts == [] and scenes.message(runtime).status == "failed"
    upkeep(runtime)
    assert shop.codes == {}


def test_a_code_that_its_shop_makes_after_we_looked_for_it_in_vain_is_withdrawn(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow())

    def stop_and_look() -> None:
        on_its_way = dict(shop.codes)
        shop.codes.clear()
        end(runtime, scene, "stopped")
        clock.advance(discount_ends.AFTER_LOST_CALL)
        upkeep(runtime)
        shop.codes.update(on_its_way)

    shop.meanwhile = stop_and_look
    assert dispatch.drain(runtime) == 0
    upkeep(runtime)
    assert shop.codes == {} and scenes.planned(runtime) == {}


def test_a_code_that_may_just_be_made_is_not_looked_for_at_once(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow({"without_code": "wait"}))
    shop.lost = [Unreachable("no answer in time")]
    dispatch.drain(runtime)
    end(runtime, scene, "stopped")
    upkeep(runtime)
    assert len(shop.codes) == 1
    clock.advance(discount_ends.AFTER_LOST_CALL)
    upkeep(runtime)
    assert shop.codes == {}


def test_the_code_of_a_text_that_is_refused_for_good_is_withdrawn(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    set_up(runtime, flow())
    provider.answers = [Refused(Category.FILTERED, "30007", "filtered")]
    dispatch.drain(runtime)
    assert states(runtime) == [("reminder", "ended", "not_told")]
    upkeep(runtime)
    assert shop.codes == {}


def test_a_later_text_that_never_goes_leaves_what_the_earlier_one_promised(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    set_up(runtime, flow(None, ("reminder", "small"), ("second_call", "best")))
    dispatch.drain(runtime)
    [promised] = shop.codes
    clock.advance(timedelta(days=1))
    provider.answers = [Refused(Category.FILTERED, "30007", "filtered")]
    dispatch.drain(runtime)
    upkeep(runtime)
    assert states(runtime) == [("reminder", "made", None), ("second_call", "ended", "not_told")]
    assert list(shop.codes) == [promised]
    assert f"discount={promised}" in landing(runtime, scenes.messages(runtime)[0].link_token)


def test_a_later_text_that_is_found_at_the_provider_takes_the_place_of_the_earlier_one(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    set_up(runtime, flow(None, ("reminder", "small"), ("second_call", "best")))
    dispatch.drain(runtime)
    clock.advance(timedelta(days=1))
    provider.answers = [InDoubt("no answer")]
    provider.before = provider.take
    dispatch.drain(runtime)
    assert [state for _, state, _ in states(runtime)] == ["made", "made"]
    clock.advance(timedelta(minutes=5))
    sweeper.drain(runtime)
    assert [state for _, state, _ in states(runtime)] == ["ended", "made"]
    upkeep(runtime)
    assert list(shop.codes) == [shop.asked[1].code]


def test_a_code_that_comes_too_late_is_told_of_by_no_text_and_withdrawn(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_up(runtime, flow())
    begun, answer, answered = threading.Event(), threading.Event(), threading.Event()
    no_more_time(monkeypatch, begun)
    make = shop.make_discount

    def make_late(discount: Any) -> str:
        begun.set()
        answer.wait(30)
        try:
            return make(discount)
        finally:
            answered.set()

    monkeypatch.setattr(shop, "make_discount", make_late)
    assert dispatch.drain(runtime) == 1
    assert "off" not in provider.texts[0].body
    answer.set()
    assert answered.wait(30) and len(shop.codes) == 1
    clock.advance(discount_ends.AFTER_LOST_CALL)
    upkeep(runtime)
    assert shop.codes == {}


def test_a_worker_that_was_taken_for_dead_ends_no_code_of_which_a_text_has_told(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_up(runtime, flow())
    monkeypatch.setattr(discounts, "MAKE_SECONDS", 60.0)
    make, stood_still = shop.make_discount, threading.Event()

    def make_late(discount: Any) -> str:
        if stood_still.is_set():
            return make(discount)
        stood_still.set()
        clock.advance(2 * dispatch.LEASE)
        assert dispatch.drain(runtime) == 1
        raise Unreachable("no answer in time")

    monkeypatch.setattr(shop, "make_discount", make_late)
    assert dispatch.drain(runtime) == 0
    assert ["10% off" in text.body for text in provider.texts] == [True]
    assert states(runtime) == [("reminder", "made", None)] and code(runtime).failure is None
    upkeep(runtime)
    assert len(shop.codes) == 1


def test_an_offer_that_cannot_be_worked_on_keeps_no_other_back(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = set_up(runtime, flow()), set_up(runtime, flow())
    case_of = discount_facts.case_of

    def fails_for_one(runtime: Runtime, step: Any, *more: Any) -> Any:
        if step.cart.id == bad.cart.id:
            raise ValueError("no such thing")
        return case_of(runtime, step, *more)

    monkeypatch.setattr(discount_facts, "case_of", fails_for_one)
    assert dispatch.drain(runtime) == 2
    assert told(runtime, bad, "no_offer") == ["code_not_made"]
    assert told(runtime, good, "offered") == [None] and len(shop.codes) == 1


def test_an_offer_that_fails_when_its_code_is_made_leaves_no_code(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*arguments: Any) -> None:
        raise ValueError("no such thing")

    scene = set_up(runtime, flow())
    monkeypatch.setattr(discounts, "_note", fails)
    assert dispatch.drain(runtime) == 1
    assert "off" not in provider.texts[0].body and told(runtime, scene, "no_offer") == ["code_not_made"]
    assert len(shop.codes) == 1
    clock.advance(discount_ends.AFTER_LOST_CALL)
    upkeep(runtime)
    assert shop.codes == {}


def test_the_code_of_a_number_that_was_corrected_ends_with_the_right_one(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        right = factories.make_contact(session, scene.store)
        cart = session.get_one(Cart, scene.cart.id)
        cart.contact_id = right.id
        enrollment.follow_contact(session, cart)
        enrollment.end_for_contact(session, scene.store.id, right.id, "stopped", NOW)
    upkeep(runtime)
    assert shop.codes == {}
