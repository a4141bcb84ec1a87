"""Rows for tests: plain functions with sensible defaults; every keyword is a column.

Each takes a session, flushes, and returns the row. ``NOW`` is the moment at which the tests' clocks
stand unless a test moves them: a Saturday evening in Europe, midday in the United States.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from cryptography.fernet import Fernet
from sqlalchemy.orm import Session

from app.config import Settings
from app.models import (
    Base,
    Cart,
    CartKey,
    Consent,
    ConsentEvent,
    Contact,
    Credential,
    Delivery,
    Discount,
    Due,
    Enrollment,
    Flow,
    FlowVersion,
    InboundEvent,
    Link,
    Message,
    Order,
    Recovery,
    Reply,
    Store,
    Usage,
)
from app.runtime import Runtime

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
SHOPIFY_SECRET = "shopify-client-secret-of-the-tests"
WOOCOMMERCE_SECRET = "woocommerce-secret-of-the-tests"
ENCRYPTION_KEY = Fernet.generate_key().decode()

DEFINITION: dict[str, Any] = {
    "version": 1,
    "name": "Abandoned cart",
    "active": True,
    "trigger": {"type": "cart_abandoned", "idle": "PT30M", "cutoff": "P4D"},
    "steps": [
        {"key": "reminder", "delay": "PT0S", "texts": {}},
        {"key": "second_call", "delay": "PT24H", "texts": {}},
        {"key": "last_call", "delay": "PT24H", "texts": {}},
    ],
}

_numbers = itertools.count(1)


def make_settings(database_url: str, redis_url: str = "redis://127.0.0.1:1/0", **more: Any) -> Settings:
    """Settings of a test server; by default without a Redis, which nothing may mind."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "redis_url": redis_url,
        "public_url": "https://warmcart.example.com",
        "secret_key": "s" * 32,
        "hash_key": "h" * 32,
        "encryption_keys": (ENCRYPTION_KEY,),
        "shopify_api_key": "shopify-client-id",
        "shopify_api_secret": (SHOPIFY_SECRET,),
    }
    return Settings(**(values | more))


def make_store(session: Session, **columns: Any) -> Store:
    number = next(_numbers)
    domain = columns.get("domain", f"shop-{number}.myshopify.com")
    values: dict[str, Any] = {
        "public_id": f"store{number}",
        "platform": "shopify",
        "domain": domain,
        "platform_store_id": str(9_000_000 + number),
        "name": f"Shop {number}",
        "url": f"https://{domain}",
        "currency": "USD",
        "country": "US",
        "timezone": "America/Chicago",
        "locale": "en",
        "installed_at": NOW - timedelta(days=30),
        "created_at": NOW - timedelta(days=30),
        "updated_at": NOW - timedelta(days=30),
    }
    return _add(session, Store(**(values | columns)))


def make_woocommerce_store(
    session: Session, runtime: Runtime, secret: str = WOOCOMMERCE_SECRET, **columns: Any
) -> Store:
    """A WooCommerce store with its webhook secret."""
    number = next(_numbers)
    values = {"platform": "woocommerce", "domain": f"shop-{number}.example.com"} | columns
    store = make_store(session, **values)
    make_credential(session, runtime, store, "webhook_secret", {"secret": secret})
    return store


def make_credential(
    session: Session, runtime: Runtime, store: Store, kind: str, secret: Any, **columns: Any
) -> Credential:
    values = {"store_id": store.id, "kind": kind, "updated_at": NOW} | columns
    return _add(session, Credential(secret=runtime.cipher.encrypt_json(secret), **values))


