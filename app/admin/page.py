"""What all screens share: a guarded blueprint, the skeleton's values, links, errors and headers."""

from __future__ import annotations

import gzip
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app import access, logins
from app.admin import notices
from app.admin.formats import Formats, choose_locale
from app.models import Store
from app.web import runtime
from flows import audit as trail

KEPT_PARAMETERS = ("host", "embedded", "locale")
SMALLEST_COMPRESSED = 1_000

DONE = {
    "flow_on": "The flow is on.",
    "flow_off": "The flow is off.",
    "text_saved": "Your words are saved. Carts that enter the flow from now on get them.",
    "text_removed": "Warmcart's own words are back.",
    "season_saved": "The season is saved. Carts that enter the flow from now on are in it.",
    "season_removed": "The season is removed.",
    "offers_saved": "The offers are saved. Carts that enter the flow from now on get them.",
    "restored": "That version is back.",
    "paused": "Sending is paused.",
    "resumed": "Sending goes on.",
    "saved": "Saved.",
    "named": "Texts name this product again.",
    "unnamed": "Texts no longer name this product.",
    "asked": "The file will be here within minutes.",
    "erased": "What was stored is erased.",
    "reply_settled": "Settled.",
    "reply_kept": "Settled: the number stays stopped.",
    "reply_undone": "Undone: the text was no stop.",
    "disconnected": "Disconnected. Now remove Warmcart's key and its plugin in your shop: only you can.",
    "disconnected_alone": "Disconnected. The shop did not answer: remove our webhooks, key and plugin there.",
    "guide_dismissed": "The set-up guide is put away.",
}
"""What a page says after a change, by the word that the redirect carries."""


def screen(name: str, import_name: str) -> Blueprint:
    """A blueprint of pages: behind the guard, with error pages, timed and compressed."""
    blueprint = Blueprint(name, import_name)
    blueprint.before_request(_start_watch)
    blueprint.after_request(_finish)
    access.guard(blueprint)
    blueprint.register_error_handler(HTTPException, show_error)
    return blueprint


def address(endpoint: str, **values: Any) -> str:
    """A link to one of our pages that names the store and stays in the host. Every internal link is one."""
    kept = {name: request.args[name] for name in KEPT_PARAMETERS if name in request.args}
    visitor = access.known_visitor()
    store = {"shop": visitor.store.domain} if visitor else {}
    return url_for(endpoint, **{**store, **kept, **values})


def kept_parameters() -> dict[str, str]:
    """What a GET form must send along so that the store and the host are kept, as ``address`` does."""
    kept = {name: request.args[name] for name in KEPT_PARAMETERS if name in request.args}
    return {"shop": access.visitor().store.domain} | kept


def formats() -> Formats:
    """How this visitor reads figures: Shopify names the locale in the address, browsers in a header."""
    wishes = [request.args.get("locale", ""), *(tag for tag, _ in request.accept_languages)]
    return Formats(choose_locale(wishes), ZoneInfo(access.visitor().store.timezone))


def show(session: Session, name: str, status: int = 200, **values: Any) -> Response:
    """The page ``pages/<name>.html`` of the visitor's store."""
    visitor = access.visitor()
    settings = runtime().settings
    format = formats()
    shown = notices.of(session, settings, visitor.store, runtime().clock.now(), format)
    stores = logins.stores_of(session, visitor.person) if visitor.host == "plain" else []
    page = render_template(
        f"pages/{name}.html",
        **_skeleton(),
        format=format,
        visitor=visitor,
        store=visitor.store,
        stores=stores,
        notices=shown,
        done=DONE.get(request.args.get("done", "")),
        **values,
    )
    return make_response(page, status)


def refuse(session: Session, name: str, **values: Any) -> Response:
    """The page again with what is wrong in its form; its address stays that of the page."""
    response = show(session, name, 422, **values)
    response.headers["HX-Push-Url"] = "false"
    return response


def try_out(session: Session, name: str, **values: Any) -> Response:
    """The page with what was typed and is not saved; its address stays that of the page."""
    response = show(session, name, **values)
    response.headers["HX-Push-Url"] = "false"
    return response


def show_outside(name: str, status: int, **values: Any) -> Response:
    """A page for somebody who has no store open: sign-in and errors."""
    page = render_template(f"pages/{name}.html", **_skeleton(), **values)
    return make_response(page, status)


def show_error(error: HTTPException) -> AnyResponse:
    """An error page in the skeleton of all pages, with a way back where there is one."""
    if error.code is None:
        return error.get_response()
    return show_outside("error", error.code, error=error, visitor=access.known_visitor())


def done(endpoint: str, word: str, **values: Any) -> AnyResponse:
    """After a change: on to a page that says ``DONE[word]``."""
    return redirect(address(endpoint, done=word, **values), 303)


def locked_store(session: Session) -> Store:
    """The visitor's store as it is now, kept from changing: an uninstall must not be written over.

    Rows that belong to it may be written meanwhile, else a worker that holds due rows and this visitor
    could wait for each other.
    """
    return session.get_one(Store, access.visitor().store.id, with_for_update={"key_share": True})


def audit(session: Session, action: str, **details: object) -> None:
    """Write down what this visitor has just changed."""
    visitor = access.visitor()
    trail.record(session, visitor.store.id, visitor.actor, action, runtime().clock.now(), **details)


def _skeleton() -> dict[str, Any]:
    return {
        "url": address,
        "kept": kept_parameters,
        "framed": access.framing_shop() is not None,
        "app_bridge": access.APP_BRIDGE,
        "api_key": runtime().settings.shopify_api_key,
    }


def _start_watch() -> None:
    g.began_at = perf_counter()


def _finish(response: Response) -> Response:
    """Compress, and tell how long the page took. Its one secret is salted: see ``access.csrf_token``."""
    if request.accept_encodings.quality("gzip") and len(response.get_data()) >= SMALLEST_COMPRESSED:
        response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    spent = (perf_counter() - g.began_at) * 1_000
    response.headers["Server-Timing"] = f"app;dur={spent:.1f}"
    return response
