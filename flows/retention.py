"""What is erased when its time is over, and what is encrypted anew; in batches, each its own transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.models import Cart, Credential, DataExport, Handshake, InboundEvent, LoginLink, LoginSession, Order
from app.runtime import Runtime

log = structlog.get_logger()

BATCH = 1_000
APPLIED_BODIES = timedelta(days=14)
FAILED_BODIES = timedelta(days=30)
OLD_LOGINS = timedelta(days=30)


def run(runtime: Runtime, deadline: datetime) -> None:
    """Everything that is due tonight; what is left over goes on tomorrow."""
    erased = erase_bodies(runtime, deadline)
    forget_logins(runtime)
    renewed = renew_encryption(runtime, deadline)
    log.info("retention_done", bodies=erased, secrets=renewed)


def erase_bodies(runtime: Runtime, deadline: datetime) -> int:
    """Erase the raw bodies of applied events after 14 days, of failed ones after 30."""
    count = 0
    while runtime.clock.now() < deadline:
        now = runtime.clock.now()
        old = (
            select(InboundEvent.id)
            .where(
                InboundEvent.body.is_not(None),
                or_(
                    InboundEvent.state.in_(("applied", "ignored"))
                    & (InboundEvent.received_at < now - APPLIED_BODIES),
                    InboundEvent.received_at < now - FAILED_BODIES,
                ),
            )
            .order_by(InboundEvent.received_at)
            .limit(BATCH)
        )
        with runtime.database.session() as session:
            ids = session.scalars(old).all()
            session.execute(update(InboundEvent).where(InboundEvent.id.in_(ids)).values(body=None))
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
