"""A text that has to wait after its code was made tells of the code only where it is still right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clock import FixedClock
from app.models import Cart, Contact, Discount
from app.runtime import Runtime
from connectors.discounts import Goods, Sale
from connectors.sms import Category, Refused
from flows import dispatch, enrollment
from tests.flows import scenes
from tests.flows.offering import TOTE, code, flow, landing, set_up, states, told, upkeep
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import Scene, make_british_store

HALF_AN_HOUR = timedelta(minutes=30)
IN_TORONTO = {"phone": "+14165550123", "country": "CA", "address_country": "CA", "region": "ON"}
MUG = {"title": "Mug", "quantity": 1, "product_id": "14", "variant_id": "8", "unit_price": "12.00"}


def change_goods(runtime: Runtime, scene: Scene, *items: dict[str, Any]) -> None:
    """The shopper comes back to the cart: the text waits for it to be idle again."""
    with runtime.database.session() as session:
        cart = session.get_one(Cart, scene.cart.id)
        cart.items, cart.activity_at = list(items), runtime.clock.now()
        enrollment.consider(session, cart, runtime.clock.now(), moved=True)


def hold_after_making(runtime: Runtime, shop: PocketShop, scene: Scene, then: Callable[[], None]) -> None:
    """The code is made; before its text goes, the shopper is active again."""
    shop.meanwhile = then
    assert dispatch.drain(runtime) == 0
    shop.meanwhile = lambda: None
    assert [state for _, state, _ in states(runtime)] == ["made"]


def test_a_text_that_had_to_wait_tells_of_the_code_that_still_fits(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow())
    hold_after_making(runtime, shop, scene, lambda: change_goods(runtime, scene, TOTE, MUG))
    clock.advance(HALF_AN_HOUR)
    assert dispatch.drain(runtime) == 1
    assert "10% off" in provider.texts[0].body and len(shop.asked) == 1


def test_a_code_whose_text_still_waits_does_not_take_the_place_of_the_one_that_was_promised(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow(None, ("reminder", "small"), ("second_call", "best")))
    dispatch.drain(runtime)
    clock.advance(timedelta(days=1))
    shop.meanwhile = lambda: change_goods(runtime, scene, TOTE, MUG)
    assert dispatch.drain(runtime) == 0
    assert [state for _, state, _ in states(runtime)] == ["made", "made"]
    promised, waiting = [one.code for one in shop.asked]
    assert f"discount={promised}" in landing(runtime, provider.texts[0].link_token)
    shop.meanwhile = lambda: None
    clock.advance(HALF_AN_HOUR)
    dispatch.drain(runtime)
    assert f"discount={waiting}" in landing(runtime, provider.texts[1].link_token)


@pytest.mark.parametrize(
    ("offers", "goods", "items", "reason"),
    [
        ({"lowest_cart": {"GBP": "40.00"}}, {}, [MUG], "cart_too_small"),
        ({}, {"14": Goods(gift_card=True)}, [TOTE, MUG], "offer_changed"),
    ],
    ids=["below the lowest value", "with goods that are excluded"],
)
def test_a_code_that_no_longer_fits_the_cart_is_not_told_of(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    offers: Any,
    goods: Any,
    items: Any,
    reason: str,
) -> None:
    scene = set_up(runtime, flow(offers))
    shop.goods_told = goods
    hold_after_making(runtime, shop, scene, lambda: change_goods(runtime, scene, *items))
    clock.advance(HALF_AN_HOUR)
    assert dispatch.drain(runtime) == 1
    assert "off" not in provider.texts[0].body
    assert told(runtime, scene, "no_offer") == [reason]
    assert states(runtime) == [("reminder", "ended", "not_told")]
    upkeep(runtime)
    assert shop.codes == {}


def test_a_code_that_ends_too_early_for_where_the_shopper_turns_out_to_be_is_not_told_of(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    """Made for Toronto until tonight; the address is in Vancouver, where tonight is three hours longer."""
    with runtime.database.session() as session:
        store = make_british_store(
            session, platform="shopify", url="https://good.myshopify.com", country="CA"
        )
    scene = set_up(runtime, flow({"lasts": "PT1H"}), store, contact=IN_TORONTO)
    hold_after_making(runtime, shop, scene, lambda: change_goods(runtime, scene, TOTE))
    assert code(runtime).ends_at == datetime(2026, 11, 22, 4, 59, 59, tzinfo=UTC)
    with runtime.database.session() as session:
        session.get_one(Contact, scene.contact.id).region = "BC"
    clock.advance(HALF_AN_HOUR)
    assert dispatch.drain(runtime) == 1
    assert "off" not in provider.texts[0].body
    assert states(runtime) == [("reminder", "ended", "not_told")]


def test_a_code_that_is_nearly_over_when_its_text_goes_is_not_told_of_and_withdrawn(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow())
    hold_after_making(runtime, shop, scene, lambda: change_goods(runtime, scene, TOTE))
    clock.advance(HALF_AN_HOUR)
    with runtime.database.session() as session:
        session.get_one(Discount, code(runtime).id).ends_at = clock.now() + HALF_AN_HOUR
    assert dispatch.drain(runtime) == 1
    assert told(runtime, scene, "no_offer") == ["offer_over"]
    assert states(runtime) == [("reminder", "ended", "not_told")]
    upkeep(runtime)
    assert shop.codes == {}


def test_a_sale_that_has_begun_meanwhile_is_told_in_place_of_the_code(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow())
    hold_after_making(runtime, shop, scene, lambda: change_goods(runtime, scene, TOTE))
    shop.sale = Sale("Summer", 20)
    clock.advance(HALF_AN_HOUR)
    dispatch.drain(runtime)
    assert "20%" in provider.texts[0].body
    assert code(runtime).reason == "not_told"


def test_a_text_does_not_go_once_more_when_its_code_lowers_nothing_now(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow({"lowest_cart": {"GBP": "40.00"}}))
    provider.answers = [Refused(Category.TEMPORARY, "30001", "queue overflow")]
    dispatch.drain(runtime)
    change_goods(runtime, scene, MUG)
    clock.advance(HALF_AN_HOUR)
    assert dispatch.drain(runtime) == 0
    assert scenes.fresh(runtime, scene.enrollment).reason == "offer_over"
    upkeep(runtime)
    assert shop.codes == {}
