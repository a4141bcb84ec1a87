"""How the engine reaches a store: its platform's connector, with the store's keys.

A Shopify access token lives an hour and each refresh makes a new pair, so there is one refresher per
store at a time: an advisory lock of PostgreSQL, held outside any transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache

import requests
import structlog
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.models import Credential, Store
from app.runtime import Runtime
from connectors import woocommerce
from connectors.addresses import guarded_session
from connectors.demo import DemoPlatform
from connectors.discounts import DiscountMaker
from connectors.goods_search import GoodsSearch
from connectors.platform import ConsentKeeper, Platform, Reconnect, StoreClient, Unreachable
from connectors.shopify import ShopifyPlatform, scopes
from connectors.shopify import http as shopify_http
from connectors.shopify.discounts import ShopifyDiscounts
from connectors.shopify.goods_search import ShopifyGoodsSearch
from connectors.shopify.graphql import AdminClient
from connectors.shopify.store import ShopifyStore
from connectors.shopify.tokens import TokenEndpoint, Tokens
from connectors.woocommerce.discounts import WooCommerceDiscounts
from connectors.woocommerce.goods_search import WooCommerceGoodsSearch
from connectors.woocommerce.store import WooCommerceStore

log = structlog.get_logger()

SHOPIFY_TOKENS = "shopify_tokens"
WOOCOMMERCE_KEYS = "woocommerce_keys"
WEBHOOK_SECRET = "webhook_secret"  # noqa: S105  (the name of a kind of credential)
WOOCOMMERCE_PLUGIN = "woocommerce_plugin"
PLATFORMS: dict[str, Platform] = {
    "shopify": ShopifyPlatform(),
    "woocommerce": woocommerce.PLATFORM,
    "demo": DemoPlatform(),
}
NO_SHOP = "There is no shop behind this sample store"
FRESH_FOR = timedelta(minutes=2)
REFRESH_LOCK = 7_265_114


def platform(name: str) -> Platform:
    """The connector of that name. Raises KeyError for a platform that we do not know."""
    return PLATFORMS[name]


def store_client(runtime: Runtime, store: Store) -> StoreClient:
    """A client for questions to this store. Raises Reconnect when its keys are gone."""
    return _CLIENTS[store.platform](runtime, store)


def discount_maker(runtime: Runtime, store: Store) -> DiscountMaker:
    """Who makes codes for this store. Raises Reconnect when its keys are gone."""
    return _DISCOUNTS[store.platform](runtime, store)


def goods_search(runtime: Runtime, store: Store) -> GoodsSearch:
    """Who knows the names of what this store sells. Raises Reconnect when its keys are gone."""
    return _SEARCHES[store.platform](runtime, store)


def save_credential(
    session: Session,
    runtime: Runtime,
    store_id: int,
    kind: str,
    secret: dict[str, str],
    now: datetime,
    expires_at: datetime | None = None,
    refresh_expires_at: datetime | None = None,
) -> None:
    """Keep a secret, encrypted with the newest key; one row, so a pair of tokens is saved whole."""
    values = {
        "secret": runtime.cipher.encrypt_json(secret),
        "expires_at": expires_at,
        "refresh_expires_at": refresh_expires_at,
        "updated_at": now,
    }
    statement = insert(Credential).values(store_id=store_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["store_id", "kind"], set_=values))


def read_credential(session: Session, runtime: Runtime, store_id: int, kind: str) -> dict[str, str] | None:
    row = session.get(Credential, (store_id, kind), populate_existing=True)
    return runtime.cipher.decrypt_json(row.secret) if row else None


def forget_credential(session: Session, store_id: int, kind: str) -> None:
    of_kind = (Credential.store_id == store_id) & (Credential.kind == kind)
    session.execute(delete(Credential).where(of_kind))


def forget_credentials(session: Session, store_id: int) -> None:
    session.execute(delete(Credential).where(Credential.store_id == store_id))


def save_tokens(session: Session, runtime: Runtime, store_id: int, tokens: Tokens, now: datetime) -> None:
    save_credential(
        session,
        runtime,
        store_id,
        SHOPIFY_TOKENS,
        {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token},
        now,
        tokens.expires_at,
        tokens.refresh_expires_at,
    )


def token_endpoint(runtime: Runtime, shop: str) -> TokenEndpoint:
    """Where a shop's tokens are exchanged and refreshed. Raises Reconnect when the app's keys are not set."""
    settings = runtime.settings
    if not (settings.shopify_api_key and settings.shopify_api_secret):
        raise Reconnect("WARMCART_SHOPIFY_API_KEY and WARMCART_SHOPIFY_API_SECRET are not set")
    return TokenEndpoint(
        shop,
        settings.shopify_api_key,
        settings.shopify_api_secret,
        _shopify_session(),
        settings.shopify_admin_url,
    )


@lru_cache
def _shopify_session() -> requests.Session:
    """One pool of connections per process."""
    return shopify_http.open_session()


def access_token(runtime: Runtime, store: Store, fresh_for: timedelta = FRESH_FOR) -> str:
    """A token good for at least ``fresh_for``; refreshed if need be. Raises Reconnect, Unreachable."""
    token = _stored_token(runtime, store.id, fresh_for)
    if token:
        return token
    with _only_refresher(runtime, store.id):
        token = _stored_token(runtime, store.id, fresh_for)
        return token or _refreshed(runtime, store)


def _stored_token(runtime: Runtime, store_id: int, fresh_for: timedelta) -> str | None:
    with runtime.database.session() as session:
        row = session.get(Credential, (store_id, SHOPIFY_TOKENS))
        if row is None or row.expires_at is None or row.expires_at - runtime.clock.now() < fresh_for:
            return None
        secret: dict[str, str] = runtime.cipher.decrypt_json(row.secret)
    return secret["access_token"]


def _refreshed(runtime: Runtime, store: Store) -> str:
    with runtime.database.session() as session:
        secret = read_credential(session, runtime, store.id, SHOPIFY_TOKENS)
    if secret is None:
        raise Reconnect("This store has no tokens: its merchant must open the app once")
    now = runtime.clock.now()
    tokens = token_endpoint(runtime, store.domain).refresh(secret["refresh_token"], now)
    with runtime.database.session() as session:
        save_tokens(session, runtime, store.id, tokens, now)
    log.info("shopify_token_refreshed", store_id=store.id)
    return tokens.access_token


@contextmanager
def _only_refresher(runtime: Runtime, store_id: int) -> Iterator[None]:
    """Wait until nobody else refreshes this store's tokens. Raises Unreachable after the lock time-out."""
    key = {"lock": REFRESH_LOCK, "store": store_id % 2**31}
    with runtime.database.autocommit.connect() as connection:
        try:
            connection.execute(text("SELECT pg_advisory_lock(:lock, :store)"), key)
        except OperationalError:
            raise Unreachable("Another process is renewing this store's access; try again shortly") from None
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock, :store)"), key)


