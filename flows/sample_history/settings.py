"""The sample store, and what its shoppers find there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

DOMAIN = "northlight-goods.example"
NAME = "Northlight Goods"
CURRENCY, COUNTRY, TIMEZONE, LANGUAGE = "EUR", "IE", "Europe/Dublin", "en"
SENDER, PROVIDER = "51234", "sandbox"
DAYS = 90
CAP = timedelta(hours=16)

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
