"""Every text of a catalog as it would leave, with long names of that market."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from connectors.platform import Money
from flows import catalogs
from flows.compose import CartText, Composed, Product, compose
from flows.direction import directed
from flows.language import Wishes, parents
from flows.merge_fields import format_ends, format_money, format_percent
from flows.placeholders import fill, parse
from flows.segments import Measure, fits_gsm7, measure, normalise

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
            words = catalogs.text(key, language, store=sample.store, contact=CONTACT)
            body = normalise(directed(words, language))
            yield Rendered(key.removeprefix(catalogs.SMS), "", "", body, measure(body))


def _offers(language: str, sample: Samples) -> Iterator[Rendered]:
    """The words of offers: with a percentage and a short day, with an amount and a long one."""
    discounts = zip(_discounts(language, sample), _discounts(language, sample, plain=True), strict=True)
    for usual, plain in discounts:
        for offer, product, way_out in itertools.product(OFFERS, ("named", "unnamed"), ("reply", "link")):
            key = f"sms.{offer}" + ("" if product == "named" else ".unnamed")
            words = parse(catalogs.template(key, language))
            texts = [{language: fill(words, _KEPT | values)} for values in (usual, plain)]
            bodies = [_composed(language, sample, "reminder", product, way_out, text) for text in texts]
            best = next((body for body in bodies if fits_gsm7(body.body)), bodies[0])
            yield Rendered(offer, product, way_out, best.body, best.measure)


_KEPT = {name: f"{{{name}}}" for name in ("store", "product", "link")}


def _discounts(language: str, sample: Samples, *, plain: bool = False) -> tuple[dict[str, str], ...]:
    """What stands for {discount} and {ends}. ``plain``: with the currency's code and a date in numbers,
    for texts that a zł or the û of août would take to UCS-2."""
    amount, currency = sample.amount.split()
    money = Money(Decimal(amount), currency)
    days = [format_ends(day, language, None, numeric=plain) for day in LAST_DAYS]
    return (
        {"discount": format_percent(PERCENT, language, None), "ends": min(days, key=len)},
        {"discount": format_money(money, language, None, coded=plain), "ends": max(days, key=len)},
    )


def _cart_text(language: str, sample: Samples, step: str, product: str, way_out: str) -> Rendered:
    composed = _composed(language, sample, step, product, way_out)
    return Rendered(step, product, way_out, composed.body, composed.measure)


def _composed(
    language: str,
    sample: Samples,
    step: str,
    product: str,
    way_out: str,
    texts: Mapping[str, str] | None = None,
) -> Composed:
    title = sample.product_outside_gsm7 if product == "outside_gsm7" else sample.product
    return compose(
        CartText(
            step_key=step.partition(".")[0],
            store_name=sample.store,
            link=LINK,
            wishes=Wishes(checkout_locale=language),
            texts=texts or {},
            products=[Product(title)],
            name_products=product != "unnamed",
            reserved=step.endswith(".reserved"),
            stop_link=STOP_LINK if way_out == "link" else None,
        )
    )
