"""The recorded WooCommerce requests: whole, and as a start for variants that tests sign anew."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FOLDER = Path(__file__).parents[2] / "payloads" / "woocommerce"
RECEIVED_AT = datetime(2026, 11, 21, 19, 40, tzinfo=UTC)

PENDING = "0027-order.created"
PROCESSING = "0029-order.updated"
PARTLY_REFUNDED = "0032-order.updated"
COMPLETED = "0033-order.updated"
DELETED = "0034-order.deleted"
DRAFT = "0098-order.updated"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
"""Any JSON value, for bodies as a plugin might distort them."""


class Recorded:
    """One recorded request. ``secret`` is the one its store signed with (see the folder's README)."""

    def __init__(self, name: str) -> None:
        request = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        self.name = name
        self.headers = dict(request["headers"])
        self.body = request["body"].encode()
        self.topic = self.headers.get("X-WC-Webhook-Topic", "")
        self.secret = "whsec-&-<test>\"'" if "0016" <= name[:4] <= "0038" else "s3cret"


def deliveries() -> list[str]:
    """The names of all signed deliveries."""
    return sorted(path.stem for path in FOLDER.glob("0*.json"))


def order(name: str, **changes: Any) -> dict[str, Any]:
    """The body of a recorded order, some of its fields changed."""
    body: dict[str, Any] = json.loads(Recorded(name).body)
    return body | changes


def encoded(content: object) -> bytes:
    """JSON as PHP writes it: slashes escaped, ASCII only, no spaces."""
    return json.dumps(content, separators=(",", ":")).replace("/", "\\/").encode()


def signed(topic: str, body: bytes, secret: str, webhook_id: int = 5) -> dict[str, str]:
    """The headers of a delivery of these bytes."""
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "https://shop.example/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Signature": signature,
        "X-WC-Webhook-ID": str(webhook_id),
        "X-WC-Webhook-Delivery-ID": "2ddf2549d35120c7c9ba53ee30f3b56e",
    }
