"""What coupons do in the stand-in's carts: as they did on real stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.standins.woocommerce import WooCommerceStandin

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(clock: Clock) -> Iterator[WooCommerceStandin]:
    """It sells a mug for 24.00, a lamp for 59.00, and a shirt in two sizes for 35.00."""
    with WooCommerceStandin(now=clock) as store:
        store.add_product(11, regular_price="24.00")
        store.add_product(12, regular_price="59.00")
        store.add_product(13)
        store.add_variation(13, 15, regular_price="35.00")
        yield store


def coupon(shop: WooCommerceStandin, **told: Any) -> int:
    """A coupon like ours: ten percent, once, alone, for two days."""
    usual = {
        "code": "BACK",
        "discount_type": "percent",
        "amount": "10",
        "usage_limit": 1,
        "individual_use": True,
        "date_expires": "2026-11-23T12:00:00Z",
    }
    number: int = shop.add_coupon(**(usual | told))["id"]
    return number


def tap(shop: WooCommerceStandin, products: str, code: str | None = "BACK") -> str:
    """The session that a shopper has after the link."""
    wanted = {"products": products, "coupon": code}
    reached = requests.get(f"{shop.url}/checkout-link/", params=wanted, timeout=10)
    [session] = parse_qs(urlsplit(reached.url).query)["session"]
    return session


def test_the_link_applies_a_coupon_and_the_checkout_shows_it(shop: WooCommerceStandin) -> None:
    coupon(shop)
    session = tap(shop, "11:2,12:1")
    assert shop.cart(session) == {
        "items": {11: 2, 12: 1},
        "coupons": {"back": "10.70"},
        "shipping": "5.00",
        "total": "101.30",
        "notices": [],
    }
    seen = requests.get(f"{shop.url}/checkout/", params={"session": session}, timeout=10).text
    assert "Coupon back: -10.70" in seen


@pytest.mark.parametrize(
    ("told", "products", "notice"),
    [
        ({"code": "other"}, "11:1", "does not exist"),
        ({"date_expires": "2026-11-21T11:59:59Z"}, "11:1", "has expired"),
        ({"minimum_amount": "40"}, "11:1", "minimum spend"),
        ({"product_ids": [11]}, "12:1", "not applicable to selected products"),
    ],
)
def test_a_coupon_that_does_not_fit_leaves_the_sum_and_a_notice(
    shop: WooCommerceStandin, told: dict[str, Any], products: str, notice: str
) -> None:
    coupon(shop, **told)
    shown = shop.cart(tap(shop, products))
    assert shown["coupons"] == {}
    assert notice in shown["notices"][0]


@pytest.mark.parametrize(
    ("told", "products", "off"),
    [
        ({"product_ids": [11]}, "11:1,12:1", "2.40"),
        ({"product_ids": [13]}, "15:1", "3.50"),
        ({"excluded_product_ids": [11]}, "11:1,12:1", "5.90"),
        ({"minimum_amount": "40"}, "12:1", "5.90"),
        ({"discount_type": "fixed_cart", "amount": "5", "product_ids": [11]}, "11:3,12:1", "5.00"),
        ({"discount_type": "fixed_cart", "amount": "500", "product_ids": [11]}, "11:1,12:1", "83.00"),
    ],
)
def test_a_percentage_is_narrowed_by_products_and_a_sum_is_not(
    shop: WooCommerceStandin, told: dict[str, Any], products: str, off: str
) -> None:
    coupon(shop, **told)
    assert shop.cart(tap(shop, products))["coupons"] == {"back": off}


def test_a_coupon_ends_by_the_clock_also_in_a_cart_that_has_it(
    shop: WooCommerceStandin, clock: Clock
) -> None:
    coupon(shop)
    session = tap(shop, "11:1")
    clock.now += timedelta(days=2, seconds=1)
    shown = shop.cart(session)
    assert (shown["coupons"], shown["total"]) == ({}, "29.00")
    assert "has been removed from your cart" in shown["notices"][0]


def test_an_order_uses_a_coupon_up_and_its_end_gives_it_back(shop: WooCommerceStandin) -> None:
    coupon(shop)
    first, second = tap(shop, "11:1"), tap(shop, "12:1")
    order = shop.buy(first)
    assert ([line["code"] for line in order["coupon_lines"]], order["total"]) == (["back"], "26.60")
    [used] = shop.list_coupons()
    assert (used["usage_count"], used["used_by"]) == (1, [order["billing"]["email"]])
    assert shop.cart(second)["coupons"] == {}
    assert shop.cart(tap(shop, "11:1"))["coupons"] == {}
    shop.change_order(order["id"], status="cancelled")
    assert shop.list_coupons()[0]["usage_count"] == 0
    assert shop.cart(tap(shop, "11:1"))["coupons"] == {"back": "2.40"}


def test_a_coupon_for_individual_use_stands_alone(shop: WooCommerceStandin) -> None:
    coupon(shop)
    for code in ("one", "two"):
        coupon(shop, code=code, individual_use=False)
    session = tap(shop, "11:1", "one")
    assert list(shop.apply_coupon(session, "TWO")["coupons"]) == ["one", "two"]
    assert list(shop.apply_coupon(session, "BACK")["coupons"]) == ["back"]
    after = shop.apply_coupon(session, "one")
    assert list(after["coupons"]) == ["back"]
    assert "cannot be used in conjunction" in after["notices"][-1]


def test_a_deleted_coupon_goes_from_carts_and_one_in_the_trash_too(shop: WooCommerceStandin) -> None:
    for forced in (True, False):
        number = coupon(shop)
        session = tap(shop, "11:1")
        shop.coupons.delete(number, forced)
        assert shop.cart(session)["coupons"] == {}


def test_free_shipping_needs_a_method_that_asks_for_a_coupon(shop: WooCommerceStandin) -> None:
    coupon(shop, discount_type="fixed_cart", amount="0", free_shipping=True)
    session = tap(shop, "11:1")
    assert shop.cart(session)["shipping"] == "5.00"
    shop.offer_free_shipping()
    assert shop.cart(session)["shipping"] == "0.00"
    assert shop.cart(tap(shop, "11:1", None))["shipping"] == "5.00"


def test_a_shop_with_coupons_switched_off_applies_none(shop: WooCommerceStandin) -> None:
    coupon(shop)
    shop.set_knobs(coupons=False)
    assert shop.cart(tap(shop, "11:1"))["coupons"] == {}


def test_what_is_not_sold_is_left_out_and_an_empty_link_leads_to_the_cart(shop: WooCommerceStandin) -> None:
    assert shop.cart(tap(shop, "11:1,99:1"))["items"] == {11: 1}
    reached = requests.get(f"{shop.url}/checkout-link/?products=99:1", timeout=10)
    assert reached.url == f"{shop.url}/cart/?wc_error=nothing"
