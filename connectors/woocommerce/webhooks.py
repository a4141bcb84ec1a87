"""WooCommerce's deliveries at the door: who signed them, and what they are about.

Only the body is signed, no header is (WooCommerce 10.9.1 source, class-wc-webhook.php): the store is
found by the address that was called, never by ``X-WC-Webhook-Source``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from connectors.platform import Delivery
from connectors.woocommerce.body import Json, identifier, load_object, text
from connectors.woocommerce.events import is_error
from connectors.woocommerce.orders import ORDER_KEY, SESSION_KEY, session_of, shopper_of
from connectors.woocommerce.people import phone_forms

LONGEST_NAME = 200
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """The unsigned, form-encoded call inside the creation of a webhook. It must get exactly 200."""
    named = _lower(headers)
    form = named.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return form and "x-wc-webhook-topic" not in named and _PING.fullmatch(body) is not None


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of ``secrets`` signed exactly these bytes: base64 of HMAC-SHA256 over the raw body.

    The body is PHP's JSON and never equals ours written again. An empty secret signs nothing.
    """
    given = _lower(headers).get("x-wc-webhook-signature", "").encode("utf-8", "surrogateescape")
    expected = [
        base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)) for secret in secrets if secret
    ]
    return any([hmac.compare_digest(given, signature) for signature in expected])


def read(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Topic, keys and subject of a delivery. Raises Malformed for bytes that are not a JSON object.

    ``X-WC-Webhook-Delivery-ID`` is a hash of webhook and second, shared by several orders of one
    queue run, so it tells no delivery from another (observed on 10.9.1, 2026-11). ``triggered_at`` is
    unknown: the body says how things are, not when the store wanted to tell.
    """
    named, content = _lower(headers), load_object(body)
    topic = (text(named.get("x-wc-webhook-topic")) or "unknown")[:LONGEST_NAME]
    webhook_id = text(named.get("x-wc-webhook-id"))[:LONGEST_NAME]
    resource_id = identifier(content.get("id"))
    digest = hashlib.sha256(body).hexdigest()
    return Delivery(
        topic=topic,
        dedupe_key=f"{webhook_id}:{topic}:{resource_id or ''}:{digest}",
        subject=_subject(topic, resource_id, content),
        mentions=mentions(topic, resource_id, content),
        domain=_domain(named.get("x-wc-webhook-source", "")),
        notes={"webhook_id": webhook_id} if webhook_id else {},
    )


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _subject(topic: str, resource_id: str | None, content: Json) -> str:
    if is_error(content):
        return "store"
    resource = topic.partition(".")[0]
    return f"{resource}:{resource_id}" if resource_id else topic


def mentions(topic: str, resource_id: str | None, content: Json) -> tuple[str, ...]:
    """Every name of the cart and of its shopper, phones in each form that we may know them by.

    What is longer than any name is none, and would not fit into an index.
    """
    if resource_id is None:
        return ()
    resource = topic.partition(".")[0]
    if resource == "customer":
        content = {**content, "customer_id": resource_id}
    elif resource != "order":
        return ()
    shopper = shopper_of(content)
    email = text(content.get("email")) or shopper.email or ""
    session = session_of(content)
    found = [f"{ORDER_KEY}:{resource_id}"] if resource == "order" else []
    found += [f"{SESSION_KEY}:{session}"] if session else []
    found += [f"phone:{form}" for typed in shopper.phones for form in phone_forms(typed, shopper.country)]
    found += [f"email:{email.lower()}"] if email else []
    found += [f"customer:{shopper.customer_id}"] if shopper.customer_id else []
    return tuple(dict.fromkeys(name for name in found if len(name) <= LONGEST_NAME))


def _domain(source: str) -> str | None:
    try:
        return urlsplit(source).hostname
    except ValueError:
        return None