def missing_scopes(store: Store) -> tuple[str, ...]:
    """What a Shopify store has not granted, as far as it has told what it has."""
    return scopes.missing(store.scopes) if store.platform == "shopify" and store.scopes else ()


def keeps_consent(store: Store) -> bool:
    """Whether the store's platform keeps consent to texts; WooCommerce has no such record."""
    return store.platform == "shopify"


def consent_keeper(runtime: Runtime, store: Store) -> ConsentKeeper:
    """Where the store's platform keeps consent. Raises ValueError for a platform that does not."""
    if not keeps_consent(store):
        raise ValueError(f"{store.platform} keeps no consent to texts")
    return _shopify(runtime, store)


def _admin_client(runtime: Runtime, store: Store) -> AdminClient:
    return AdminClient(
        store.domain,
        lambda: access_token(runtime, store),
        _shopify_session(),
        runtime.settings.shopify_admin_url,
    )


def _shopify(runtime: Runtime, store: Store) -> ShopifyStore:
    return ShopifyStore(_admin_client(runtime, store))


def _shopify_discounts(runtime: Runtime, store: Store) -> DiscountMaker:
    return ShopifyDiscounts(_admin_client(runtime, store))


def _shopify_search(runtime: Runtime, store: Store) -> GoodsSearch:
    return ShopifyGoodsSearch(_admin_client(runtime, store))


def _woocommerce(runtime: Runtime, store: Store) -> StoreClient:
    return woocommerce_store(runtime, store)


def _woocommerce_discounts(runtime: Runtime, store: Store) -> DiscountMaker:
    return WooCommerceDiscounts(woocommerce_store(runtime, store).rest)


def _woocommerce_search(runtime: Runtime, store: Store) -> GoodsSearch:
    return WooCommerceGoodsSearch(woocommerce_store(runtime, store).rest)


def woocommerce_store(runtime: Runtime, store: Store) -> WooCommerceStore:
    """The client of a WooCommerce store. Raises Reconnect when its keys are gone."""
    with runtime.database.session() as session:
        keys = read_credential(session, runtime, store.id, WOOCOMMERCE_KEYS)
        secret = read_credential(session, runtime, store.id, WEBHOOK_SECRET)
    if keys is None or secret is None:
        raise Reconnect("This store has no keys: its merchant must connect it again")
    return woocommerce.make_store_client(
        keys["url"], keys, secret["secret"], runtime.settings.allow_private_stores
    )


def delivery_url(runtime: Runtime, store: Store) -> str:
    """Where this WooCommerce store delivers its webhooks."""
    return f"{runtime.settings.public_url}/webhooks/woocommerce/{store.public_id}"


def store_session(runtime: Runtime) -> requests.Session:
    """Calls public addresses only, unless a setting allows others; one pool of connections per process."""
    return _guarded(runtime.settings.allow_private_stores)


@lru_cache
def _guarded(allow_private: bool) -> requests.Session:
    return guarded_session(allow_private)


def _demo(runtime: Runtime, store: Store) -> StoreClient:
    return DemoPlatform().connect(store.url, _demo_secret(runtime, store), store_session(runtime))


def _demo_discounts(runtime: Runtime, store: Store) -> DiscountMaker:
    return DemoPlatform().discounts(store.url, _demo_secret(runtime, store), store_session(runtime))


def _demo_search(runtime: Runtime, store: Store) -> GoodsSearch:
    return DemoPlatform().goods_search(store.url, _demo_secret(runtime, store), store_session(runtime))


def _demo_secret(runtime: Runtime, store: Store) -> str:
    with runtime.database.session() as session:
        secret = read_credential(session, runtime, store.id, WEBHOOK_SECRET)
    if secret is None:
        raise Reconnect(NO_SHOP if store.sample else "The demo shop has no secret: run make demo-reset")
    return secret["secret"]


_CLIENTS = {"shopify": _shopify, "woocommerce": _woocommerce, "demo": _demo}
_DISCOUNTS = {"shopify": _shopify_discounts, "woocommerce": _woocommerce_discounts, "demo": _demo_discounts}
_SEARCHES = {"shopify": _shopify_search, "woocommerce": _woocommerce_search, "demo": _demo_search}
