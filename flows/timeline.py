"""A cart's story: one line per event, text, click and reason why nothing was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.models import TimelineEntry
from flows import bulk

# A cart that is looked at again and still waits for the same thing has nothing new to tell.
REPEATING = frozenset({"held", "waited"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line to write. ``kind`` is one of those that ``TimelineEntry`` names."""

    store_id: int
    cart_id: int
    kind: str
    occurred_at: datetime
    reason: str | None = None
    step_key: str | None = None
    message_id: int | None = None
    until: datetime | None = None
    details: dict[str, Any] = field(default_factory=dict)


_COLUMNS = tuple(column.name for column in fields(Line))


def record(
    session: Session,
    store_id: int,
    cart_id: int,
    kind: str,
    now: datetime,
    *,
    reason: str | None = None,
    step_key: str | None = None,
    message_id: int | None = None,
    until: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write one line; a held or waited line that only repeats the last one moves its ``until`` instead."""
    record_all(
        session, [Line(store_id, cart_id, kind, now, reason, step_key, message_id, until, details or {})]
    )


def record_all(session: Session, lines: Sequence[Line]) -> None:
    """Write many lines with as few statements as possible, in the order given."""
    last = _last_lines(session, [line for line in lines if line.kind in REPEATING])
    fresh = []
    for line in lines:
        before = last.get((line.store_id, line.cart_id))
        if before is not None and _repeats(before, line):
            _move_until(session, before, line)
        else:
            fresh.append(line)
    bulk.insert_all(session, TimelineEntry, [_row(line) for line in fresh])


def _row(line: Line) -> dict[str, Any]:
    return {column: getattr(line, column) for column in _COLUMNS}


def _last_lines(session: Session, lines: Sequence[Line]) -> dict[tuple[int, int], TimelineEntry]:
    if not lines:
        return {}
    carts = sorted({(line.store_id, line.cart_id) for line in lines})
    found = session.scalars(
        select(TimelineEntry)
        .ext(distinct_on(TimelineEntry.store_id, TimelineEntry.cart_id))
        .where(tuple_(TimelineEntry.store_id, TimelineEntry.cart_id).in_(carts))
        .order_by(
            TimelineEntry.store_id,
            TimelineEntry.cart_id,
            TimelineEntry.occurred_at.desc(),
            TimelineEntry.id.desc(),
        )
    )
    return {(entry.store_id, entry.cart_id): entry for entry in found}


def _repeats(before: TimelineEntry, line: Line) -> bool:
    return (before.kind, before.reason, before.step_key) == (line.kind, line.reason, line.step_key)


def _move_until(session: Session, before: TimelineEntry, line: Line) -> None:
    if before.until == line.until:
        return
    session.execute(
        update(TimelineEntry)
        .where(TimelineEntry.store_id == before.store_id, TimelineEntry.id == before.id)
        .values(until=line.until)
    )
