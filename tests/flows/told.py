"""Normalised events with sensible defaults, as a platform's connector would tell them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.platform import (
    CartSeen,
    ConsentSignal,
    ConsentState,
    Item,
    Key,
    Money,
    OrderSeen,
    OrderStatus,
    Shopper,
)
from tests.factories import NOW

CHECKOUT, TOKEN = Key("checkout_token", "checkout-1"), Key("cart_token", "token-1")
TOTE = Item("Canvas Tote", 2, "13", None, Decimal("24.00"))
PHONE = "+447400123456"
ANNA = Shopper(phones=(PHONE,), email="Anna@Example.com", first_name="Anna", customer_id="7", country="GB")
NOBODY = Shopper()


def minutes_ago(minutes: float) -> Any:
    return NOW - timedelta(minutes=minutes)


def cart(at: float = 0, **changes: Any) -> CartSeen:
    """A checkout of Anna's as it was ``at`` minutes ago."""
    values: dict[str, Any] = {
        "keys": (CHECKOUT, TOKEN),
        "updated_at": minutes_ago(at),
        "created_at": minutes_ago(600),
        "items": (TOTE,),
        "total": Money(Decimal("48.00"), "USD"),
        "locale": "en-GB",
        "shopper": ANNA,
        "restore_url": "https://good.myshopify.com/1/checkouts/ac/token-1/recover?key=secret",
        "step": "contact",
    }
    return CartSeen(**(values | changes))


def items_only(at: float = 0, **changes: Any) -> CartSeen:
    """What Shopify's carts topics tell: items and times, by the cart token alone."""
    values: dict[str, Any] = {
        "keys": (TOKEN,),
        "updated_at": minutes_ago(at),
        "created_at": minutes_ago(600),
        "items": (TOTE,),
        "partial": True,
    }
    return CartSeen(**(values | changes))


def tick(phone: str = PHONE, created: float = 600, at: float = 0, **changes: Any) -> ConsentSignal:
    """The box of a checkout that was created ``created`` minutes ago, ticked ``at`` minutes ago."""
    values: dict[str, Any] = {
        "state": ConsentState.GIVEN,
        "phone": phone,
        "source": "shopify_checkout",
        "occurred_at": minutes_ago(at),
        "checkout_created_at": minutes_ago(created),
    }
    return ConsentSignal(**(values | changes))


def order(at: float = 0, **changes: Any) -> OrderSeen:
    """An order of Anna's, placed ``at`` minutes ago."""
    values: dict[str, Any] = {
        "order_id": "1001",
        "status": OrderStatus.PLACED,
        "placed_at": minutes_ago(at),
        "updated_at": minutes_ago(at),
        "total": Money(Decimal("48.00"), "USD"),
        "keys": (CHECKOUT, TOKEN),
        "number": "#1001",
        "shopper": ANNA,
        "status_url": "https://good.myshopify.com/1/orders/abc/authenticate?key=secret",
    }
    return OrderSeen(**(values | changes))
