"""``POST /install/woocommerce/plugin``: the companion plugin of a connected store makes itself known.

The caller proves nothing by calling. It brings a secret that the shop made; we ask the store, at the address
that we have known since its keys were proven, whether it is the one that holds this secret. The secret itself
is never sent there. A stranger's secret is refused by the store's own answer, and a store that nobody
connected is not asked.
"""

from __future__ import annotations

import json
import re
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select

from app.crypto import random_token, same
from app.install.woocommerce import SEALED, domain_of
from app.models import Store
from app.runtime import Runtime
from app.web import runtime
from connectors.addresses import AddressRefused, check_store_url
from connectors.platform import ConnectorError
from connectors.woocommerce.plugin_proof import ask_for_proof, proof_of
from flows import connections, plugin_calls

log = structlog.get_logger()
blueprint = Blueprint("install_plugin", __name__)

LONGEST = 4_096
SECRET = re.compile(r"[0-9a-f]{64}")
VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")
CHALLENGE_LENGTH = 43
NOT_ASKED = "This shop is not connected to this server. Connect it first: {url}/install/woocommerce"
TOO_OFTEN = "This shop was to be connected too often just now. Try again in a minute."
NOT_PROVEN = "The shop that answers at {url} is not the one that asks to be connected."


class Refused(Exception):
    """The message is shown to whoever pressed the plugin's button."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@blueprint.post("/install/woocommerce/plugin")
def plugin() -> Response:
    """JSON with ``url``, ``secret`` and ``version``; answers ``id``, ``deliveries`` and ``time``."""
    current = runtime()
    try:
        url, secret, version = _told()
        store, keys = _connected_store(current, url)
        _count(current, store)
        _prove(current, keys["url"], secret)
        _keep(current, store, {"secret": secret, "version": version})
    except Refused as error:
        log.info("plugin_refused", status=error.status)
        return _answer({"error": str(error)}, error.status)
    now = current.clock.now()
    log.info("plugin_connected", store_id=store.id)
    address = connections.delivery_url(current, store)
    return _answer({"id": store.public_id, "deliveries": address, "time": int(now.timestamp())}, 200)


def _told() -> tuple[str, str, str]:
    """Address, secret and version. Raises Refused."""
    try:
        content = json.loads(request.get_data(cache=False)[: LONGEST + 1])
        url, secret, version = (str(content[name]) for name in ("url", "secret", "version"))
    except (ValueError, KeyError, TypeError):
        raise Refused("The request is not that of a companion plugin.", 400) from None
    if not SECRET.fullmatch(secret) or not VERSION.fullmatch(version):
        raise Refused("The request is not that of a companion plugin.", 400)
    try:
        return check_store_url(url), secret, version
    except AddressRefused as error:
        raise Refused(str(error), 400) from None


def _connected_store(current: Runtime, url: str) -> tuple[Store, dict[str, str]]:
    """The store of that address and its keys. Raises Refused for one that nobody connected."""
    named = (Store.domain == domain_of(url), Store.platform == "woocommerce", Store.status.in_(SEALED))
    with current.database.session() as session:
        store = session.scalar(select(Store).where(*named))
        kind = connections.WOOCOMMERCE_KEYS
        keys = connections.read_credential(session, current, store.id, kind) if store else None
    if store is None or keys is None:
        raise Refused(NOT_ASKED.format(url=current.settings.public_url), 404)
    return store, keys


def _count(current: Runtime, store: Store) -> None:
    """Raises Refused where the shop was asked too often just now."""
    name, now = random_token(CHALLENGE_LENGTH), current.clock.now()
    with current.database.session() as session:
        outcome = plugin_calls.note(session, store.id, plugin_calls.CONNECT, name, now)
    if outcome is plugin_calls.Outcome.TOO_MANY:
        raise Refused(TOO_OFTEN, 429)


def _prove(current: Runtime, store_url: str, secret: str) -> None:
    """Ask the store itself. Raises Refused."""
    challenge = random_token(CHALLENGE_LENGTH)
    try:
        proof = ask_for_proof(connections.store_session(current), store_url, challenge)
    except ConnectorError as error:
        raise Refused(f"Warmcart asked the shop back, and failed: {error}", 502) from None
    if not same(proof, proof_of(secret, challenge)):
        raise Refused(NOT_PROVEN.format(url=store_url), 403)


def _keep(current: Runtime, store: Store, secret: dict[str, str]) -> None:
    """Raises Refused where the store was disconnected while it was asked: it leaves with all its secrets."""
    still = select(Store.id).where(Store.id == store.id, Store.status.in_(SEALED))
    with current.database.session() as session:
        if session.scalar(still.with_for_update(key_share=True)) is None:
            raise Refused(NOT_ASKED.format(url=current.settings.public_url), 404)
        now, kind = current.clock.now(), connections.WOOCOMMERCE_PLUGIN
        connections.save_credential(session, current, store.id, kind, secret, now)


def _answer(content: dict[str, Any], status: int) -> Response:
    response = jsonify(content)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
