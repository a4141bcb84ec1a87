"""Stores whose shops did not answer a short while ago: they are left in peace, and hold up nobody."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.models import StoreFlag
from app.runtime import Runtime

LEFT_IN_PEACE = timedelta(minutes=1)


def silent(runtime: Runtime, name: str, store_ids: Collection[int], now: datetime) -> set[int]:
    """Which of these stores are left in peace; ``name`` says of which kind of calls."""
    with runtime.database.session() as session:
        flags = select(StoreFlag.store_id).where(
            StoreFlag.store_id.in_(store_ids),
            StoreFlag.name == name,
            StoreFlag.flagged_at > now - LEFT_IN_PEACE,
        )
        return set(session.scalars(flags))


def leave_in_peace(runtime: Runtime, name: str, store_ids: Collection[int], now: datetime) -> None:
    if not store_ids:
        return
    rows = [
        {"store_id": store_id, "name": name, "value": "", "flagged_at": now} for store_id in sorted(store_ids)
    ]
    flags = insert(StoreFlag).values(rows)
    told = {"flagged_at": flags.excluded.flagged_at}
    with runtime.database.session() as session:
        session.execute(flags.on_conflict_do_update(index_elements=["store_id", "name", "value"], set_=told))
