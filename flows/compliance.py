"""Who asked for their data or to be erased: recorded with the earliest deadline of any law, and acted on.

``ask`` is the one way in, whoever asks: a platform's webhook, a platform's own tools, the preference page,
the merchant or the operator. An erasure is done at once; a data request is answered by upkeep within
minutes with an export, which the merchant fetches and hands on.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import ComplianceRequest, DataExport, Store
from app.runtime import Runtime
from connectors.events import ComplianceRequested, RequestKind
from flows import data_export, erasure
from flows.conflicts import is_database_away
from flows.faults import UNAPPLICABLE, sentence
from flows.incoming import Incoming
from flows.traces import Shopper, read_shopper

log = structlog.get_logger()

PLATFORM, PAGE, MERCHANT, OPERATOR = "platform", "page", "merchant", "operator"

# Shopify, "Privacy law compliance", read 2026-11: act within 30 days.
PLATFORM_DAYS = timedelta(days=30)
# CCPA, Cal. Civ. Code 1798.130(a)(2): 45 days.
CCPA_DAYS = timedelta(days=45)
BATCH = 20


def due_at(received_at: datetime) -> datetime:
    """The earliest deadline: one month (GDPR Art. 12(3)), 45 days (CCPA), 30 days (the platform)."""
    return min(_a_month_later(received_at), received_at + CCPA_DAYS, received_at + PLATFORM_DAYS)


def see(incoming: Incoming, asked: ComplianceRequested) -> None:
    """What a platform asked for by webhook. Only once: a repeated delivery changes nothing."""
    shopper = read_shopper(
        incoming.store, asked.phone, asked.email, asked.customer_id, tuple(asked.order_ids)
    )
    name = asked.request_id or incoming.dedupe_key
    if asked.kind is RequestKind.STORE_REDACT:
        _ask_for_store(incoming, asked, name)
    else:
        ask(incoming, asked.kind, shopper, PLATFORM, name, request_id=asked.request_id)


def ask(
    incoming: Incoming,
    kind: RequestKind,
    shopper: Shopper,
    origin: str,
    name: str,
    *,
    request_id: str | None = None,
) -> int | None:
    """Record that somebody asked for the data of a shopper or for their erasure, and erase at once.

    ``name`` tells this request from others of its kind in the store: asked again by the same name, it is
    recorded once and nothing happens. Returns the request's id, None for a repeated one. For
    ``data_request`` the caller may wake upkeep; the export is there within minutes.
    """
    told = _told(shopper, request_id, whole=kind is RequestKind.DATA_REQUEST)
    found = _record(incoming, kind, told, origin, name)
    if found is not None and kind is RequestKind.CUSTOMER_REDACT:
        erased = erasure.erase_person(incoming, shopper)
        result = "erased" + _without(erased.left_out, names=False)
        _answer(incoming.session, incoming.store.id, found, result, incoming.now)
    return found


def note_answered(incoming: Incoming, origin: str, name: str, result: str) -> None:
    """Record a data request that was answered on the spot."""
    found = _record(incoming, RequestKind.DATA_REQUEST, {}, origin, name)
    if found is not None:
        _answer(incoming.session, incoming.store.id, found, result, incoming.now)


def drain(runtime: Runtime, deadline: datetime) -> int:
    """Answer the data requests that wait; says how many."""
    count = 0
    while runtime.clock.now() < deadline:
        with runtime.database.session() as session:
            waiting = _open_requests(session)
            for request in waiting:
                _try_export(session, runtime, request)
        count += len(waiting)
        if len(waiting) < BATCH:
            break
    return count


def overdue(session: Session, now: datetime, store_id: int | None = None) -> int:
    """The requests that nobody has answered in time: neither acted on, nor the export fetched."""
    return _count(session, store_id, ComplianceRequest.due_at <= now)


def open_count(session: Session, store_id: int | None = None) -> int:
    """The requests that are not answered yet."""
    return _count(session, store_id)


def _count(session: Session, store_id: int | None, *more: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(ComplianceRequest).where(UNANSWERED, *more)
    if store_id is not None:
        query = query.where(ComplianceRequest.store_id == store_id)
    return session.scalar(query) or 0


UNANSWERED = ComplianceRequest.acted_at.is_(None)


def export_of(session: Session, request: ComplianceRequest) -> DataExport | None:
    """The file that answers a request, as long as it is kept."""
    same = (DataExport.store_id == request.store_id) & (DataExport.request_id == request.id)
    return session.scalar(select(DataExport).where(same))


def fetched(request: ComplianceRequest, export: DataExport, now: datetime) -> None:
    """The merchant has the file: the request is answered."""
    export.fetched_at = export.fetched_at or now
    if request.acted_at is None:
        request.acted_at, request.result = now, "handed to the merchant"


def _open_requests(session: Session) -> Sequence[ComplianceRequest]:
    """Data requests without an export, the most urgent first; nobody else works on them meanwhile."""
    made = select(DataExport.id).where(
        DataExport.store_id == ComplianceRequest.store_id, DataExport.request_id == ComplianceRequest.id
    )
    return session.scalars(
        select(ComplianceRequest)
        .where(
            UNANSWERED,
            ComplianceRequest.kind == RequestKind.DATA_REQUEST.value,
            ~made.exists(),
            ComplianceRequest.request != {},
        )
        .order_by(ComplianceRequest.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()


def _try_export(session: Session, runtime: Runtime, request: ComplianceRequest) -> None:
    """An export that cannot be made keeps no other back: its request stays open and is watched."""
    try:
        with session.begin_nested():
            _export(session, runtime, request)
    except UNAPPLICABLE as error:
        if is_database_away(error):
            raise
        log.warning("export_failed", request_id=request.id, store_id=request.store_id, error=sentence(error))


def _export(session: Session, runtime: Runtime, request: ComplianceRequest) -> None:
    store, now = session.get_one(Store, request.store_id), runtime.clock.now()
    told = request.request
    names = told.get("phone"), told.get("email"), told.get("customer_id")
    shopper = read_shopper(store, *names, tuple(told.get("orders", ())))
    document = data_export.build(session, runtime, store, shopper, now)
    if data_export.is_empty(document):
        request.acted_at, request.result, request.request = now, "nothing is stored", {}
        return
    content = runtime.cipher.encrypt_json(document)
    session.add(DataExport(store_id=store.id, request_id=request.id, content=content, made_at=now))
    left_out = document["left_out"]
    request.result = "the export is ready" + _without(left_out["numbers"], names=left_out["names"])


def _without(numbers: int, *, names: bool) -> str:
    """What is said of what was left alone, so that whoever hands on the answer can ask again."""
    if names:
        return ", without names and e-mail addresses: several are known with the number"
    if not numbers:
        return ""
    return f", but for {numbers} phone number(s) that may be somebody else's: ask by the number itself"


def _ask_for_store(incoming: Incoming, asked: ComplianceRequested, name: str) -> None:
    """Erase the whole store. What may not be done stays open, with the reason, for the operator to see."""
    found = _record(incoming, asked.kind, _told(Shopper(), asked.request_id, whole=False), PLATFORM, name)
    if found is None:
        return
    refusal = _why_not(incoming, asked)
    if refusal is None:
        erasure.erase_store(incoming)
    else:
        log.warning("store_redact_refused", store_id=incoming.store.id)
        _answer(incoming.session, incoming.store.id, found, refusal, None)


def _told(shopper: Shopper, request_id: str | None, *, whole: bool) -> dict[str, object]:
    """What the request's row says of whom it is about. An erasure keeps nothing of whom it erased."""
    told: dict[str, object] = {"orders": list(shopper.order_ids), "request_id": request_id}
    if whole:
        phone = next(iter(shopper.phones), shopper.typed_phone)
        told |= {"phone": phone, "email": shopper.email, "customer_id": shopper.customer_id}
    return {name: value for name, value in told.items() if value}


