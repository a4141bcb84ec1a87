"""What all pages of the demo share: words in the visitor's language, headers, errors, one address."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

import redis
from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.demo import places, visits, words
from app.demo.books import Cart
from app.demo.products import PRODUCTS, SHOP
from app.web import runtime
from flows.merge_fields import format_ends
from flows.phones import Phone


def room(name: str, import_name: str, static_folder: str | None = None) -> Blueprint:
    """A blueprint of pages for the demo's visitor."""
    blueprint = Blueprint(
        name,
        import_name,
        url_prefix="/demo",
        template_folder="templates",
        static_folder=static_folder,
        static_url_path="/static",
    )
    blueprint.before_request(_at_our_address)
    blueprint.after_request(_secure)
    blueprint.register_error_handler(HTTPException, _sorry)
    blueprint.register_error_handler(redis.RedisError, _books_away)
    return blueprint


def show(name: str, status: int = 200, **values: object) -> Response:
    """The page ``demo/<name>.html`` in the visitor's language."""
    return _render(visits.current(), name, status, **values)


def _render(visit: visits.Visit | None, name: str, status: int, **values: object) -> Response:
    language = visit.language if visit else "en"
    page = render_template(
        f"demo/{name}.html",
        t=partial(words.say, language),
        money=partial(words.money, language),
        time=partial(words.clock_time, language),
        day=partial(words.day, language),
        percent=partial(words.percent, language),
        last_day=partial(_last_day, language),
        opening=partial(words.opening_time, language),
        country_name=partial(words.country, language),
        countries=words.countries(language, tuple(places.ZONES)),
        languages=words.LANGUAGES,
        language=language,
        visit=visit,
        hours=partial(places.hours, now=_now()),
        products=PRODUCTS,
        shop=SHOP,
        **values,
    )
    return make_response(page, status)


def _last_day(language: str, cart: Cart, ends_at: datetime) -> str:
    """The last day of an offer as its text named it, by the calendar of whoever left this cart."""
    phone = places.typed_phone(cart.phone, cart.country)
    day = places.last_day(ends_at, cart.country, phone.e164 if isinstance(phone, Phone) else None)
    return format_ends(day, language, cart.country)


def _now() -> datetime:
    return runtime().clock.now()


def _at_our_address() -> AnyResponse | None:
    """One address, so that cookies and links agree; changes come from our own pages only."""
    public_url = runtime().settings.public_url
    if request.method not in access.SAFE_METHODS:
        access.refuse_foreign_origin()
    elif request.host != urlsplit(public_url).netloc:
        return redirect(public_url + request.full_path.rstrip("?"), 302)
    return None


def _secure(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if not request.path.startswith("/demo/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _sorry(error: HTTPException) -> AnyResponse:
    return show("sorry", error.code or 500, about="gone" if error.code == 404 else "refused")


def _books_away(error: redis.RedisError) -> AnyResponse:
    """Without its books the shop knows neither the visitor's cart nor language."""
    return _render(None, "sorry", 503, about="closed")
