"""Shopify's deliveries at the door: who signed them, and what they are about.

Only the body is signed: shop, topic and time come from headers that anybody could set beside a body
they captured (Shopify documentation, apps/build/webhooks/verify-deliveries, 2026-10). So nothing
destructive may rest on ``Delivery.domain``; compare ``platform_store_id``, which is out of the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from connectors.events import Key, Shopper
from connectors.platform import Delivery
from connectors.shopify import fields
from connectors.shopify.addresses import shop_domain
from connectors.shopify.checkouts import cart_keys
from connectors.shopify.events import store_number
from connectors.shopify.fields import Record
from connectors.shopify.orders import order_id
from connectors.shopify.shopper import buyer, customer

_ABOUT_THE_SHOP = frozenset(
    {
        "app/scopes_update",
        "app/uninstalled",
        "customers/data_request",
        "customers/redact",
        "shop/redact",
        "shop/update",
    }
)
_NOT_A_DIGIT = re.compile(r"[^0-9]")


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the client secrets signed exactly these bytes.

    ``X-Shopify-Hmac-Sha256`` is the base64 of HMAC-SHA256 over the raw body. Compared as bytes, for
    ``compare_digest`` raises TypeError on a str with a non-ASCII character. shopifyapp's
    ``verify_webhook_req`` wants the body as text and shares that flaw, shopifyapi has none.
    """
    given = _lower(headers).get("x-shopify-hmac-sha256", "").encode("utf-8", "replace")
    expected = [base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)) for key in secrets if key]
    return any([hmac.compare_digest(given, signature) for signature in expected])


def read(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Topic, keys and subject of a delivery. Raises Malformed for bytes that are not JSON, nothing else."""
    named = _lower(headers)
    content = fields.record(fields.parse(body))
    topic = named.get("x-shopify-topic") or "unknown"
    domain = shop_domain(named.get("x-shopify-shop-domain"))
    return Delivery(
        topic=topic,
        # Shopify repeats the id on a retry; without one, equal bytes of one shop are the same delivery.
        dedupe_key=named.get("x-shopify-webhook-id")
        or f"{topic}:{domain}:{hashlib.sha256(body).hexdigest()}",
        subject=_subject(topic, content),
        mentions=_mentions(topic, content),
        domain=domain,
        triggered_at=fields.moment(named.get("x-shopify-triggered-at")),
        uninstalls=topic == "app/uninstalled",
        platform_store_id=store_number(content) if topic in _ABOUT_THE_SHOP else None,
        notes={"api_version": version} if (version := named.get("x-shopify-api-version")) else {},
    )


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _subject(topic: str, body: Record) -> str:
    """The one thing whose deliveries are applied in order; the topic itself where there is none."""
    resource = topic.partition("/")[0]
    if resource in ("carts", "checkouts"):
        keys = _keys(resource, body)
        return f"cart:{keys[0].value}" if keys else topic
    if resource in ("orders", "refunds", "fulfillments", "fulfillment_events"):
        number = _order_number(resource, body)
        return f"order:{number}" if number else topic
    if resource.startswith("customers"):
        person = _person(topic, body)
        return f"customer:{person.customer_id}" if person.customer_id else topic
    return "store" if resource in ("app", "shop") else topic


def _order_number(resource: str, body: Record) -> str | None:
    edit = fields.record(body.get("order_edit"))
    if edit:
        return fields.identifier(edit.get("order_id"))
    return order_id(body) if resource == "orders" else fields.identifier(body.get("order_id"))


def _keys(resource: str, body: Record) -> tuple[Key, ...]:
    if resource == "carts":
        return cart_keys(None, body.get("token"))
    if resource == "checkouts":
        return cart_keys(body.get("token"), body.get("cart_token"))
    return cart_keys(body.get("checkout_token"), body.get("cart_token")) if resource == "orders" else ()


def _person(topic: str, body: Record) -> Shopper:
    resource = topic.partition("/")[0]
    if topic in ("customers/data_request", "customers/redact"):
        return customer(fields.record(body.get("customer")))
    if resource in ("customers", "customers_marketing_consent"):
        return customer(body)
    return buyer(body) if resource in ("checkouts", "orders") else Shopper()


def _mentions(topic: str, body: Record) -> tuple[str, ...]:
    """Everything by which a waiting text could be about this delivery."""
    person = _person(topic, body)
    digits = (_NOT_A_DIGIT.sub("", phone) for phone in person.phones)
    found = [f"{key.kind}:{key.value}" for key in _keys(topic.partition("/")[0], body)]
    found += [f"phone:{number}" for number in digits if number]
    found += [f"email:{person.email.lower()}"] if person.email else []
    found += [f"customer:{person.customer_id}"] if person.customer_id else []
    return tuple(dict.fromkeys(found))
