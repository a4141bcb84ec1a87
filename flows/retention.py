"""What is erased when its time is over, and what is encrypted anew; in batches, each its own transaction.

Every store once a day, as far as the time goes; the next run takes up the stores that are left. What was
erased is written down per store, day and kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import (
    Cart,
    Credential,
    DataExport,
    Handshake,
    InboundEvent,
    LoginLink,
    LoginSession,
    Order,
    ProofAttempt,
    Reply,
    RetentionRun,
    Store,
)
from app.runtime import Runtime
from flows import retention_kinds, retention_rules
from flows.incoming import Incoming

log = structlog.get_logger()

BATCH = 1_000
STORES = 50
OLD_LOGINS = timedelta(days=30)
OLD_ATTEMPTS = timedelta(days=7)
OLD_RUNS = timedelta(days=400)


def run(runtime: Runtime, deadline: datetime) -> None:
    """Everything that is due today and was not done yet; what is left over goes on with the next run."""
    bodies = erase_bodies(runtime, deadline)
    forget_logins(runtime)
    forget_the_rest(runtime)
    stores = erase_old(runtime, deadline)
    renewed = renew_encryption(runtime, deadline) if stores else 0
    log.info("retention_done", bodies=bodies, stores=stores, secrets=renewed)


def erase_old(runtime: Runtime, deadline: datetime) -> int:
    """Erase in every store what is older than its kind is kept; says how many stores were finished."""
    count = 0
    while runtime.clock.now() < deadline:
        with runtime.database.session() as session:
            waiting = _waiting(session, runtime.clock.now())
        for store_id in waiting:
            if not _erase_in_store(runtime, store_id, deadline):
                return count
            count += 1
        if len(waiting) < STORES:
            break
    return count


def limits(store: Store, now: datetime) -> dict[str, datetime]:
    """By kind, the moment before which data of a store have had their time."""
    wishes = store.retention
    return {
        kind: now - timedelta(days=retention_rules.days(kind, wishes)) for kind in retention_rules.rules()
    }


def _waiting(session: Session, now: datetime) -> Sequence[int]:
    """The stores that were not done today, those first that wait longest."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(Store.id).where(or_(Store.retained_at.is_(None), Store.retained_at < today))
    return session.scalars(query.order_by(Store.retained_at.nulls_first(), Store.id).limit(STORES)).all()


def _erase_in_store(runtime: Runtime, store_id: int, deadline: datetime) -> bool:
    """All kinds of one store; false if the time was up before the end."""
    for kind, erase in retention_kinds.KINDS:
        erased = BATCH
        while erased >= BATCH:
            now = runtime.clock.now()
            if now >= deadline:
                return False
            erased = _erase_batch(runtime, store_id, kind, erase, now)
    with runtime.database.session() as session:
        session.execute(update(Store).where(Store.id == store_id).values(retained_at=runtime.clock.now()))
    return True


Erase = Callable[[Incoming, datetime, int], int]


def _erase_batch(runtime: Runtime, store_id: int, kind: str, erase: Erase, now: datetime) -> int:
    with runtime.database.session() as session:
        store = session.get(Store, store_id)
        if store is None:
            return 0
        erased = erase(Incoming(session, runtime, store, now, now), limits(store, now)[kind], BATCH)
        if erased:
            _note(session, store_id, kind, erased, now)
    return erased


def _note(session: Session, store_id: int, kind: str, erased: int, now: datetime) -> None:
    row = {"store_id": store_id, "day": now.date(), "kind": kind, "erased": erased, "finished_at": now}
    note = insert(RetentionRun).values(row)
    session.execute(
        note.on_conflict_do_update(
            index_elements=["store_id", "day", "kind"],
            set_={"erased": RetentionRun.erased + erased, "finished_at": now},
        )
    )
    log.info("data_erased", store_id=store_id, kind=kind, rows=erased)


def erase_bodies(runtime: Runtime, deadline: datetime) -> int:
    """Erase the raw bodies of applied events after 14 days, of failed ones after 30, and what else of them
    names somebody."""
    applied, failed = (
        timedelta(days=retention_rules.days(kind)) for kind in ("applied_bodies", "failed_bodies")
    )
    values: dict[str, Any] = {"body": None, "mentions": [], "headers": {}, "subject": ""}
    count = 0
    while runtime.clock.now() < deadline:
        now = runtime.clock.now()
        old = (
            select(InboundEvent.id)
            .where(
                InboundEvent.body.is_not(None),
                or_(
                    InboundEvent.state.in_(("applied", "ignored"))
                    & (InboundEvent.received_at < now - applied),
                    InboundEvent.received_at < now - failed,
                ),
            )
            .order_by(InboundEvent.received_at)
            .limit(BATCH)
        )
        with runtime.database.session() as session:
            ids = session.scalars(old).all()
            session.execute(update(InboundEvent).where(InboundEvent.id.in_(ids)).values(**values))
        count += len(ids)
        if len(ids) < BATCH:
            break
    return count


def forget_logins(runtime: Runtime) -> None:
    """Links, sessions and handshakes that can no longer be used."""
    before = runtime.clock.now() - OLD_LOGINS
    with runtime.database.session() as session:
        for table in (LoginLink, LoginSession, Handshake):
            session.execute(delete(table).where(table.expires_at < before))


def forget_the_rest(runtime: Runtime) -> None:
    """Tries to prove a number, reports of long ago, and replies that belong to no store."""
    now = runtime.clock.now()
    nobodys = now - timedelta(days=retention_rules.days("failed_bodies"))
    with runtime.database.session() as session:
        session.execute(delete(ProofAttempt).where(ProofAttempt.day < (now - OLD_ATTEMPTS).date()))
        session.execute(delete(RetentionRun).where(RetentionRun.day < (now - OLD_RUNS).date()))
        session.execute(delete(Reply).where(Reply.store_id.is_(None), Reply.received_at < nobodys))


def renew_encryption(runtime: Runtime, deadline: datetime) -> int:
    """Encrypt with the newest key whatever an older one holds, so that an old key can be taken away."""
    if len(runtime.settings.encryption_keys) < 2:
        return 0
    columns: list[tuple[Any, InstrumentedAttribute[Any]]] = [
        (Cart, Cart.restore_url),
        (Order, Order.status_url),
        (DataExport, DataExport.content),
    ]
    count = _renew_credentials(runtime)
    for table, column in columns:
        count += _renew(runtime, table, column, deadline)
    return count


def _renew_credentials(runtime: Runtime) -> int:
    with runtime.database.session() as session:
        rows = session.scalars(select(Credential).with_for_update()).all()
        for row in rows:
            row.secret = runtime.cipher.rotate(row.secret)
    return len(rows)


def _renew(runtime: Runtime, table: Any, column: InstrumentedAttribute[Any], deadline: datetime) -> int:
    """By keyset over the whole table: the cipher cannot be asked which key a secret is under."""
    last, count = 0, 0
    while runtime.clock.now() < deadline:
        with runtime.database.session() as session:
            rows = session.scalars(
                select(table)
                .where(table.id > last, column.is_not(None))
                .order_by(table.id)
                .limit(BATCH)
                .with_for_update()
            ).all()
            for row in rows:
                setattr(row, column.key, runtime.cipher.rotate(getattr(row, column.key)))
                last = row.id
        count += len(rows)
        if len(rows) < BATCH:
            break
    return count
