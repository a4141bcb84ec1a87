"""``/demo/shop/checkout``: who is buying, may they be texted, and the purchase. And the way back to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from app.demo import deliveries, discounts, pages, places, visits
from app.demo.bill import Bill
from app.demo.books import Cart, Consent
from app.demo.products import SHOP
from app.demo.words import say
from app.web import runtime
from flows.countries import country_rule
from flows.phones import Phone

blueprint = pages.room("demo_checkout", __name__)

LONGEST = {"phone": 40, "email": 120, "first_name": 60}
FROM_SCRIPT = "X-Demo-Saved-By-Script"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands between this cart and a text. ``problem``: why the number cannot be texted.

    ``awake`` is a country to switch to where texts may arrive now.
    """

    phone: Phone | None
    problem: str | None
    hours: places.Hours
    needs_confirmation: bool
    awake: str | None

    @property
    def ready(self) -> bool:
        return self.phone is not None and self.hours.opens_at is None and not self.needs_confirmation


@blueprint.get("/shop/checkout")
def form() -> Response:
    cart = visits.current().cart
    if not cart.lines:
        return redirect(url_for("demo_shop.cart"), 303)
    return _form(cart)


@blueprint.post("/shop/checkout")
def save() -> Response:
    """Keep what was typed so far.

    ``action``: save, confirm (the opt-in), example (take the example number) or pay. ``move`` names a
    country to deliver to instead.
    """
    action = request.form.get("action", "save")
    cart, now = visits.current().cart, runtime().clock.now()
    if not cart.lines:
        return redirect(url_for("demo_shop.cart"), 303)
    cart, changed = visits.change(cart, lambda before: _as_typed(before, action, now))
    if changed:
        deliveries.tell_cart(cart)
    if request.headers.get(FROM_SCRIPT):
        return pages.show("checkout_notes", cart=cart, standing=standing(cart, now))
    if action == "pay":
        missing = _missing(cart)
        return _form(cart, 422, missing) if missing else _pay(cart, now)
    response = redirect(url_for(".form", saved=1), 303)
    visits.remember(response, place=(cart.language, cart.country))
    return response


@blueprint.get("/shop/back/<token>")
def back(token: str) -> Response:
    """The way back from a text: the cart in this browser; after the order, the order's page.

    ``discount`` is a code: from now on it lowers the cart, if it holds.
    """
    cart = visits.books().find(token)
    if cart is None:
        abort(404)
    if cart.ordered_at:
        return redirect(url_for(".order", token=token), 302)
    cart = _with_code(cart, discounts.name_of(request.args.get("discount", "")))
    response = redirect(url_for(".form" if cart.lines else "demo_shop.cart", back=1), 302)
    visits.remember(response, cart, (cart.language, cart.country))
    return response


@blueprint.get("/shop/orders/<token>")
def order(token: str) -> Response:
    cart = visits.books().find(token)
    if cart is None or not cart.ordered_at:
        abort(404)
    return pages.show("order", cart=cart, bill=visits.bill(cart))


def standing(cart: Cart, now: datetime) -> Standing:
    """May this cart be texted, as far as the shop can tell?"""
    found = places.typed_phone(cart.phone, cart.country)
    phone = found if isinstance(found, Phone) else None
    hours = places.hours(cart.country, now, phone.e164 if phone else None)
    double = country_rule(phone.country if phone else cart.country).double_opt_in
    confirmed = cart.consent is not None and cart.consent.confirmed
    awake = places.awake_country(cart.country, cart.language, now) if hours.opens_at else None
    return Standing(
        phone,
        found if isinstance(found, str) else None,
        hours,
        needs_confirmation=double and not confirmed,
        awake=awake,
    )


def _form(cart: Cart, status: int = 200, missing: str | None = None) -> Response:
    return pages.show(
        "checkout",
        status,
        cart=cart,
        bill=visits.bill(cart),
        standing=standing(cart, runtime().clock.now()),
        missing=missing,
        example=places.example_number(cart.country),
        welcome=request.args.get("back"),
        saved=request.args.get("saved"),
    )


def _with_code(cart: Cart, name: str | None) -> Cart:
    """The cart with the link's code, unless only the one that it has holds."""
    if name is None or name == cart.code:
        return cart
    if visits.bill(cart).codes and not visits.bill(replace(cart, code=name)).codes:
        return cart
    # Another browser opened it, but in none was the cart changed.
    cart, changed = visits.books().change(
        cart, lambda before: replace(before, code=name), runtime().clock.now()
    )
    if changed:
        deliveries.tell_cart(cart)
    return cart


def _as_typed(cart: Cart, action: str, now: datetime) -> Cart:
    moved = request.form.get("move", "") in places.ZONES
    country = request.form["move"] if moved else cart.country
    phone, email = _typed("phone"), _typed("email")
    if action == "example" or (moved and phone):
        phone = places.example_number(country)
    return replace(
        cart,
        country=country,
        phone=phone,
        email=email,
        first_name=_typed("first_name"),
        consent=None if moved else _consent(cart, phone, action, now),
        step="contact" if phone or email else cart.step,
    )


def _consent(cart: Cart, phone: str, action: str, now: datetime) -> Consent | None:
    """A tick is for the number that stands beside it: another number needs another one."""
    if not request.form.get("consent"):
        return None
    consent = cart.consent if phone == cart.phone else None
    if consent is None:
        consent = Consent(now, say(cart.language, "checkout.consent", shop=SHOP))
    return replace(consent, confirmed=True) if action == "confirm" else consent


def _typed(name: str) -> str:
    """One line without control characters."""
    typed = "".join(character for character in request.form.get(name, "") if character.isprintable())
    return typed.strip()[: LONGEST[name]]


def _missing(cart: Cart) -> str | None:
    """What keeps the shop from reaching the buyer: no ``contact`` at all, or half an ``email``."""
    before, _, behind = cart.email.partition("@")
    if cart.email and not (before and behind):
        return "email"
    return None if cart.phone or cart.email else "contact"


def _pay(cart: Cart, now: datetime) -> Response:
    """Buy at the price that the shopper saw, or show the one that it is now."""
    bill = visits.bill(cart)
    if request.form.get("total", str(bill.total)) != str(bill.total):
        return _form(cart, 409, "price")
    if not all(visits.discounts().use(code, cart.token) for code in bill.codes):
        return _form(cart, 409, "price")
    return _buy(cart, bill, now)


def _buy(cart: Cart, bill: Bill, now: datetime) -> Response:
    number = visits.books().next_order_number()
    paid = replace(bill, refusal=None, minimum=None)
    cart, changed = visits.change(
        cart, lambda cart: replace(cart, step="payment", order_number=number, ordered_at=now, bill=paid)
    )
    if changed:
        deliveries.tell_order(cart)
    response = redirect(url_for(".order", token=cart.token), 303)
    visits.remember(response, place=(cart.language, cart.country))
    visits.forget_cart(response)
    return response
