"""What intake works with while it applies one event, and the locks that keep two workers apart."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Store
from app.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event on its way into the rows of one store.

    ``now`` is when it is applied, ``received_at`` when it reached us, ``triggered_at`` when the platform
    says that it happened. ``event_id`` is the inbox row, None for what we asked the platform ourselves.
    ``locked`` are the locks that the transaction holds already.
    """

    session: Session
    runtime: Runtime
    store: Store
    now: datetime
    received_at: datetime
    triggered_at: datetime | None = None
    event_id: int | None = None
    dedupe_key: str = ""
    locked: set[int] = field(default_factory=set)

    @property
    def happened_at(self) -> datetime:
        return self.triggered_at or self.received_at

    def seal(self, secret: str | None) -> str | None:
        """Encrypted, as addresses that show what a shopper typed are stored."""
        return self.runtime.cipher.encrypt(secret) if secret else None


LOCK = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


def lock(session: Session, names: Iterable[tuple[int, str]], held: Collection[int] = ()) -> set[int]:
    """Wait for, and take until the transaction ends, the locks of these (store, name) pairs.

    Always in one order, so that two workers that need the same carts cannot wait for each other.
    Returns all locks that are held now.
    """
    wanted = {_lock_key(store_id, name) for store_id, name in names}
    missing = sorted(wanted.difference(held))
    if missing:
        session.execute(LOCK, {"keys": missing})
    return wanted.union(held)


def _lock_key(store_id: int, name: str) -> int:
    digest = hashlib.blake2b(f"{store_id}:{name}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
