"""Stores come in, come back, and are never brought in twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.clock import FixedClock
from app.models import Credential, Due, Flow, Membership, Person, Store, StoreFlag
from app.runtime import Runtime, make_runtime
from connectors.platform import ConnectorError, Reconnect
from connectors.shopify.id_token import StaleIdToken
from flows import connections, due, installation
from flows.synchronization import note_failure
from tests import factories
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin

SHOP = "good.myshopify.com"
KEYS = {"url": "https://shop.example.com", "key": "ck_1", "secret": "cs_1", "method": "basic"}


@pytest.fixture
def standin(clock: FixedClock) -> Iterator[ShopifyStandin]:
    with ShopifyStandin(clock=clock.now) as running:
        running.shop(SHOP)
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


def open_app(runtime: Runtime, standin: ShopifyStandin, user: str = "1") -> tuple[Store, Person]:
    return installation.open_shopify(runtime, SHOP, user, standin.id_token(SHOP, user))


def change_store(runtime: Runtime, **columns: object) -> None:
    with runtime.database.session() as session:
        session.execute(update(Store).values(**columns))


def count(runtime: Runtime, model: type[object]) -> int:
    with runtime.database.session() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_first_opening_installs_the_store(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock
) -> None:
    store, person = open_app(runtime, standin, "77")
    assert (store.domain, store.platform, store.status) == (SHOP, "shopify", "active")
    assert store.installed_at == clock.now()
    assert "write_customers" in store.scopes
    assert person.external_id == f"shopify:{SHOP}:77"
    with runtime.database.session() as session:
        assert session.get(StoreFlag, (store.id, installation.SYNC_FLAG, "")) is not None
        assert session.scalars(select(Flow.active)).all() == [True]


def test_tokens_are_kept_as_one_encrypted_pair_with_their_ends(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock
) -> None:
    store, _ = open_app(runtime, standin)
    [pair] = standin.tokens.pairs
    with runtime.database.session() as session:
        row = session.get_one(Credential, (store.id, connections.SHOPIFY_TOKENS))
        kept = connections.read_credential(session, runtime, store.id, connections.SHOPIFY_TOKENS)
    assert kept == {"access_token": pair.access_token, "refresh_token": pair.refresh_token}
    assert pair.access_token not in row.secret
    assert row.expires_at == clock.now() + timedelta(hours=1)
    assert row.refresh_expires_at == clock.now() + timedelta(days=90)


def test_an_opened_store_is_opened_again_without_another_exchange(
    runtime: Runtime, standin: ShopifyStandin
) -> None:
    first = open_app(runtime, standin)
    again = open_app(runtime, standin)
    assert (again[0].id, again[1].id) == (first[0].id, first[1].id)
    assert len(standin.tokens.pairs) == 1
    assert count(runtime, Membership) == 1


def test_each_member_of_staff_is_a_person_of_their_own(runtime: Runtime, standin: ShopifyStandin) -> None:
    people = {open_app(runtime, standin, user)[1].id for user in ("1", "2", "1")}
    assert len(people) == 2
    assert count(runtime, Membership) == 2


@pytest.mark.parametrize("status", ["paused", "active"])
def test_opening_a_connected_store_changes_nothing(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock, status: str
) -> None:
    before, _ = open_app(runtime, standin)
    change_store(runtime, status=status)
    clock.advance(timedelta(days=1))
    after, _ = open_app(runtime, standin)
    assert (after.status, after.installed_at) == (status, before.installed_at)


def test_a_reinstalled_store_counts_from_now(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock
) -> None:
    open_app(runtime, standin)
    change_store(runtime, status="uninstalled", uninstalled_at=clock.now())
    clock.advance(timedelta(days=2))
    store, _ = open_app(runtime, standin)
    assert (store.status, store.uninstalled_at, store.installed_at) == ("active", None, clock.now())
    assert len(standin.tokens.pairs) == 2
    assert count(runtime, Flow) == 1


def test_a_store_whose_access_broke_is_mended_and_keeps_its_date(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock
) -> None:
    before, _ = open_app(runtime, standin)
    change_store(runtime, status="reconnect", status_reason="Shopify refused our tokens.")
    clock.advance(timedelta(days=2))
    store, _ = open_app(runtime, standin)
    assert (store.status, store.status_reason) == ("active", None)
    assert store.installed_at == before.installed_at


@pytest.mark.parametrize("reason", ["Stock-taking", None])
def test_a_paused_store_whose_access_broke_is_still_paused_once_it_is_mended(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock, reason: str | None
) -> None:
    store, _ = open_app(runtime, standin)
    until = clock.now() + timedelta(days=9)
    change_store(runtime, status="paused", status_reason=reason, paused_until=until)
    note_failure(runtime, store, Reconnect("Shopify refused our tokens."))
    note_failure(runtime, store, Reconnect("It still does."))
    with runtime.database.session() as session:
        broken = session.get_one(Store, store.id)
    assert (broken.status, broken.status_reason) == ("reconnect", "Shopify refused our tokens.")
    mended, _ = open_app(runtime, standin)
    assert (mended.status, mended.status_reason, mended.paused_until) == ("paused", reason, until)
    assert mended.interrupted_pause is None


def test_a_pause_does_not_outlive_an_uninstall(runtime: Runtime, standin: ShopifyStandin) -> None:
    store, _ = open_app(runtime, standin)
    change_store(runtime, status="uninstalled", interrupted_pause="Stock-taking")
    store, _ = open_app(runtime, standin)
    assert (store.status, store.status_reason, store.interrupted_pause) == ("active", None, None)


def test_what_a_broken_connection_held_is_looked_at_once_it_is_mended(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock
) -> None:
    store, _ = open_app(runtime, standin)
    change_store(runtime, status="reconnect")
    now = clock.now()
    with runtime.database.session() as session:
        later = now + timedelta(minutes=15)
        factories.make_due(session, store, kind=due.CART_IDLE, due_at=later, reason="store_inactive")
    open_app(runtime, standin)
    with runtime.database.session() as session:
        assert session.scalars(select(Due.due_at)).all() == [now]


def test_a_store_without_tokens_gets_them_at_the_next_opening(
    runtime: Runtime, standin: ShopifyStandin
) -> None:
    store, _ = open_app(runtime, standin)
    with runtime.database.session() as session:
        connections.forget_credentials(session, store.id)
    open_app(runtime, standin)
    assert count(runtime, Credential) == 1


def test_a_refused_exchange_installs_nothing(
    runtime: Runtime, standin: ShopifyStandin, clock: FixedClock
) -> None:
    old = standin.id_token(SHOP)
    clock.advance(timedelta(minutes=5))
    with pytest.raises(StaleIdToken):
        installation.open_shopify(runtime, SHOP, "1", old)
    standin.disturb(503)
    with pytest.raises(ConnectorError):
        open_app(runtime, standin)
    assert count(runtime, Store) == 0


def test_a_store_opened_by_many_at_once_comes_in_once(runtime: Runtime, standin: ShopifyStandin) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_app(runtime, standin), range(4)))
    assert len({store.id for store, _ in opened}) == 1
    assert len({person.id for _, person in opened}) == 1
    assert (count(runtime, Store), count(runtime, Flow), count(runtime, Membership)) == (1, 1, 1)


def test_a_person_who_opens_many_pages_at_once_is_one(runtime: Runtime, standin: ShopifyStandin) -> None:
    open_app(runtime, standin)
    with ThreadPoolExecutor(4) as pool:
        people = {person.id for _, person in pool.map(lambda _: open_app(runtime, standin, "2"), range(8))}
    assert len(people) == 1


def connect_woocommerce(runtime: Runtime, keys: dict[str, str] = KEYS) -> Store:
    with runtime.database.session() as session:
        return installation.connect_woocommerce(
            session, runtime, "shop.example.com", keys["url"], keys, runtime.clock.now()
        )


def kept(runtime: Runtime, store: Store, kind: str) -> dict[str, str] | None:
    with runtime.database.session() as session:
        return connections.read_credential(session, runtime, store.id, kind)


def test_a_woocommerce_store_gets_a_webhook_secret_of_its_own(runtime: Runtime) -> None:
    store = connect_woocommerce(runtime)
    assert kept(runtime, store, connections.WOOCOMMERCE_KEYS) == KEYS
    secret = kept(runtime, store, connections.WEBHOOK_SECRET)
    assert secret is not None
    assert len(secret["secret"]) == installation.WEBHOOK_SECRET_LENGTH


def test_new_keys_leave_the_webhook_secret_alone(runtime: Runtime) -> None:
    store = connect_woocommerce(runtime)
    secret = kept(runtime, store, connections.WEBHOOK_SECRET)
    connect_woocommerce(runtime, KEYS | {"key": "ck_2"})
    assert kept(runtime, store, connections.WEBHOOK_SECRET) == secret
    assert kept(runtime, store, connections.WOOCOMMERCE_KEYS) == KEYS | {"key": "ck_2"}


def test_new_keys_do_not_end_a_pause(runtime: Runtime) -> None:
    connect_woocommerce(runtime)
    change_store(runtime, status="paused", status_reason="Stock-taking")
    store = connect_woocommerce(runtime)
    assert (store.status, store.status_reason) == ("paused", "Stock-taking")


def test_two_stores_never_share_an_address_or_a_secret(runtime: Runtime) -> None:
    first = connect_woocommerce(runtime)
    with runtime.database.session() as session:
        second = installation.connect_woocommerce(
            session, runtime, "other.example.com", "https://other.example.com", KEYS, runtime.clock.now()
        )
    assert first.public_id != second.public_id
    assert kept(runtime, first, "webhook_secret") != kept(runtime, second, "webhook_secret")


def test_a_flag_that_stands_is_not_set_back(runtime: Runtime, clock: FixedClock) -> None:
    store = connect_woocommerce(runtime)
    clock.advance(timedelta(minutes=1))
    with runtime.database.session() as session:
        installation.flag_sync(session, store, clock.now())
    with runtime.database.session() as session:
        flag = session.get_one(StoreFlag, (store.id, installation.SYNC_FLAG, ""))
    assert flag.flagged_at == store.installed_at
