"""``POST /webhooks/shopify``: all topics of all shops, signed with the app's own secret."""

from __future__ import annotations

from flask import Response, request

from app import web
from app.webhooks import door
from flows import connections

blueprint = door.make_blueprint("webhooks_shopify", __name__)


@blueprint.post("/webhooks/shopify")
def shopify() -> Response:
    """The signature covers the body alone: the domain header finds the store and decides nothing else."""
    runtime, platform = web.runtime(), connections.platform("shopify")
    headers, body = door.platform_headers(request), request.get_data(cache=False)
    if not platform.verify(headers, body, runtime.settings.shopify_api_secret):
        return door.refuse_signature(platform)
    delivery = door.read(platform, headers, body)
    if isinstance(delivery, Response):
        return delivery
    now = runtime.clock.now()
    store = door.known_stores().by_domain("shopify", delivery.domain, now) if delivery.domain else None
    return door.take_in(platform, store, delivery, body, now)
