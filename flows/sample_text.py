"""A step's text for a cart that nobody has left: what a merchant looks at before shoppers do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.models import Store
from connectors.discounts import DiscountKind
from connectors.events import Money
from flows.compose import CartText, Composed, NoText, OfferText, Product, compose
from flows.definition import Step
from flows.language import Wishes
from flows.locale_samples import Samples, samples
from flows.offer_form import Concession
from flows.texts import name_of

TOKEN = "x7Kq2mT9bLw4"  # noqa: S105  (the place of a token in a short link, not one)


@dataclass(frozen=True, slots=True)
class SampleCart:
    """One line of a cart, and who left it. ``total`` is in the store's currency."""

    first_name: str
    product: str
    quantity: int
    total: Decimal


USUAL = SampleCart("Ana", "Canvas Tote", 1, Decimal("48.00"))


def longest(tag: str) -> SampleCart:
    """The longest values that are likely in a language."""
    usual = Samples("", USUAL.product, USUAL.product, USUAL.first_name)
    found = samples(tag) or samples("en") or usual
    return SampleCart(found.first_name, found.product_outside_gsm7, 12, Decimal("12480.50"))


def compose_sample(
    step: Step,
    store: Store,
    wishes: Wishes,
    public_url: str,
    *,
    cart: SampleCart = USUAL,
    by_reply: bool = True,
    offer: OfferText | None = None,
) -> Composed | None:
    """The step's text as such a shopper would get it; None where it has no words that fit.

    ``by_reply``: the sender receives a STOP; else the text carries a link for it. ``offer``: what it offers.
    """
    material = CartText(
        step_key=step.key,
        store_name=name_of(store),
        link=f"{public_url}/r/{TOKEN}",
        stop_link=None if by_reply else f"{public_url}/p/{TOKEN}",
        wishes=wishes,
        texts=step.texts,
        products=[Product(cart.product, cart.quantity)],
        total=Money(cart.total, store.currency),
        first_name=cart.first_name,
        name_products=store.name_products,
        reserved=store.reserves_carts,
        economy=store.economy_texts,
        offer=offer,
        offer_texts=step.offer_texts,
    )
    try:
        return compose(material)
    except NoText:
        return None


def offer_text(concession: Concession | None, currency: str, last_day: date) -> OfferText | None:
    """What a rung offers, as a text tells it; None where it has no sum in the currency."""
    if concession is None:
        return None
    if concession.kind is DiscountKind.AMOUNT:
        amount = concession.amounts.get(currency)
        return OfferText(money=Money(amount, currency), last_day=last_day) if amount else None
    return OfferText(percent=concession.percent, last_day=last_day)
