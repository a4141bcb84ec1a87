from __future__ import annotations

from decimal import Decimal

import pytest

from app.models import Cart, Contact
from connectors.events import (
    CartDeleted,
    ComplianceRequested,
    ConsentChanged,
    ConsentSignal,
    ConsentState,
    CustomerSeen,
    Event,
    FulfillmentSeen,
    Key,
    Money,
    RefundSeen,
    RequestKind,
    Shopper,
    StoreChanged,
)
from flows import mentions
from flows.connections import platform
from tests.deliveries import shopify_payload, woocommerce_payload
from tests.factories import NOW
from tests.flows import told

SIGNAL = ConsentSignal(ConsentState.GIVEN, "+44 7400 123456", "shopify_customer", customer_id="7")
MONEY = Money(Decimal(1), "USD")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (told.items_only(), ["cart_token:token-1"]),
        (
            told.cart(),
            [
                "checkout_token:checkout-1",
                "cart_token:token-1",
                "phone:447400123456",
                "email:anna@example.com",
                "customer:7",
            ],
        ),
        (told.order(keys=(), shopper=Shopper()), ["order:1001"]),
        (CartDeleted((Key("woo_order", "25"),)), ["woo_order:25"]),
        (RefundSeen("1001", "r", MONEY, NOW), ["order:1001"]),
        (FulfillmentSeen("1001", "p", "success", NOW), ["order:1001"]),
        (ConsentChanged(SIGNAL), ["phone:447400123456", "customer:7"]),
        (
            CustomerSeen("7", Shopper(email="A@B.example", customer_id="7")),
            ["email:a@b.example", "customer:7"],
        ),
        (StoreChanged(), []),
        (
            ComplianceRequested(RequestKind.CUSTOMER_REDACT, phone="+44 7400 123456", customer_id="7"),
            ["phone:447400123456", "customer:7"],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_names_all_that_it_may_touch(event: Event, words: list[str]) -> None:
    assert mentions.of_event(event) == words


def test_a_cart_asks_for_its_person_by_every_name() -> None:
    contact = Contact(phone="+447400123456", email="anna@example.com", customer_id="8")
    cart = Cart(email="anna@example.com", customer_id="7")
    assert mentions.of_cart(cart, contact) == [
        "email:anna@example.com",
        "customer:7",
        "customer:8",
        "phone:447400123456",
        "phone:7400123456",
        "phone:07400123456",
    ]


def test_a_cart_without_a_contact_asks_by_what_it_has() -> None:
    assert mentions.of_cart(Cart(email=None, customer_id="7"), None) == ["customer:7"]


def test_an_erased_contact_is_asked_for_by_no_number() -> None:
    assert mentions.of_cart(Cart(), Contact(phone="erased:1", erased_at=NOW)) == []


def test_what_a_delivery_mentions_at_the_door_is_what_a_waiting_cart_asks_for() -> None:
    """The gate compares these words: a checkout that waits must hold the text about its cart."""
    shopify = shopify_payload("linked/03")
    delivery = platform("shopify").read({"x-shopify-topic": shopify.topic}, shopify.body)
    contact = Contact(phone="+14235550123")
    assert set(mentions.of_cart(Cart(), contact)) & set(delivery.mentions)
    woocommerce = woocommerce_payload("0027")
    delivery = platform("woocommerce").read({"x-wc-webhook-topic": woocommerce.topic}, woocommerce.body)
    contact = Contact(phone="+15125550111")
    assert set(mentions.of_cart(Cart(), contact)) & set(delivery.mentions)
