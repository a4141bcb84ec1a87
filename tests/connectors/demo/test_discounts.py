"""What the demo shop is asked about codes, and how its answers are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.demo import DemoPlatform
from connectors.demo.discounts import DemoDiscounts
from connectors.discounts import CodeTaken, Combines, Discount, DiscountKind, DiscountRefused, Goods, Sale
from connectors.events import Item
from connectors.platform import Unreachable
from tests.connectors.demo.bodies import SECRET
from tests.connectors.demo.conftest import Shop

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
FIVE_EURO = Discount(
    code="BACK-7Q2K",
    mark="enrollment 7",
    title="Warmcart",
    kind=DiscountKind.AMOUNT,
    value=Decimal("5.00"),
    currency="EUR",
    starts_at=NOW,
    ends_at=NOW + timedelta(days=2),
    minimum=Decimal(20),
    products=("mug",),
    combines_with=frozenset({Combines.SHIPPING, Combines.ORDER}),
)
MUG, TEAPOT = Item("Speckled mug", 1, "mug"), Item("Fern teapot", 2, "teapot")


@pytest.fixture
def client(shop: Shop) -> Iterator[DemoDiscounts]:
    shop.answers |= {"codes": {"id": "BACK-7Q2K"}, "codes/withdraw": {}, "goods": {}, "sale": {}}
    with requests.Session() as session:
        yield DemoPlatform().discounts(shop.url, SECRET, session)


def test_a_code_is_asked_for_whole(shop: Shop, client: DemoDiscounts) -> None:
    assert client.make_discount(FIVE_EURO) == "BACK-7Q2K"
    assert shop.told == [
        (
            "codes",
            {
                "code": "BACK-7Q2K",
                "mark": "enrollment 7",
                "title": "Warmcart",
                "kind": "amount",
                "value": "5.00",
                "currency": "EUR",
                "starts_at": "2026-11-21T18:00:00+00:00",
                "ends_at": "2026-11-23T18:00:00+00:00",
                "minimum": "20",
                "products": ["mug"],
                "combines_with": ["order", "shipping"],
            },
        )
    ]


def test_what_a_code_leaves_out_is_left_out(shop: Shop, client: DemoDiscounts) -> None:
    client.make_discount(replace(FIVE_EURO, kind=DiscountKind.FREE_SHIPPING, value=None, products=None))
    [(_, asked)] = shop.told
    assert (asked["kind"], asked["value"], asked["products"]) == ("free_shipping", None, None)


def test_a_code_is_withdrawn_by_name_and_mark(shop: Shop, client: DemoDiscounts) -> None:
    client.withdraw_discount("BACK-7Q2K", "enrollment 7", None)
    assert shop.told == [("codes/withdraw", {"code": "BACK-7Q2K", "mark": "enrollment 7"})]


def test_refusals_have_the_shops_words(shop: Shop, client: DemoDiscounts) -> None:
    shop.answers["codes"] = {"error": "No."}
    shop.status = 422
    with pytest.raises(DiscountRefused, match=r"No\."):
        client.make_discount(FIVE_EURO)
    shop.status = 409
    with pytest.raises(CodeTaken, match="this code"):
        client.make_discount(FIVE_EURO)


def test_goods_are_known_by_product(shop: Shop, client: DemoDiscounts) -> None:
    shop.answers["goods"] = {
        "mug": {"on_sale": True, "gift_card": False, "collections": ["tableware"], "cost": "6.50"},
        "teapot": {"on_sale": False, "gift_card": False, "collections": [], "cost": None},
    }
    assert client.goods([MUG, TEAPOT, Item("Sofa", 1, "sofa"), Item("By hand", 1)]) == {
        MUG: Goods(on_sale=True, collections=frozenset({"tableware"}), cost=Decimal("6.50")),
        TEAPOT: Goods(),
    }


def test_a_sale_has_a_name_percents_and_an_end(shop: Shop, client: DemoDiscounts) -> None:
    assert client.running_sale(NOW) is None
    shop.answers["sale"] = {"name": "Tea time", "percent": 15, "ends_at": "2026-11-21T20:00:00+01:00"}
    assert client.running_sale(NOW) == Sale("Tea time", 15, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "answer", [b"<html>", [], [1], {"mug": 7}, {"mug": {"cost": "dear"}}, {"name": "x", "percent": "all"}]
)
def test_an_answer_that_makes_no_sense_is_a_trouble_of_the_neighbour(
    shop: Shop, client: DemoDiscounts, answer: Any
) -> None:
    shop.answers = dict.fromkeys(shop.answers, answer)
    with pytest.raises(Unreachable):
        client.make_discount(FIVE_EURO)
    with pytest.raises(Unreachable):
        client.goods([MUG])
        client.running_sale(NOW)


def test_a_shop_in_trouble_is_asked_again_later(shop: Shop, client: DemoDiscounts) -> None:
    shop.status = 503
    for ask in (
        lambda: client.make_discount(FIVE_EURO),
        lambda: client.withdraw_discount("BACK-7Q2K", "enrollment 7", None),
        lambda: client.goods([MUG]),
        lambda: client.running_sale(NOW),
    ):
        with pytest.raises(Unreachable):
            ask()
