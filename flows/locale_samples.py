"""Every text of a catalog as it would leave, with long names of that market."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flows import catalogs
from flows.compose import CartText, Product, compose
from flows.direction import directed
from flows.language import Wishes, parents
from flows.segments import Measure, measure, normalise

LINK = "https://go.example.com/r/AbCdEfGhIjKl"
STOP_LINK = "https://go.example.com/p/AbCdEfGhIjKl"
CONTACT = "https://shop.example.com"
STEPS = ("reminder", "second_call", "second_call.reserved", "last_call")


@dataclass(frozen=True, slots=True)
class Samples:
    """``product_outside_gsm7`` has a letter that GSM-7 lacks."""

    store: str
    product: str
    product_outside_gsm7: str
    first_name: str


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
    about_carts = tuple(f"sms.{step}" for step in catalogs.BUILT_IN_STEPS)
    for key in sorted(catalogs.template_keys()):
        if key.startswith(catalogs.SMS) and not key.startswith((*about_carts, "sms.footer", "sms.product")):
            words = catalogs.text(key, language, store=sample.store, contact=CONTACT)
            body = normalise(directed(words, language))
            yield Rendered(key.removeprefix(catalogs.SMS), "", "", body, measure(body))


def _cart_text(language: str, sample: Samples, step: str, product: str, way_out: str) -> Rendered:
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
        )
    )
    return Rendered(step, product, way_out, composed.body, composed.measure)
