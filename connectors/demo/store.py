"""Questions to the demo shop: ``GET {url}/api/carts?since=`` and ``/api/orders?since=``, signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import requests

from connectors.demo.deliveries import cart_seen, order_seen, sign
from connectors.platform import (
    CartSeen,
    Event,
    Key,
    OrderSeen,
    Shopper,
    StoreChanged,
    Unreachable,
    WebhookHealth,
)

TIMEOUT = (2, 5)


class DemoStore:
    """The ``StoreClient`` of the demo shop."""

    def __init__(self, url: str, secret: str, session: requests.Session) -> None:
        self._url, self._secret, self._session = url, secret, session

    def store_details(self) -> StoreChanged:
        return StoreChanged()

    def open_carts(self, since: datetime) -> Iterator[CartSeen]:
        for data in self._ask("carts", since):
            yield cart_seen(data)

    def changes(self, since: datetime) -> Iterator[Event]:
        yield from self.open_carts(since)
        for data in self._ask("orders", since):
            yield order_seen(data)

    def find_order(self, keys: Sequence[Key], shopper: Shopper, since: datetime) -> OrderSeen | None:
        for data in self._ask("orders", since):
            order = order_seen(data)
            if set(order.keys) & set(keys) or set(order.shopper.phones) & set(shopper.phones):
                return order
        return None

    def repair_webhooks(self, delivery_url: str) -> WebhookHealth:
        return WebhookHealth(active=2)

    def disconnect(self) -> None:
        return None

    def _ask(self, what: str, since: datetime) -> list[dict[str, Any]]:
        query = urlencode({"since": since.isoformat()})
        signature = sign(f"{what}?{query}".encode(), self._secret)
        try:
            response = self._session.get(
                f"{self._url}/api/{what}?{query}", headers={"X-Demo-Signature": signature}, timeout=TIMEOUT
            )
            response.raise_for_status()
            rows = response.json()
        except requests.RequestException:
            raise Unreachable("The demo shop does not answer.") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreachable("The demo shop's answer is not a list of carts or orders.")
        return rows
