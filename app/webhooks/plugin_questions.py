"""``POST /webhooks/woocommerce/<public store id>/questions``: the companion plugin asks and waits.

Signed with the secret of its events, under a name of its own. A question counts once, and there is a limit to
them; both are noted in the transaction that answers, so one that failed may be asked again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from flask import Response, abort, jsonify, request
from sqlalchemy import func, select

from app import logins, readable, web
from app.models import Enrollment, Store
from app.webhooks import door
from app.webhooks.known_stores import KnownStore
from connectors.platform import Malformed
from connectors.woocommerce import plugin_events, plugin_questions
from connectors.woocommerce.plugin_questions import Asked
from flows import audit, connections, installation, plugin_calls, shop_requests, stats
from flows.incoming import Incoming

log = structlog.get_logger()
blueprint = door.make_blueprint("plugin_questions", __name__)

ROWS_A_PAGE = 100
SUMMARY_DAYS = 30
ENGLISH = "en"
Row = tuple[tuple[str, str], ...]
REFUSALS = {
    plugin_calls.Outcome.REPEATED: (409, "This question was answered before."),
    plugin_calls.Outcome.TOO_MANY: (429, "The shop asks too often. Try again in some minutes."),
}


@blueprint.post("/webhooks/woocommerce/<public_id>/questions")
def questions(public_id: str) -> Response:
    """JSON in, JSON out; a refusal has its reason as ``error``."""
    known, now = door.known_stores(), web.runtime().clock.now()
    store = known.by_public_id("woocommerce", public_id, now)
    if store is None:
        abort(404)
    headers, body = door.platform_headers(request), request.get_data(cache=False)
    if len(body) > plugin_questions.LONGEST:
        return _refuse(413, "The question is too long.")
    if not plugin_questions.verify(headers, body, store.plugin_secrets):
        # The secret may have been replaced since we read it.
        store = known.read_again("woocommerce", store, now)
        if store is None or not plugin_questions.verify(headers, body, store.plugin_secrets):
            log.warning("plugin_question_unsigned", store_id=store.id if store else None)
            return _refuse(401, "The signature does not fit the question.")
    if not plugin_events.is_fresh(headers, now):
        return _refuse(401, "Signed more than five minutes ago, or by a clock that is wrong.")
    try:
        asked = plugin_questions.read(headers, body)
    except Malformed as error:
        return _refuse(400, str(error))
    return _answer(store, asked)


def _answer(known: KnownStore, asked: Asked) -> Response:
    runtime = web.runtime()
    now = runtime.clock.now()
    with runtime.database.session() as session:
        outcome = plugin_calls.note(session, known.id, asked.kind, asked.nonce, now)
        if outcome is not plugin_calls.Outcome.TAKEN:
            return _refuse(*REFUSALS[outcome])
        incoming = Incoming(session, runtime, session.get_one(Store, known.id), now, now)
        told = ANSWERS[asked.kind](incoming, asked)
    if asked.kind == plugin_questions.GOODBYE:
        door.known_stores().forget(known)
    log.info("plugin_asked", store_id=known.id, kind=asked.kind)
    return _json(told, 200)


def _summary(incoming: Incoming, asked: Asked) -> dict[str, Any]:
    """The last thirty days of the store's own zone, today included, as the overview counts them."""
    session, store = incoming.session, incoming.store
    today = stats.local_day(incoming.now, store.timezone)
    total = stats.overview(session, store.id, today - timedelta(days=SUMMARY_DAYS - 1), today).total
    waiting = select(func.count(func.distinct(Enrollment.subject_id))).where(
        Enrollment.store_id == store.id, Enrollment.subject_type == "cart", Enrollment.state == "active"
    )
    return {
        "days": SUMMARY_DAYS,
        "orders": total.orders,
        "revenue": {currency: str(amount) for currency, amount in sorted(total.revenue.items())},
        "texts": total.texts,
        "carts_waiting": session.scalar(waiting) or 0,
        "status": store.status,
    }


def _export(incoming: Incoming, asked: Asked) -> dict[str, Any]:
    """One page of what is stored, in words, each row with its kind. The last page counts as the answer."""
    document = shop_requests.document(incoming, asked)
    told = _in_words(document, incoming.store.timezone)
    end = asked.page * ROWS_A_PAGE
    if end >= len(told):
        shop_requests.note_handed(incoming, asked)
    rows = [{"kind": kind, "fields": row} for kind, row in told[end - ROWS_A_PAGE : end]]
    return {"rows": rows, "done": end >= len(told), "left_out": document["left_out"]["numbers"]}


def _in_words(document: dict[str, Any], zone: str) -> list[tuple[str, Row]]:
    """The rows in words, those of one kind together; of rows that say the same one is enough."""
    language = next((one["language"] for one in document["derived"] if one["language"]), ENGLISH)
    sections = readable.sections(document, language, zone)
    return [(one.kind, row) for one in sections for row in dict.fromkeys(tuple(row) for row in one.rows)]


def _erase(incoming: Incoming, asked: Asked) -> dict[str, Any]:
    erased, left_out = shop_requests.erase(incoming, asked)
    return {"erased": erased, "left_out": left_out}


def _login(incoming: Incoming, asked: Asked) -> dict[str, Any]:
    """A way in, once and soon, for the user who pressed the button; who may press it the plugin decides."""
    session, store, now = incoming.session, incoming.store, incoming.now
    person = installation.woocommerce_person(session, store, asked.user or "", now)
    token = logins.make_login_link(session, store, person, now, logins.SHOP_SESSION_LIFE)
    audit.record(session, store.id, f"person:{person.id}", "login_link_made", now)
    return {"url": f"{incoming.runtime.settings.public_url}/login/{token}"}


def _say_goodbye(incoming: Incoming, asked: Asked) -> dict[str, Any]:
    """The plugin was disconnected or deleted: its secret signs nothing any more. The shop stays connected."""
    session, store = incoming.session, incoming.store
    connections.forget_credential(session, store.id, connections.WOOCOMMERCE_PLUGIN)
    actor = f"woocommerce:{asked.user}" if asked.user else audit.PLATFORM
    audit.record(session, store.id, actor, "plugin_disconnected", incoming.now)
    return {}


ANSWERS = {
    plugin_questions.SUMMARY: _summary,
    plugin_questions.EXPORT: _export,
    plugin_questions.ERASE: _erase,
    plugin_questions.LOGIN: _login,
    plugin_questions.GOODBYE: _say_goodbye,
}


def _refuse(status: int, reason: str) -> Response:
    return _json({"error": reason}, status)


def _json(content: dict[str, Any], status: int) -> Response:
    response = jsonify(content)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
