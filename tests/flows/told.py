"""Normalised events as a connector would tell them, with sensible defaults, and what becomes of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import select

from app.models import Base, Store
from app.runtime import Runtime
from connectors.events import (
    CartSeen,
    ConsentSignal,
    ConsentState,
    Event,
    Item,
    Key,
    Money,
    OrderSeen,
    OrderStatus,
    Shopper,
)
from flows import intake
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


Row = TypeVar("Row", bound=Base)


def apply(runtime: Runtime, store: Store, *events: Event) -> None:
    """Each event in a transaction of its own."""
    for event in events:
        with runtime.database.session() as session:
            intake.apply(session, runtime, session.get_one(Store, store.id), event)


def rows(runtime: Runtime, model: type[Row]) -> list[Row]:
    """All rows of a table, in the order of their primary key."""
    with runtime.database.session() as session:
        return list(session.scalars(select(model).order_by(*model.__table__.primary_key)))


def row(runtime: Runtime, model: type[Row]) -> Row:
    [only] = rows(runtime, model)
    return only
