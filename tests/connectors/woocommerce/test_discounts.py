from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.discounts import (
    CodeTaken,
    Combines,
    Discount,
    DiscountKind,
    DiscountMaker,
    DiscountRefused,
    Goods,
    Sale,
)
from connectors.events import Item
from connectors.platform import Reconnect, Throttled, Unreachable
from connectors.woocommerce import shipping
from connectors.woocommerce.discounts import WooCommerceDiscounts, wanted
from connectors.woocommerce.rest import Credentials, RestClient
from tests.connectors.woocommerce.conftest import NOON
from tests.standins.woocommerce import WooCommerceStandin

OpenRest = Callable[[WooCommerceStandin], RestClient]
TEN_PERCENT = Discount(
    code="BACK-7H3K",
    mark="wm-4711",
    title="Warmcart: Abandoned cart, last call",
    kind=DiscountKind.PERCENT,
    value=Decimal(10),
    currency="USD",
    starts_at=NOON,
    ends_at=NOON + timedelta(days=2),
)


@pytest.fixture
def maker(shop: WooCommerceStandin, open_rest: OpenRest) -> WooCommerceDiscounts:
    return WooCommerceDiscounts(open_rest(shop))


def test_a_code_is_for_one_use_by_one_shopper_and_ends(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    client: DiscountMaker = maker
    coupon_id = client.make_discount(TEN_PERCENT)
    [coupon] = shop.list_coupons()
    expected: dict[str, Any] = {
        "id": int(coupon_id),
        "code": "back-7h3k",
        "discount_type": "percent",
        "amount": "10.00",
        "description": "Warmcart: Abandoned cart, last call",
        "date_expires_gmt": "2026-11-23T12:00:00",
        "date_expires": "2026-11-23T06:00:00",
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "individual_use": True,
        "free_shipping": False,
        "minimum_amount": "0.00",
        "product_ids": [],
        "meta_data": [{"key": "_warmcart_mark", "value": "wm-4711"}],
    }
    assert {name: coupon[name] for name in expected} == expected


def test_a_sum_is_taken_off_the_cart_once_where_given_products_are_in_it() -> None:
    five_off = replace(
        TEN_PERCENT,
        kind=DiscountKind.AMOUNT,
        value=Decimal("5.00"),
        minimum=Decimal("40.00"),
        products=("11", "12"),
    )
    asked = wanted(five_off)
    expected = {"discount_type": "fixed_cart", "amount": "5.00", "minimum_amount": "40.00"}
    assert expected.items() <= asked.items()
    assert asked["product_ids"] == [11, 12]


def test_a_code_for_no_goods_is_none_for_all_goods() -> None:
    with pytest.raises(DiscountRefused, match="Nothing in the cart"):
        wanted(replace(TEN_PERCENT, products=()))


def test_percents_spare_what_is_excluded_and_a_sum_would_count_for_nothing_beside_it() -> None:
    spares: dict[str, Any] = {"spares_sale_items": True, "spares": ("11", "by-name")}
    asked = wanted(replace(TEN_PERCENT, **spares))
    assert (asked["exclude_sale_items"], asked["excluded_product_ids"]) == (True, [11])
    asked = wanted(replace(TEN_PERCENT, kind=DiscountKind.AMOUNT, **spares))
    assert asked.keys().isdisjoint({"exclude_sale_items", "excluded_product_ids"})


def test_free_shipping_lowers_nothing_else() -> None:
    asked = wanted(replace(TEN_PERCENT, kind=DiscountKind.FREE_SHIPPING, value=None))
    assert (asked["discount_type"], asked["amount"], asked["free_shipping"]) == ("fixed_cart", "0", True)


@pytest.mark.parametrize(
    ("allowed", "alone"),
    [
        ((), True),
        ((Combines.SHIPPING,), True),
        ((Combines.PRODUCT, Combines.SHIPPING), True),
        ((Combines.PRODUCT, Combines.ORDER), False),
    ],
)
def test_a_code_stands_alone_unless_goods_and_orders_may_be_lowered_by_others_too(
    allowed: tuple[Combines, ...], alone: bool
) -> None:
    asked = wanted(replace(TEN_PERCENT, combines_with=frozenset(allowed)))
    assert asked["individual_use"] is alone


def test_a_code_whose_making_was_not_answered_is_as_good_as_made(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    shop.trouble_coupons("lose_answer")
    with pytest.raises(Unreachable):
        maker.make_discount(TEN_PERCENT)
    [there] = shop.list_coupons()
    assert maker.make_discount(TEN_PERCENT) == str(there["id"])
    assert len(shop.list_coupons()) == 1


def test_the_code_of_a_merchant_is_taken_and_left_alone(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    shop.add_coupon(code="Back-7H3k", amount="1")
    with pytest.raises(CodeTaken, match="this code"):
        maker.make_discount(TEN_PERCENT)
    maker.withdraw_discount("BACK-7H3K", "wm-4711", None)
    assert len(shop.list_coupons()) == 1


def test_a_shop_that_loses_the_end_gets_no_code(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.coupons, "_end", lambda value: None)
    with pytest.raises(DiscountRefused, match="does not keep the end"):
        maker.make_discount(TEN_PERCENT)
    assert shop.list_coupons() == []


def test_a_shop_that_refuses_a_coupon_is_named_with_its_reason(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    with pytest.raises(DiscountRefused, match="coupon_invalid_amount"):
        maker.make_discount(replace(TEN_PERCENT, value=Decimal(101)))
    shop.trouble_coupons("refuse")
    with pytest.raises(DiscountRefused, match="coupon_not_allowed"):
        maker.make_discount(TEN_PERCENT)


def test_coupons_that_are_switched_off_are_no_lost_key(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    shop.set_knobs(coupons=False)
    with pytest.raises(DiscountRefused, match="switch them on"):
        maker.make_discount(TEN_PERCENT)
    with pytest.raises(DiscountRefused, match="switch them on"):
        maker.withdraw_discount(TEN_PERCENT.code, TEN_PERCENT.mark, None)
    shop.set_knobs(coupons=True, owner_has_rights=False)
    with pytest.raises(Reconnect, match="no longer manage"):
        maker.make_discount(TEN_PERCENT)


def test_a_key_that_may_only_read_makes_nothing(
    secure_shop: WooCommerceStandin, session: requests.Session
) -> None:
    keys = secure_shop.add_key("read")
    maker = WooCommerceDiscounts(RestClient(Credentials(secure_shop.url, *keys), session))
    with pytest.raises(Reconnect, match="only read"):
        maker.make_discount(TEN_PERCENT)


def test_a_slow_or_silent_shop_says_so(maker: WooCommerceDiscounts, shop: WooCommerceStandin) -> None:
    shop.trouble_coupons("slow_down")
    with pytest.raises(Throttled) as slow:
        maker.make_discount(TEN_PERCENT)
    assert slow.value.retry_after == 7
    shop.set_knobs(fault=500)
    with pytest.raises(Unreachable):
        maker.make_discount(TEN_PERCENT)


def test_a_code_is_withdrawn_for_good_by_its_id_or_by_code_and_mark(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    coupon_id = maker.make_discount(TEN_PERCENT)
    for _ in range(2):
        maker.withdraw_discount(TEN_PERCENT.code, TEN_PERCENT.mark, coupon_id)
    assert shop.list_coupons() == []
    maker.make_discount(TEN_PERCENT)
    maker.withdraw_discount(TEN_PERCENT.code, "another", None)
    assert len(shop.list_coupons()) == 1
    for _ in range(2):
        maker.withdraw_discount(TEN_PERCENT.code, TEN_PERCENT.mark, None)
    assert shop.list_coupons() == []


@pytest.mark.parametrize(
    ("requires", "opens"),
    [("coupon", True), ("either", True), ("both", False), ("min_amount", False), ("", False)],
)
def test_free_shipping_is_promised_only_where_a_coupon_makes_it_free(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin, requires: str, opens: bool
) -> None:
    shop.offer_free_shipping(requires)
    free = replace(TEN_PERCENT, kind=DiscountKind.FREE_SHIPPING, value=None)
    if opens:
        assert maker.make_discount(free)
    else:
        with pytest.raises(DiscountRefused, match="each of the shop's shipping zones"):
            maker.make_discount(free)


def test_free_shipping_must_be_free_in_every_zone_that_is_shipped_to(
    open_rest: OpenRest, shop: WooCommerceStandin
) -> None:
    shop.offer_free_shipping()
    rest = open_rest(shop)
    assert shipping.obstacle(rest, lambda: 0.0) is None
    shop.catalogue.methods[2] = [{"method_id": "flat_rate", "enabled": True}]
    assert shipping.obstacle(rest, lambda: shipping.GOOD_FOR) is None
    assert shipping.obstacle(rest, lambda: shipping.GOOD_FOR + 1) == shipping.NO_METHOD


def test_a_merchant_whose_zones_are_too_many_reads_just_that(
    open_rest: OpenRest, shop: WooCommerceStandin
) -> None:
    shop.offer_free_shipping()
    for number in range(3, 4 + shipping.MOST_ZONES):
        shop.catalogue.methods[number] = shop.catalogue.methods[1]
    assert shipping.obstacle(open_rest(shop)) == shipping.TOO_MANY_ZONES


def line(product: str | None, variation: str | None = None) -> Item:
    return Item("Mug", 1, product_id=product, variant_id=variation, unit_price=Decimal("24.00"))


def test_goods_are_told_by_products_and_their_variations(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    shop.add_product(11, categories=(7, 8), cost=9.5)
    shop.add_product(12, sale_price="20.00", cost=None)
    shop.add_product(13, type="pw-gift-card")
    shop.add_product(14, meta_data=[{"key": "_gift_card", "value": "yes"}])
    shop.add_product(15, categories=(7,), cost=7)
    shop.add_variation(15, 16, sale_price="20.00", cost=10)
    shop.add_variation(15, 17, cost=0)
    cart = [line("11"), line("12"), line("13"), line("14"), line("15", "16"), line("15", "17")]
    assert maker.goods([*cart, line("99"), line(None)]) == {
        cart[0]: Goods(collections=frozenset({"7", "8"}), cost=Decimal("9.5")),
        cart[1]: Goods(on_sale=True),
        cart[2]: Goods(gift_card=True),
        cart[3]: Goods(gift_card=True),
        cart[4]: Goods(on_sale=True, collections=frozenset({"7"}), cost=Decimal(10)),
        cart[5]: Goods(collections=frozenset({"7"}), cost=Decimal(7)),
    }
    assert maker.goods([line(None)]) == {}


def test_a_cart_of_many_products_takes_few_questions(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    for number in range(1, 21):
        shop.add_product(number)
        shop.add_variation(number, 100 + number, sale_price="20.00")
    found = maker.goods([line(str(number), str(100 + number)) for number in range(1, 21)])
    assert len(found) == 20
    assert len(shop.visits()) == 5


def test_nearly_all_products_lowered_are_a_sale_of_the_whole_shop(
    maker: WooCommerceDiscounts, shop: WooCommerceStandin
) -> None:
    assert maker.running_sale(NOON) is None
    for number in range(1, 9):
        lowered = {"sale_price": "19.20", "date_on_sale_to_gmt": "2026-12-01T00:00:00"}
        shop.add_product(number, regular_price="24.00", **lowered)
    shop.add_product(9)
    assert maker.running_sale(NOON) is None
    shop.add_product(10, regular_price="29.99", sale_price="23.99", date_on_sale_to_gmt="2026-12-01T00:00:00")
    del shop.catalogue.products[1]
    assert maker.running_sale(NOON) is None
    shop.add_product(1, regular_price="10.00", sale_price="8.00", date_on_sale_to_gmt="2026-12-01T00:00:00")
    assert maker.running_sale(NOON) == Sale("", 20, datetime(2026, 12, 1, tzinfo=UTC))
    shop.add_product(1, regular_price="10.00", sale_price="5.00")
    assert maker.running_sale(NOON) == Sale("", None, None)
