"""Writing the made-up past: whole tables at once, with ids from the database's own counters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import ColumnDefault, Connection, text
from sqlalchemy.dialects.postgresql import JSONB

from app.models import Base
from flows.sample_history.past import Past, Row

POINTS_TO = {
    "contact_id": "contact",
    "cart_id": "cart",
    "enrollment_id": "enrollment",
    "message_id": "message",
    "delivery_id": "delivery",
    "link_id": "link",
    "order_id": "order",
    "subject_id": "cart",
}
TABLES = (
    "contact",
    "consent_event",
    "consent",
    "cart",
    "cart_key",
    "enrollment",
    "discount",
    "message",
    "message_once",
    "delivery",
    "usage",
    "link",
    "click",
    "reply",
    "sender_contact",
    "timeline_entry",
    "order",
    "order_key",
    "recovery",
)
"""In the order in which rows may point to each other."""

NEXT_IDS = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")


def write(connection: Connection, past: Past, store_id: int, flow_id: int) -> None:
    """Insert all rows of the past for this store."""
    own = {"store_id": store_id, "flow_id": flow_id, "lane": str(store_id)}
    ids: dict[str, list[int]] = {}
    for name in TABLES:
        rows = past.rows[name]
        if "id" in Base.metadata.tables[name].c:
            values = {"table": f'"{name}"', "count": len(rows)}
            ids[name] = sorted(connection.scalars(NEXT_IDS, values))
        _copy(connection, name, list(_finished(name, rows, ids, own)))


def _finished(name: str, rows: Sequence[Row], ids: dict[str, list[int]], own: Row) -> Iterator[Row]:
    """Rows with real ids instead of places, and with what all rows of the store have."""
    columns = Base.metadata.tables[name].c
    defaults = {
        column.name: column.default.arg
        for column in columns
        if isinstance(column.default, ColumnDefault) and column.default.is_scalar
    }
    shared = defaults | {column: value for column, value in own.items() if column in columns}
    for place, row in enumerate(rows):
        pointers = {
            column: None if row[column] is None else ids[table][row[column]]
            for column, table in POINTS_TO.items()
            if column in row
        }
        identity = {"id": ids[name][place]} if name in ids else {}
        yield shared | row | pointers | identity


def _copy(connection: Connection, name: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    columns = Base.metadata.tables[name].c
    names = list(rows[0])
    json_names = {column for column in names if isinstance(columns[column].type, JSONB)}
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with _cursor(connection) as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_written(row[column], column in json_names) for column in names])


def _written(value: Any, json: bool) -> Any:
    return Jsonb(value) if json and value is not None else value


def _cursor(connection: Connection) -> Any:
    """psycopg's own cursor, in the transaction of this connection."""
    return connection.connection.cursor()
