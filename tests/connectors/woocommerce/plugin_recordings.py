"""What a real companion plugin sent, as it was recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "payloads" / "woocommerce_plugin"
SECRETS = {
    "hLL0": "19bdc5fdb8220f676b7f4304af151d06abb0f18497becb93111da54cf76dcef3",
    "rIh5": "bce20e407a83c0ca176f2476ba5cfc648c5c54fa2446f2e387e920769d1c3953",
}

LEFT_IN_BLOCKS, LEFT_IN_CLASSIC = "0001-cart", "0002-cart"
ADDRESS_TYPED, BOUGHT = "0004-cart", "0005-order"
WEBHOOK_OF_BOUGHT = "0005-webhook.order.created"
LEFT_ON_OLD, BEFORE_PAYING, AT_THE_BANK = "0007-cart", "0008-cart", "0009-order"
TICKED, UNTICKED, EMPTIED = "0011-cart", "0012-cart", "0013-cart"


class Recorded:
    """One event. ``headers`` have lower-case names, as at the door; ``sent_at`` is when it was signed."""

    def __init__(self, name: str) -> None:
        request = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        self.body: bytes = request["body"].encode()
        self.headers = {key.lower(): value for key, value in request["headers"].items()}
        self.secret = SECRETS.get(request.get("path", "")[-4:], "")
        self.sent_at = datetime.fromtimestamp(int(self.headers.get("x-warmcart-timestamp", "0")), UTC)

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


def signed() -> list[str]:
    """The names of all events of the plugin."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if "webhook" not in path.stem)
