"""Every text of a catalog as it would leave, with long names of that market."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from connectors.events import Money
from flows import catalogs
from flows.compose import CartText, OfferText, Product, compose
from flows.direction import directed
from flows.language import Wishes, parents
from flows.merge_fields import format_ends
from flows.segments import Measure, measure, normalise

LINK = "https://go.example.com/r/AbCdEfGhIjKl"
STOP_LINK = "https://go.example.com/p/AbCdEfGhIjKl"
CONTACT = "https://shop.example.com"
STEPS = ("reminder", "second_call", "second_call.reserved", "last_call")
OFFERS = ("offer", "offer.shipping", "sale")
PERCENT = 15
LAST_DAYS = tuple(date(2027, month, day) for month in range(1, 13) for day in (1, 28))


@dataclass(frozen=True, slots=True)
class Samples:
    """``product_outside_gsm7`` has a letter that GSM-7 lacks; ``amount`` is what an offer there may take
    off a cart: ``250 CZK``."""

    store: str
    product: str
    product_outside_gsm7: str
    first_name: str
    amount: str = "15 EUR"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as it leaves. ``product``: named, unnamed, outside_gsm7; empty where no cart is spoken of.
    ``way_out``: by reply or by link; empty where the text has none of its own."""

    key: str
    product: str
    way_out: str
    body: str
    measure: Measure


@cache
def samples(language: str) -> Samples | None:
    """The samples of a catalog, or its parent's. Raises ValueError for a file that cannot be read."""
    for tag in parents(language):
        file = files("locales") / tag / "samples.json"
        if file.is_file():
            try:
                return Samples(**json.loads(file.read_text(encoding="utf-8")))
            except (TypeError, ValueError) as error:
                raise ValueError(f"locales/{tag}/samples.json: {error}") from None
    return None


def rendered(language: str, sample: Samples) -> Iterator[Rendered]:
    """All texts of a language: each step with and without the product, with both ways out, and the rest."""
    for step in STEPS:
        for product in ("named", "outside_gsm7", "unnamed"):
            for way_out in ("reply", "link"):
                yield _cart_text(language, sample, step, product, way_out)
    yield from _offers(language, sample)
    about_carts = tuple(f"sms.{name}" for name in (*catalogs.BUILT_IN_STEPS, *OFFERS))
    for key in sorted(catalogs.template_keys()):
        if key.startswith(catalogs.SMS) and not key.startswith((*about_carts, "sms.footer", "sms.product")):
            values = {"store": sample.store, "contact": CONTACT, "preferences": STOP_LINK}
            words = catalogs.text(key, language, **values)
            body = normalise(directed(words, language))
            yield Rendered(key.removeprefix(catalogs.SMS), "", "", body, measure(body))


def _offers(language: str, sample: Samples) -> Iterator[Rendered]:
    """The words of offers: with a percentage and a short day, with an amount and a long one."""
    amount, currency = sample.amount.split()
    money = Money(Decimal(amount), currency)
    written = {day: len(format_ends(day, language, None)) for day in LAST_DAYS}
    short, long = min(written, key=written.__getitem__), max(written, key=written.__getitem__)
    offers = (
        OfferText(percent=PERCENT, last_day=short),
        OfferText(money=money, last_day=long),
        OfferText(last_day=short),
        OfferText(last_day=long),
        OfferText(percent=PERCENT),
    )
    for offer, product, way_out in itertools.product(offers, ("named", "unnamed"), ("reply", "link")):
        yield _cart_text(language, sample, "reminder", product, way_out, offer)


def _cart_text(
    language: str, sample: Samples, step: str, product: str, way_out: str, offer: OfferText | None = None
) -> Rendered:
    title = sample.product_outside_gsm7 if product == "outside_gsm7" else sample.product
    composed = compose(
        CartText(
            step_key=step.partition(".")[0],
            store_name=sample.store,
            link=LINK,
            wishes=Wishes(checkout_locale=language),
            products=[Product(title)],
            name_products=product != "unnamed",
            reserved=step.endswith(".reserved"),
            stop_link=STOP_LINK if way_out == "link" else None,
            offer=offer,
        )
    )
    return Rendered(offer.name if offer else step, product, way_out, composed.body, composed.measure)
