from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.models import AuditEvent, Cart, Credential, Order, Store, StoreFlag
from app.runtime import Runtime, make_runtime
from flows import connections, installation, stores, synchronization
from tests.connectors.woocommerce.receiver import receiver
from tests.factories import make_settings
from tests.standins.woocommerce import WooCommerceStandin

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    """The stand-in and the keys' signatures live in the present, so these tests do, too."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def runtime(database_url: str, redis_url: str, clock: FixedClock) -> Iterator[Runtime]:
    """Its public address answers pings, as the real one does."""
    with receiver() as public:
        settings = make_settings(database_url, redis_url, allow_private_stores=True, public_url=public.url)
        runtime = make_runtime(settings, clock)
        yield runtime
        runtime.close()


@pytest.fixture
def shop() -> Iterator[WooCommerceStandin]:
    with WooCommerceStandin(path="/boutique") as standin:
        yield standin


def connect(runtime: Runtime, shop: WooCommerceStandin) -> Store:
    key, secret = shop.add_key()
    parts = urlsplit(shop.url)
    keys = {"url": shop.url, "key": key, "secret": secret, "method": "basic"}
    with runtime.database.session() as session:
        return installation.connect_woocommerce(
            session, runtime, parts.netloc + parts.path, shop.url, keys, runtime.clock.now()
        )


def drain(runtime: Runtime) -> int:
    return synchronization.drain(runtime, runtime.clock.now() + MINUTE)


def carts(runtime: Runtime) -> list[Cart]:
    with runtime.database.session() as session:
        return list(session.scalars(select(Cart)))


def reread(runtime: Runtime, store: Store) -> Store:
    with runtime.database.session() as session:
        return session.get_one(Store, store.id)


def test_a_store_that_comes_in_is_read_once_and_its_webhooks_are_made(runtime, shop):
    shop.add_order(status="pending")
    store = connect(runtime, shop)

    first, second = drain(runtime), drain(runtime)

    store = reread(runtime, store)
    assert (first, second) == (1, 0)
    assert (store.name, store.currency, store.timezone) == ("Boutique", "USD", "America/Chicago")
    assert len(carts(runtime)) == 1
    assert {hook["delivery_url"] for hook in shop.hooks()} == {connections.delivery_url(runtime, store)}


def test_a_store_that_does_not_answer_is_asked_again_a_minute_later(runtime, shop, clock):
    store = connect(runtime, shop)
    shop.set_knobs(fault=503)

    drain(runtime)
    shop.set_knobs(fault=None)
    too_early = drain(runtime)
    clock.advance(MINUTE)

    assert too_early == 0
    assert drain(runtime) == 1
    assert reread(runtime, store).reconciled_at is not None


def test_refused_keys_stop_the_store_until_it_is_connected_again(runtime, shop):
    store = connect(runtime, shop)
    with runtime.database.session() as session:
        keys = connections.read_credential(session, runtime, store.id, connections.WOOCOMMERCE_KEYS)
    assert keys is not None
    shop.revoke_key(keys["key"])

    drain(runtime)

    store = reread(runtime, store)
    assert store.status == "reconnect"
    assert store.status_reason
    with runtime.database.session() as session:
        assert session.scalar(select(StoreFlag.name)) is None


@pytest.mark.parametrize("answers", [True, False])
def test_a_store_that_disconnects_keeps_nothing_of_ours_and_we_no_keys_of_it(runtime, shop, answers):
    store = connect(runtime, shop)
    drain(runtime)
    shop.set_knobs(fault=None if answers else 503)

    removed = stores.disconnect(runtime, store.id, "person:1", runtime.clock.now())

    assert (removed, shop.hooks() == []) == (answers, answers)
    assert reread(runtime, store).status == "uninstalled"
    with runtime.database.session() as session:
        assert session.scalars(select(Credential)).all() == []
        told = session.scalars(select(AuditEvent).where(AuditEvent.action == "store_disconnected")).one()
    assert (told.actor, told.details) == ("person:1", {"webhooks_removed": answers})


def test_a_reconcile_finds_an_order_whose_webhook_never_came(runtime, shop, clock):
    order = shop.add_order(status="pending")
    store = connect(runtime, shop)
    drain(runtime)
    shop.pay_order(order["id"])
    clock.advance(timedelta(minutes=11))

    with runtime.database.session() as session:
        due = synchronization.stores_to_reconcile(session, clock.now() - timedelta(minutes=10))
    answered = synchronization.reconcile(runtime, due[0])

    assert answered
    assert [one.id for one in due] == [store.id]
    with runtime.database.session() as session:
        assert session.scalar(select(Order.status)) == "paid"
    assert [cart.state for cart in carts(runtime)] == ["ordered"]


def test_a_disabled_webhook_is_mended_and_what_it_missed_is_read(runtime, shop, clock):
    store = connect(runtime, shop)
    drain(runtime)
    shop.add_order(status="failed")
    shop.webhooks.update(shop.hooks()[0]["id"], {"status": "disabled"})
    clock.advance(timedelta(minutes=6))

    with runtime.database.session() as session:
        due = synchronization.stores_to_check(session, clock.now() - timedelta(minutes=5))
    synchronization.check_webhooks(runtime, due[0])

    assert [one.id for one in due] == [store.id]
    assert {hook["status"] for hook in shop.hooks()} == {"active"}
    assert len(carts(runtime)) == 1


def test_a_store_that_left_is_not_asked_anything(runtime, shop, clock):
    store = connect(runtime, shop)
    with runtime.database.session() as session:
        session.get_one(Store, store.id).status = "uninstalled"

    with runtime.database.session() as session:
        assert synchronization.stores_to_reconcile(session, clock.now()) == []
        assert synchronization.stores_to_check(session, clock.now()) == []
