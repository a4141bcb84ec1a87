"""The demo shop's webhooks: topics ``cart.updated`` and ``order.updated``, JSON, signed like WooCommerce's.

Headers: ``X-Demo-Topic``, ``X-Demo-Delivery`` (unique), ``X-Demo-Signature``: base64 of HMAC-SHA256
over the raw body. Moments are ISO 8601 with an offset, amounts are decimal strings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

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
from connectors.platform import Delivery, Malformed

CART, ORDER = "cart.updated", "order.updated"
CART_KEY = "demo_cart"
CONSENT_SOURCE = "demo_checkout"

Json = dict[str, Any]


def sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    given = headers.get("x-demo-signature", "").encode("utf-8", "surrogateescape")
    return any(hmac.compare_digest(given, sign(body, secret).encode()) for secret in secrets)


def read(headers: Mapping[str, str], body: bytes) -> Delivery:
    data = load(body)
    topic = headers.get("x-demo-topic", "")
    token = _text(data, "cart_token") or ""
    digest = hashlib.sha256(body).hexdigest()
    phone = "".join(filter(str.isdigit, _text(data, "phone") or ""))
    email = (_text(data, "email") or "").lower()
    mentions = [f"{CART_KEY}:{token}"] if token else []
    mentions += [f"phone:{phone}"] if phone else []
    mentions += [f"email:{email}"] if email else []
    return Delivery(
        topic=topic,
        dedupe_key=headers.get("x-demo-delivery") or f"{topic}:{digest}",
        subject=f"cart:{token}",
        mentions=tuple(mentions),
    )


def load(body: bytes) -> Json:
    """Raises Malformed."""
    try:
        data = json.loads(body)
    except ValueError:
        raise Malformed("The body is not JSON.") from None
    return data if isinstance(data, dict) else {}


def events(topic: str, body: bytes) -> Sequence[Event]:
    data = load(body)
    if topic == CART:
        return (cart_seen(data),)
    return (order_seen(data),) if topic == ORDER else ()


def cart_seen(data: Json) -> CartSeen:
    """Raises Malformed for a cart without token or time, and for lines that are none."""
    updated_at = _moment(data, "updated_at")
    created_at = _moment(data, "created_at")
    return CartSeen(
        keys=_keys(data),
        created_at=created_at,
        updated_at=updated_at,
        items=_items(data),
        total=_money(data),
        presentment_total=_money(data),
        locale=_text(data, "locale"),
        shopper=_shopper(data),
        consent=_consent(data, created_at),
        restore_url=_text(data, "restore_url"),
        step=_text(data, "step") or "cart",
        user_agent=_text(data, "user_agent"),
        discount_codes=_codes(data),
    )


def order_seen(data: Json) -> OrderSeen:
    """Raises Malformed for an order without id, time or total."""
    total = _money(data)
    order_id = _text(data, "order_id")
    if total is None or order_id is None:
        raise Malformed("The order has no id or no total.")
    return OrderSeen(
        order_id=order_id,
        number=_text(data, "number"),
        status=OrderStatus.PAID,
        placed_at=_moment(data, "placed_at"),
        updated_at=_moment(data, "updated_at"),
        total=total,
        presentment_total=total,
        keys=_keys(data),
        shopper=_shopper(data),
        locale=_text(data, "locale"),
        status_url=_text(data, "status_url"),
        user_agent=_text(data, "user_agent"),
        discount_codes=_codes(data) or (),
    )


def _keys(data: Json) -> tuple[Key, ...]:
    token = _text(data, "cart_token")
    if token is None:
        raise Malformed("The cart has no token.")
    return (Key(CART_KEY, token),)


def _items(data: Json) -> tuple[Item, ...]:
    try:
        return tuple(_item(line) for line in data.get("items", []))
    except (AttributeError, TypeError, ValueError, InvalidOperation):
        raise Malformed("items is not a list of lines with title, quantity and price.") from None


def _item(line: Json) -> Item:
    return Item(
        title=str(line.get("title", "")),
        quantity=int(line.get("quantity", 1)),
        product_id=_text(line, "product_id"),
        unit_price=Decimal(str(line["price"])) if "price" in line else None,
    )


def _codes(data: Json) -> tuple[str, ...] | None:
    codes = data.get("discount_codes")
    return tuple(map(str, codes)) if isinstance(codes, list) else None


def _money(data: Json) -> Money | None:
    try:
        amount = Decimal(str(data["total"]))
    except (KeyError, InvalidOperation):
        return None
    currency = _text(data, "currency")
    return Money(amount, currency) if currency and amount.is_finite() else None


def _shopper(data: Json) -> Shopper:
    phone = _text(data, "phone")
    return Shopper(
        phones=(phone,) if phone else (),
        email=_text(data, "email"),
        first_name=_text(data, "first_name"),
        country=_text(data, "country"),
    )


def _consent(data: Json, created_at: datetime) -> ConsentSignal | None:
    if not data.get("consent_at"):
        return None
    return ConsentSignal(
        state=ConsentState.GIVEN,
        phone=_text(data, "phone"),
        source=CONSENT_SOURCE,
        confirmed=data.get("consent_confirmed") is True,
        occurred_at=_moment(data, "consent_at"),
        checkout_created_at=created_at,
        wording=_text(data, "consent_wording"),
        language=_text(data, "locale"),
    )


def _text(data: Json, name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) and value else None


def _moment(data: Json, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(data[name])
    except (KeyError, TypeError, ValueError):
        raise Malformed(f"{name} is not a moment.") from None
    if moment.tzinfo is None:
        raise Malformed(f"{name} has no offset.")
    return moment.astimezone(UTC)
