"""How a delivery of a platform comes in: verified, read, kept in one durable row, answered.

Nothing is decided here, with one exception: an uninstall takes effect before the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

import structlog
from flask import Blueprint, Flask, Request, Response, current_app
from sqlalchemy.exc import DBAPIError, TimeoutError

from app import web
from app.queue import INTAKE
from app.runtime import Runtime
from app.webhooks import inbound
from app.webhooks.known_stores import KnownStore, KnownStores
from connectors.platform import Delivery, Malformed, Platform

log = structlog.get_logger()

EXTENSION = "warmcart_known_stores"


def init_app(app: Flask, runtime: Runtime) -> None:
    app.extensions[EXTENSION] = KnownStores(runtime)


def make_blueprint(name: str, import_name: str) -> Blueprint:
    """A door: where the database cannot take a delivery now, the platform is asked to send it again."""
    blueprint = Blueprint(name, import_name)
    blueprint.register_error_handler(DBAPIError, unavailable)
    blueprint.register_error_handler(TimeoutError, unavailable)
    return blueprint


def known_stores() -> KnownStores:
    return cast(KnownStores, current_app.extensions[EXTENSION])


def platform_headers(request: Request) -> dict[str, str]:
    """The headers by which platforms speak, with lower-case names."""
    found = {
        name[5:].replace("_", "-").lower(): value
        for name, value in request.environ.items()
        if name.startswith("HTTP_X_")
    }
    found["content-type"] = request.environ.get("CONTENT_TYPE", "")
    return found


def answer(status: int, text: str = "") -> Response:
    return Response(text, status, mimetype="text/plain")


def refuse_signature(platform: Platform, store: KnownStore | None = None) -> Response:
    log.warning("webhook_unsigned", platform=platform.name, store_id=store.id if store else None)
    return answer(401, "The signature does not fit the body.")


def read(platform: Platform, headers: Mapping[str, str], body: bytes) -> Delivery | Response:
    """The delivery, or the answer to bytes that are not what the platform sends."""
    try:
        return platform.read(headers, body)
    except Malformed as error:
        log.warning("webhook_malformed", platform=platform.name, error=str(error))
        return answer(400, str(error))


def take_in(
    platform: Platform, store: KnownStore | None, delivery: Delivery, body: bytes, now: datetime
) -> Response:
    """Keep the delivery and answer; where that is not possible now, ``unavailable`` answers."""
    runtime, known = web.runtime(), known_stores()
    row = inbound.row_of(platform.name, store, delivery, body, now)
    if delivery.uninstalls and store is not None:
        known.forget(store)
        inbound.keep_uninstall(runtime, store, delivery, row)
    else:
        inbound.keep(runtime, known, store, row)
    runtime.waker.soon(INTAKE)
    return answer(200)


def unavailable(error: DBAPIError | TimeoutError) -> Response:
    log.error("webhook_not_kept", error=type(error).__name__)
    return answer(503, "Not now. Please send this again later.")
