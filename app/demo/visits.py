"""Who is looking: the visitor's cart, language and country.

What the visitor chose counts first, then the cart, then what the browser says, moved to where texts
may arrive now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import g, request
from werkzeug.wrappers import Response

from app.demo import places, pricing
from app.demo.bill import Bill
from app.demo.books import KEPT_FOR, Books, Cart, Edit
from app.demo.discounts import Discounts
from app.demo.words import LANGUAGES
from app.web import runtime
from flows.language import match_language

CART_COOKIE, PLACE_COOKIE = "demo_cart", "demo_place"
PATH = "/demo"
LONGEST_AGENT = 300


@dataclass(frozen=True, slots=True)
class Visit:
    """``moved_from`` is where the visitor seems to be, if texts may not arrive there now."""

    cart: Cart
    language: str
    country: str
    moved_from: str | None


def books() -> Books:
    return Books(runtime().redis)


def discounts() -> Discounts:
    return Discounts(runtime().redis)


def bill(cart: Cart) -> Bill:
    """What the cart costs now, or what its order cost."""
    known, now = discounts(), runtime().clock.now()
    return cart.bill or pricing.draw_up(cart, known.find(cart.code), known.sale(now), now)


def current() -> Visit:
    """The visit of this request; only a change makes its cart last."""
    if "visit" not in g:
        g.visit = _begin()
    found: Visit = g.visit
    return found


def remember(response: Response, cart: Cart | None = None, place: tuple[str, str] | None = None) -> None:
    """Keep the cart, or the chosen (language, country), in this browser."""
    if cart is not None:
        _set(response, CART_COOKIE, cart.token)
    if place is not None:
        _set(response, PLACE_COOKIE, ".".join(place))


def forget_cart(response: Response) -> None:
    response.delete_cookie(CART_COOKIE, path=PATH)


def change(cart: Cart, edit: Edit) -> tuple[Cart, bool]:
    """The cart as it is after ``edit`` in this browser, and whether anything changed."""

    def here(before: Cart) -> Cart:
        after = edit(before)
        agent = request.headers.get("User-Agent", "")[:LONGEST_AGENT]
        return replace(after, user_agent=agent) if after != before else before

    return books().change(cart, here, runtime().clock.now())


def is_place(language: str | None, country: str | None) -> bool:
    return language in LANGUAGES and country in places.ZONES


def _begin() -> Visit:
    now = runtime().clock.now()
    cart = books().find(request.cookies.get(CART_COOKIE))
    if cart is not None and cart.ordered_at:
        cart = None
    language, _, country = request.cookies.get(PLACE_COOKIE, "").partition(".")
    moved_from = None
    if not is_place(language, country):
        if cart is not None and is_place(cart.language, cart.country):
            language, country = cart.language, cart.country
        else:
            language, home = _guess()
            country = places.awake_country(home, language, now)
            moved_from = home if country != home else None
    return Visit(cart or books().open(language, country, now), language, country, moved_from)


def _guess() -> tuple[str, str]:
    tags = [tag for tag, _ in request.accept_languages]
    spoken = (match_language(tag, tuple(LANGUAGES)) for tag in tags)
    language = next(filter(None, spoken), "en")
    regions = [tag.rpartition("-")[2].upper() for tag in tags if "-" in tag]
    return language, places.first_country(language, regions)


def _set(response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=KEPT_FOR,
        path=PATH,
        secure=runtime().settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )
