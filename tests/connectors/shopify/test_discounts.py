from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

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
from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from connectors.shopify.discounts import LONGEST_TITLE, ShopifyDiscounts
from connectors.shopify.goods import MOST_LINES
from connectors.shopify.graphql import WRITING
from tests.connectors.shopify.conftest import SHOP, Clock, Connect
from tests.standins.shopify import ShopifyStandin
from tests.standins.shopify_discounts import ALONE, Discounts


@pytest.fixture
def maker(connect: Connect) -> ShopifyDiscounts:
    return ShopifyDiscounts(connect(SHOP))


@pytest.fixture
def made(standin: ShopifyStandin) -> Discounts:
    """The discounts that the shop has."""
    return standin.shop(SHOP).discounts


@pytest.fixture
def ten_percent(clock: Clock) -> Discount:
    return Discount(
        code="BACK-7H3K",
        mark="wm-4711",
        title="Warmcart: Abandoned cart, last call",
        kind=DiscountKind.PERCENT,
        value=Decimal(10),
        currency="USD",
        starts_at=clock(),
        ends_at=clock() + timedelta(days=2),
    )


def told(made: Discounts) -> dict[str, Any]:
    """How the shop was told of its only code."""
    [code] = made.codes.values()
    return dict(code.told)


def test_a_code_is_for_one_use_by_one_shopper_and_ends(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount, standin: ShopifyStandin
) -> None:
    client: DiscountMaker = maker
    gid = client.make_discount(ten_percent)
    assert list(made.codes) == [gid]
    assert told(made) == {
        "code": "BACK-7H3K",
        "title": "Warmcart: Abandoned cart, last call (wm-4711)",
        "startsAt": "2026-11-21T12:00:00Z",
        "endsAt": "2026-11-23T12:00:00Z",
        "context": {"all": "ALL"},
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "combinesWith": {"productDiscounts": False, "orderDiscounts": False, "shippingDiscounts": False},
        "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
    }
    assert standin.complaints == []


def test_a_sum_is_taken_off_once_from_given_products_above_a_minimum(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    five_off = replace(
        ten_percent,
        kind=DiscountKind.AMOUNT,
        value=Decimal("5.00"),
        minimum=Decimal("40.00"),
        products=("11", "12"),
        combines_with=frozenset({Combines.SHIPPING}),
    )
    maker.make_discount(five_off)
    asked = told(made)
    products = ["gid://shopify/Product/11", "gid://shopify/Product/12"]
    assert asked["customerGets"] == {
        "value": {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}},
        "items": {"products": {"productsToAdd": products}},
    }
    assert asked["minimumRequirement"] == {"subtotal": {"greaterThanOrEqualToSubtotal": "40.00"}}
    assert asked["combinesWith"]["shippingDiscounts"] is True


