"""Who may open which store's pages: the guard in front of every page of a merchant.

Two hosts. ``shopify``: the page stands in a frame of Shopify's admin, without any cookie; each request
is proven by an ID token, in the address of a first load or as a Bearer token of a fetch. ``plain``:
the standalone door, a first-party cookie that names a person. The store is always named in the
address (``?shop=``); the guard says whether this person may open it.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import structlog
from flask import Blueprint, Response, abort, g, make_response, redirect, render_template_string, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import logins
from app.crypto import same
from app.models import Person, Store
from app.web import runtime
from connectors.platform import ConnectorError
from connectors.shopify.addresses import shop_domain
from connectors.shopify.id_token import InvalidIdToken, verify_id_token
from flows import installation

log = structlog.get_logger()

APP_BRIDGE = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
BOUNCE = "/app/auth/bounce"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
KEPT_PARAMETERS = ("shop", "host", "embedded", "locale")


@dataclass(frozen=True)
class Visitor:
    """Who opens which store, from which host (``shopify`` or ``plain``). ``csrf`` goes into forms."""

    store: Store
    person: Person
    host: str
    csrf: str | None

    @property
    def actor(self) -> str:
        return f"person:{self.person.id}"


def visitor() -> Visitor:
    """The visitor of this request; only behind the guard."""
    found: Visitor = g.visitor
    return found


def guard(blueprint: Blueprint) -> None:
    """Let nobody reach a view of this blueprint who has not proven to be allowed to."""
    blueprint.before_request(_enter)
    blueprint.after_request(_add_headers)
    blueprint.record_once(lambda state: state.app.extensions.setdefault("guarded", set()).add(blueprint.name))


def cookie_name() -> str:
    return "__Host-warmcart" if runtime().settings.secure_cookies else "warmcart"


def csrf_token(session_token: str) -> str:
    """Bound to the login session: a form made for one session does not work in another."""
    return hmac.new(runtime().settings.secret_key.encode(), session_token.encode(), sha256).hexdigest()


def nonce() -> str:
    """The nonce of this response's Content-Security-Policy, for the page's own inline script tags."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    found: str = g.nonce
    return found


def _enter() -> AnyResponse | None:
    bearer = _bearer()
    token = bearer or request.args.get("id_token")
    if token:
        return _enter_from_shopify(token, written_by_fetch=bearer is not None)
    session_token = request.cookies.get(cookie_name())
    if session_token:
        return _enter_from_cookie(session_token)
    return _without_proof()


def _bearer() -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token else None


def _enter_from_shopify(token: str, written_by_fetch: bool) -> AnyResponse | None:
    current = runtime()
    settings = current.settings
    if not settings.shopify_api_key:
        return _without_proof()
    if request.method not in SAFE_METHODS and not written_by_fetch:
        abort(403, "A change must carry its proof in the Authorization header.")
    try:
        proof = verify_id_token(
            token, settings.shopify_api_key, settings.shopify_api_secret, current.clock.now()
        )
        if proof.user_id is None:
            raise InvalidIdToken("The ID token names no user.")
        store, person = installation.open_shopify(current, proof.shop, proof.user_id, token)
    except InvalidIdToken as error:
        log.info("id_token_refused", reason=str(error))
        return _stale_token()
    except ConnectorError as error:
        log.warning("store_not_opened", error=type(error).__name__)
        abort(503, f"Shopify cannot be reached right now: {error}")
    g.visitor = Visitor(store, person, "shopify", csrf=None)
    return None


def _enter_from_cookie(session_token: str) -> AnyResponse | None:
    current = runtime()
    now = current.clock.now()
    with current.database.session() as session:
        person = logins.logged_in(session, session_token, now)
        store = _named_store(session, person) if person else None
    if person is None:
        return _without_proof()
    if store is None:
        abort(404)
    csrf = csrf_token(session_token)
    if request.method not in SAFE_METHODS:
        _refuse_foreign_write(csrf)
    g.visitor = Visitor(store, person, "plain", csrf)
    return None


