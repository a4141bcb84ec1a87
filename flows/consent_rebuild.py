"""The current state of every number of a store, derived again from what was said: it must not differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from app.models import Consent, ConsentEvent, Store
from app.runtime import Runtime
from flows import consents
from flows.conflicts import again
from flows.held import HASHED

BATCH = 200


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A number, and how it stood before and stands now, such as ``given, confirmed`` or ``withdrawn``."""

    phone: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


def rebuild(runtime: Runtime, store: Store) -> Iterator[Rebuilt]:
    """Derive every number again, a batch in a transaction, in the order of numbers; mends as it goes."""
    behind = ""
    while batch := _rebuild_batch(runtime, store.id, behind):
        yield from batch
        behind = batch[-1].phone


@again
def _rebuild_batch(runtime: Runtime, store_id: int, behind: str) -> list[Rebuilt]:
    with runtime.database.session() as session:
        store = session.get_one(Store, store_id)
        return [_rebuild(session, runtime, store, phone) for phone in _phones(session, store_id, behind)]


def _phones(session: Session, store_id: int, behind: str) -> Sequence[str]:
    known = union(
        *(
            select(model.address)
            .where(model.store_id == store_id, model.channel == consents.SMS, model.address > behind)
            .where(model.address.not_like(f"{HASHED}%"))
            .distinct()
            .order_by(model.address)
            .limit(BATCH)
            for model in (ConsentEvent, Consent)
        )
    )
    return session.scalars(known.order_by("address").limit(BATCH)).all()


def _rebuild(session: Session, runtime: Runtime, store: Store, phone: str) -> Rebuilt:
    consents.lock_number(session, store, phone)
    row = session.get(Consent, (store.id, consents.SMS, phone))
    before = _words(row)
    now, hash_key = runtime.clock.now(), runtime.settings.hash_key
    after = _words(consents.derive_again(session, store, phone, now, hash_key=hash_key))
    return Rebuilt(phone, before, after)


def _words(row: Consent | None) -> str:
    if row is None:
        return "none"
    return f"{row.state}, confirmed" if row.state == "given" and row.confirmed else row.state
