"""The sample store, and what its shoppers find there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from connectors.discounts import DiscountKind
from flows.definition import DEFAULT_CART_FLOW
from flows.offer_form import Concession, Offers, Rung

DOMAIN = "northlight-goods.example"
NAME = "Northlight Goods"
CURRENCY, COUNTRY, TIMEZONE, LANGUAGE = "EUR", "IE", "Europe/Dublin", "en"
SENDER, PROVIDER = "51234", "sandbox"
DAYS = 90
CAP = timedelta(hours=16)

*_FIRST, _LAST = DEFAULT_CART_FLOW.steps
FLOW = replace(
    DEFAULT_CART_FLOW,
    steps=(*_FIRST, replace(_LAST, offer=Rung.BEST)),
    offers=Offers(
        best=Concession(DiscountKind.PERCENT, percent=10), lowest_cart={CURRENCY: Decimal("40.00")}
    ),
)
"""The built-in flow, with an offer in its last text."""

SHELF = {
    title: Decimal(price)
    for title, price in (
        ("Fjell 140", "89.00"),
        ("Havn Duo", "34.00"),
        ("Lumi Mini", "49.00"),
        ("Norr", "62.00"),
        ("Sarek XL", "119.00"),
        ("Skog No. 3", "27.50"),
        ("Tind", "75.00"),
        ("Vika", "18.90"),
    )
}
EXCHANGE = {"GB": ("GBP", Decimal("0.86")), "US": ("USD", Decimal("1.09"))}
"""What shoppers of a country are shown instead of the shop's currency."""

PRICES = {
    country: Decimal(price)
    for country, price in (
        ("DE", "0.092"),
        ("FR", "0.061"),
        ("GB", "0.044"),
        ("IE", "0.071"),
        ("US", "0.008"),
    )
}
"""What one segment costs, in the shop's currency."""
