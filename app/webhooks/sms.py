"""``POST /webhooks/sms/<provider>/receipt`` and ``/reply``: what SMS providers tell us.

Verified, kept in one durable row, answered. A stop takes effect in the transaction that keeps the
reply; everything else is done by intake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Response, abort, request
from sqlalchemy.dialects.postgresql import insert

from app import web
from app.db import once_more
from app.models import InboundEvent
from app.queue import INTAKE
from app.runtime import Runtime
from app.webhooks import door
from connectors.sms import CallbackRequest, MalformedCallback, Provider, Receipt, Reply
from flows import providers, replies
from flows.conflicts import again
from flows.replies import storable

log = structlog.get_logger()

blueprint = door.make_blueprint("webhooks_sms", __name__)

LONGEST_KEY = 500
Told = TypeVar("Told", Receipt, Reply)


@blueprint.post("/webhooks/sms/<name>/receipt")
def receipt(name: str) -> Response:
    """A repeated receipt of the same state is one; each state of a text is kept."""
    provider = _provider(name)
    callback = _verified(provider)
    told = _read(provider.parse_receipt, callback)
    row = _row(provider, "receipt", told.provider_id, f"{told.provider_id}:{told.provider_status}", callback)
    _keep(web.runtime(), row)
    return _answer()


@blueprint.post("/webhooks/sms/<name>/reply")
def reply(name: str) -> Response:
    """The replies of one number are applied in the order they came; a stop has taken effect before that."""
    provider = _provider(name)
    callback = _verified(provider)
    told = _read(provider.parse_reply, callback)
    _keep_reply(web.runtime(), _row(provider, "reply", told.from_number, told.provider_id, callback), told)
    return _answer()


def _provider(name: str) -> Provider:
    """Only the provider that the settings name has anything to tell."""
    runtime = web.runtime()
    if name != runtime.settings.sms_provider:
        abort(404)
    return providers.provider(runtime)


def _verified(provider: Provider) -> CallbackRequest:
    """The request as it was signed: at our public address, whatever a proxy made of it."""
    query = request.query_string.decode("latin-1")
    url = web.runtime().settings.public_url + request.path + (f"?{query}" if query else "")
    headers = {name.lower(): value for name, value in request.headers.items()}
    callback = CallbackRequest(request.method, url, headers, request.get_data(cache=False))
    if not provider.verify(callback):
        log.warning("sms_callback_unsigned", provider=provider.name)
        abort(401)
    return callback


def _read(parse: Callable[[CallbackRequest], Told], callback: CallbackRequest) -> Told:
    try:
        return parse(callback)
    except MalformedCallback as error:
        log.warning("sms_callback_malformed", error=str(error))
        abort(400, str(error))


def _row(
    provider: Provider, kind: str, subject: str, dedupe_key: str, callback: CallbackRequest
) -> dict[str, Any]:
    return {
        "source": f"sms:{provider.name}:{kind}",
        "topic": kind,
        "subject": storable(subject)[:LONGEST_KEY],
        "dedupe_key": storable(dedupe_key)[:LONGEST_KEY],
        "headers": {"content-type": callback.headers.get("content-type", "")},
        "body": callback.body,
        "received_at": web.runtime().clock.now(),
    }


@once_more
def _keep(runtime: Runtime, row: dict[str, Any]) -> None:
    with runtime.database.autocommit.connect() as connection:
        connection.execute(insert(InboundEvent).values(row).on_conflict_do_nothing())


@again
def _keep_reply(runtime: Runtime, row: dict[str, Any], told: Reply) -> None:
    """Keep the reply and let a stop take effect, in one transaction. A repeated delivery changes nothing."""
    with runtime.database.session() as session:
        kept = insert(InboundEvent).values(row).on_conflict_do_nothing().returning(InboundEvent.id)
        if session.scalar(kept) is not None:
            replies.stop_everywhere(session, runtime, told, row["received_at"])


def _answer() -> Response:
    """Empty: nobody is texted by an answer of ours (Twilio would send the words of a TwiML answer)."""
    web.runtime().waker.soon(INTAKE)
    return Response(status=204)
