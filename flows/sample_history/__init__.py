"""A store with 90 days of plausible sample history, to show pages as they look when full.

The store is marked as a sample, is never synchronised, and nothing in it comes due. Its past ends
today: a demo that is started again on a later day tells it anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.crypto import keyed_hash, random_token
from app.models import Store, Suppression
from app.runtime import Runtime
from flows import registry, rollups
from flows.definition import dump_definition
from flows.installation import PUBLIC_ID_LENGTH
from flows.sample_history.past import Past
from flows.sample_history.rows import write
from flows.sample_history.settings import (
    COUNTRY,
    CURRENCY,
    DAYS,
    DOMAIN,
    FLOW,
    LANGUAGE,
    NAME,
    SENDER,
    TIMEZONE,
)
from flows.sample_history.story import tell

__all__ = ["DOMAIN", "keep_current"]


def keep_current(runtime: Runtime) -> Store:
    """The sample store with its history up to today."""
    now = runtime.clock.now()
    with runtime.database.session() as session:
        store = session.scalar(select(Store).where(Store.domain == DOMAIN).with_for_update())
        if store is not None and _is_current(store, now):
            return store
        public_id = store.public_id if store else random_token(PUBLIC_ID_LENGTH)
        session.execute(delete(Store).where(Store.domain == DOMAIN))
        session.execute(delete(Suppression).where(Suppression.domain == DOMAIN))
        return _make(session, runtime, public_id, now)


def _is_current(store: Store, now: datetime) -> bool:
    return rollups.day_of(store, store.created_at) == rollups.day_of(store, now)


def _make(session: Session, runtime: Runtime, public_id: str, now: datetime) -> Store:
    store = _store(session, runtime, public_id, now)
    flow = registry.import_definition(session, store, dump_definition(FLOW), "system", store.installed_at)
    past = tell(now, runtime.settings.public_url)
    write(session.connection(), past, store.id, flow.id)
    _suppress(session, runtime, past)
    for number in range(DAYS + 1):
        rollups.rebuild(session, store, rollups.day_of(store, now - timedelta(days=number)))
    return store


def _store(session: Session, runtime: Runtime, public_id: str, now: datetime) -> Store:
    session.expunge_all()
    store = Store(
        public_id=public_id,
        platform="demo",
        domain=DOMAIN,
        name=NAME,
        url=f"{runtime.settings.public_url}/demo",
        currency=CURRENCY,
        country=COUNTRY,
        timezone=TIMEZONE,
        locale=LANGUAGE,
        sender=SENDER,
        sample=True,
        installed_at=now - timedelta(days=DAYS + 1),
        reconciled_at=now,
        webhooks_checked_at=now,
        webhooks_active=2,
        setup_dismissed_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(store)
    session.flush()
    return store


def _suppress(session: Session, runtime: Runtime, past: Past) -> None:
    rows = [
        {
            "domain": DOMAIN,
            "number_hash": keyed_hash(runtime.settings.hash_key, DOMAIN, phone),
            "reason": "keyword_stop",
            "created_at": at.astimezone(UTC),
        }
        for phone, at in past.stopped
    ]
    if rows:
        session.execute(insert(Suppression).on_conflict_do_nothing(), rows)
