"""``POST /webhooks/<platform>/<public store id>``: platforms that sign with a secret per store.

The store is the one whose address was called; no header says it, for no header is signed. An address
that is no store's looks like any page that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, abort, request

from app import web
from app.webhooks import door
from app.webhooks.known_stores import KnownStore
from connectors.platform import Platform
from connectors.woocommerce import plugin_events
from connectors.woocommerce.webhooks import is_ping
from flows import connections

woocommerce_blueprint = door.make_blueprint("webhooks_woocommerce", __name__)
demo_blueprint = door.make_blueprint("webhooks_demo", __name__)


@woocommerce_blueprint.post("/webhooks/woocommerce/<public_id>")
def woocommerce(public_id: str) -> Response:
    return _receive("woocommerce", public_id)


@demo_blueprint.post("/webhooks/demo/<public_id>")
def demo(public_id: str) -> Response:
    return _receive("demo", public_id)


def _receive(name: str, public_id: str) -> Response:
    platform, known, now = connections.platform(name), door.known_stores(), web.runtime().clock.now()
    store = known.by_public_id(name, public_id, now)
    if store is None:
        abort(404)
    headers, body = door.platform_headers(request), request.get_data(cache=False)
    if name == "woocommerce" and is_ping(headers, body):
        return door.answer(200)
    if not _signed(platform, store, headers, body):
        # The secret may have been replaced since we read it.
        store = known.read_again(name, store, now)
        if store is None or not _signed(platform, store, headers, body):
            return door.refuse_signature(platform, store)
    if plugin_events.is_one(headers) and not plugin_events.is_fresh(headers, now):
        return door.answer(401, "Signed more than five minutes ago, or by a clock that is wrong.")
    delivery = door.read(platform, headers, body)
    if isinstance(delivery, Response):
        return delivery
    return door.take_in(platform, store, delivery, body, now)


def _signed(platform: Platform, store: KnownStore, headers: Mapping[str, str], body: bytes) -> bool:
    """The companion plugin has a secret of its own: neither signs for the other."""
    secrets = store.plugin_secrets if plugin_events.is_one(headers) else store.secrets
    return platform.verify(headers, body, secrets)
