"""WooCommerce as a platform: stores that run on WordPress, reached by REST and webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.platform import Delivery, Event, Restore
from connectors.woocommerce import events, links, webhooks


class WooCommercePlatform:
    """The ``Platform`` of WooCommerce stores."""

    name = "woocommerce"

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        return webhooks.verify(headers, body, secrets)

    def read(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return webhooks.read(headers, body)

    def events(self, topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
        return events.events(topic, body, received_at)

    def restore_url(self, restore: Restore) -> str | None:
        return links.restore_url(restore)
