"""What a cart's text is made of, from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.config import Settings
from app.models import Cart, Contact, Store
from connectors.events import Money
from flows.compose import CartText, OfferText, Product
from flows.definition import Step
from flows.language import Wishes
from flows.merge_fields import clean_store_name


@dataclass(frozen=True, slots=True)
class Ways:
    """The way back, and the way out where nobody can reply: whole addresses with the same token."""

    back: str
    out: str | None


def ways(settings: Settings, token: str, *, by_reply: bool) -> Ways:
    out = None if by_reply else preference_page(settings, token)
    return Ways(f"{settings.public_url}/r/{token}", out)


def preference_page(settings: Settings, token: str) -> str:
    """Where whoever was sent the link of this token stops the texts, or chooses among them."""
    return f"{settings.public_url}/p/{token}"


def cart_text(
    store: Store, cart: Cart, contact: Contact, step: Step, ways: Ways, offer: OfferText | None = None
) -> CartText:
    """The material of one step's text for one cart, and of the offer that it makes."""
    return CartText(
        step_key=step.key,
        store_name=name_of(store),
        link=ways.back,
        stop_link=ways.out,
        wishes=wishes(store, contact, cart),
        texts=step.texts,
        products=[_product(store, item) for item in cart.items],
        total=_total(cart),
        first_name=cart.first_name or contact.first_name,
        name_products=store.name_products,
        reserved=store.reserves_carts,
        economy=store.economy_texts,
        offer=offer,
        offer_texts=step.offer_texts,
    )


def wishes(store: Store, contact: Contact, cart: Cart) -> Wishes:
    """What is known of the shopper's language, from a cart and from whoever left it."""
    return Wishes(
        checkout_locale=cart.locale,
        storefront_locale=cart.storefront_locale,
        customer_locale=contact.locale,
        country=cart.country,
        number_country=contact.country,
        store_locale=store.locale,
        formality=store.formality,
        chosen=contact.preferred_language,
    )


def name_of(store: Store) -> str:
    """Who writes. A text must say it, so a store without a usable name is called by its address."""
    return store.name if clean_store_name(store.name) else store.domain.partition(".")[0]


def _product(store: Store, item: dict[str, Any]) -> Product:
    nameable = item.get("product_id") not in store.unnamed_products
    return Product(item["title"], item["quantity"], nameable)


def _total(cart: Cart) -> Money | None:
    """What the shopper saw, else what the shop counts in."""
    if cart.presentment_total is not None and cart.presentment_currency:
        return Money(cart.presentment_total, cart.presentment_currency)
    if cart.total is not None and cart.currency:
        return Money(cart.total, cart.currency)
    return None
