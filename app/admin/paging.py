"""Long lists, a page at a time: the newest first, by a moment and an id, so that no row is skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

PAGE = 50

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Place:
    """Where a page of a list begins: behind the row of this moment and id."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"


@dataclass(frozen=True)
class Page(Generic[Shown]):
    """One page of a list; ``next`` is where the one after it begins."""

    rows: Sequence[Shown]
    next: Place | None


def read_place(text: str) -> Place | None:
    """The place that an address names; what is none is as if it were not there."""
    moment, _, number = text.rpartition("~")
    try:
        place = Place(datetime.fromisoformat(moment), int(number))
    except ValueError:
        return None
    return place if place.at.tzinfo and 0 <= place.id < 2**63 else None


def read_page(
    session: Session,
    query: Select[*tuple[Any, ...]],
    moment: InstrumentedAttribute[datetime],
    after: Place | None,
    size: int = PAGE,
) -> Page[Row[*tuple[Any, ...]]]:
    """A page of ``query``, whose rows begin with the model that ``moment`` is of."""
    model: Any = moment.class_
    if after:
        query = query.where(tuple_(moment, model.id) < (after.at, after.id))
    rows = session.execute(query.order_by(moment.desc(), model.id.desc()).limit(size + 1)).all()
    if len(rows) <= size:
        return Page(rows, None)
    last = rows[size - 1][0]
    return Page(rows[:size], Place(getattr(last, moment.key), last.id))
