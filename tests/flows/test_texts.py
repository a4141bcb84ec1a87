"""What a text is made of, from the rows of a store, a cart and a contact."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.models import Cart, Contact, Store
from flows.compose import CartText
from flows.definition import Step
from flows.language import Wishes
from flows.texts import Ways, cart_text

SECOND = Step("second_call", timedelta(days=1))


def made(**store: Any) -> CartText:
    values = {"name": "Kamra", "domain": "kamra.example", "locale": "sl", "unnamed_products": []} | store
    cart = Cart(
        locale="de-AT",
        storefront_locale="de",
        country="AT",
        items=[{"title": "Torba", "quantity": 2, "product_id": "1"}],
    )
    contact = Contact(locale="it", country="SI", preferred_language="fr")
    return cart_text(
        Store(**values), cart, contact, SECOND, Ways("https://go.example.com/r/AbCdEfGhIjKl", None)
    )


def test_everything_that_is_known_of_the_language_goes_along() -> None:
    assert made(formality="formal").wishes == Wishes(
        checkout_locale="de-AT",
        storefront_locale="de",
        customer_locale="it",
        country="AT",
        number_country="SI",
        store_locale="sl",
        formality="formal",
        chosen="fr",
    )


def test_what_the_store_says_of_itself_decides_what_its_texts_may_say() -> None:
    text = made(reserves_carts=True, economy_texts=True, name_products=False)
    assert (text.reserved, text.economy, text.name_products) == (True, True, False)
