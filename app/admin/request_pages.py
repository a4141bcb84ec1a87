"""The screen of requests: who asked for their data or to be erased, by when it is due, and the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Response, abort, make_response, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access, readable, spoken
from app.admin import page
from app.admin.paging import Page, Place, read_page, read_place
from app.crypto import random_token
from app.models import ComplianceRequest, DataExport, Store
from app.queue import UPKEEP
from app.web import runtime
from connectors.events import RequestKind
from flows import compliance, data_export, retention_rules
from flows.incoming import Incoming
from flows.traces import read_shopper

blueprint = page.screen("requests", __name__)

LONGEST_NAME = 254
WHAT = {
    "data_request": "Their data",
    "customer_redact": "To be erased",
    "store_redact": "The whole store erased",
}
WHO = {"platform": "Your store", "page": "The shopper", "merchant": "You", "operator": "The operator"}
NOBODY_NAMED = "Type a phone number or an e-mail address."
NOT_SURE = "Make sure who asks before you erase."


@dataclass(frozen=True)
class Asked:
    """What a merchant typed for a shopper: by what they are known, and whether they want to be erased."""

    name: str = ""
    erase: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """One request. ``word`` and ``tone`` say how it stands; ``export`` until ``kept_until``."""

    request: ComplianceRequest
    what: str
    who: str
    whom: str | None
    word: str
    tone: str
    export: DataExport | None
    kept_until: datetime | None


@blueprint.get("/app/requests")
def listing() -> Response:
    with runtime().database.session() as session:
        return page.show(session, "requests", **_values(session, access.visitor().store, Asked()))


@blueprint.post("/app/requests/ask")
def ask() -> AnyResponse:
    """What a shopper asked the merchant for: ``kind`` data_request, or customer_redact with ``sure``."""
    name = request.form.get("name", "").strip()[:LONGEST_NAME]
    asked = Asked(name, request.form.get("kind") == RequestKind.CUSTOMER_REDACT)
    kind = RequestKind.CUSTOMER_REDACT if asked.erase else RequestKind.DATA_REQUEST
    with runtime().database.session() as session:
        store, now = session.get_one(Store, access.visitor().store.id), runtime().clock.now()
        shopper = read_shopper(store, None, name) if "@" in name else read_shopper(store, name)
        errors = {} if shopper.email or shopper.phones else {"name": NOBODY_NAMED}
        if asked.erase and "sure" not in request.form:
            errors["sure"] = NOT_SURE
        if errors:
            return page.refuse(session, "requests", **_values(session, store, replace(asked, errors=errors)))
        asking = Incoming(session, runtime(), store, now, now)
        found = compliance.ask(asking, kind, shopper, compliance.MERCHANT, random_token())
        page.audit(session, f"{kind.value}_asked", request_id=found)
    runtime().waker.soon(UPKEEP)
    return page.done("requests.listing", "erased" if asked.erase else "asked")


@blueprint.get("/app/requests/<int(max=9223372036854775807):request_id>")
def show(request_id: int) -> Response:
    """The answer as a person reads it, in the shopper's language, to be printed."""
    document = _hand_over(request_id, "export_opened")
    language = next((one["language"] for one in document["derived"] if one["language"]), "en")
    store = access.visitor().store
    told = readable.sections(document, language, store.timezone)
    return make_response(spoken.render("printed.html", language, store=store.name, sections=told))


@blueprint.get("/app/requests/<int(max=9223372036854775807):request_id>/file")
def download(request_id: int) -> Response:
    """The same as a file for programs."""
    document = _hand_over(request_id, "export_downloaded")
    response = make_response(json.dumps(document, ensure_ascii=False, indent=1))
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="request-{request_id}.json"'
    return response


def _hand_over(request_id: int, action: str) -> data_export.Document:
    """The export of a request of this store, and the note that the merchant has it now."""
    with runtime().database.session() as session:
        store_id = access.visitor().store.id
        query = select(ComplianceRequest).where(
            ComplianceRequest.store_id == store_id, ComplianceRequest.id == request_id
        )
        found = session.scalar(query.with_for_update())
        export = compliance.export_of(session, found) if found else None
        if found is None or export is None:
            abort(404)
        compliance.fetched(found, export, runtime().clock.now())
        page.audit(session, action, request_id=request_id)
        document: data_export.Document = runtime().cipher.decrypt_json(export.content)
        return document


def _values(session: Session, store: Store, asked: Asked) -> dict[str, Any]:
    after = read_place(request.args.get("after", ""))
    found = _page(session, store, after)
    return {"rows": found.rows, "next": found.next, "after": after, "asked": asked}


def _page(session: Session, store: Store, after: Place | None) -> Page[Listed]:
    same = (DataExport.store_id == ComplianceRequest.store_id) & (
        DataExport.request_id == ComplianceRequest.id
    )
    query = (
        select(ComplianceRequest, DataExport)
        .outerjoin(DataExport, same)
        .where(ComplianceRequest.store_id == store.id)
    )
    now = runtime().clock.now()
    kept = timedelta(days=retention_rules.days("exports", store.retention))
    found = read_page(session, query, ComplianceRequest.received_at, after)
    return Page([_listed(asked, export, now, kept) for asked, export in found.rows], found.next)


def _listed(found: ComplianceRequest, export: DataExport | None, now: datetime, kept: timedelta) -> Listed:
    word, tone = _standing(found, export, now)
    told = found.request
    return Listed(
        request=found,
        what=WHAT.get(found.kind, found.kind),
        who=WHO.get(found.origin, found.origin),
        whom=told.get("phone") or told.get("email") or told.get("customer_id"),
        word=word,
        tone=tone,
        export=export,
        kept_until=export.made_at + kept if export else None,
    )


def _standing(found: ComplianceRequest, export: DataExport | None, now: datetime) -> tuple[str, str]:
    if found.acted_at is not None:
        return "Answered", "good"
    if found.due_at <= now:
        return "Overdue", "bad"
    return ("Ready: hand it over", "wait") if export else ("Open", "info")
