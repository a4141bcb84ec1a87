"""Asking the platforms ourselves: after a store comes in, and regularly, for what webhooks did not tell.

Nothing here sends a text. Carts from before the store came in are taken in like all others; the gate
``before_install`` keeps them from ever being texted. A store that refuses our keys is marked, shown to
its merchant, and left alone until it is connected again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, delete, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.models import Credential, Store, StoreFlag
from app.runtime import Runtime
from connectors.events import Event
from connectors.platform import ConnectorError, Reconnect, StoreClient
from flows import connections, installation, intake

log = structlog.get_logger()

LOOK_BACK = timedelta(days=2)
OVERLAP = timedelta(minutes=15)
"""Platforms list changes late: a reconcile begins this long before the last one did."""

SYNC_RETRY = timedelta(minutes=1)
TOKEN_FRESH_FOR = timedelta(minutes=50)
TOKEN_UNUSED_FOR = timedelta(days=7)
"""A Shopify store whose refresh token is not used for 90 days loses background access."""

STORES_PER_BATCH = 100


def drain(runtime: Runtime, deadline: datetime) -> int:
    """Sync the stores that just came in; the number of stores worked on."""
    count = 0
    while runtime.clock.now() < deadline:
        store = _claim_flagged(runtime)
        if store is None:
            return count
        count += 1
        if sync(runtime, store):
            _forget_flag(runtime, store)
    return count


def sync(runtime: Runtime, store: Store) -> bool:
    """Read the store's details and open carts and mend its webhooks; says whether all of it worked."""
    now = runtime.clock.now()
    try:
        client = connections.store_client(runtime, store)
        _apply_all(runtime, store, [client.store_details()], now)
        _repair_webhooks(runtime, store, client, now)
        _apply_all(runtime, store, client.open_carts(now - LOOK_BACK), now)
    except ConnectorError as error:
        note_failure(runtime, store, error)
        return isinstance(error, Reconnect)
    _mark(runtime, store, reconciled_at=now)
    return True


def reconcile(runtime: Runtime, store: Store) -> bool:
    """Take in what changed since the last time; says whether the platform answered."""
    now = runtime.clock.now()
    since = max((store.reconciled_at or store.installed_at) - OVERLAP, now - LOOK_BACK)
    try:
        client = connections.store_client(runtime, store)
        _apply_all(runtime, store, client.changes(since), now)
    except ConnectorError as error:
        note_failure(runtime, store, error)
        return False
    _mark(runtime, store, reconciled_at=now)
    return True


def check_webhooks(runtime: Runtime, store: Store) -> bool:
    """Find webhooks that the store disabled or lost, and mend them; then reconcile what they missed."""
    now = runtime.clock.now()
    try:
        repaired = _repair_webhooks(runtime, store, connections.store_client(runtime, store), now)
    except ConnectorError as error:
        note_failure(runtime, store, error)
        return False
    if repaired:
        log.warning("webhooks_repaired", store_id=store.id, count=len(repaired))
        return reconcile(runtime, store)
    return True


def keep_token(runtime: Runtime, store: Store) -> bool:
    """Use the refresh token of a Shopify store so that it does not lapse."""
    try:
        connections.access_token(runtime, store, TOKEN_FRESH_FOR)
    except ConnectorError as error:
        note_failure(runtime, store, error)
        return False
    return True


def stores_to_reconcile(session: Session, before: datetime) -> Sequence[Store]:
    """Connected stores not reconciled since ``before``, longest ago first."""
    return session.scalars(
        _connected()
        .where(or_(Store.reconciled_at.is_(None), Store.reconciled_at < before))
        .order_by(Store.reconciled_at.asc().nulls_first(), Store.id)
        .limit(STORES_PER_BATCH)
    ).all()


def stores_to_check(session: Session, before: datetime) -> Sequence[Store]:
    """WooCommerce stores whose webhooks were not looked at since ``before``: they disable them silently."""
    return session.scalars(
        _connected()
        .where(Store.platform == "woocommerce")
        .where(or_(Store.webhooks_checked_at.is_(None), Store.webhooks_checked_at < before))
        .order_by(Store.webhooks_checked_at.asc().nulls_first(), Store.id)
        .limit(STORES_PER_BATCH)
    ).all()


def stores_with_idle_tokens(session: Session, now: datetime) -> Sequence[Store]:
    """Shopify stores whose tokens were not renewed for a week."""
    return session.scalars(
        _connected()
        .join(Credential, Credential.store_id == Store.id)
        .where(Credential.kind == connections.SHOPIFY_TOKENS, Credential.updated_at < now - TOKEN_UNUSED_FOR)
        .order_by(Credential.updated_at)
        .limit(STORES_PER_BATCH)
    ).all()


def note_failure(runtime: Runtime, store: Store, error: ConnectorError) -> None:
    """Refused keys stop the store until its merchant comes; anything else is tried again later."""
    log.warning("store_not_reached", store_id=store.id, error=type(error).__name__)
    if not isinstance(error, Reconnect):
        return
    with runtime.database.session() as session:
        row = session.get_one(Store, store.id, with_for_update=True)
        installation.break_off(row, str(error), runtime.clock.now())


def _connected() -> Select[Store]:
    return select(Store).where(Store.status.in_(("active", "paused")), Store.sample.is_(False))


def _claim_flagged(runtime: Runtime) -> Store | None:
    """A flagged store, its flag moved a minute ahead: a worker that dies leaves it to the next."""
    now = runtime.clock.now()
    with runtime.database.session() as session:
        flag = session.scalar(
            select(StoreFlag)
            .where(StoreFlag.name == installation.SYNC_FLAG, StoreFlag.flagged_at <= now)
            .order_by(StoreFlag.flagged_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if flag is None:
            return None
        flag.flagged_at = now + SYNC_RETRY
        return session.get_one(Store, flag.store_id)


def _forget_flag(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        session.execute(
            delete(StoreFlag).where(StoreFlag.store_id == store.id, StoreFlag.name == installation.SYNC_FLAG)
        )


def _apply_all(runtime: Runtime, store: Store, events: Iterable[Event], asked_at: datetime) -> None:
    """Each event in its own transaction; one that cannot be applied does not stand in the way of others."""
    for event in events:
        try:
            with runtime.database.session() as session:
                current = session.get_one(Store, store.id)
                intake.apply(session, runtime, current, event, received_at=asked_at)
        except SQLAlchemyError as error:
            log.warning(
                "event_not_applied", store_id=store.id, event=type(event).__name__, error=type(error).__name__
            )


def _repair_webhooks(runtime: Runtime, store: Store, client: StoreClient, now: datetime) -> tuple[str, ...]:
    health = client.repair_webhooks(connections.delivery_url(runtime, store))
    _mark(runtime, store, webhooks_checked_at=now, webhooks_active=health.active)
    return health.repaired


def _mark(runtime: Runtime, store: Store, **values: datetime | int) -> None:
    with runtime.database.session() as session:
        row = session.get_one(Store, store.id)
        for name, value in values.items():
            setattr(row, name, value)
