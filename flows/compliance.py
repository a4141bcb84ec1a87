"""What platforms ask us to hand out or to erase: recorded with its deadline, and acted on.

Shopify documentation, build/compliance/privacy-law-compliance, 2026-10: answer at once, act within
30 days. A data request is the operator's to answer; erasures are done here.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from app.models import ComplianceRequest
from connectors.platform import ComplianceRequested, RequestKind
from flows import erasure
from flows.incoming import Incoming

log = structlog.get_logger()

DEADLINE = timedelta(days=30)


def see(incoming: Incoming, asked: ComplianceRequested) -> None:
    """Record the request once, and do what it asks where that is ours to do.

    What may not be done now stays open, with the reason, for the operator to see.
    """
    request_id = _record(incoming, asked)
    if request_id is None:
        return
    if asked.kind is RequestKind.CUSTOMER_REDACT:
        person = erasure.read_person(incoming, asked)
        _answer(incoming, request_id, f"erased {erasure.erase_person(incoming, person)} contacts", done=True)
    elif asked.kind is RequestKind.STORE_REDACT:
        refusal = _why_not(incoming, asked)
        if refusal is None:
            erasure.erase_store(incoming)
        else:
            log.warning("store_redact_refused", store_id=incoming.store.id)
            _answer(incoming, request_id, refusal, done=False)


def _record(incoming: Incoming, asked: ComplianceRequested) -> int | None:
    """The request's row; None if it is there already. An erasure keeps nothing of whom it erased."""
    told = {"orders": list(asked.order_ids), "request_id": asked.request_id}
    if asked.kind is RequestKind.DATA_REQUEST:
        told |= {"phone": asked.phone, "email": asked.email, "customer_id": asked.customer_id}
    row = insert(ComplianceRequest).values(
        store_id=incoming.store.id,
        kind=asked.kind.value,
        dedupe_key=asked.request_id or incoming.dedupe_key,
        inbound_event_id=incoming.event_id,
        request={name: value for name, value in told.items() if value},
        received_at=incoming.received_at,
        due_at=incoming.received_at + DEADLINE,
    )
    return incoming.session.scalar(row.on_conflict_do_nothing().returning(ComplianceRequest.id))


def _answer(incoming: Incoming, request_id: int, result: str, *, done: bool) -> None:
    incoming.session.execute(
        update(ComplianceRequest)
        .where(ComplianceRequest.store_id == incoming.store.id, ComplianceRequest.id == request_id)
        .values(acted_at=incoming.now if done else None, result=result)
    )


def _why_not(incoming: Incoming, asked: ComplianceRequested) -> str | None:
    """Why a store may not be erased. Only the body is signed: its shop id must be the store's own."""
    if incoming.store.status != "uninstalled":
        return "the store is installed"
    if asked.platform_store_id is None or asked.platform_store_id != incoming.store.platform_store_id:
        return "the request names another shop"
    return None
