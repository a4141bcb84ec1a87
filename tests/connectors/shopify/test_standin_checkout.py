"""What codes do in the stand-in's checkouts: what other tests rely on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.discounts import Combines, Discount, DiscountKind
from connectors.shopify.discounts import ShopifyDiscounts
from tests.connectors.shopify.conftest import SHOP, Clock, Connect
from tests.connectors.shopify.deliveries import payload
from tests.standins.shopify import ShopifyStandin
from tests.standins.shopify_checkout import Opened
from tests.standins.shopify_state import Shop

ABANDONED: dict[str, Any]
ORDER: dict[str, Any]
ABANDONED, ORDER = json.loads(payload("linked/03")), json.loads(payload("linked/06"))
RECOVER = f"{ABANDONED['abandoned_checkout_url']}&discount=BACK"
"""A checkout of one snowboard for 600.00."""


@pytest.fixture
def shop(standin: ShopifyStandin) -> Shop:
    """It has the checkout above; it sells variant 1 for 24.00 and variant 2 for 59.00."""
    shop = standin.shop(SHOP)
    shop.put_checkout(ABANDONED)
    shop.put_variant(1, 11, "24.00")
    shop.put_variant(2, 12, "59.00")
    return shop


@pytest.fixture
def maker(connect: Connect, shop: Shop) -> ShopifyDiscounts:
    return ShopifyDiscounts(connect(SHOP))


@pytest.fixture
def back(clock: Clock) -> Discount:
    ends_at = clock() + timedelta(days=2)
    percent = DiscountKind.PERCENT
    return Discount("BACK", "wm-1", "Warmcart", percent, Decimal(10), "USD", clock(), ends_at)


def opened(standin: ShopifyStandin, url: str = RECOVER) -> Opened:
    return standin.open(SHOP, url)


def test_a_recover_address_with_a_code_shows_it_in_the_checkout(
    standin: ShopifyStandin, maker: ShopifyDiscounts, back: Discount
) -> None:
    maker.make_discount(back)
    seen = opened(standin)
    assert (seen.codes, seen.discount, seen.total) == (["BACK"], Decimal("60.00"), Decimal("545.00"))
    without = opened(standin, ABANDONED["abandoned_checkout_url"])
    assert (without.codes, without.total) == ([], Decimal("605.00"))


def test_a_permalink_does_the_same(standin: ShopifyStandin, maker: ShopifyDiscounts, back: Discount) -> None:
    maker.make_discount(replace(back, kind=DiscountKind.AMOUNT, value=Decimal("5.00"), products=("11",)))
    seen = opened(standin, "https://shop.example/de/cart/1:2,2:1?discount=back")
    assert (seen.codes, seen.subtotal, seen.discount) == (["BACK"], Decimal("107.00"), Decimal("5.00"))
    other = opened(standin, "https://shop.example/cart/2:1?discount=BACK")
    assert (other.codes, other.refused) == ([], {"BACK": "no such goods"})


def test_a_code_ends_by_the_clock(
    standin: ShopifyStandin, maker: ShopifyDiscounts, back: Discount, clock: Clock
) -> None:
    maker.make_discount(back)
    clock.sleep(timedelta(days=2).total_seconds())
    assert opened(standin).refused == {"BACK": "expired"}


def test_an_order_uses_a_code_up(
    standin: ShopifyStandin, maker: ShopifyDiscounts, back: Discount, shop: Shop
) -> None:
    maker.make_discount(back)
    shop.put_order(ORDER | {"discount_codes": [{"code": "BACK", "amount": "60.00", "type": "percentage"}]})
    assert opened(standin).refused == {"BACK": "used up"}


def test_a_code_that_is_withdrawn_lowers_nothing(
    standin: ShopifyStandin, maker: ShopifyDiscounts, back: Discount
) -> None:
    gid = maker.make_discount(back)
    maker.withdraw_discount("BACK", "wm-1", gid)
    assert opened(standin).refused == {"BACK": "not found"}


def test_a_code_needs_its_minimum(standin: ShopifyStandin, maker: ShopifyDiscounts, back: Discount) -> None:
    maker.make_discount(replace(back, minimum=Decimal(40)))
    assert opened(standin, "https://x/cart/1:1?discount=BACK").refused == {"BACK": "below the minimum"}
    assert opened(standin, "https://x/cart/2:1?discount=BACK").codes == ["BACK"]


def test_codes_stand_together_where_both_allow_it_else_the_better_counts(
    standin: ShopifyStandin, maker: ShopifyDiscounts, back: Discount
) -> None:
    free = replace(back, code="SHIP", mark="wm-2", kind=DiscountKind.FREE_SHIPPING, value=None)
    allowing = replace(back, code="KIND", mark="wm-3", combines_with=frozenset({Combines.SHIPPING}))
    maker.make_discount(back)
    maker.make_discount(allowing)
    maker.make_discount(replace(free, combines_with=frozenset({Combines.ORDER})))
    apart = opened(standin, "https://x/cart/1:1?discount=BACK,SHIP")
    assert (apart.codes, apart.refused) == (["SHIP"], {"BACK": "cannot be combined"})
    together = opened(standin, "https://x/cart/1:1?discount=KIND,SHIP")
    assert (together.codes, together.total) == (["KIND", "SHIP"], Decimal("21.60"))


@pytest.mark.parametrize(("percentage", "code_counts"), [(0.05, True), (0.2, False)])
def test_beside_a_sale_the_better_of_the_two_counts(
    standin: ShopifyStandin,
    maker: ShopifyDiscounts,
    back: Discount,
    shop: Shop,
    percentage: float,
    code_counts: bool,
) -> None:
    maker.make_discount(back)
    shop.discounts.sale("Black Friday", percentage, "2026-11-20T00:00:00Z")
    seen = opened(standin)
    assert (seen.codes == ["BACK"], seen.sales == []) == (code_counts, code_counts)


def test_a_completed_checkout_leads_to_its_order_and_an_unknown_one_to_the_front_page(
    standin: ShopifyStandin, shop: Shop
) -> None:
    shop.put_checkout(json.loads(payload("linked/05")))
    assert opened(standin).where == "order status page"
    assert opened(standin, "https://x/checkouts/ac/unknown/recover?key=1").where == "front page"


def test_another_process_may_tell_and_look(
    standin: ShopifyStandin, shop: Shop, session: requests.Session
) -> None:
    address = f"{standin.url}/standin/shops/{SHOP}"
    made = {"do": "by_merchant", "code": "BACK"}
    assert session.post(f"{address}/discounts", json=made, timeout=5).ok
    seen = session.post(f"{address}/open", json={"url": RECOVER}, timeout=5).json()
    assert (seen["codes"], seen["total"]) == (["BACK"], "545.00")
