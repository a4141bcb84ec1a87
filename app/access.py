"""Who may open which store's pages: the guard in front of every page of a merchant.

Two hosts. ``shopify``: the page stands in a frame of Shopify's admin, without any cookie; each request
is proven by an ID token, in the address of a first load or as a Bearer token of a fetch. ``plain``:
the standalone door, a first-party cookie that names a person. The store is always named in the
address (``?shop=``); the guard says whether this person may open it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import structlog
from flask import Blueprint, Response, abort, g, make_response, redirect, render_template_string, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import logins
from app.crypto import random_token, same
from app.models import Person, Store
from app.web import runtime
from connectors.platform import ConnectorError
from connectors.shopify.addresses import shop_domain
from connectors.shopify.id_token import IdToken, InvalidIdToken, StaleIdToken, verify_id_token
from flows import installation

log = structlog.get_logger()

APP_BRIDGE = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
HOME = "/app"
BOUNCE = "/app/auth/bounce"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
KEPT_PARAMETERS = ("shop", "host", "embedded", "locale")
RETRY = "X-Shopify-Retry-Invalid-Session-Request"
SALT_LENGTH = 16

PLEASE_SIGN_IN = (
    "Open Warmcart from your store's admin. If you use a sign-in link, ask for a new one: each works once."
)


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


def known_visitor() -> Visitor | None:
    """The visitor, if the guard has let one in: error pages are shown to strangers too."""
    found: Visitor | None = g.get("visitor")
    return found


def guard(blueprint: Blueprint) -> None:
    """Let nobody reach a view of this blueprint who has not proven to be allowed to."""
    blueprint.before_request(_enter)
    blueprint.after_request(secure)
    blueprint.record_once(lambda state: state.app.extensions.setdefault("guarded", set()).add(blueprint.name))


def cookie_name() -> str:
    return "__Host-warmcart" if runtime().settings.secure_cookies else "warmcart"


def csrf_token(session_token: str) -> str:
    """Bound to the login session: a form made for one session does not work in another.

    Salted anew for each page, so that compressing pages tells nothing about it (the BREACH attack).
    """
    salt = random_token(SALT_LENGTH)
    return f"{salt}.{_csrf_signature(salt, session_token)}"


def refuse_foreign_write(session_token: str) -> None:
    """403 unless the form was made by a page of ours, for this login session."""
    refuse_foreign_origin()
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
    salt, _, signature = given.partition(".")
    if not same(signature, _csrf_signature(salt, session_token)):
        abort(403, "This page is too old. Open it again and repeat the change.")


def refuse_foreign_origin() -> None:
    """403 if the browser says that another site's page sends this request."""
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != runtime().settings.public_url
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "This change came from another site.")


def _csrf_signature(salt: str, session_token: str) -> str:
    text = f"{salt}.{session_token}".encode("utf-8", "surrogateescape")
    return hmac.new(runtime().settings.secret_key.encode(), text, sha256).hexdigest()


def _enter() -> AnyResponse | None:
    bearer = _bearer()
    token = bearer or request.args.get("id_token")
    if token and runtime().settings.shopify_api_key:
        return _enter_from_shopify(token, written_by_fetch=bearer is not None)
    session_token = request.cookies.get(cookie_name())
    if session_token:
        return _enter_from_cookie(session_token)
    return _without_proof()


def _bearer() -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token else None


def _enter_from_shopify(token: str, written_by_fetch: bool) -> AnyResponse | None:
    if request.method not in SAFE_METHODS and not written_by_fetch:
        abort(403, "A change must carry its proof in the Authorization header.")
    try:
        proof = _proof(token)
        store, person = installation.open_shopify(runtime(), proof.shop, proof.user_id or "", token)
    except InvalidIdToken as error:
        log.info("id_token_refused", reason=str(error))
        return _refused_token(error)
    except ConnectorError as error:
        log.warning("store_not_opened", error=type(error).__name__)
        abort(503, f"Shopify cannot be reached right now: {error}")
    g.visitor = Visitor(store, person, "shopify", csrf=None)
    return None


