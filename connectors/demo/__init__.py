"""The demo shop as a platform: the smallest one that behaves like the real ones.

It sends signed webhooks over HTTP, answers a few questions over HTTP and makes codes, so everything
behind the platform interface runs in the demo as it does for a real store. A cart is known as ``demo_cart``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import requests

from connectors.demo import deliveries, links
from connectors.demo.api import ShopApi
from connectors.demo.discounts import DemoDiscounts
from connectors.demo.goods_search import DemoGoodsSearch
from connectors.demo.store import DemoStore
from connectors.events import Event
from connectors.platform import Delivery, Restore


class DemoPlatform:
    name = "demo"

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        return deliveries.verify(headers, body, secrets)

    def read(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return deliveries.read(headers, body)

    def events(self, topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
        return deliveries.events(topic, body)

    def restore_url(self, restore: Restore) -> str | None:
        return links.restore_url(restore)

    def applies_discounts(self, restore: Restore) -> bool:
        return self.restore_url(restore) is not None

    def connect(self, url: str, secret: str, session: requests.Session) -> DemoStore:
        return DemoStore(ShopApi(url, secret, session))

    def discounts(self, url: str, secret: str, session: requests.Session) -> DemoDiscounts:
        return DemoDiscounts(ShopApi(url, secret, session))

    def goods_search(self, url: str, secret: str, session: requests.Session) -> DemoGoodsSearch:
        return DemoGoodsSearch(ShopApi(url, secret, session))
