"""Shopify: webhooks in, the Admin API out, the way back to a checkout.

``ShopifyPlatform`` is what the webhook door and the links use; it needs no network. Talking to a store
takes ``tokens.TokenEndpoint``, ``graphql.AdminClient`` and ``store.ShopifyStore``; the embedded admin
takes ``id_token.verify_id_token``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.events import Event
from connectors.platform import Delivery, Restore
from connectors.shopify import events, webhooks
from connectors.shopify.restore import restore_url


class ShopifyPlatform:
    """Shopify behind the platform interface."""

    name = "shopify"

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        return webhooks.verify(headers, body, secrets)

    def read(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return webhooks.read(headers, body)

    def events(self, topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
        return events.events(topic, body, received_at)

    def restore_url(self, restore: Restore) -> str | None:
        return restore_url(restore)

    def applies_discounts(self, restore: Restore) -> bool:
        """Both forms of the link take the code along."""
        return self.restore_url(restore) is not None
