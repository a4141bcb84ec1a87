"""The key handshake with a WooCommerce store (wc-auth), and the way to a sign-in link.

Anybody may start a handshake and anybody may call the callback, so neither proves anything: keys are
kept only after the very store that the state is bound to accepted them, and the way into the pages
is left in that store, where only its managers see it. The keys of a connected store are replaced only
when the handshake was started from inside a login.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access, logins
from app.crypto import digest
from app.models import Handshake, LoginLink, Person, Store
from app.queue import UPKEEP
from app.runtime import Runtime
from app.web import runtime
from connectors.addresses import check_store_url
from connectors.platform import ConnectorError, Malformed, Unreachable
from connectors.woocommerce.handshake import (
    HandedKeys,
    ProvenKeys,
    authorize_url,
    new_state,
    parse_callback,
    prove_key,
)
from connectors.woocommerce.index import read_index
from connectors.woocommerce.sign_in import LIST_PATH, leave_sign_in
from flows import connections, installation

log = structlog.get_logger()
blueprint = Blueprint(
    "install",
    __name__,
    url_prefix="/install/woocommerce",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)

STATE_LIFE = timedelta(hours=1)
BETWEEN_SIGN_INS = timedelta(minutes=1)
MOST_OPEN_HANDSHAKES = 2_000
CONNECTED = "connected"
SEALED = ("active", "paused", "reconnect")


class Refused(Exception):
    """A hand-over that is not accepted; the message is for the store's error page."""


@blueprint.get("")
def start() -> AnyResponse:
    """Ask for the shop's address, or send the merchant to the shop to approve."""
    typed = request.args.get("store_url", "")
    if not typed:
        return _page("start.html", 200)
    current = runtime()
    try:
        url = read_index(connections.store_session(current), check_store_url(typed)).url
    except ConnectorError as error:
        return _page("start.html", 400, problem=str(error), typed=typed)
    with current.database.session() as session:
        store = _store(session, url)
        person = _member(session, store)
        if store is not None and store.status in SEALED and person is None:
            return _page("connected.html", 200, store=store, list_path=LIST_PATH)
        state = _open_handshake(session, url, store, person, current.clock.now())
    if state is None:
        return _page(
            "start.html", 503, problem="Too many shops are connecting right now. Try again in an hour."
        )
    base = f"{current.settings.public_url}/install/woocommerce"
    return redirect(authorize_url(url, state, f"{base}/callback", f"{base}/return"), 302)


@blueprint.post("/callback")
def callback() -> Response:
    """The store's server hands over its keys. Only a plain 200 makes it keep them."""
    current = runtime()
    try:
        keys = parse_callback(request.get_data(cache=False))
    except Malformed as error:
        return make_response(str(error), 400)
    try:
        _take_in(current, keys)
    except (Refused, ConnectorError) as error:
        log.info("handshake_refused", reason=type(error).__name__)
        _note_outcome(current, keys.state, str(error))
        return make_response(str(error), 403)
    current.waker.soon(UPKEEP)
    return make_response("Connected.", 200)


@blueprint.post("/keys")
def paste() -> AnyResponse:
    """Keys made by hand, for shops whose security plugin blocks the hand-over. They prove themselves."""
    current = runtime()
    typed = request.form.get("store_url", "")
    try:
        url = check_store_url(typed)
        with current.database.session() as session:
            person = _member(session, _store(session, url))
        proven = prove_key(
            url,
            request.form.get("key", ""),
            request.form.get("secret", ""),
            connections.store_session(current),
        )
        store = _keep(current, url, person.id if person else None, proven)
        leave_link(current, store)
    except (Refused, ConnectorError) as error:
        return _page("start.html", 400, problem=str(error), typed=typed)
    current.waker.soon(UPKEEP)
    return _page("done.html", 200, store=store, list_path=LIST_PATH)


@blueprint.get("/return")
def come_back() -> AnyResponse:
    """Where the browser lands after the approval. It says what happened, and lets nobody in."""
    state = request.args.get("user_id", "")
    with runtime().database.session() as session:
        handshake = session.scalar(select(Handshake).where(Handshake.state_digest == digest(state)))
        store = _store(session, handshake.store_url) if handshake else None
    if handshake is None:
        return _page("start.html", 404, problem="We do not know this attempt. Please start again.")
    if handshake.outcome != CONNECTED or store is None:
        problem = handshake.outcome or "The shop did not hand over its keys. Did you approve the request?"
        return _page("start.html", 200, problem=problem, typed=handshake.store_url)
    return _page("done.html", 200, store=store, list_path=LIST_PATH)


@blueprint.post("/sign-in")
def sign_in() -> AnyResponse:
    """Leave a fresh sign-in link in a connected store. Gives nothing to whoever asks."""
    current = runtime()
    with current.database.session() as session:
        store = session.scalar(
            select(Store).where(
                Store.public_id == request.form.get("store", ""), Store.platform == "woocommerce"
            )
        )
    if store is None:
        return _page("start.html", 404, problem="We do not know this shop. Please connect it.")
    try:
        leave_link(current, store)
    except ConnectorError as error:
        return _page("connected.html", 502, store=store, list_path=LIST_PATH, problem=str(error))
    return _page("done.html", 200, store=store, list_path=LIST_PATH)


