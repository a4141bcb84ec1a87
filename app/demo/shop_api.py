"""``/demo/shop/api``: what the demo shop answers when Warmcart asks, as real platforms do.

A call is signed with the shop's secret over ``<what>?<query string>``; one with a body also over a line
break and the body.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from app.crypto import same
from app.demo import deliveries, discounts, visits
from app.demo.products import PRODUCTS, Product
from app.demo.words import say
from app.web import runtime
from connectors.demo.api import signed_part
from connectors.demo.deliveries import sign
from connectors.demo.discounts import REFUSED, TAKEN
from connectors.goods_search import GoodsKind

blueprint = Blueprint("demo_shop_api", __name__, url_prefix="/demo/shop/api")


@blueprint.get("/carts")
def carts() -> Response:
    """All carts that are open and changed since."""
    _check_signature("carts")
    found = visits.books().changed_since(_moment("since"))
    public_url = runtime().settings.public_url
    return jsonify([deliveries.cart_body(cart, public_url) for cart in found if not cart.ordered_at])


@blueprint.get("/orders")
def orders() -> Response:
    _check_signature("orders")
    found = visits.books().changed_since(_moment("since"))
    public_url = runtime().settings.public_url
    return jsonify([deliveries.order_body(cart, public_url) for cart in found if cart.ordered_at])


@blueprint.post("/codes")
def make_code() -> tuple[Response, int]:
    """Make a code, or find that it is there already; 409 where another of its name is, 422 with a reason."""
    _check_signature("codes")
    try:
        code = discounts.read_code(_body())
    except discounts.Unacceptable as refused:
        return jsonify(error=str(refused)), REFUSED
    except ValueError:
        abort(400)
    if not visits.discounts().make(code, runtime().clock.now()):
        return jsonify(error="There is another code of this name."), TAKEN
    return jsonify(id=code.name), 201


@blueprint.post("/codes/withdraw")
def withdraw_code() -> Response:
    """Nothing there to withdraw is fine; a code with another mark stays."""
    _check_signature("codes/withdraw")
    body = _body()
    name = discounts.name_of(str(body.get("code")))
    if name:
        visits.discounts().withdraw(name, str(body.get("mark")))
    return jsonify({})


@blueprint.get("/goods")
def goods() -> Response:
    """What is known of the products that ``id`` names."""
    _check_signature("goods")
    asked = request.args.getlist("id")
    return jsonify({name: _goods(PRODUCTS[name]) for name in asked if name in PRODUCTS})


@blueprint.get("/names")
def names() -> Response:
    """Products or collections (``kind``) that ``id`` tells, or whose names have all words of ``search``."""
    _check_signature("names")
    named = _names(request.args.get("kind", ""))
    found = {one: named[one] for one in request.args.getlist("id") if one in named}
    if wanted := request.args.get("search", "").casefold().split():
        found = {one: name for one, name in named.items() if all(word in name.casefold() for word in wanted)}
    in_order = sorted(found.items(), key=lambda pair: pair[1])
    return jsonify([{"id": one, "name": name} for one, name in in_order])


@blueprint.get("/sale")
def sale() -> Response:
    """The sale at the moment ``at``; empty for none."""
    _check_signature("sale")
    found = visits.discounts().sale(_moment("at"))
    if found is None:
        return jsonify({})
    return jsonify(name=discounts.SALE_NAME, percent=int(found.percent), ends_at=found.ends_at.isoformat())


def _names(kind: str) -> dict[str, str]:
    if kind == GoodsKind.PRODUCTS:
        return {name: say("en", f"product.{name}.title") for name in PRODUCTS}
    collections = {product.collection for product in PRODUCTS.values()}
    return {name: name.replace("_", " ").capitalize() for name in collections}


def _goods(product: Product) -> dict[str, Any]:
    return {
        "on_sale": product.before is not None,
        "gift_card": product.gift_card,
        "collections": [product.collection],
        "cost": str(product.cost),
    }


def _check_signature(what: str) -> None:
    """401 for whoever does not know the shop's secret."""
    store = deliveries.known_store(runtime())
    secret = deliveries.secret_of(runtime(), store) if store else None
    signed = signed_part(what, request.query_string, request.get_data())
    if secret is None or not same(request.headers.get("X-Demo-Signature", ""), sign(signed, secret)):
        abort(401)


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else abort(400)


def _moment(name: str) -> datetime:
    """The moment that a question names; 400 for others."""
    try:
        moment = datetime.fromisoformat(request.args[name])
    except (KeyError, ValueError):
        abort(400)
    if moment.tzinfo is None:
        abort(400)
    return moment
