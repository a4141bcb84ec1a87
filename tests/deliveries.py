"""Deliveries as platforms send them: recorded bodies and variants of them, signed anew."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import Store
from app.ops.replay import Recording, read_recording
from tests.factories import SHOPIFY_SECRET, WOOCOMMERCE_SECRET

PAYLOADS = Path(__file__).parent / "payloads"
LINKED = sorted((PAYLOADS / "shopify" / "linked").glob("*.json"))
SHOPIFY = sorted((PAYLOADS / "shopify").glob("*/*.json"))
WOOCOMMERCE = sorted((PAYLOADS / "woocommerce").glob("[0-9]*.json"))
API_VERSION = "2026-10"

_numbers = itertools.count(1)


def shopify_payload(name: str) -> Recording:
    """The one Shopify payload whose path ends like this, such as ``linked/06``."""
    [path] = [path for path in SHOPIFY if f"{path.parent.name}/{path.name}".startswith(name)]
    return read_recording(path)


def woocommerce_payload(name: str) -> Recording:
    [path] = [path for path in WOOCOMMERCE if path.name.startswith(name)]
    return read_recording(path)


def variant(body: bytes, change: Callable[[Any], None]) -> bytes:
    """The same JSON with a change, for a case that nobody recorded."""
    content = json.loads(body)
    change(content)
    return json.dumps(content).encode()


def sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def shopify_headers(
    body: bytes,
    topic: str,
    domain: str,
    *,
    webhook_id: str | None = None,
    triggered_at: datetime | None = None,
    secret: str = SHOPIFY_SECRET,
) -> dict[str, str]:
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": sign(body, secret),
        "X-Shopify-Shop-Domain": domain,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": webhook_id or f"webhook-{next(_numbers)}",
        "Content-Type": "application/json",
    }
    return headers | ({"X-Shopify-Triggered-At": triggered_at.isoformat()} if triggered_at else {})


def post_shopify(
    client: FlaskClient, body: bytes, topic: str, store: Store | str, **more: Any
) -> TestResponse:
    domain = store if isinstance(store, str) else store.domain
    return client.post("/webhooks/shopify", data=body, headers=shopify_headers(body, topic, domain, **more))


def woocommerce_headers(
    body: bytes, topic: str, headers: Mapping[str, str] | None = None, secret: str = WOOCOMMERCE_SECRET
) -> dict[str, str]:
    kept = {name: value for name, value in (headers or {}).items() if name.startswith("X-WC-")}
    return {
        **kept,
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Signature": sign(body, secret),
        "Content-Type": "application/json",
    }


def post_woocommerce(
    client: FlaskClient,
    body: bytes,
    topic: str,
    store: Store,
    headers: Mapping[str, str] | None = None,
    secret: str = WOOCOMMERCE_SECRET,
) -> TestResponse:
    return client.post(
        f"/webhooks/woocommerce/{store.public_id}",
        data=body,
        headers=woocommerce_headers(body, topic, headers, secret),
    )
