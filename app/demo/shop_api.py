"""``/demo/shop/api``: what the demo shop answers when Warmcart asks, as real platforms do.

A question is signed with the shop's secret over ``<what>?<query string>``.
"""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, abort, jsonify, request

from app.crypto import same
from app.demo import deliveries, visits
from app.web import runtime
from connectors.demo.deliveries import sign

blueprint = Blueprint("demo_shop_api", __name__, url_prefix="/demo/shop/api")


@blueprint.get("/carts")
def carts() -> Response:
    """All carts that are open and changed since."""
    found = visits.books().changed_since(_asked_since("carts"))
    public_url = runtime().settings.public_url
    return jsonify([deliveries.cart_body(cart, public_url) for cart in found if not cart.ordered_at])


@blueprint.get("/orders")
def orders() -> Response:
    found = visits.books().changed_since(_asked_since("orders"))
    public_url = runtime().settings.public_url
    return jsonify([deliveries.order_body(cart, public_url) for cart in found if cart.ordered_at])


def _asked_since(what: str) -> datetime:
    """The moment that a signed question names; 401 and 400 for others."""
    store = deliveries.known_store(runtime())
    secret = deliveries.secret_of(runtime(), store) if store else None
    signed = f"{what}?".encode() + request.query_string
    if secret is None or not same(request.headers.get("X-Demo-Signature", ""), sign(signed, secret)):
        abort(401)
    try:
        since = datetime.fromisoformat(request.args["since"])
    except (KeyError, ValueError):
        abort(400)
    if since.tzinfo is None:
        abort(400)
    return since