def _record(
    incoming: Incoming, kind: RequestKind, told: dict[str, object], origin: str, name: str
) -> int | None:
    """The request's row; None if it is there already."""
    row = insert(ComplianceRequest).values(
        store_id=incoming.store.id,
        kind=kind.value,
        origin=origin,
        dedupe_key=name,
        inbound_event_id=incoming.event_id,
        request=told,
        received_at=incoming.received_at,
        due_at=due_at(incoming.received_at),
    )
    return incoming.session.scalar(row.on_conflict_do_nothing().returning(ComplianceRequest.id))


def _answer(session: Session, store_id: int, request_id: int, result: str, acted_at: datetime | None) -> None:
    session.execute(
        update(ComplianceRequest)
        .where(ComplianceRequest.store_id == store_id, ComplianceRequest.id == request_id)
        .values(acted_at=acted_at, result=result)
    )


def _why_not(incoming: Incoming, asked: ComplianceRequested) -> str | None:
    """Why a store may not be erased. Only the body is signed: its shop id must be the store's own."""
    if incoming.store.status != "uninstalled":
        return "the store is installed"
    if asked.platform_store_id is None or asked.platform_store_id != incoming.store.platform_store_id:
        return "the request names another shop"
    return None


def _a_month_later(moment: datetime) -> datetime:
    """The same day of the next month, or its last day where there is no such day."""
    year, month = moment.year + moment.month // 12, moment.month % 12 + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
