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

from connectors.platform import (
    CartSeen,
    ConsentSignal,
    ConsentState,
    Delivery,
    Event,
    Item,
    Key,
    Malformed,
    Money,
    OrderSeen,
    OrderStatus,
    Shopper,
)

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
    token = str(data.get("cart_token", ""))
    digest = hashlib.sha256(body).hexdigest()
    phone = "".join(filter(str.isdigit, str(data.get("phone") or "")))
    email = str(data.get("email") or "").lower()
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
    """Raises Malformed for a cart without token or time."""
    updated_at = _moment(data, "updated_at")
    created_at = _moment(data, "created_at")
    return CartSeen(
        keys=_keys(data),
        created_at=created_at,
        updated_at=updated_at,
        items=tuple(_item(line) for line in data.get("items", [])),
        total=_money(data),
        presentment_total=_money(data),
        locale=data.get("locale"),
        shopper=_shopper(data),
        consent=_consent(data, created_at),
        restore_url=data.get("restore_url"),
        step=data.get("step", "cart"),
    )


def order_seen(data: Json) -> OrderSeen:
    """Raises Malformed for an order without id, time or total."""
    total = _money(data)
    if total is None or not data.get("order_id"):
        raise Malformed("The order has no id or no total.")
    return OrderSeen(
        order_id=str(data["order_id"]),
        number=data.get("number"),
        status=OrderStatus.PAID,
        placed_at=_moment(data, "placed_at"),
        updated_at=_moment(data, "updated_at"),
        total=total,
        presentment_total=total,
        keys=_keys(data),
        shopper=_shopper(data),
        locale=data.get("locale"),
        status_url=data.get("status_url"),
    )


def _keys(data: Json) -> tuple[Key, ...]:
    token = data.get("cart_token")
    if not isinstance(token, str) or not token:
        raise Malformed("The cart has no token.")
    return (Key(CART_KEY, token),)


def _item(line: Json) -> Item:
    return Item(
        title=str(line.get("title", "")),
        quantity=int(line.get("quantity", 1)),
        product_id=line.get("product_id"),
        unit_price=Decimal(str(line["price"])) if "price" in line else None,
    )


def _money(data: Json) -> Money | None:
    try:
        return Money(Decimal(str(data["total"])), str(data["currency"]))
    except (KeyError, InvalidOperation):
        return None


def _shopper(data: Json) -> Shopper:
    return Shopper(
        phones=(data["phone"],) if data.get("phone") else (),
        email=data.get("email"),
        first_name=data.get("first_name"),
        country=data.get("country"),
    )


def _consent(data: Json, created_at: datetime) -> ConsentSignal | None:
    ticked_at = data.get("consent_at")
    if not ticked_at:
        return None
    return ConsentSignal(
        state=ConsentState.GIVEN,
        phone=data.get("phone"),
        source=CONSENT_SOURCE,
        confirmed=bool(data.get("consent_confirmed")),
        occurred_at=_moment(data, "consent_at"),
        checkout_created_at=created_at,
        wording=data.get("consent_wording"),
        language=data.get("locale"),
    )


def _moment(data: Json, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(data[name])
    except (KeyError, TypeError, ValueError):
        raise Malformed(f"{name} is not a moment.") from None
    if moment.tzinfo is None:
        raise Malformed(f"{name} has no offset.")
    return moment.astimezone(UTC)
