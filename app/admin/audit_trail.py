"""Reading the audit trail for pages: one page of it, and all of it for a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, String, cast, literal, select, tuple_
from sqlalchemy.orm import Session

from app.admin import story
from app.admin.cart_index import Place, read_place
from app.models import AuditEvent, Person

PAGE = 50
LONGEST_FILE = 100_000
COLUMNS = ("at", "who", "actor", "action", "what", "details")
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Entry = Row[AuditEvent, str]


@dataclass(frozen=True)
class Filter:
    """Which entries are listed. What is not known is as if it were not asked for."""

    action: str | None = None
    after: Place | None = None


@dataclass(frozen=True)
class TrailPage:
    """One page of the trail, the newest first; ``next`` is where the one after it begins."""

    rows: Sequence[Entry]
    next: Place | None


def read_filter(arguments: Mapping[str, str]) -> Filter:
    action = arguments.get("action", "")
    return Filter(action or None, read_place(arguments.get("after", "")))


def actions(session: Session, store_id: int) -> list[tuple[str, str]]:
    """What was ever done in this store, by name, with its words."""
    found = session.scalars(select(AuditEvent.action).where(AuditEvent.store_id == store_id).distinct())
    return sorted(((name, story.action(name)) for name in found), key=lambda pair: pair[1])


def page(session: Session, store_id: int, wanted: Filter, size: int = PAGE) -> TrailPage:
    query = _query(store_id, wanted)
    if wanted.after:
        place = (wanted.after.activity_at, wanted.after.id)
        query = query.where(tuple_(AuditEvent.occurred_at, AuditEvent.id) < place)
    rows = session.execute(query.limit(size + 1)).all()
    last = rows[size - 1][0] if len(rows) > size else None
    return TrailPage(rows[:size], Place(last.occurred_at, last.id) if last else None)


def as_csv(session: Session, store_id: int, wanted: Filter) -> str:
    """The trail as a file, the newest first, with moments in UTC."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for event, person in session.execute(_query(store_id, wanted).limit(LONGEST_FILE)):
        writer.writerow(_safe(_cells(event, person)))
    return file.getvalue()


def _query(store_id: int, wanted: Filter) -> Select[AuditEvent, str]:
    """The entries, each with the name of the person, if a person made it."""
    named = AuditEvent.actor == literal("person:") + cast(Person.id, String)
    query = select(AuditEvent, Person.name).outerjoin(Person, named).where(AuditEvent.store_id == store_id)
    if wanted.action:
        query = query.where(AuditEvent.action == wanted.action)
    return query.order_by(AuditEvent.occurred_at.desc(), AuditEvent.id.desc())


def _cells(event: AuditEvent, person: str | None) -> tuple[str, ...]:
    details = json.dumps(event.details, ensure_ascii=False)
    at = event.occurred_at.isoformat()
    return at, person or event.actor, event.actor, event.action, story.audited(event), details


def _safe(cells: Iterable[str]) -> list[str]:
    """A cell that begins like a formula is a formula to spreadsheets: a quote in front makes it a text."""
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]
