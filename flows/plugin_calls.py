"""How often a shop's companion plugin may ask, and that no question of its counts twice.

In rows, so that the limit holds over all processes, and whether Redis is there or not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import PluginCall
from flows.incoming import lock

CONNECT = "connect"
MOST: dict[str, tuple[int, timedelta]] = {
    # Whoever calls proves nothing, and each call makes us ask the shop. A short time, so that a stranger who
    # uses it up keeps the merchant out for no longer than they go on.
    CONNECT: (6, timedelta(minutes=1)),
    "summary": (30, timedelta(minutes=10)),
    "export": (120, timedelta(minutes=10)),
    "erase": (120, timedelta(minutes=10)),
    "login": (10, timedelta(minutes=10)),
    "goodbye": (10, timedelta(minutes=10)),
}
"""So many calls of a kind in so long a time, for each store."""

KEPT = timedelta(minutes=15)
"""Longer than a signature is fresh, from five minutes before our clock to five after it."""


class Outcome(StrEnum):
    TAKEN = "taken"
    REPEATED = "repeated"
    TOO_MANY = "too_many"


def note(session: Session, store_id: int, kind: str, nonce: str, now: datetime) -> Outcome:
    """Count a call, one after the other in each store. One that is refused leaves no row."""
    lock(session, [(store_id, "plugin_call")])
    of_store = PluginCall.store_id == store_id
    session.execute(delete(PluginCall).where(of_store, PluginCall.called_at < now - KEPT))
    most, span = MOST[kind]
    same = select(func.count()).where(of_store, PluginCall.kind == kind, PluginCall.called_at > now - span)
    if (session.scalar(same) or 0) >= most:
        return Outcome.TOO_MANY
    row = insert(PluginCall).values(store_id=store_id, nonce=nonce, kind=kind, called_at=now)
    taken = session.scalar(row.on_conflict_do_nothing().returning(PluginCall.nonce))
    return Outcome.REPEATED if taken is None else Outcome.TAKEN
