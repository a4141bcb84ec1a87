"""Shopify's payloads as they lie in tests/payloads, and how a delivery of them is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.events import Key, Shopper

PAYLOADS = Path(__file__).parents[2] / "payloads" / "shopify"
RECEIVED_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "shpss_0123456789abcdef0123456789abcdef"

CHECKOUT_TOKEN = Key("checkout_token", "84ad78572dae52a8cbea7d55371afe89")
CART_TOKEN = Key("cart_token", "Z2NwLXVzLWVhc3QxOjAxSkJaTUVRSjgzNUJUN1BTNjEzRFdRUFFQ")
HENRY = Shopper(
    phones=("+14235550123",),
    email="henry@example.com",
    first_name="Henry",
    customer_id="7358220173425",
    country="US",
    region="TN",
    postcode="37604",
)
"""The shopper of the linked payloads, and the names of the cart."""

FILES = sorted(PAYLOADS.glob("*/*.json"))


def topic_of(file: Path) -> str:
    """The topic in a file's name; recorded ones name the resource only."""
    parts = file.name.split(".")
    action = {"orders": "updated"}.get(parts[1], "update") if parts[2].isdigit() else parts[2]
    return f"{parts[1]}/{action}"


def payload(name: str) -> bytes:
    """The bytes of ``linked/03`` and the like: the one file whose path begins so."""
    (found,) = [file for file in FILES if str(file.relative_to(PAYLOADS)).startswith(name)]
    return found.read_bytes()


def variant(name: str, **changes: Any) -> bytes:
    """A payload with some fields set; ``...`` removes the field."""
    body = json.loads(payload(name)) | changes
    return json.dumps({key: value for key, value in body.items() if value is not ...}).encode()


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def headers(topic: str, body: bytes, **more: str) -> dict[str, str]:
    """The headers that Shopify sets, signed; ``webhook_id=..`` and so on replace one."""
    standard = {
        "topic": topic,
        "hmac_sha256": sign(body),
        "shop_domain": "pixel-testing-rs.myshopify.com",
        "api_version": "2026-10",
        "webhook_id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "event_id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "triggered_at": "2026-11-21T11:59:58.877041743Z",
    }
    return {f"X-Shopify-{name.replace('_', '-').title()}": value for name, value in (standard | more).items()}
