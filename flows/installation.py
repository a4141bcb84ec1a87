"""How a store comes in, comes back, and leaves.

Whoever calls this has proven who they are: Shopify by a verified ID token, WooCommerce by keys that
were tried on that very store. The slow part (details, open carts, webhooks) is flagged for upkeep.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.crypto import random_token
from app.models import Credential, Person, Store, StoreFlag
from app.queue import UPKEEP
from app.runtime import Runtime
from flows import connections, due, people, registry

log = structlog.get_logger()

SYNC_FLAG = "initial_sync"
PUBLIC_ID_LENGTH = 16
WEBHOOK_SECRET_LENGTH = 48


def open_shopify(runtime: Runtime, shop: str, user_id: str, id_token: str) -> tuple[Store, Person]:
    """The store and person behind a verified ID token; installs or reinstalls the store if need be.

    Raises Reconnect, Unreachable or StaleIdToken when the token cannot be exchanged.
    """
    now = runtime.clock.now()
    with runtime.database.session() as session:
        store = _by_domain(session, shop)
        if store is not None and _usable(session, store):
            return store, shopify_person(session, store, user_id, now)
    tokens = connections.token_endpoint(runtime, shop).exchange(id_token, now)
    with runtime.database.session() as session:
        store = bring_in(session, "shopify", shop, f"https://{shop}", now)
        store.scopes = list(tokens.scopes)
        connections.save_tokens(session, runtime, store.id, tokens, now)
        person = shopify_person(session, store, user_id, now)
    runtime.waker.soon(UPKEEP)
    log.info("store_connected", store_id=store.id, platform="shopify")
    return store, person


def _usable(session: Session, store: Store) -> bool:
    if store.status not in ("active", "paused"):
        return False
    return session.get(Credential, (store.id, connections.SHOPIFY_TOKENS)) is not None


def connect_woocommerce(
    session: Session, runtime: Runtime, domain: str, url: str, keys: dict[str, str], now: datetime
) -> Store:
    """Keep proven keys and a webhook secret of our own; the first webhook may come before we return."""
    store = bring_in(session, "woocommerce", domain, url, now)
    connections.save_credential(session, runtime, store.id, connections.WOOCOMMERCE_KEYS, keys, now)
    if connections.read_credential(session, runtime, store.id, connections.WEBHOOK_SECRET) is None:
        secret = {"secret": random_token(WEBHOOK_SECRET_LENGTH)}
        connections.save_credential(session, runtime, store.id, connections.WEBHOOK_SECRET, secret, now)
    log.info("store_connected", store_id=store.id, platform="woocommerce")
    return store


def bring_in(session: Session, platform: str, domain: str, url: str, now: datetime) -> Store:
    """The store's row, active: new, back after an uninstall, or with its access repaired.

    A paused store stays paused, also where its connection broke meanwhile: new keys are no wish to send.
    Only a new or returning store gets a new ``installed_at``: carts from before it are never texted.
    """
    store = _locked(session, platform, domain, url, now)
    if store.status == "uninstalled":
        store.installed_at = now
    if store.status == "reconnect" and store.interrupted_pause is not None:
        store.status, store.status_reason = "paused", store.interrupted_pause or None
    elif store.status != "paused":
        store.status, store.status_reason = "active", None
    store.interrupted_pause = store.uninstalled_at = None
    store.updated_at = now
    due.hasten(session, store.id, "store_inactive", now)
    registry.ensure_default_flow(session, store, now)
    flag_sync(session, store, now)
    return store


def break_off(store: Store, why: str, now: datetime) -> None:
    """Nothing is sent until the merchant connects again; a pause waits for that, too."""
    if store.status in ("active", "paused"):
        store.interrupted_pause = (store.status_reason or "") if store.status == "paused" else None
        store.status, store.status_reason, store.updated_at = "reconnect", why, now
        log.warning("store_connection_broken", store_id=store.id)


def flag_sync(session: Session, store: Store, now: datetime) -> None:
    """Ask upkeep to read the store's details and open carts and to mend its webhooks."""
    values = {"store_id": store.id, "name": SYNC_FLAG, "value": "", "flagged_at": now}
    session.execute(insert(StoreFlag).values(values).on_conflict_do_nothing())


def shopify_person(session: Session, store: Store, user_id: str, now: datetime) -> Person:
    """The member of staff that Shopify names; a user id is unique within one shop."""
    person = people.known_as(session, f"shopify:{store.domain}:{user_id}", f"Shopify user {user_id}", now)
    return people.join(session, store, person, now, role="member")


def woocommerce_person(session: Session, store: Store, user_id: str, now: datetime) -> Person:
    """The user of a shop's WordPress for whom its plugin asks; a user's number is unique within one shop."""
    name = f"woocommerce:{store.public_id}:{user_id}"
    person = people.known_as(session, name, f"WooCommerce user {user_id}", now)
    return people.join(session, store, person, now, role="member")


def _by_domain(session: Session, domain: str) -> Store | None:
    return session.scalar(select(Store).where(Store.domain == domain))


def _locked(session: Session, platform: str, domain: str, url: str, now: datetime) -> Store:
    """The store's row, made if it is not there: of several that come at once, one makes it, all wait."""
    row = insert(Store).values(
        public_id=random_token(PUBLIC_ID_LENGTH),
        platform=platform,
        domain=domain,
        name=domain,
        url=url,
        installed_at=now,
        created_at=now,
        updated_at=now,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["domain"]))
    return session.scalars(select(Store).where(Store.domain == domain).with_for_update(key_share=True)).one()
