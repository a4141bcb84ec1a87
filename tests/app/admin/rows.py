"""What the pages have written: the store as it is now, and the trail of changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.models import AuditEvent, Store
from app.runtime import Runtime


def stored(runtime: Runtime, store: Store) -> Store:
    with runtime.database.session() as session:
        return session.get_one(Store, store.id)


def trail(runtime: Runtime) -> list[tuple[str, dict[str, Any]]]:
    with runtime.database.session() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
        return [(event.action, event.details) for event in events]
