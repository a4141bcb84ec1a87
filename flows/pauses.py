"""Pauses of stores that end by themselves: what they held is looked at as soon as they are over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import AuditEvent, Store
from app.queue import DISPATCH
from app.runtime import Runtime
from flows import due


def pause(store: Store, reason: str | None, until: datetime | None, now: datetime) -> None:
    """Hold the store's texts; None: until somebody resumes."""
    store.status, store.status_reason, store.paused_until, store.updated_at = "paused", reason, until, now


def resume(session: Session, store: Store, now: datetime) -> None:
    """Let the store's texts go on."""
    store.status, store.status_reason, store.paused_until, store.updated_at = "active", None, None, now
    due.hasten(session, store.id, "store_paused", now)


def end_over(runtime: Runtime, deadline: datetime) -> int:
    """Resume the stores whose pause has come to its end; says how many. Gates do not wait for this."""
    now = runtime.clock.now()
    with runtime.database.session() as session:
        over = session.scalars(
            select(Store)
            .where(Store.status == "paused", Store.paused_until <= now)
            .with_for_update(skip_locked=True, key_share=True)
        ).all()
        for store in over:
            resume(session, store, now)
            session.add(
                AuditEvent(store_id=store.id, actor="system", action="sending_resumed", occurred_at=now)
            )
    if over:
        runtime.waker.soon(DISPATCH)
    return len(over)
