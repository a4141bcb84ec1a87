"""``/demo/shop``: the shelf and the cart."""

from __future__ import annotations

from dataclasses import replace

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from app.demo import deliveries, pages, visits
from app.demo.books import MOST_OF_ONE
from app.demo.products import PRODUCTS

blueprint = pages.room("demo_shop", __name__)


@blueprint.get("/shop")
def shelf() -> Response:
    added = request.args.get("added", "")
    return pages.show("shelf", added=added if added in PRODUCTS else None)


@blueprint.get("/shop/cart")
def cart() -> Response:
    return pages.show("cart", bill=visits.bill(visits.current().cart))


@blueprint.post("/shop/cart")
def change_cart() -> Response:
    """``change`` more (or less) of ``product``."""
    product, change = request.form.get("product", ""), request.form.get("change", 1, type=int)
    if product not in PRODUCTS or abs(change) > MOST_OF_ONE:
        abort(400)
    visit = visits.current()
    cart, changed = visits.change(
        visit.cart,
        lambda cart: replace(cart.with_more(product, change), language=visit.language, country=visit.country),
    )
    if changed:
        deliveries.tell_cart(cart)
    from_shelf = request.form.get("back") == "shelf"
    to = url_for(".shelf", added=product) if from_shelf else url_for(".cart")
    response = redirect(to, 303)
    visits.remember(response, cart)
    return response
