"""A store's keys: kept encrypted, renewed by one at a time, and told as gone when they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from app.clock import FixedClock
from app.crypto import Cipher
from app.models import Credential, Store
from app.runtime import Runtime, make_runtime
from connectors.demo import DemoPlatform
from connectors.platform import Reconnect, Unreachable
from connectors.shopify import ShopifyPlatform
from connectors.shopify.discounts import ShopifyDiscounts
from connectors.shopify.store import ShopifyStore
from connectors.woocommerce.discounts import WooCommerceDiscounts
from connectors.woocommerce.store import WooCommerceStore
from flows import connections
from tests import factories
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin

SHOP = "good.myshopify.com"
HOUR = timedelta(hours=1)


@pytest.fixture
def standin(clock: FixedClock) -> Iterator[ShopifyStandin]:
    with ShopifyStandin(clock=clock.now) as running:
        running.shop(SHOP, name="Good Shop")
        yield running


@pytest.fixture
def runtime(
    database_url: str, redis_url: str, clock: FixedClock, standin: ShopifyStandin
) -> Iterator[Runtime]:
    app = {"shopify_api_key": CLIENT_ID, "shopify_api_secret": (CLIENT_SECRET,)}
    settings = factories.make_settings(database_url, redis_url, shopify_admin_url=standin.url, **app)
    runtime = make_runtime(settings, clock)
    yield runtime
    runtime.close()


@pytest.fixture
def store(runtime: Runtime, standin: ShopifyStandin) -> Store:
    """A Shopify store with tokens that were made just now."""
    now = runtime.clock.now()
    tokens = connections.token_endpoint(runtime, SHOP).exchange(standin.id_token(SHOP), now)
    with runtime.database.session() as session:
        store = factories.make_store(session, domain=SHOP)
        connections.save_tokens(session, runtime, store.id, tokens, now)
    return store


def pairs_given(standin: ShopifyStandin) -> list[str]:
    return [pair.access_token for pair in standin.tokens.pairs]


def test_a_token_that_lasts_is_used_as_it_is(
    runtime: Runtime, store: Store, standin: ShopifyStandin, clock: FixedClock
) -> None:
    clock.advance(HOUR - connections.FRESH_FOR)
    assert connections.access_token(runtime, store) == pairs_given(standin)[0]
    assert len(pairs_given(standin)) == 1


def test_a_token_about_to_end_is_renewed_and_both_tokens_are_kept(
    runtime: Runtime, store: Store, standin: ShopifyStandin, clock: FixedClock
) -> None:
    clock.advance(HOUR - timedelta(seconds=90))
    token = connections.access_token(runtime, store)
    [_, renewed] = standin.tokens.pairs
    assert token == renewed.access_token
    with runtime.database.session() as session:
        kept = connections.read_credential(session, runtime, store.id, connections.SHOPIFY_TOKENS)
        row = session.get_one(Credential, (store.id, connections.SHOPIFY_TOKENS))
    assert kept == {"access_token": renewed.access_token, "refresh_token": renewed.refresh_token}
    assert row.expires_at == clock.now() + HOUR


def test_the_chain_of_refresh_tokens_holds_for_months(
    runtime: Runtime, store: Store, standin: ShopifyStandin, clock: FixedClock
) -> None:
    for _ in range(4):
        clock.advance(timedelta(days=60))
        assert connections.access_token(runtime, store) == pairs_given(standin)[-1]
    assert len(pairs_given(standin)) == 5


def test_of_many_who_need_a_fresh_token_one_renews_it(
    runtime: Runtime, store: Store, standin: ShopifyStandin, clock: FixedClock
) -> None:
    clock.advance(HOUR)
    with ThreadPoolExecutor(4) as pool:
        tokens = set(pool.map(lambda _: connections.access_token(runtime, store), range(4)))
    assert tokens == {pairs_given(standin)[1]}
    assert len(pairs_given(standin)) == 2


def test_while_one_renews_for_too_long_the_others_give_up_as_for_a_silent_shop(
    runtime: Runtime, store: Store, clock: FixedClock, database_url: str
) -> None:
    clock.advance(HOUR)
    hurried = _hurried(runtime)
    with runtime.database.autocommit.connect() as other:
        key = {"lock": connections.REFRESH_LOCK, "store": store.id}
        other.execute(text("SELECT pg_advisory_lock(:lock, :store)"), key)
        with pytest.raises(Unreachable, match="Another process"):
            connections.access_token(hurried, store)
        other.execute(text("SELECT pg_advisory_unlock(:lock, :store)"), key)
    assert connections.access_token(hurried, store)
    hurried.close()


def _hurried(runtime: Runtime) -> Runtime:
    """The same with a database that waits for a lock for an instant only."""
    hurried = make_runtime(runtime.settings, runtime.clock)
    options = {"options": "-c timezone=UTC -c lock_timeout=50ms"}
    hurried.database.close()
    hurried.database.engine = create_engine(runtime.database.engine.url, connect_args=options)
    hurried.database.autocommit = hurried.database.engine.execution_options(isolation_level="AUTOCOMMIT")
    return hurried


def test_a_renewal_that_failed_leaves_the_pair_and_the_lock_free(
    runtime: Runtime, store: Store, standin: ShopifyStandin, clock: FixedClock
) -> None:
    clock.advance(HOUR)
    standin.disturb(503)
    with pytest.raises(Unreachable):
        connections.access_token(runtime, store)
    assert connections.access_token(runtime, store) == pairs_given(standin)[1]


def test_an_answer_that_got_lost_does_not_cost_the_access(
    runtime: Runtime, store: Store, standin: ShopifyStandin, clock: FixedClock
) -> None:
    """The worker died between Shopify's answer and the commit: the pair before still serves."""
    clock.advance(HOUR)
    with runtime.database.session() as session:
        kept = connections.read_credential(session, runtime, store.id, connections.SHOPIFY_TOKENS)
    assert kept is not None
    connections.token_endpoint(runtime, SHOP).refresh(kept["refresh_token"], clock.now())
    assert connections.access_token(runtime, store) == pairs_given(standin)[2]
    assert connections.store_client(runtime, store).store_details().name == "Good Shop"


