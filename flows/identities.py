"""What stores may write under, from their rows; ``flows.senders`` says where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.models import SenderRegistration, Store
from flows import providers
from flows.senders import Identity, Registration, RegistrationState


def load(session: Session, settings: Settings, stores: Iterable[Store]) -> dict[int, Identity]:
    """The identity of each store by its id, in one query."""
    stores = list(stores)
    table = SenderRegistration
    rows = session.execute(
        select(table.store_id, table.country, table.name, table.state).where(
            table.store_id.in_([store.id for store in stores])
        )
    )
    registrations: dict[int, dict[str, Registration]] = defaultdict(dict)
    for store_id, country, name, state in rows:
        registrations[store_id][country] = Registration(name, RegistrationState(state))
    pool = providers.pool(settings)
    return {
        store.id: Identity(store.sender_name, store.sender, pool, registrations[store.id]) for store in stores
    }


def values(session: Session, settings: Settings, store: Store) -> list[str]:
    """Every sender that texts of this store may carry, as the provider knows them; names that stand in one
    country's register only are among them."""
    pool = providers.pool(settings)
    of_store = SenderRegistration.store_id == store.id
    registered = session.scalars(select(SenderRegistration.name).where(of_store))
    ours = (store.sender_name, store.sender, pool.value if pool else None, *registered)
    return sorted({value for value in ours if value})