def _named_store(session: Session, person: Person) -> Store | None:
    """The store in the address; a person with one store may leave it out."""
    domain = request.args.get("shop")
    if domain:
        return logins.may_open(session, person, domain)
    stores = logins.stores_of(session, person)
    return stores[0] if len(stores) == 1 else None


def _refuse_foreign_write(csrf: str) -> None:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != runtime().settings.public_url
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "This change came from another site.")
    if not same(given, csrf):
        abort(403, "This page is too old. Open it again and repeat the change.")


def _stale_token() -> AnyResponse:
    """A fetch is told to bring a fresh token; a document goes through the bounce page for one."""
    if _bearer():
        response = make_response("This page needs a fresh sign-in. Reload it.", 401)
        response.headers["X-Shopify-Retry-Invalid-Session-Request"] = "1"
        return response
    return _bounce() or _please_sign_in()


def _without_proof() -> AnyResponse:
    if request.method in SAFE_METHODS and runtime().settings.shopify_api_key:
        bounced = _bounce()
        if bounced:
            return bounced
    return _please_sign_in()


def _bounce() -> AnyResponse | None:
    """To the page that fetches a token in the frame and comes back; only for a Shopify shop's address."""
    if shop_domain(request.args.get("shop")) is None:
        return None
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name != "id_token"]
    back = request.path + ("?" + urlencode(arguments) if arguments else "")
    kept = {name: request.args[name] for name in KEPT_PARAMETERS if name in request.args}
    return redirect(f"{BOUNCE}?{urlencode(kept | {'shopify-reload': back})}", 302)


SIGN_IN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Warmcart: sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Please sign in</h1>
<p>Open Warmcart from your store's admin. If you use a sign-in link, ask for a new one: each works once.</p>
</main></body></html>"""


def _please_sign_in() -> AnyResponse:
    return make_response(SIGN_IN, 401)


BOUNCE_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Warmcart</title>
<meta name="shopify-api-key" content="{{ key }}">
<script src="{{ app_bridge }}" data-api-key="{{ key }}"></script>
</head><body></body></html>"""


def bounce() -> AnyResponse:
    """The bounce page: holds only App Bridge, which fetches a token and reloads ``shopify-reload``.

    Shape of Shopify's own server libraries (shopifyapp 1.0.2, ``app_home_patch_id_token``), which copy
    the ``shop`` parameter into a header unchecked; here it must be exactly a shop's domain.
    """
    shop = shop_domain(request.args.get("shop"))
    key = runtime().settings.shopify_api_key
    back = request.args.get("shopify-reload", "")
    if shop is None or key is None or not _own_page(back):
        abort(400, "This address is not complete. Open Warmcart from the Shopify admin.")
    response = make_response(render_template_string(BOUNCE_PAGE, key=key, app_bridge=APP_BRIDGE))
    _secure(response, shop)
    return response


def _own_page(address: str) -> bool:
    parts = urlsplit(address)
    within = parts.path == "/app" or parts.path.startswith("/app/")
    return within and not parts.scheme and not parts.netloc and "\\" not in address


def _add_headers(response: Response) -> Response:
    found: Visitor | None = g.get("visitor")
    _secure(response, found.store.domain if found and found.host == "shopify" else None)
    return response


def _secure(response: AnyResponse, shop: str | None) -> None:
    """Headers of every page; ``shop`` is a verified shop, in whose admin alone the page may be framed."""
    shopify_scripts = " https://cdn.shopify.com" if shop else ""
    shopify_calls = " https://*.shopify.com" if shop else ""
    ancestors = f"https://{shop} https://admin.shopify.com" if shop else "'none'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce()}'{shopify_scripts}; style-src 'self'; "
        f"style-src-attr 'unsafe-inline'; img-src 'self' data: https:; connect-src 'self'{shopify_calls}; "
        f"base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors {ancestors}"
    )
    if shop:
        response.headers["Link"] = (
            f"<https://cdn.shopify.com>; rel=preconnect, <{APP_BRIDGE}>; rel=preload; as=script"
        )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Vary"] = "HX-Request, HX-Target, Authorization, Cookie"
