"""Codes are gone from the shop when they are over, and an order with one is an order of its cart."""

from __future__ import annotations

from typing import Any

import pytest

from app.clock import FixedClock
from app.runtime import Runtime
from connectors.events import Key, Shopper, StoreChanged
from connectors.platform import Unreachable
from flows import discount_failures, dispatch, due, enrollment
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.offering import (
    DAY,
    HOUR,
    an_order,
    code,
    flow,
    landing,
    set_up,
    states,
    take_in,
    told,
    upkeep,
)
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import fresh
from tests.flows.told import apply


def test_after_the_order_the_code_is_gone(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    made = code(runtime)
    take_in(runtime, scene.store, an_order(scene, made.code.upper()))
    assert states(runtime) == [("reminder", "ended", "ordered")]
    assert told(runtime, scene, "withdrawn") == ["ordered"]
    upkeep(runtime)
    assert shop.codes == {} and scenes.planned(runtime) == {}
    assert fresh(runtime, made).withdrawn_at == NOW


def test_an_order_with_the_code_is_an_order_of_its_cart_whoever_placed_it(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    stranger = Shopper(email="somebody@else.example")
    take_in(runtime, scene.store, an_order(scene, code(runtime).code, shopper=stranger))
    assert fresh(runtime, scene.cart).state == "ordered"
    assert told(runtime, scene, "recovered") == [None]


def test_an_order_with_the_code_in_a_checkout_that_is_known_as_another_cart_counts(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        factories.make_cart(session, scene.store, keys=[("checkout_token", "typed")])
    elsewhere = {"keys": (Key("checkout_token", "typed"),), "shopper": Shopper(email="friend@else.example")}
    take_in(runtime, scene.store, an_order(scene, code(runtime).code.upper(), **elsewhere))
    assert fresh(runtime, scene.cart).state == "ordered"
    assert told(runtime, scene, "recovered") == [None]
    assert states(runtime) == [("reminder", "ended", "ordered")]


def test_the_link_shows_no_order_that_somebody_else_placed_with_the_code(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow(), email="ann@shopper.example")
    dispatch.drain(runtime)
    page = "https://good.myshopify.com/1/orders/9/authenticate?key=1"
    friend = {"shopper": Shopper(email="friend@else.example"), "status_url": page}
    take_in(runtime, scene.store, an_order(scene, code(runtime).code, **friend))
    token = scenes.message(runtime).link_token
    assert landing(runtime, token) == "https://good.myshopify.com"
    own = {"order_id": "1002", "status_url": page, "shopper": Shopper(email="Ann@shopper.example")}
    take_in(runtime, scene.store, an_order(scene, code(runtime).code, **own, placed_at=NOW + 2 * HOUR))
    assert landing(runtime, token) == "https://good.myshopify.com"


def test_after_a_stop_the_code_is_gone_and_the_link_leads_to_the_front_page(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        enrollment.end_for_contact(session, scene.store.id, scene.contact.id, "stopped", NOW)
    assert states(runtime) == [("reminder", "ended", "stopped")]
    upkeep(runtime)
    assert shop.codes == {}
    assert "discount" not in landing(runtime, scenes.message(runtime).link_token)


def test_after_its_last_day_the_code_is_gone_and_the_cart_opens_without_it(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    made = code(runtime)
    clock.advance(made.ends_at - NOW)
    assert "discount" not in landing(runtime, scenes.message(runtime).link_token)
    clock.advance(HOUR)
    upkeep(runtime)
    assert shop.codes == {} and told(runtime, scene, "withdrawn") == ["over"]


@pytest.mark.parametrize(
    ("offers", "ends"),
    [
        ({"best": {"kind": "amount", "amounts": {"GBP": "5.00"}}}, True),
        ({"lowest_cart": {"GBP": "40.00"}}, True),
        ({}, False),
    ],
    ids=["a sum", "a lowest value", "percents alone"],
)
def test_a_sum_does_not_outlive_its_shops_currency(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, offers: dict[str, Any], ends: bool
) -> None:
    scene = set_up(runtime, flow(offers))
    dispatch.drain(runtime)
    for currency in (None, "GBP", "EUR"):
        apply(runtime, scene.store, StoreChanged(currency=currency))
        assert told(runtime, scene, "withdrawn") == ["currency_changed"] * (ends and currency == "EUR")
    upkeep(runtime)
    assert len(shop.codes) == (not ends)
    assert ("discount=" in landing(runtime, scenes.message(runtime).link_token)) != ends


def test_a_cart_that_is_emptied_keeps_what_a_text_has_promised(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        enrollment.end_for_cart(session, scene.store.id, scene.cart.id, "cart_emptied", NOW)
    assert states(runtime) == [("reminder", "made", None)]


def test_a_code_that_no_text_has_told_of_ends_with_its_enrollment(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())

    def stop() -> None:
        with runtime.database.session() as session:
            enrollment.end_for_cart(session, scene.store.id, scene.cart.id, "cart_emptied", NOW)

    shop.meanwhile = stop
    assert dispatch.drain(runtime) == 0
    assert states(runtime) == [("reminder", "ended", "not_told")]
    upkeep(runtime)
    assert shop.codes == {}


def test_a_shop_that_does_not_answer_is_asked_again_to_withdraw_for_a_week(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    take_in(runtime, scene.store, an_order(scene))
    shop.away = Unreachable("away")
    upkeep(runtime)
    name = f"{due.DISCOUNT_END}:{code(runtime).id}"
    assert scenes.planned(runtime) == {name: NOW + discount_failures.AGAIN_AFTER}
    with runtime.database.session() as session:
        assert discount_failures.not_withdrawn(session, NOW) == [("shopify", "no_answer", 1)]
    clock.advance(10 * DAY)
    upkeep(runtime)
    assert scenes.planned(runtime) == {} and code(runtime).withdrawn_at is None


def test_an_uninstalled_store_keeps_no_code_open(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        enrollment.end_for_store(session, scene.store.id, "uninstalled", NOW)
    assert states(runtime) == [("reminder", "ended", "uninstalled")]
    assert scenes.planned(runtime) == {}