def _proof(token: str) -> IdToken:
    settings = runtime().settings
    proof = verify_id_token(
        token,
        settings.shopify_api_key or "",
        settings.shopify_api_secret,
        runtime().clock.now(),
        request.args.get("shop"),
    )
    if proof.user_id is None:
        raise InvalidIdToken("The ID token names no user.")
    return proof


def _refused_token(error: InvalidIdToken) -> AnyResponse:
    """A fetch is told to bring a fresh token; a document whose token is old goes to fetch one.

    Only an old one: a token that is wrong in itself would come back as wrong, again and again.
    """
    if _bearer():
        response = make_response("This page needs a fresh sign-in. Reload it.", 401)
        response.headers[RETRY] = "1"
        return response
    bounced = _bounce() if isinstance(error, StaleIdToken) else None
    return bounced or abort(401, PLEASE_SIGN_IN)


def _enter_from_cookie(session_token: str) -> AnyResponse | None:
    with runtime().database.session() as session:
        person = logins.logged_in(session, session_token, runtime().clock.now())
        stores = _stores(session, person) if person else []
    if person is None:
        return _without_proof()
    if not stores:
        abort(404)
    if request.method not in SAFE_METHODS:
        refuse_foreign_write(session_token)
    if len(stores) > 1:
        return _to_first(stores) if request.method in SAFE_METHODS else abort(404)
    g.visitor = Visitor(stores[0], person, "plain", csrf_token(session_token))
    return None


def _stores(session: Session, person: Person) -> list[Store]:
    """The store that the address names, if the person may open it; all of theirs if it names none."""
    domain = request.args.get("shop")
    if not domain:
        return logins.stores_of(session, person)
    store = logins.may_open(session, person, domain)
    return [store] if store else []


def _to_first(stores: list[Store]) -> AnyResponse:
    return redirect(f"{HOME}?{urlencode({'shop': stores[0].domain})}", 302)


def _without_proof() -> AnyResponse:
    bounced = _bounce() if request.method in SAFE_METHODS and runtime().settings.shopify_api_key else None
    return bounced or abort(401, PLEASE_SIGN_IN)


def _bounce() -> AnyResponse | None:
    """To the page that fetches a token in the frame and comes back; only for a Shopify shop's address."""
    if shop_domain(request.args.get("shop")) is None:
        return None
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name != "id_token"]
    back = request.path + ("?" + urlencode(arguments) if arguments else "")
    kept = {name: request.args[name] for name in KEPT_PARAMETERS if name in request.args}
    return redirect(f"{BOUNCE}?{urlencode(kept | {'shopify-reload': back})}", 302)


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
    if shop is None or key is None or not _own_page(request.args.get("shopify-reload", "")):
        abort(400, "This address is not complete. Open Warmcart from the Shopify admin.")
    return make_response(render_template_string(BOUNCE_PAGE, key=key, app_bridge=APP_BRIDGE))


def _own_page(address: str) -> bool:
    parts = urlsplit(address)
    within = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    return within and not parts.scheme and not parts.netloc and "\\" not in address


def framing_shop() -> str | None:
    """The shop in whose admin alone this response may be framed; None for no frame at all.

    A visitor's page may stand in the admin of the visitor's own shop. Below ``/app`` a response without
    a visitor (bounce page, errors) holds nobody's data, so the shop that the address claims is believed.
    """
    found = known_visitor()
    if found is not None:
        return found.store.domain if found.host == "shopify" else None
    embedded = request.path.startswith(HOME) and runtime().settings.shopify_api_key
    return shop_domain(request.args.get("shop")) if embedded else None


def secure(response: Response) -> Response:
    """The headers of every page a merchant sees."""
    shop = framing_shop()
    scripts = " https://cdn.shopify.com" if shop else ""
    calls = " https://*.shopify.com" if shop else ""
    ancestors = f"https://{shop} https://admin.shopify.com" if shop else "'none'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{calls}; base-uri 'none'; form-action 'self'; object-src 'none'; "
        f"frame-ancestors {ancestors}"
    )
    if shop:
        response.headers["Link"] = (
            f"<https://cdn.shopify.com>; rel=preconnect, <{APP_BRIDGE}>; rel=preload; as=script"
        )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(("HX-Request", "HX-Target", "Authorization", "Cookie"))
    return response
