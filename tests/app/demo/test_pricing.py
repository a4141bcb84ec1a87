"""What a cart costs: pure, and to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.bill import Bill, Refusal
from app.demo.books import Cart
from app.demo.discounts import Code, Sale
from app.demo.pricing import draw_up
from app.demo.products import PRODUCTS
from connectors.discounts import Combines, DiscountKind

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
SALE = Sale(Decimal(15), NOW + timedelta(hours=1))
TEN = Code(
    name="BACK-10",
    mark="ours",
    title="Offer",
    kind=DiscountKind.PERCENT,
    value=Decimal(10),
    starts_at=NOW,
    ends_at=NOW + timedelta(days=2),
)
FIVE_EURO = replace(TEN, kind=DiscountKind.AMOUNT, value=Decimal("5.00"))
FREE_DELIVERY = replace(TEN, kind=DiscountKind.FREE_SHIPPING, value=None)


def bill(code: Code | None = TEN, sale: Sale | None = None, now: datetime = NOW, **lines: int) -> Bill:
    cart = Cart("cart-1", NOW, NOW, "en", "GB", lines or {"teapot": 1}, code=TEN.name)
    return draw_up(cart, code, sale, now)


def test_a_percentage_is_taken_off_the_goods() -> None:
    found = bill()
    assert (found.total, found.codes, found.refusal) == (Decimal("43.20"), ("BACK-10",), None)


def test_half_a_cent_is_rounded_up() -> None:
    assert bill(replace(TEN, value=Decimal(5)), towel=1, mug=1, mint_tea=1).lowered[0].off == Decimal("1.98")


def test_a_sum_takes_off_no_more_than_the_goods_cost() -> None:
    assert bill(FIVE_EURO).total == Decimal("43.00")
    assert bill(replace(FIVE_EURO, value=Decimal(500))).total == 0


def test_small_carts_pay_for_the_delivery_unless_the_code_does() -> None:
    assert bill(None, mug=1).total == Decimal("20.90")
    assert bill(FREE_DELIVERY, mug=1).total == Decimal("16.00")
    assert bill(FREE_DELIVERY, teapot=1).codes == ("BACK-10",)


def test_a_gift_card_comes_by_mail_and_is_never_lowered() -> None:
    assert bill(None, gift_card=1).total == Decimal("25.00")
    assert bill(gift_card=1).refusal is Refusal.GOODS
    assert bill(gift_card=1, teapot=1).total == Decimal("68.20")


def test_a_code_for_some_products_lowers_these_alone() -> None:
    mugs = replace(TEN, products=("mug",))
    assert bill(mugs, mug=2, teapot=1).total == Decimal("76.80")
    assert bill(mugs, teapot=1).refusal is Refusal.GOODS


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (None, Refusal.ENDED),
        (replace(TEN, ends_at=NOW), Refusal.ENDED),
        (replace(TEN, starts_at=NOW + timedelta(seconds=1)), Refusal.ENDED),
        (replace(TEN, cart="cart-2"), Refusal.USED),
        (replace(TEN, minimum=Decimal("48.01")), Refusal.MINIMUM),
    ],
)
def test_a_code_that_does_not_hold_leaves_the_price_and_says_why(code: Code | None, refusal: Refusal) -> None:
    found = bill(code)
    assert (found.total, found.codes, found.refusal) == (Decimal("48.00"), (), refusal)


def test_a_code_holds_on_for_the_order_that_has_used_it() -> None:
    assert bill(replace(TEN, cart="cart-1")).total == Decimal("43.20")


def test_beside_a_sale_the_code_stands_only_where_it_says_so() -> None:
    both = bill(replace(TEN, combines_with=(Combines.ORDER,)), SALE)
    assert (both.total, [line.code for line in both.lowered]) == (Decimal("36.00"), [None, "BACK-10"])
    sale_alone = bill(TEN, SALE)
    assert (sale_alone.total, sale_alone.refusal) == (Decimal("40.80"), Refusal.SALE)
    code_alone = bill(replace(TEN, value=Decimal(20)), SALE)
    assert (code_alone.total, code_alone.codes) == (Decimal("38.40"), ("BACK-10",))


@given(
    lines=st.dictionaries(st.sampled_from(sorted(PRODUCTS)), st.integers(1, 20)),
    code=st.builds(
        replace,
        st.sampled_from([TEN, FIVE_EURO, FREE_DELIVERY]),
        combines_with=st.sampled_from([(), (Combines.ORDER,)]),
        minimum=st.none() | st.decimals(0, 300, places=2),
        products=st.none() | st.just(("mug", "gift_card")),
    ),
    sale=st.sampled_from([None, SALE]),
)
def test_a_code_never_makes_a_cart_dearer_and_no_cart_costs_less_than_nothing(
    lines: dict[str, int], code: Code, sale: Sale | None
) -> None:
    cart = Cart("cart-1", NOW, NOW, "en", "GB", lines)
    without, lowered = draw_up(cart, None, sale, NOW), draw_up(replace(cart, code=code.name), code, sale, NOW)
    assert 0 <= lowered.total <= without.total
    assert lowered.total == lowered.total.quantize(Decimal("0.01"))
