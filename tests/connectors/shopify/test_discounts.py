from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.discounts import CodeTaken, Combines, Discount, DiscountKind, DiscountMaker, DiscountRefused
from connectors.platform import Reconnect, Throttled, Unreachable
from connectors.shopify.discounts import LONGEST_TITLE, ShopifyDiscounts
from tests.connectors.shopify.conftest import SHOP, Clock, Connect
from tests.standins.shopify import ShopifyStandin
from tests.standins.shopify_discounts import Discounts


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
    with pytest.raises(CodeTaken, match="BACK-7H3K"):
        maker.make_discount(ten_percent)
    maker.withdraw_discount("BACK-7H3K", "wm-4711", None)
    assert len(made.codes) == 1


def test_a_throttled_shop_says_so_and_makes_nothing(
    maker: ShopifyDiscounts, made: Discounts, ten_percent: Discount, standin: ShopifyStandin
) -> None:
    made.throttle()
    with pytest.raises(Throttled):
        maker.make_discount(ten_percent)
    standin.disturb(429, Retry_After="7")
    with pytest.raises(Throttled) as slow:
        maker.make_discount(ten_percent)
    assert (slow.value.retry_after, made.codes) == (7.0, {})


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
