"""What the demo shop sells. Names and descriptions are in the catalogs: ``product.<id>.title``, ``.text``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

SHOP = "Fern & Kettle"
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Product:
    """``id`` also names its picture, ``templates/demo/pictures/<id>.svg``."""

    id: str
    price: Decimal


PRODUCTS = {
    name: Product(name, Decimal(price))
    for name, price in (
        ("teapot", "48.00"),
        ("mug", "16.00"),
        ("mint_tea", "9.50"),
        ("kettle", "64.00"),
        ("honey", "8.50"),
        ("towel", "14.00"),
        ("strainer", "12.00"),
        ("biscuits", "7.80"),
    )
}
