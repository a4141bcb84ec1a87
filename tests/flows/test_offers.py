"""Which offer a text makes: the rung's own within the guard rails, the shop's sale, or none and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.discounts import Combines, DiscountKind, Goods, Sale
from flows.offer_days import ends, is_past, last_day
from flows.offer_form import Concession, Excluded, Offers, OwnSale, Rung
from flows.offers import (
    WITHOUT,
    Case,
    Line,
    NoOffer,
    Offer,
    SaleRuns,
    before_asking,
    decide,
    needs_goods,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TEN = Concession(DiscountKind.PERCENT, percent=10)
FIVE_EUROS = Concession(DiscountKind.AMOUNT, amounts={"EUR": Decimal("5.00")})
SHIPPING = Concession(DiscountKind.FREE_SHIPPING)
TEAPOT = Line("teapot", 1, Decimal("40.00"), Goods(cost=Decimal("20.00")))
MUG = Line("mug", 2, Decimal("10.00"), Goods(cost=Decimal("4.00")))

UNPRICED = (replace(TEAPOT, unit_price=None), replace(MUG, unit_price=None))


def case(best: Concession = TEN, lines: tuple[Line, ...] = (TEAPOT, MUG), **changes: Any) -> Case:
    known = {field for field in Offers.__dataclass_fields__ if field in changes}
    offers = Offers(best=best, **{name: changes.pop(name) for name in known})
    values: dict[str, Any] = {
        "now": NOW,
        "offers": offers,
        "rung": Rung.BEST,
        "currency": "EUR",
        "country": "SI",
        "zones": ("Europe/Ljubljana",),
        "today": date(2026, 11, 27),
        "lines": lines,
    }
    return Case(**(values | changes))


def offered(decided: object) -> Offer:
    assert isinstance(decided, Offer), decided
    return decided


def test_the_rungs_own_offer_is_made_where_nothing_speaks_against_it() -> None:
    offer = offered(decide(case()))
    assert (offer.kind, offer.value, offer.currency) == (DiscountKind.PERCENT, Decimal(10), "EUR")
    assert (offer.minimum, offer.products) == (None, None)
    assert offer.last_day == date(2026, 11, 29)
    assert offer.ends_at == datetime(2026, 11, 29, 22, 59, 59, tzinfo=UTC)


def test_a_sum_is_that_of_the_shops_currency() -> None:
    assert offered(decide(case(FIVE_EUROS))).value == Decimal("5.00")
    assert decide(case(FIVE_EUROS, currency="CHF")) == NoOffer("no_such_sum")
    assert decide(case(FIVE_EUROS, currency=None)) == NoOffer("no_such_sum")


def test_free_shipping_has_no_figure() -> None:
    assert offered(decide(case(SHIPPING))).value is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"season_full": True}, "season_full"),
        ({"has_code": True}, "has_discount"),
        ({"has_code": True, "combines_with": frozenset({Combines.ORDER})}, "has_discount"),
        ({"applies": False}, "link_cannot_apply"),
        ({"last_offer_at": NOW - timedelta(days=59)}, "offer_not_yet"),
        ({"spare_returning": True, "bought_without": True}, "returning_shopper"),
        ({"lowest_cart": {"EUR": Decimal("60.01")}}, "cart_too_small"),
        ({"lowest_cart": {"EUR": Decimal(1)}, "lines": UNPRICED}, "prices_unknown"),
        ({"best": FIVE_EUROS, "lines": UNPRICED}, "prices_unknown"),
        ({"excluded": Excluded(products=("mug",)), "lines": UNPRICED}, "prices_unknown"),
        ({"margin_floor": 15, "lines": (TEAPOT, UNPRICED[1])}, "prices_unknown"),
        ({"goods_asked": False}, "goods_unknown"),
        ({"excluded": Excluded(products=("teapot", "mug"))}, "nothing_qualifies"),
        ({"lines": (replace(TEAPOT, goods=Goods(gift_card=True)),)}, "nothing_qualifies"),
        ({"sale": Sale("Everything must go", None)}, "sale_runs"),
        ({"best": Concession(DiscountKind.AMOUNT, amounts={"EUR": Decimal(19)})}, "above_highest"),
        ({"best": FIVE_EUROS, "margin_floor": 50}, "below_margin"),
        ({"margin_floor": 60}, "below_margin"),
    ],
)
def test_a_guard_rail_drops_the_offer_and_says_why(changes: dict[str, Any], reason: str) -> None:
    assert decide(case(**changes)) == NoOffer(reason)
    assert reason in WITHOUT


@pytest.mark.parametrize(
    "changes",
    [
        {"has_code": True, "combines_with": frozenset({Combines.ORDER, Combines.PRODUCT})},
        {"last_offer_at": NOW - timedelta(days=60)},
        {"bought_without": True},
        {"lines": UNPRICED},
        {"lowest_cart": {"EUR": Decimal("60.00")}},
        {"lowest_cart": {"USD": Decimal("500.00")}},
        {"sale": Sale("Over", 50, ends_at=NOW)},
        {"sale": Sale("Less", 9)},
    ],
)
def test_at_its_border_a_guard_rail_lets_the_offer_pass(changes: dict[str, Any]) -> None:
    assert offered(decide(case(**changes))).value == Decimal(10)


def test_percents_are_lowered_to_the_highest_allowed() -> None:
    assert offered(decide(case(highest_percent=7))).value == Decimal(7)


def test_percents_are_lowered_until_the_margin_remains() -> None:
    # Goods of 60 that cost 28: at 45 % margin they must bring 50.91, so 15 % may go.
    wide = case(Concession(DiscountKind.PERCENT, percent=25), margin_floor=45)
    assert offered(decide(wide)).value == Decimal(15)


def test_goods_whose_cost_nobody_knows_count_for_no_margin() -> None:
    unknown = (replace(TEAPOT, goods=Goods()),)
    assert offered(decide(case(lines=unknown, margin_floor=90))).value == Decimal(10)


def test_only_what_qualifies_is_lowered() -> None:
    lines = (TEAPOT, replace(MUG, goods=Goods(on_sale=True)))
    assert offered(decide(case(FIVE_EUROS, lines=lines))).products == ("teapot",)
    assert offered(decide(case(lines=lines, excluded=Excluded(sale_items=False)))).products is None
    assert offered(decide(case(SHIPPING, lines=lines))).products is None


def test_percents_of_a_part_of_the_cart_are_told_as_a_sum() -> None:
    lines = (replace(TEAPOT, unit_price=Decimal("39.99")), replace(MUG, goods=Goods(on_sale=True)))
    offer = offered(decide(case(lines=lines)))
    assert (offer.kind, offer.value, offer.products) == (DiscountKind.AMOUNT, Decimal("3.99"), ("teapot",))
    assert offered(decide(case(lines=lines, currency="JPY"))).value == Decimal(3)
    assert offered(decide(case(lines=lines, currency="KWD"))).value == Decimal("3.999")


def test_the_lowest_value_counts_what_qualifies_and_binds_the_code() -> None:
    lines = (TEAPOT, replace(MUG, goods=Goods(collections=frozenset({"9"}))))
    rails = {"excluded": Excluded(collections=("9",)), "lowest_cart": {"EUR": Decimal(50)}}
    assert decide(case(lines=lines, **rails)) == NoOffer("cart_too_small")
    rails["lowest_cart"] = {"EUR": Decimal(40)}
    assert offered(decide(case(lines=lines, **rails))).minimum == Decimal(40)


def test_a_sum_counts_only_while_it_is_within_the_highest_percentage() -> None:
    assert offered(decide(case(FIVE_EUROS, highest_percent=30))).minimum == Decimal("16.66")
    whole = case(FIVE_EUROS, highest_percent=30, lowest_cart={"EUR": Decimal(40)})
    assert offered(decide(whole)).minimum == Decimal(40)
    yen = Concession(DiscountKind.AMOUNT, amounts={"JPY": Decimal(10)})
    assert offered(decide(case(yen, currency="JPY"))).minimum == Decimal(33)


def test_goods_are_asked_about_only_where_a_rule_does() -> None:
    free = Excluded(sale_items=False, gift_cards=False)
    assert needs_goods(Offers()) and not needs_goods(Offers(excluded=free))
    assert needs_goods(Offers(excluded=replace(free, collections=("9",))))
    assert needs_goods(Offers(excluded=free, margin_floor=10))
    unasked = (Line("teapot", 1, Decimal(40)),)
    assert isinstance(decide(case(lines=unasked, excluded=free, goods_asked=False)), Offer)


@pytest.mark.parametrize(
    ("best", "sale", "tells"),
    [
        (TEN, 10, SaleRuns(10)),
        (TEN, 25, SaleRuns(25)),
        (FIVE_EUROS, 9, SaleRuns(9)),
        (SHIPPING, 5, SaleRuns(5)),
    ],
)
def test_a_sale_that_is_as_good_is_told_instead(best: Concession, sale: int, tells: SaleRuns) -> None:
    assert decide(case(best, sale=Sale("Summer", sale))) == tells


def test_an_offer_that_beats_the_sale_is_made() -> None:
    assert offered(decide(case(FIVE_EUROS, sale=Sale("Summer", 8)))).value == Decimal(5)


def test_a_sum_beats_no_sale_where_the_price_of_some_goods_is_not_known() -> None:
    half_known = (replace(TEAPOT, unit_price=None), MUG)
    assert decide(case(FIVE_EUROS, half_known, sale=Sale("Summer", 8))) == SaleRuns(8)
    assert offered(decide(case(FIVE_EUROS, half_known))).value == Decimal(5)


def test_free_shipping_is_offered_in_a_sale_only_where_it_comes_on_top() -> None:
    both = frozenset({Combines.PRODUCT, Combines.ORDER})
    assert isinstance(decide(case(SHIPPING, sale=Sale("Summer", 8), combines_with=both)), Offer)
    alone = Sale("Summer", 8, beside_shipping=False)
    assert decide(case(SHIPPING, sale=alone, combines_with=both)) == SaleRuns(8)
    for one in Combines:
        some = frozenset({one})
        assert decide(case(SHIPPING, sale=Sale("Summer", 8), combines_with=some)) == SaleRuns(8)


def test_a_sale_is_told_where_a_guard_rail_drops_the_offer() -> None:
    assert decide(case(sale=Sale("Summer", 8), last_offer_at=NOW)) == SaleRuns(8)
    assert decide(case(sale=Sale("Summer", 8), margin_floor=60)) == SaleRuns(8)


def test_the_stores_own_sale_counts_on_its_days_in_its_countries() -> None:
    sale = OwnSale("Soldes", date(2026, 11, 27), date(2026, 11, 28), 30, ("FR",))
    assert decide(case(sales=(sale,), country="FR")) == SaleRuns(30)
    assert isinstance(decide(case(sales=(sale,))), Offer)
    assert isinstance(decide(case(sales=(sale,), country="FR", today=date(2026, 11, 29))), Offer)
    assert decide(case(sales=(replace(sale, countries=()),))) == SaleRuns(30)


def test_an_offer_ends_with_the_season_at_the_latest() -> None:
    assert offered(decide(case(season_last=date(2026, 11, 28)))).last_day == date(2026, 11, 28)


@given(
    st.integers(0, 20_000).map(lambda hours: NOW + timedelta(hours=hours)),
    st.integers(1, 720),
    st.lists(
        st.sampled_from(["America/Los_Angeles", "America/New_York", "Europe/Ljubljana", "Asia/Tokyo"]),
        max_size=3,
        unique=True,
    ),
)
def test_an_offer_holds_as_long_as_it_says_wherever_the_shopper_is(
    now: datetime, hours: int, zones: list[str]
) -> None:
    day, ends_at = ends(now, timedelta(hours=hours), zones, None)
    assert ends_at > now + timedelta(hours=hours) - timedelta(seconds=1)
    assert last_day(ends_at, zones) == day
    for zone in zones:
        assert ends_at >= datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "day", "over"),
    [
        ("America/Santiago", date(2027, 4, 3), datetime(2027, 4, 4, 4, tzinfo=UTC)),
        ("Africa/Cairo", date(2027, 10, 28), datetime(2027, 10, 28, 22, tzinfo=UTC)),
        ("America/Nuuk", date(2027, 3, 27), datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ],
    ids=["the last hour comes twice", "and there", "the last hour is left out"],
)
def test_the_day_that_is_told_ends_when_the_next_one_begins(zone: str, day: date, over: datetime) -> None:
    told, ends_at = ends(over - timedelta(hours=30), timedelta(hours=20), [zone], None)
    assert (told, ends_at) == (day, over - timedelta(seconds=1))
    assert last_day(ends_at, [zone]) == day


def test_whoever_may_be_further_west_by_now_is_told_a_day_that_is_over_with_the_code() -> None:
    east, west = "America/New_York", "America/Los_Angeles"
    day, ends_at = ends(NOW, timedelta(days=1), [east], None)
    assert last_day(ends_at, [east, west]) == day - timedelta(days=1)
    assert not is_past(day, ends_at, [east, west])
    assert is_past(day, ends_at + timedelta(seconds=1), [east, west])


amounts = st.decimals("0.01", "500", places=2)
lines = st.builds(
    Line,
    st.sampled_from(["a", "b", None]),
    st.integers(1, 4),
    st.none() | amounts,
    st.none() | st.builds(Goods, st.booleans(), st.booleans(), st.just(frozenset()), st.none() | amounts),
)
concessions = st.sampled_from([TEN, FIVE_EUROS, SHIPPING, Concession(DiscountKind.PERCENT, percent=30)])


@given(
    concessions,
    st.lists(lines, max_size=4).map(tuple),
    st.integers(1, 40),
    st.none() | st.integers(0, 99),
    st.none() | st.integers(1, 60).map(lambda percent: Sale("Sale", percent)),
    st.booleans(),
)
def test_no_offer_ever_leaves_its_guard_rails(
    best: Concession, goods: tuple[Line, ...], highest: int, floor: int | None, sale: Sale | None, asked: bool
) -> None:
    told = case(best, goods, highest_percent=highest, margin_floor=floor, sale=sale, goods_asked=asked)
    decided = decide(told)
    if isinstance(decided, NoOffer):
        assert decided.reason in WITHOUT
        return
    if isinstance(decided, SaleRuns):
        assert sale is not None and decided.percent == sale.percent
        return
    assert asked and (before := before_asking(told)) is None, before
    lowered = [
        line
        for line in goods
        if line.product_id and line.goods and not (line.goods.on_sale or line.goods.gift_card)
    ]
    price = sum(((line.unit_price or 0) * line.quantity for line in lowered), Decimal(0))
    if decided.kind is DiscountKind.PERCENT:
        assert decided.value is not None and 1 <= decided.value <= highest
        assert sale is None or decided.value > (sale.percent or 0)
    if decided.kind is DiscountKind.AMOUNT:
        assert decided.value is not None and decided.value * 100 <= price * highest
        assert decided.minimum is not None and decided.minimum <= price
