"""``/demo``: what the demo is, and the ways into it."""

from __future__ import annotations

from dataclasses import replace

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from app import logins
from app.demo import deliveries, pages, visits
from app.demo.discounts import SALE_PERCENT
from app.web import runtime
from flows import demo

blueprint = pages.room("demo", __name__, static_folder="static")

BACK = {
    "shelf": "demo_shop.shelf",
    "cart": "demo_shop.cart",
    "checkout": "demo_checkout.form",
    "phone": "demo_phone.phone",
}
"""Where a visitor goes on after choosing a language or country, by what the chooser sends along."""


@blueprint.get("")
def stage() -> Response:
    sale = visits.discounts().sale(runtime().clock.now())
    return pages.show("stage", sale=sale, sale_percent=SALE_PERCENT)


@blueprint.post("/sale")
def change_sale() -> Response:
    """Start or end the sale of the whole shop."""
    if request.form.get("sale") == "start":
        visits.discounts().start_sale(runtime().clock.now())
    else:
        visits.discounts().end_sale()
    return redirect(url_for("demo.stage"), 303)


@blueprint.post("/place")
def choose_place() -> Response:
    """Another language or country, for the visitor and for the cart."""
    language, country = request.form.get("language", ""), request.form.get("country", "")
    if not visits.is_place(language, country):
        abort(400)
    cart = visits.current().cart
    if cart.lines:
        cart, changed = visits.books().change(
            cart, lambda cart: replace(cart, language=language, country=country), runtime().clock.now()
        )
        if changed:
            deliveries.tell_cart(cart)
    response = redirect(url_for(BACK.get(request.form.get("back", ""), "demo.stage")), 303)
    visits.remember(response, place=(language, country))
    return response


@blueprint.post("/admin/<which>")
def admin(which: str) -> Response:
    """A fresh way into the admin: the links that the start prints work for 15 minutes only."""
    now = runtime().clock.now()
    with runtime().database.session() as session:
        stage = demo.find(session)
        if stage is None:
            abort(503)
        store = {"shop": stage.shop, "sample": stage.sample}.get(which) or abort(404)
        token = logins.make_login_link(session, store, demo.visitor(session, stage, now), now)
    return redirect(f"{runtime().settings.public_url}/login/{token}", 303)
