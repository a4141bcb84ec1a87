"""Reading the audit trail for pages: one page of it, and all of it for a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Row, Select, String, cast, literal, select
from sqlalchemy.orm import Session

from app.admin import story
from app.admin.paging import PAGE, Page, Place, read_page, read_place
from app.models import AuditEvent, Person

LONGEST_FILE = 100_000
COLUMNS = ("at", "who", "actor", "action", "what", "details")
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Entry = Row[AuditEvent, str]


@dataclass(frozen=True)
class Filter:
    """Which entries are listed. What is not known is as if it were not asked for."""

    action: str | None = None
    after: Place | None = None


def read_filter(arguments: Mapping[str, str]) -> Filter:
    action = arguments.get("action", "")
    return Filter(action or None, read_place(arguments.get("after", "")))


def actions(session: Session, store_id: int) -> list[tuple[str, str]]:
    """What was ever done in this store, by name, with its words."""
    found = session.scalars(select(AuditEvent.action).where(AuditEvent.store_id == store_id).distinct())
    return sorted(((name, story.action(name)) for name in found), key=lambda pair: pair[1])


def page(session: Session, store_id: int, wanted: Filter, size: int = PAGE) -> Page[Entry]:
    return read_page(session, _query(store_id, wanted), AuditEvent.occurred_at, wanted.after, size)


def as_csv(session: Session, store_id: int, wanted: Filter) -> str:
    """The trail as a file, the newest first, with moments in UTC."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    query = _query(store_id, wanted).order_by(AuditEvent.occurred_at.desc(), AuditEvent.id.desc())
    for event, person in session.execute(query.limit(LONGEST_FILE)):
        writer.writerow(_safe(_cells(event, person)))
    return file.getvalue()


def _query(store_id: int, wanted: Filter) -> Select[AuditEvent, str]:
    """The entries, each with the name of the person, if a person made it."""
    named = AuditEvent.actor == literal("person:") + cast(Person.id, String)
    query = select(AuditEvent, Person.name).outerjoin(Person, named).where(AuditEvent.store_id == store_id)
    if wanted.action:
        query = query.where(AuditEvent.action == wanted.action)
    return query


def _cells(event: AuditEvent, person: str | None) -> tuple[str, ...]:
    details = json.dumps(event.details, ensure_ascii=False)
    at = event.occurred_at.isoformat()
    return at, person or event.actor, event.actor, event.action, story.audited(event), details


def _safe(cells: Iterable[str]) -> list[str]:
    """A cell that begins like a formula is a formula to spreadsheets: a quote in front makes it a text."""
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]
