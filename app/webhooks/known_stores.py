"""Which stores may deliver, kept in the process for a few seconds: a delivery then costs one statement.

What another process changes meanwhile does no harm: a delivery of a store that has just been
uninstalled is kept and ignored later, one of a store that has just been erased meets a foreign key
and is looked up again, and a signature that does not fit is tried with a freshly read secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select

from app.db import once_more
from app.models import Credential, Store
from app.runtime import Runtime
from flows.connections import WEBHOOK_SECRET, WOOCOMMERCE_PLUGIN

KEPT_FOR = timedelta(seconds=5)
# A stranger's bad signatures must not cost a query each.
READ_AGAIN_AFTER = timedelta(seconds=1)
MOST_STORES = 10_000


@dataclass(frozen=True, slots=True)
class KnownStore:
    id: int
    public_id: str
    secrets: tuple[str, ...]
    plugin_secrets: tuple[str, ...]
    read_at: datetime


class KnownStores:
    """The stores of one process by platform and name (Shopify's domain, or our public id)."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stores: dict[tuple[str, str], KnownStore] = {}

    def by_domain(self, platform: str, domain: str, now: datetime) -> KnownStore | None:
        return self._kept((platform, domain), now) or self._read(platform, Store.domain, domain, now)

    def by_public_id(self, platform: str, public_id: str, now: datetime) -> KnownStore | None:
        return self._kept((platform, public_id), now) or self._read(platform, Store.public_id, public_id, now)

    def read_again(self, platform: str, store: KnownStore, now: datetime) -> KnownStore | None:
        """The store as it is now, unless it was read just before; None if there is nothing newer."""
        if now - store.read_at < READ_AGAIN_AFTER:
            return None
        return self._read(platform, Store.public_id, store.public_id, now)

    def forget(self, store: KnownStore) -> None:
        for name in [name for name, known in list(self._stores.items()) if known.id == store.id]:
            self._stores.pop(name, None)

    def _kept(self, name: tuple[str, str], now: datetime) -> KnownStore | None:
        store = self._stores.get(name)
        return store if store and now - store.read_at < KEPT_FOR else None

    @once_more
    def _read(self, platform: str, column: Any, value: str, now: datetime) -> KnownStore | None:
        kinds = Credential.kind.in_((WEBHOOK_SECRET, WOOCOMMERCE_PLUGIN))
        query = (
            select(Store.id, Store.public_id, Credential.kind, Credential.secret)
            .outerjoin(Credential, and_(Credential.store_id == Store.id, kinds))
            .where(Store.platform == platform, column == value)
        )
        with self._runtime.database.autocommit.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            self._stores.pop((platform, value), None)
            return None
        found = {
            row.kind: self._runtime.cipher.decrypt_json(row.secret)["secret"] for row in rows if row.kind
        }
        if len(self._stores) >= MOST_STORES:
            self._stores.clear()
        store = self._stores[platform, value] = KnownStore(
            id=rows[0].id,
            public_id=rows[0].public_id,
            secrets=tuple(found[kind] for kind in (WEBHOOK_SECRET,) if kind in found),
            plugin_secrets=tuple(found[kind] for kind in (WOOCOMMERCE_PLUGIN,) if kind in found),
            read_at=now,
        )
        return store
