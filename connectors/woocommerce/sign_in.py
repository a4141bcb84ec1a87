"""How a link reaches a merchant through the store itself: as the name of a paused webhook.

Whoever sees the list of webhooks may manage the shop, so the link proves no less than a login there.
WooCommerce has no other text that REST can write and only shop managers read: order notes need an
order, products are visible to editors. A paused webhook is never delivered (WooCommerce 10.9, code of
``WC_Webhook::should_deliver``).
"""

from __future__ import annotations

from connectors.woocommerce.body import text
from connectors.woocommerce.rest import RestClient

NAME = "Warmcart sign-in"
LIST_PATH = "/wp-admin/admin.php?page=wc-settings&tab=advanced&section=webhooks"


def leave_sign_in(rest: RestClient, link: str) -> None:
    """Put the link where the shop's managers find it, in place of an earlier one. Raises ConnectorError."""
    remove_sign_in(rest)
    made = rest.post(
        "webhooks",
        {"name": f"{NAME}: {link}", "topic": "order.created", "delivery_url": rest.store_url},
    )
    # A webhook is created active whatever status the request names (class-wc-rest-webhooks-v1-controller).
    rest.put(f"webhooks/{made.get('id')}", {"status": "paused"})


def remove_sign_in(rest: RestClient) -> None:
    """Take away every link that we left. Raises ConnectorError."""
    for webhook in list(rest.pages("webhooks", {"status": "all"})):
        if text(webhook.get("name")).startswith(NAME):
            rest.delete(f"webhooks/{webhook.get('id')}", {"force": "true"})