def make_contact(session: Session, store: Store, **columns: Any) -> Contact:
    values = {
        "store_id": store.id,
        "phone": f"+44740012{next(_numbers):04d}",
        "country": "GB",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return _add(session, Contact(**(values | columns)))


def make_consent(session: Session, store: Store, phone: str, **columns: Any) -> Consent:
    """The derived state alone, without the events that it comes from."""
    values = {
        "store_id": store.id,
        "channel": "sms",
        "address": phone,
        "state": "given",
        "confirmed": True,
        "source": "shopify_checkout",
        "since": NOW,
        "updated_at": NOW,
    }
    return _add(session, Consent(**(values | columns)))


def make_consent_event(session: Session, store: Store, phone: str, **columns: Any) -> ConsentEvent:
    """A tick in a checkout a day ago."""
    values = {
        "store_id": store.id,
        "address": phone,
        "state": "given",
        "source": "shopify_checkout",
        "dedupe_key": f"consent-{next(_numbers)}",
        "occurred_at": NOW - timedelta(days=1),
        "recorded_at": NOW,
    }
    return _add(session, ConsentEvent(**(values | columns)))


def make_cart(
    session: Session,
    store: Store,
    contact: Contact | None = None,
    keys: Sequence[tuple[str, str]] | None = None,
    **columns: Any,
) -> Cart:
    values = {
        "store_id": store.id,
        "contact_id": contact.id if contact else None,
        "currency": store.currency,
        "total": Decimal("48.00"),
        "items": [{"title": "Canvas Tote", "quantity": 2, "product_id": "13", "unit_price": "24.00"}],
        "country": contact.country if contact else None,
        "platform_updated_at": NOW,
        "activity_at": NOW,
        "event_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    cart = _add(session, Cart(**(values | columns)))
    for kind, value in keys if keys is not None else [("checkout_token", f"checkout-{next(_numbers)}")]:
        _add(session, CartKey(store_id=store.id, cart_id=cart.id, kind=kind, value=value))
    return cart


def make_flow(
    session: Session, store: Store, definition: dict[str, Any] | None = None, **columns: Any
) -> Flow:
    """A flow with its first version; active unless the definition says otherwise."""
    definition = definition or DEFINITION
    values = {
        "store_id": store.id,
        "name": definition["name"],
        "trigger_type": definition["trigger"]["type"],
        "active": definition["active"],
        "current_version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    flow = _add(session, Flow(**(values | columns)))
    version = {"store_id": store.id, "flow_id": flow.id, "version": flow.current_version}
    _add(session, FlowVersion(definition=definition, actor="system", created_at=NOW, **version))
    return flow


def make_enrollment(
    session: Session, store: Store, flow: Flow, contact: Contact, cart: Cart, **columns: Any
) -> Enrollment:
    values = {
        "store_id": store.id,
        "flow_id": flow.id,
        "flow_version": flow.current_version,
        "contact_id": contact.id,
        "subject_id": cart.id,
        "enrolled_at": NOW,
    }
    return _add(session, Enrollment(**(values | columns)))


def make_discount(session: Session, enrollment: Enrollment, **columns: Any) -> Discount:
    """A code of ten percent that the platform has, for the last step, good for two days."""
    number = next(_numbers)
    values = {
        "store_id": enrollment.store_id,
        "enrollment_id": enrollment.id,
        "cart_id": enrollment.subject_id,
        "contact_id": enrollment.contact_id,
        "step_key": "last_call",
        "rung": "best",
        "kind": "percent",
        "value": Decimal(10),
        "currency": "EUR",
        "code": f"back-{number}",
        "mark": f"wc{number}",
        "platform_id": str(number),
        "state": "made",
        "ends_at": NOW + timedelta(days=2),
        "created_at": NOW,
        "made_at": NOW,
    }
    return _add(session, Discount(**(values | columns)))


def make_order(session: Session, store: Store, **columns: Any) -> Order:
    values = {
        "store_id": store.id,
        "platform_order_id": str(next(_numbers)),
        "status": "placed",
        "currency": store.currency,
        "total": Decimal("48.00"),
        "placed_at": NOW,
        "platform_updated_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return _add(session, Order(**(values | columns)))


def make_message(session: Session, store: Store, cart: Cart, **columns: Any) -> Message:
    """A text that the provider has accepted; without an ``accepted_at`` it is still on its way there."""
    values = {
        "store_id": store.id,
        "contact_id": cart.contact_id,
        "cart_id": cart.id,
        "step_key": "reminder",
        "phone": "+447400120000",
        "country": "GB",
        "language": "en",
        "encoding": "GSM-7",
        "segments": 1,
        "lane": str(store.id),
        "status": "accepted",
        "created_at": NOW,
        "accepted_at": NOW,
    }
    return _add(session, Message(**(values | columns)))


def make_reply(session: Session, store: Store, contact: Contact, **columns: Any) -> Reply:
    """What a shopper wrote back to the default sender."""
    values = {
        "store_id": store.id,
        "contact_id": contact.id,
        "provider": "sandbox",
        "provider_id": f"reply-{next(_numbers)}",
        "from_number": contact.phone,
        "to_number": "Warmcart",
        "body": "Is it still there?",
        "intent": "other",
        "received_at": NOW,
    }
    return _add(session, Reply(**(values | columns)))


def make_delivery(session: Session, message: Message, **columns: Any) -> Delivery:
    """A provider call that took the text."""
    values = {
        "store_id": message.store_id,
        "message_id": message.id,
        "provider": "sandbox",
        "sender": "Warmcart",
        "provider_id": f"provider-id-{next(_numbers)}",
        "outcome": "accepted",
        "started_at": message.created_at,
        "answered_at": message.created_at,
    }
    return _add(session, Delivery(**(values | columns)))


def make_link(session: Session, store: Store, message: Message, **columns: Any) -> Link:
    values = {
        "store_id": store.id,
        "token": f"token{next(_numbers):07d}",
        "message_id": message.id,
        "cart_id": message.cart_id,
        "contact_id": message.contact_id,
        "created_at": message.created_at,
        "expires_at": NOW + timedelta(days=34),
    }
    return _add(session, Link(**(values | columns)))


def make_usage(session: Session, store: Store, **columns: Any) -> Usage:
    values = {
        "store_id": store.id,
        "delivery_id": next(_numbers),
        "provider": "sandbox",
        "segments": 1,
        "occurred_at": NOW,
    }
    return _add(session, Usage(**(values | columns)))


def make_recovery(session: Session, store: Store, order: Order, message: Message, **columns: Any) -> Recovery:
    """The order is credited to the text; clicked unless said otherwise."""
    values = {
        "store_id": store.id,
        "order_id": order.id,
        "cart_id": message.cart_id,
        "message_id": message.id,
        "rule": "cart",
        "clicked": True,
        "recovered_at": order.placed_at,
    }
    return _add(session, Recovery(**(values | columns)))


def make_due(session: Session, store: Store, **columns: Any) -> Due:
    """A step that is due now."""
    number = next(_numbers)
    values = {
        "store_id": store.id,
        "kind": "step",
        "subject": number,
        "due_at": NOW,
        "lane": str(store.id),
        "once_key": f"due-{number}",
        "created_at": NOW,
    }
    return _add(session, Due(**(values | columns)))


def make_inbound_event(session: Session, store: Store | None, **columns: Any) -> InboundEvent:
    number = next(_numbers)
    values = {
        "source": store.platform if store else "shopify",
        "store_id": store.id if store else None,
        "topic": "checkouts/update",
        "subject": f"cart:{number}",
        "dedupe_key": f"event-{number}",
        "body": b"{}",
        "received_at": NOW,
    }
    return _add(session, InboundEvent(**(values | columns)))


Row = TypeVar("Row", bound=Base)


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