def leave_link(current: Runtime, store: Store) -> None:
    """One link a minute at most; an earlier one is replaced. Raises ConnectorError.

    A try that failed counts too: nobody can make us knock at a dead shop again and again.
    """
    now = current.clock.now()
    with current.database.session() as session:
        owner = logins.store_owner(session, store, now)
        recent = _recent_link(session, owner, store, now)
        if recent is not None and recent.expires_at <= now:
            raise Unreachable("The shop did not take the link a moment ago. Try again in a minute.")
        if recent is not None:
            return
        token = logins.make_login_link(session, store, owner, now, logins.SHOP_SESSION_LIFE)
    try:
        client = connections.woocommerce_store(current, store)
        leave_sign_in(client.rest, f"{current.settings.public_url}/login/{token}")
    except ConnectorError:
        _void_link(current, token, now)
        raise


def _recent_link(session: Session, owner: Person, store: Store, now: datetime) -> LoginLink | None:
    """Left in the shop, that is: links that its users asked for by the plugin are their own."""
    made_just_now = LoginLink.created_at > now - BETWEEN_SIGN_INS
    theirs = (LoginLink.store_id == store.id, LoginLink.person_id == owner.id)
    query = select(LoginLink).where(*theirs, made_just_now)
    return session.scalar(query.order_by(LoginLink.id.desc()).limit(1))


def _void_link(current: Runtime, token: str, now: datetime) -> None:
    with current.database.session() as session:
        session.execute(
            update(LoginLink).where(LoginLink.token_digest == digest(token)).values(expires_at=now)
        )


def _store(session: Session, url: str) -> Store | None:
    return session.scalar(
        select(Store).where(Store.domain == domain_of(url), Store.platform == "woocommerce")
    )


def domain_of(url: str) -> str:
    """How a shop is named: host, port if any, and sub-folder."""
    parts = urlsplit(url)
    return parts.netloc + parts.path


def _member(session: Session, store: Store | None) -> Person | None:
    """The person who is logged in, if the store is theirs to reconnect."""
    token = request.cookies.get(access.cookie_name())
    if store is None or not token:
        return None
    person = logins.logged_in(session, token, runtime().clock.now())
    return person if person and logins.may_open(session, person, store.domain) else None


def _open_handshake(
    session: Session, url: str, store: Store | None, person: Person | None, now: datetime
) -> str | None:
    """A one-time state bound to this address; None when strangers opened too many."""
    session.execute(delete(Handshake).where(Handshake.expires_at < now - timedelta(days=1)))
    waiting = select(func.count()).where(Handshake.used_at.is_(None), Handshake.expires_at > now)
    if (session.scalar(waiting) or 0) >= MOST_OPEN_HANDSHAKES:
        return None
    state = new_state()
    session.add(
        Handshake(
            state_digest=digest(state),
            store_url=url,
            store_id=store.id if store and person else None,
            person_id=person.id if person else None,
            created_at=now,
            expires_at=now + STATE_LIFE,
        )
    )
    return state


def _take_in(current: Runtime, keys: HandedKeys) -> None:
    """Use the state up, try the keys on its store, keep them, leave the way in. Raises Refused."""
    with current.database.session() as session:
        used = session.execute(
            update(Handshake)
            .where(
                Handshake.state_digest == digest(keys.state),
                Handshake.used_at.is_(None),
                Handshake.expires_at > current.clock.now(),
            )
            .values(used_at=current.clock.now())
            .returning(Handshake.store_url, Handshake.person_id)
        ).one_or_none()
    if used is None:
        raise Refused("This attempt is over or was never begun. Please start again.")
    proven = prove_key(
        used.store_url, keys.consumer_key, keys.consumer_secret, connections.store_session(current)
    )
    store = _keep(current, used.store_url, used.person_id, proven)
    _note_outcome(current, keys.state, CONNECTED)
    try:
        leave_link(current, store)
    except ConnectorError as error:
        log.warning("sign_in_not_left", store_id=store.id, error=type(error).__name__)


def _keep(current: Runtime, url: str, person_id: int | None, proven: ProvenKeys) -> Store:
    """Save proven keys. Raises Refused for a connected store unless one of its people is logged in."""
    credentials = proven.credentials
    secret = {
        "url": url,
        "key": credentials.consumer_key,
        "secret": credentials.consumer_secret,
        "method": credentials.method,
    }
    with current.database.session() as session:
        store = _store(session, url)
        if store is not None and store.status in SEALED and person_id is None:
            raise Refused("This shop is connected already. Sign in and reconnect it from its settings.")
        return installation.connect_woocommerce(
            session, current, domain_of(url), url, secret, current.clock.now()
        )


def _note_outcome(current: Runtime, state: str, outcome: str) -> None:
    """What the merchant reads on return; an attempt that succeeded stays so."""
    with current.database.session() as session:
        session.execute(
            update(Handshake)
            .where(Handshake.state_digest == digest(state), Handshake.outcome.is_(None))
            .values(outcome=outcome)
        )


def _page(template: str, status: int, **values: object) -> AnyResponse:
    response = make_response(render_template(f"install/{template}", **values), status)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
