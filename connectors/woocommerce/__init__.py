"""WooCommerce as a platform: stores that run on WordPress, reached by REST and webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import requests

from connectors.addresses import guarded_session
from connectors.events import Event
from connectors.platform import Delivery, Platform, Restore
from connectors.woocommerce import events, links, plugin_events, webhooks
from connectors.woocommerce.rest import BASIC, Credentials, RestClient
from connectors.woocommerce.store import WooCommerceStore


class WooCommercePlatform:
    """The ``Platform`` of WooCommerce stores."""

    name = "woocommerce"

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        if plugin_events.is_one(headers):
            return plugin_events.verify(headers, body, secrets)
        return webhooks.verify(headers, body, secrets)

    def read(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        if plugin_events.is_one(headers):
            return plugin_events.read(headers, body)
        return webhooks.read(headers, body)

    def events(self, topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
        if topic.startswith(plugin_events.TOPIC):
            return plugin_events.events(topic, body, received_at)
        return events.events(topic, body, received_at)

    def restore_url(self, restore: Restore) -> str | None:
        return links.restore_url(restore)

    def applies_discounts(self, restore: Restore) -> bool:
        return links.applies_discounts(restore)


PLATFORM: Platform = WooCommercePlatform()


def make_store_client(
    store_url: str, keys: Mapping[str, str], webhook_secret: str, allow_private: bool
) -> WooCommerceStore:
    """A client of one store. ``keys`` holds ``key``, ``secret`` and, if another than Basic, ``method``."""
    credentials = Credentials(store_url, keys["key"], keys["secret"], keys.get("method", BASIC))
    return WooCommerceStore(RestClient(credentials, _session(allow_private)), webhook_secret)


@lru_cache
def _session(allow_private: bool) -> requests.Session:
    """One pool of connections per process."""
    return guarded_session(allow_private)
