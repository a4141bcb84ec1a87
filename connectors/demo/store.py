"""Questions to the demo shop about its carts and orders: ``GET carts?since=`` and ``orders?since=``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.demo.api import ShopApi
from connectors.demo.deliveries import cart_seen, order_seen
from connectors.events import CartSeen, Event, Key, OrderSeen, Shopper, StoreChanged
from connectors.platform import Unreachable, WebhookHealth


class DemoStore:
    """The ``StoreClient`` of the demo shop."""

    def __init__(self, api: ShopApi) -> None:
        self._api = api

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
        rows = self._api.ask(what, {"since": since.isoformat()})
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreachable("The demo shop's answer is not a list of carts or orders.")
        return rows
