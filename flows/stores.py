"""What a store's own news does: it changes, it leaves, its keys break; and what platforms ask to erase."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Store
from app.runtime import Runtime
from connectors.events import ConnectionBroken, ScopesChanged, StoreChanged, Uninstalled
from connectors.platform import ConnectorError
from flows import audit, connections, discount_ends, enrollment, installation, rollups
from flows.incoming import Incoming

log = structlog.get_logger()


def uninstall(session: Session, store_id: int, shop_id: str | None, at: datetime, now: datetime) -> bool:
    """Stop all sending for a store whose merchant removed the app; says whether the store is uninstalled.

    Two things make it somebody else's news: a shop id, out of the signed body, that is not the store's,
    and a moment before the store came (back) in.
    """
    query = select(Store).where(Store.id == store_id).with_for_update(key_share=True)
    store = session.scalar(query.execution_options(populate_existing=True))
    if store is None or not _is_about(store, shop_id) or at < store.installed_at:
        log.warning("uninstall_refused", store_id=store_id)
        return False
    if store.status == "uninstalled":
        return True
    store.platform_store_id = store.platform_store_id or shop_id
    _leave(session, store, now)
    audit.record(session, store.id, audit.PLATFORM, "uninstalled", now)
    return True


def disconnect(runtime: Runtime, store_id: int, actor: str, now: datetime) -> bool:
    """The merchant of a WooCommerce store is done with us; says whether our webhooks there are removed.

    The shop is asked first: afterwards we have no keys. If it does not answer it is left all the same, and
    what it goes on delivering is refused. Its key only the merchant can revoke.
    """
    with runtime.database.session() as session:
        store = session.get_one(Store, store_id)
    removed = _remove_webhooks(runtime, store)
    with runtime.database.session() as session:
        store = session.get_one(Store, store_id, with_for_update={"key_share": True})
        if store.status != "uninstalled":
            _leave(session, store, now)
            audit.record(session, store.id, actor, "store_disconnected", now, webhooks_removed=removed)
    return removed


def _remove_webhooks(runtime: Runtime, store: Store) -> bool:
    try:
        connections.store_client(runtime, store).disconnect()
    except ConnectorError as error:
        log.warning("webhooks_left_behind", store_id=store.id, error=type(error).__name__)
        return False
    return True


def _leave(session: Session, store: Store, now: datetime) -> None:
    """Nothing is sent any more, and its keys are forgotten; what happened stays."""
    store.status, store.status_reason, store.uninstalled_at = "uninstalled", None, now
    store.scopes, store.updated_at = [], now
    connections.forget_credentials(session, store.id)
    enrollment.end_for_store(session, store.id, "uninstalled", now)
    log.info("store_uninstalled", store_id=store.id)


def _is_about(store: Store, shop_id: str | None) -> bool:
    """Headers are not signed, the body is. A store whose id we have not learnt yet takes the body's."""
    return shop_id is not None and store.platform_store_id in (None, shop_id)


def see_uninstalled(incoming: Incoming, event: Uninstalled) -> None:
    """Mostly done already, by the door in the transaction that kept the delivery."""
    shop_id, at = event.platform_store_id, incoming.happened_at
    uninstall(incoming.session, incoming.store.id, shop_id, at, incoming.now)


def change(incoming: Incoming, changed: StoreChanged) -> None:
    """Take over what the platform tells of the store; what it leaves out is unknown, not removed."""
    store = incoming.store
    if changed.platform_store_id and store.platform_store_id not in (None, changed.platform_store_id):
        log.warning("store_change_refused", store_id=store.id)
        return
    told = {
        "platform_store_id": changed.platform_store_id,
        "name": changed.name,
        "url": changed.url,
        "currency": changed.currency,
        "country": changed.country,
        "timezone": _known_zone(changed.timezone),
        "locale": changed.locale,
        "platform_version": changed.platform_version,
        "ships_to": None if changed.ships_to is None else list(changed.ships_to),
        "scopes": None if changed.scopes is None else list(changed.scopes),
    }
    moved = told["timezone"] not in (None, store.timezone)
    before = store.currency
    for name, value in told.items():
        if value is not None:
            setattr(store, name, value)
    store.updated_at = incoming.now
    if moved:
        rollups.flag_all(incoming.session, store, incoming.now)
    if before is not None and store.currency is not None and store.currency != before:
        discount_ends.end_of_currency(incoming.session, store.id, store.currency, incoming.now)


def _known_zone(name: str | None) -> str | None:
    """The zone, unless nobody knows it: every figure and page of the store is read by it."""
    try:
        return ZoneInfo(name).key if name else None
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("time_zone_unknown")
        return None


def change_scopes(incoming: Incoming, changed: ScopesChanged) -> None:
    """Where the platform does not say which scopes, upkeep asks it."""
    if changed.scopes is None:
        installation.flag_sync(incoming.session, incoming.store, incoming.now)
        return
    incoming.store.scopes, incoming.store.updated_at = list(changed.scopes), incoming.now


def break_connection(incoming: Incoming, broken: ConnectionBroken) -> None:
    """The store answers with an error in our place: nothing is sent until the merchant connects again."""
    installation.break_off(incoming.store, broken.detail, incoming.now)
