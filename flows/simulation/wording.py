"""What the texts of a simulated shopper are made of."""

from __future__ import annotations

from connectors.events import Money
from flows.compose import Answer, CartText, Composed, Product, compose_service
from flows.language import Wishes
from flows.simulation.truth import Cart, Decision, Shopper

_CONTACT = "https://shop.example.com"


def cart_text(shopper: Shopper, cart: Cart, key: str, decision: Decision) -> CartText:
    """The material of a step's text; the ways back and out stand in the decision."""
    store = shopper.store
    return CartText(
        step_key=key,
        store_name=store.name_in_texts,
        link=decision.link or "",
        stop_link=decision.stop_link,
        wishes=_wishes(shopper, cart),
        texts=store.words.get(key, {}),
        products=[Product(cart.product, cart.quantity)],
        total=Money(cart.total, cart.currency),
        first_name=shopper.first_name,
        name_products=store.names_products,
        reserved=store.reserves,
        economy=store.economy,
    )


def request(shopper: Shopper, cart: Cart) -> Composed:
    """The request to confirm the consent."""
    name, economy = shopper.store.name_in_texts, shopper.store.economy
    return compose_service(Answer.OPT_IN_REQUEST, _wishes(shopper, cart), name, _CONTACT, economy=economy)


def _wishes(shopper: Shopper, cart: Cart) -> Wishes:
    return Wishes(
        checkout_locale=cart.checkout_locale,
        storefront_locale=cart.storefront_locale,
        customer_locale=shopper.locale,
        country=shopper.address[0],
        number_country=shopper.country,
        store_locale=shopper.store.locale,
        formality=shopper.store.formality,
        chosen=shopper.chosen_language,
    )
