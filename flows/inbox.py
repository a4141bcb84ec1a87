"""The inbox: what came from outside, applied in order per subject, by as many workers as there are.

A worker takes the first waiting event of many subjects in one transaction; another worker skips
these, and nobody takes an event while an earlier one of its subject waits. Each event has a savepoint
of its own, so that what goes wrong with one stays with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.models import InboundEvent, Store
from app.queue import INTAKE
from app.runtime import Runtime
from flows import audit, connections, intake, receipts, replies
from flows.conflicts import PAUSES, again, is_conflict
from flows.faults import UNAPPLICABLE, sentence
from flows.incoming import Incoming, lock

log = structlog.get_logger()

BATCH = 50
CALLBACKS = {"receipt": receipts.apply, "reply": replies.apply}
# The erasure of a person comes after everything that was said about the person before it.
ERASING = ["customers/redact"]

# Written as one range over the waiting rows, so that order costs an index probe and no query per row.
FIRST_OF_EACH_SUBJECT = text(
    """
    SELECT id FROM inbound_event AS waiting
    WHERE state = 'pending' AND (retry_at IS NULL OR retry_at <= :now)
      AND NOT EXISTS (
          SELECT FROM inbound_event AS earlier
          WHERE earlier.state = 'pending' AND earlier.source = waiting.source
            AND earlier.subject = waiting.subject
            AND earlier.store_id IS NOT DISTINCT FROM waiting.store_id AND earlier.id < waiting.id
      )
      AND NOT (waiting.topic = ANY(CAST(:erasing AS text[])) AND EXISTS (
          SELECT FROM inbound_event AS earlier
          WHERE earlier.state = 'pending' AND earlier.store_id = waiting.store_id
            AND earlier.mentions && waiting.mentions AND earlier.id < waiting.id
      ))
    ORDER BY id LIMIT :limit
    FOR UPDATE SKIP LOCKED
    """
)


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction's work. ``locked`` are the locks of everything that its events mention."""

    session: Session
    runtime: Runtime
    now: datetime
    stores: dict[int, Store]
    locked: set[int]


def drain(runtime: Runtime, deadline: datetime | None = None) -> int:
    """Apply what waits, until nothing is left or ``deadline`` is reached; says how many events that were."""
    count = 0
    while deadline is None or runtime.clock.now() < deadline:
        taken = _apply_some(runtime)
        if not taken:
            break
        count += taken
    return count


def replay(runtime: Runtime, event_ids: Collection[int] | None = None) -> int:
    """Let failed events be applied again, those named or all; one whose body is erased stays failed."""
    failed = update(InboundEvent).where(InboundEvent.state == "failed", InboundEvent.body.is_not(None))
    if event_ids is not None:
        failed = failed.where(InboundEvent.id.in_(event_ids))
    fresh = failed.values(state="pending", attempts=0, error=None, retry_at=None)
    with runtime.database.session() as session:
        stores = list(session.scalars(fresh.returning(InboundEvent.store_id)))
        for store_id in sorted(set(filter(None, stores))):
            audit.record(session, store_id, audit.OPERATOR, "events_retried", runtime.clock.now())
    runtime.waker.soon(INTAKE)
    return len(stores)


@again
def _apply_some(runtime: Runtime) -> int:
    now = runtime.clock.now()
    with runtime.database.session() as session:
        ids = session.scalars(FIRST_OF_EACH_SUBJECT, {"now": now, "limit": BATCH, "erasing": ERASING}).all()
        if not ids:
            return 0
        events = session.scalars(
            select(InboundEvent).where(InboundEvent.id.in_(ids)).order_by(InboundEvent.id)
        ).all()
        batch = _open_batch(session, runtime, events, now)
        done: dict[str, list[int]] = {"applied": [], "ignored": []}
        for event in events:
            state = _apply_safely(batch, event)
            if state is not None:
                done[state].append(event.id)
        for state, finished in done.items():
            _finish(session, finished, state, now)
    return len(ids)


def _open_batch(session: Session, runtime: Runtime, events: Sequence[InboundEvent], now: datetime) -> Batch:
    """All locks of the batch at once, in one order, so that two batches never wait for each other."""
    named = [(event.store_id, mention) for event in events if event.store_id for mention in event.mentions]
    locked = lock(session, [(store_id, mention) for store_id, mention in named if store_id])
    ids = {event.store_id for event in events if event.store_id is not None}
    stores = {store.id: store for store in session.scalars(select(Store).where(Store.id.in_(ids)))}
    return Batch(session, runtime, now, stores, locked)


def _finish(session: Session, ids: Sequence[int], state: str, now: datetime) -> None:
    if ids:
        done = update(InboundEvent).where(InboundEvent.id.in_(ids))
        values = {"state": state, "applied_at": now, "error": None, "retry_at": None}
        session.execute(done.values(**values).execution_options(synchronize_session=False))


def _apply_safely(batch: Batch, event: InboundEvent) -> str | None:
    """The event's state afterwards; None if it failed, or is to be tried again."""
    event_id, savepoint = event.id, batch.session.begin_nested()
    try:
        state = _apply(batch, event)
        savepoint.commit()
    except UNAPPLICABLE as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        savepoint.rollback()
        _fail(batch, event_id, error)
        return None
    return state


def _apply(batch: Batch, event: InboundEvent) -> str:
    if event.source.startswith("sms:"):
        return _apply_callback(batch, event)
    store = batch.stores.get(event.store_id) if event.store_id is not None else None
    # A store or a body may have been erased by an earlier event of this very batch.
    if store is None or store not in batch.session or event.body is None:
        return "ignored"
    told = connections.platform(event.source).events(event.topic, event.body, event.received_at)
    concerning = [one for one in told if intake.concerns(store, one)]
    incoming = Incoming(
        batch.session,
        batch.runtime,
        store,
        batch.now,
        event.received_at,
        event.triggered_at,
        event.id,
        event.dedupe_key,
        # What is locked within a savepoint is unlocked with it: each event counts from the batch's locks.
        set(batch.locked),
    )
    for one in concerning:
        intake.take(incoming, one)
    return "applied" if concerning else "ignored"


def _apply_callback(batch: Batch, event: InboundEvent) -> str:
    """A receipt or a reply of an SMS provider: ``sms:<provider>:receipt|reply``."""
    CALLBACKS[event.source.rpartition(":")[2]](batch.session, batch.runtime, event)
    return "applied"


def _fail(batch: Batch, event_id: int, error: BaseException) -> None:
    """Keep the error where the merchant and the operator see it, or try again after a mere conflict."""
    event = batch.session.get_one(InboundEvent, event_id)
    event.attempts += 1
    if is_conflict(error) and event.attempts <= len(PAUSES):
        event.retry_at = batch.now + PAUSES[event.attempts - 1]
        return
    event.state, event.error = "failed", sentence(error)
    log.warning(
        "event_failed",
        event_id=event.id,
        source=event.source,
        store_id=event.store_id,
        topic=event.topic,
        error=event.error,
    )
