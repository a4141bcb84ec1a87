"""A delivery as one durable row of the inbox, written as cheaply as a durable row can be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from app.db import once_more
from app.runtime import Runtime
from app.webhooks.known_stores import KnownStore, KnownStores
from connectors.platform import Delivery
from flows import stores

# One prepared statement outside any transaction: half the cost of an insert between BEGIN and COMMIT.
INSERT = """
    INSERT INTO inbound_event
        (source, store_id, topic, subject, dedupe_key, mentions, headers, body, received_at, triggered_at)
    VALUES
        (%(source)s, %(store_id)s, %(topic)s, %(subject)s, %(dedupe_key)s, CAST(%(mentions)s AS text[]),
         %(headers)s, %(body)b, %(received_at)s, %(triggered_at)s)
    ON CONFLICT (source, dedupe_key) DO NOTHING
"""
# PostgreSQL refuses an index entry over a third of a page; no platform's own key comes near this.
LONGEST_KEY = 500

Row = dict[str, Any]


def row_of(source: str, store: KnownStore | None, delivery: Delivery, body: bytes, now: datetime) -> Row:
    return {
        "source": source,
        "store_id": store.id if store else None,
        "topic": delivery.topic,
        "subject": _indexable(delivery.subject),
        # The store is part of the key: what one store sends can never stand in the way of another's.
        "dedupe_key": _indexable(f"{store.public_id if store else '?'}:{delivery.dedupe_key}"),
        "mentions": _array(mention for mention in delivery.mentions if len(mention) <= LONGEST_KEY),
        "headers": json.dumps(dict(delivery.notes)) if delivery.notes else "{}",
        "body": body,
        "received_at": now,
        "triggered_at": delivery.triggered_at,
    }


def _indexable(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[: LONGEST_KEY - 65]}:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _array(texts: Iterable[str]) -> str:
    """As PostgreSQL writes an array: from a list, psycopg makes it at a third of what the insert costs."""
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"


def keep(runtime: Runtime, known: KnownStores, store: KnownStore | None, row: Row) -> None:
    """Insert the row unless it is there already. Raises DBAPIError or TimeoutError of SQLAlchemy.

    Tried again where the reason lies with us: characters that PostgreSQL does not take, a store that is gone.
    """
    try:
        _insert(runtime, row)
    except (DataError, UnicodeEncodeError):
        _insert(runtime, _storable(row))
    except IntegrityError:
        if store is None:
            raise
        known.forget(store)
        _insert(runtime, row | {"store_id": None})


@once_more
def _insert(runtime: Runtime, row: Row) -> None:
    runtime.database.execute_alone(INSERT, row)


def _storable(row: Row) -> Row:
    """The row without NUL and lone surrogates: JSON can spell them, PostgreSQL cannot store them."""
    texts = {name: _plain(value) for name, value in row.items() if isinstance(value, str)}
    return row | texts | {"headers": "{}"}


def _plain(value: str) -> str:
    return value.replace("\x00", "").encode("utf-8", "ignore").decode()


def keep_uninstall(runtime: Runtime, store: KnownStore, delivery: Delivery, row: Row) -> None:
    """Insert the row and stop all sending, in one transaction.

    A worker may hold rows of the store just then; the loser of a deadlock tries again.
    """
    uninstalled_at = delivery.triggered_at or row["received_at"]
    for last_try in (False, False, True):
        try:
            with runtime.database.session() as session:
                session.connection().exec_driver_sql(INSERT, row)
                stores.uninstall(
                    session, store.id, delivery.platform_store_id, uninstalled_at, row["received_at"]
                )
        except OperationalError:
            if last_try:
                raise
        else:
            return