def test_a_refresh_token_that_shopify_no_longer_takes_means_reconnect(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=91))
    with pytest.raises(Reconnect):
        connections.access_token(runtime, store)


def test_a_store_without_tokens_must_be_opened_once(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        connections.forget_credentials(session, store.id)
    with pytest.raises(Reconnect, match="open the app once"):
        connections.access_token(runtime, store)


def test_an_installation_without_the_apps_keys_says_which_are_missing(runtime: Runtime) -> None:
    bare = replace(runtime, settings=replace(runtime.settings, shopify_api_key=None))
    with pytest.raises(Reconnect, match="WARMCART_SHOPIFY_API_KEY"):
        connections.token_endpoint(bare, SHOP)


def test_a_secret_is_read_after_its_key_was_replaced_and_written_with_the_newest(
    runtime: Runtime, store: Store
) -> None:
    newest = Fernet.generate_key().decode()
    rotated = replace(runtime, cipher=Cipher((newest, *runtime.settings.encryption_keys)))
    with runtime.database.session() as session:
        kept = connections.read_credential(session, rotated, store.id, connections.SHOPIFY_TOKENS)
        assert kept is not None
        connections.save_credential(
            session, rotated, store.id, connections.SHOPIFY_TOKENS, kept, rotated.clock.now()
        )
    with runtime.database.session() as session:
        only_new = replace(runtime, cipher=Cipher((newest,)))
        assert connections.read_credential(session, only_new, store.id, connections.SHOPIFY_TOKENS) == kept


def test_the_keys_of_one_store_are_not_those_of_another(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session)
        assert connections.read_credential(session, runtime, other.id, connections.SHOPIFY_TOKENS) is None
        connections.forget_credentials(session, other.id)
    with runtime.database.session() as session:
        assert connections.read_credential(session, runtime, store.id, connections.SHOPIFY_TOKENS)


def test_each_platform_has_its_connector_and_its_client(runtime: Runtime, store: Store) -> None:
    assert isinstance(connections.platform("shopify"), ShopifyPlatform)
    assert isinstance(connections.platform("demo"), DemoPlatform)
    assert isinstance(connections.store_client(runtime, store), ShopifyStore)
    assert isinstance(connections.discount_maker(runtime, store), ShopifyDiscounts)
    with pytest.raises(KeyError):
        connections.platform("magento")


def test_a_woocommerce_store_is_reached_with_its_own_keys(runtime: Runtime) -> None:
    keys = {"url": "https://shop.example.com", "key": "ck_1", "secret": "cs_1", "method": "query"}
    with runtime.database.session() as session:
        store = factories.make_woocommerce_store(session, runtime)
        factories.make_credential(session, runtime, store, connections.WOOCOMMERCE_KEYS, keys)
    client = connections.store_client(runtime, store)
    assert isinstance(client, WooCommerceStore)
    assert client.rest.store_url == "https://shop.example.com"
    assert client.rest.credentials.method == "query"
    assert isinstance(connections.discount_maker(runtime, store), WooCommerceDiscounts)
    public = f"https://warmcart.example.com/webhooks/woocommerce/{store.public_id}"
    assert connections.delivery_url(runtime, store) == public


@pytest.mark.parametrize("platform", ["woocommerce", "demo"])
def test_a_store_whose_keys_are_gone_must_be_connected_again(runtime: Runtime, platform: str) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, platform=platform)
    with pytest.raises(Reconnect):
        connections.store_client(runtime, store)