def test_free_shipping_goes_everywhere_and_never_with_another_shipping_discount(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    free = replace(
        ten_percent, kind=DiscountKind.FREE_SHIPPING, value=None, combines_with=frozenset(Combines)
    )
    maker.make_discount(free)
    [code] = made.codes.values()
    assert code.type == "DiscountCodeFreeShipping"
    assert code.told["destination"] == {"all": True}
    combines = {"productDiscounts": True, "orderDiscounts": True, "shippingDiscounts": False}
    assert code.told["combinesWith"] == combines


def test_a_long_title_gives_way_to_the_mark(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    maker.make_discount(replace(ten_percent, title="x" * 400))
    assert len(told(made)["title"]) == LONGEST_TITLE
    assert told(made)["title"].endswith("x (wm-4711)")


def test_a_code_whose_making_was_not_answered_is_as_good_as_made(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    made.lose_answers()
    with pytest.raises(Unreachable):
        maker.make_discount(ten_percent)
    [there] = made.codes
    assert maker.make_discount(ten_percent) == there
    assert list(made.codes) == [there]


def test_the_code_of_a_merchant_is_taken_and_left_alone(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    made.by_merchant("back-7h3k")
    with pytest.raises(CodeTaken, match="this code"):
        maker.make_discount(ten_percent)
    maker.withdraw_discount("BACK-7H3K", "wm-4711", None)
    assert len(made.codes) == 1


def test_a_throttled_shop_says_so_and_makes_nothing(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount, standin: ShopifyStandin
) -> None:
    made.throttle(WRITING.tries)
    with pytest.raises(Throttled):
        maker.make_discount(ten_percent)
    standin.disturb(429, Retry_After="7")
    with pytest.raises(Throttled) as slow:
        maker.make_discount(ten_percent)
    assert (slow.value.retry_after, made.codes) == (7.0, {})


def test_a_shop_that_is_out_of_points_for_a_moment_makes_the_code(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    made.throttle(WRITING.tries - 1)
    assert [maker.make_discount(ten_percent)] == list(made.codes)


def test_a_refusal_is_told_in_shopifys_words(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    made.refuse()
    with pytest.raises(DiscountRefused, match="not allowed in this store"):
        maker.make_discount(ten_percent)
    with pytest.raises(DiscountRefused, match="Ends at needs to be after"):
        maker.make_discount(replace(ten_percent, ends_at=ten_percent.starts_at))


def test_without_access_to_discounts_the_merchant_is_asked_to_open_the_app(
    maker: ShopifyDiscounts, standin: ShopifyStandin, ten_percent: Discount
) -> None:
    standin.shop(SHOP).scopes = ("read_products",)
    with pytest.raises(Reconnect, match="approve its access"):
        maker.make_discount(ten_percent)
    with pytest.raises(Reconnect, match="approve its access"):
        maker.withdraw_discount(ten_percent.code, ten_percent.mark, None)


def test_a_code_is_withdrawn_by_its_id_or_by_code_and_mark(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount
) -> None:
    gid = maker.make_discount(ten_percent)
    maker.withdraw_discount(ten_percent.code, ten_percent.mark, gid)
    assert made.codes == {}
    maker.make_discount(ten_percent)
    maker.withdraw_discount(ten_percent.code, "another", None)
    assert len(made.codes) == 1
    maker.withdraw_discount(ten_percent.code, ten_percent.mark, None)
    assert made.codes == {}


def test_to_withdraw_what_is_gone_is_success(
    maker: ShopifyDiscounts, ten_percent: Discount, standin: ShopifyStandin
) -> None:
    gid = maker.make_discount(ten_percent)
    for _ in range(2):
        maker.withdraw_discount(ten_percent.code, ten_percent.mark, gid)
    maker.withdraw_discount("NEVER-MADE", ten_percent.mark, None)
    assert standin.complaints == []


def line(variant: str | None, product: str | None = "11") -> Item:
    return Item("Mug", 1, product_id=product, variant_id=variant, unit_price=Decimal("24.00"))


def test_goods_are_told_by_their_variants(maker: ShopifyDiscounts, standin: ShopifyStandin) -> None:
    shop = standin.shop(SHOP)
    shop.put_variant(1, 11, "24.00", cost="9.50", collections=(7, 8))
    shop.put_variant(2, 12, "20.00", before="25.00")
    shop.put_variant(3, 13, "50.00", before="50.00", gift_card=True)
    cart = [line("1"), line("2"), line("3"), line("4"), line(None)]
    assert maker.goods(cart) == {
        cart[0]: Goods(collections=frozenset({"7", "8"}), cost=Decimal("9.50")),
        cart[1]: Goods(on_sale=True),
        cart[2]: Goods(gift_card=True),
    }
    assert len(standin.calls) == 1
    assert standin.complaints == []


def test_a_cost_that_the_app_may_not_see_is_unknown(maker: ShopifyDiscounts, standin: ShopifyStandin) -> None:
    shop = standin.shop(SHOP)
    shop.put_variant(1, 11, "24.00", cost="9.50")
    shop.withheld.add("InventoryItem.unitCost")
    assert maker.goods([line("1")]) == {line("1"): Goods()}


def test_a_product_in_many_collections_is_asked_for_again(
    maker: ShopifyDiscounts, standin: ShopifyStandin
) -> None:
    shop = standin.shop(SHOP)
    shop.put_variant(1, 11, "24.00", collections=range(1, 121))
    shop.put_variant(2, 12, "24.00", collections=(7,))
    found = maker.goods([line("1"), line("2")])
    assert [len(goods.collections) for goods in found.values()] == [120, 1]
    assert len(standin.calls) == 2
    assert len(maker.goods([line("1"), line("2")], collections=False)) == 2
    assert len(standin.calls) == 3


def test_a_long_cart_takes_few_questions_that_are_never_too_costly(
    maker: ShopifyDiscounts, standin: ShopifyStandin
) -> None:
    for number in range(1, 101):
        standin.shop(SHOP).put_variant(number, number, "24.00")
    assert len(maker.goods([line(str(number)) for number in range(1, 101)])) == MOST_LINES
    assert len(standin.calls) == 4
    assert maker.goods([]) == {}


def test_the_best_running_sale_of_the_whole_store_is_told(
    maker: ShopifyDiscounts, made: Discounts, clock: Clock, standin: ShopifyStandin
) -> None:
    assert maker.running_sale(clock()) is None
    made.sale("Autumn", 0.10, "2026-11-01T00:00:00Z")
    made.sale("Black Friday", 0.255, "2026-11-20T00:00:00Z", "2026-12-01T00:00:00Z")
    ends_at = datetime(2026, 12, 1, tzinfo=UTC)
    assert maker.running_sale(clock()) == Sale("Black Friday", 25, ends_at, beside_shipping=False)
    made.sale("Cyber", 0.3, "2026-11-20T00:00:00Z", combinesWith=ALONE | {"shippingDiscounts": True})
    assert maker.running_sale(clock()) == Sale("Cyber", 30)
    assert standin.complaints == []


@pytest.mark.parametrize(
    "changes",
    [
        {"context": {"__typename": "DiscountMarkets"}},
        {"minimumRequirement": {"__typename": "DiscountMinimumSubtotal"}},
        {"startsAt": "2026-12-24T00:00:00Z"},
        {"endsAt": "2026-11-21T12:00:00Z"},
        {"customerGets": {"items": {"__typename": "DiscountCollections"}}},
        {"customerGets": {"value": {"__typename": "DiscountAmount"}}},
        {"customerGets": {"appliesOnOneTimePurchase": False}},
    ],
)
def test_a_sale_for_some_or_with_a_condition_is_none_of_the_whole_store(
    maker: ShopifyDiscounts, made: Discounts, clock: Clock, changes: dict[str, Any]
) -> None:
    made.sale("Some", 0.5, "2026-11-01T00:00:00Z")
    discount = made.sales[0]["discount"]
    gets = discount["customerGets"] | changes.get("customerGets", {})
    discount |= changes | {"customerGets": gets}
    assert maker.running_sale(clock()) is None


def test_without_access_to_discounts_no_sale_is_claimed_or_denied(
    maker: ShopifyDiscounts, standin: ShopifyStandin, clock: Clock
) -> None:
    standin.shop(SHOP).scopes = ("read_products",)
    with pytest.raises(ConnectorError, match="ACCESS_DENIED"):
        maker.running_sale(clock())
