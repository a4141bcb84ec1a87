"""What the demo shop sells. Names and descriptions are in the catalogs: ``product.<id>.title``, ``.text``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

SHOP = "Fern & Kettle"
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Product:
    """``id`` also names its picture, ``templates/demo/pictures/<id>.svg``.

    ``cost`` is what the shop pays for one. ``before`` is the price that is struck through: it is on sale.
    """

    id: str
    price: Decimal
    cost: Decimal
    collection: str
    before: Decimal | None = None

    @property
    def gift_card(self) -> bool:
        return self.collection == "gift_cards"


PRODUCTS = {
    name: Product(name, Decimal(price), Decimal(cost), collection, Decimal(before) if before else None)
    for name, price, cost, collection, before in (
        ("teapot", "48.00", "21.00", "tableware", None),
        ("mug", "16.00", "6.50", "tableware", None),
        ("mint_tea", "9.50", "3.20", "pantry", None),
        ("kettle", "64.00", "31.00", "tableware", None),
        ("honey", "8.50", "4.10", "pantry", None),
        ("towel", "14.00", "9.80", "linen", "18.00"),
        ("strainer", "12.00", "4.40", "tableware", None),
        ("biscuits", "7.80", "3.90", "pantry", None),
        ("gift_card", "25.00", "25.00", "gift_cards", None),
    )
}
