"""Many rows with one statement whose words do not depend on how many they are.

SQLAlchemy writes, and psycopg reads again, a statement with one parameter for each value: for a batch of
texts that costs more than all else. Here a batch is one JSON parameter and the statement is always the
same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, URL, ColumnElement, Row, TextClause, any_, bindparam, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Base

_DIALECT = URL.create("postgresql+psycopg").get_dialect()()


def insert_all(
    session: Session,
    model: type[Base],
    rows: Sequence[dict[str, Any]],
    *,
    on_conflict: str = "",
    returning: str = "",
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Insert rows that all have the same columns.

    Defaults of the model do not apply, those of the table do. ``on_conflict`` and ``returning`` are what
    follows these words in SQL; what is returned comes in no particular order.
    """
    if not rows:
        return []
    statement = _insert(model, tuple(rows[0]), on_conflict, returning)
    result = session.execute(statement, {"rows": json.dumps(rows, default=_plain)})
    return result.all() if returning else []


def among(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """What ``column.in_(values)`` says, with one parameter for all values."""
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type), unique=True))


@lru_cache
def _insert(model: type[Base], names: tuple[str, ...], on_conflict: str, returning: str) -> TextClause:
    quote = _DIALECT.identifier_preparer.quote
    columns = model.__table__.columns
    types = ", ".join(f"{quote(name)} {columns[name].type.compile(_DIALECT)}" for name in names)
    listed = ", ".join(map(quote, names))
    words = (
        f"INSERT INTO {quote(model.__tablename__)} ({listed}) SELECT {listed}"  # noqa: S608  (our own names)
        f" FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given({types})"
    )
    words += f" ON CONFLICT {on_conflict}" if on_conflict else ""
    return text(words + (f" RETURNING {returning}" if returning else ""))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no column's value")
