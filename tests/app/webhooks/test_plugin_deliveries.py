"""The companion plugin's events at the door and in the rows: recorded ones, at the time they were sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Cart, ConsentEvent, Credential, InboundEvent, Store
from app.runtime import Runtime
from flows import inbox
from tests import factories
from tests.app.webhooks.end_state import end_state
from tests.connectors.woocommerce.plugin_recordings import (
    ADDRESS_TYPED,
    AT_THE_BANK,
    BEFORE_PAYING,
    BOUGHT,
    EMPTIED,
    LEFT_IN_BLOCKS,
    SECRETS,
    TICKED,
    UNTICKED,
    WEBHOOK_OF_BOUGHT,
    Recorded,
)
from tests.deliveries import post_woocommerce


@pytest.fixture
def store(runtime: Runtime) -> Store:
    return _store_with(runtime, SECRETS["hLL0"])


def _store_with(runtime: Runtime, secret: str) -> Store:
    with runtime.database.session() as session:
        store = factories.make_woocommerce_store(session, runtime, country="AU", currency="AUD")
        factories.make_credential(session, runtime, store, "woocommerce_plugin", {"secret": secret})
        return store


def _send(client: FlaskClient, clock: FixedClock, store: Store, name: str, *, late: int = 0) -> int:
    """``late`` is how many minutes lie between signature and arrival."""
    recorded = Recorded(name)
    clock.advance(recorded.sent_at + timedelta(minutes=late) - clock.now())
    address = f"/webhooks/woocommerce/{store.public_id}"
    return client.post(address, data=recorded.body, headers=recorded.headers).status_code


def test_a_shopper_who_typed_a_phone_and_left_is_a_cart_with_consent(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    assert _send(client, clock, store, LEFT_IN_BLOCKS) == 200
    inbox.drain(runtime)
    assert end_state(runtime, store) == {
        "store": "active",
        "events": ["applied"],
        "carts": ["open at contact: 2 for 88 AUD, -, -"],
        "keys": ["woo_session"],
        "contacts": ["+61412345631 - -"],
        "consents": {"+61412345631": "given"},
    }
    with runtime.database.session() as session:
        [event] = session.scalars(select(ConsentEvent))
    assert (event.source, event.evidence["wording_version"]) == ("woocommerce_box", "1")


def test_an_event_counts_once_however_often_it_comes(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    for late in (0, 1, 5):
        assert _send(client, clock, store, LEFT_IN_BLOCKS, late=late) == 200
    assert end_state(runtime, store)["events"] == ["pending"]


def test_an_event_that_was_recorded_and_played_back_later_is_refused(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    assert _send(client, clock, store, LEFT_IN_BLOCKS, late=6) == 401
    assert "events" not in end_state(runtime, store)


def test_neither_secret_signs_for_the_other(client: FlaskClient, runtime: Runtime, clock: FixedClock) -> None:
    with runtime.database.session() as session:
        secret = SECRETS["hLL0"]
        store = factories.make_woocommerce_store(session, runtime, secret=secret)
    assert _send(client, clock, store, LEFT_IN_BLOCKS) == 401
    with runtime.database.session() as session:
        factories.make_credential(session, runtime, store, "woocommerce_plugin", {"secret": "another"})
    clock.advance(timedelta(minutes=1))
    body = Recorded(WEBHOOK_OF_BOUGHT).body
    assert post_woocommerce(client, body, "order.created", store, secret="another").status_code == 401
    assert post_woocommerce(client, body, "order.created", store, secret=secret).status_code == 200


def test_a_fresh_secret_holds_at_once_and_the_old_one_no_more(
    client: FlaskClient, runtime: Runtime, clock: FixedClock
) -> None:
    store = _store_with(runtime, "the secret before")
    assert _send(client, clock, store, LEFT_IN_BLOCKS) == 401
    with runtime.database.session() as session:
        row = session.get(Credential, (store.id, "woocommerce_plugin"))
        assert row is not None
        row.secret = runtime.cipher.encrypt_json({"secret": SECRETS["hLL0"]})
    assert _send(client, clock, store, LEFT_IN_BLOCKS, late=1) == 200


def test_signed_bytes_of_another_form_are_refused_before_they_are_kept(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    recorded = Recorded(LEFT_IN_BLOCKS)
    clock.advance(recorded.sent_at - clock.now())
    address = f"/webhooks/woocommerce/{store.public_id}"
    headers = recorded.headers | {"x-warmcart-nonce": "no nonce"}
    assert client.post(address, data=recorded.body, headers=headers).status_code == 401


def test_an_order_is_joined_with_its_cart_whoever_tells_it(
    client: FlaskClient, runtime: Runtime, clock: FixedClock
) -> None:
    by_plugin, by_webhook = (_store_with(runtime, SECRETS["hLL0"]) for _ in range(2))
    for store in (by_plugin, by_webhook):
        assert _send(client, clock, store, ADDRESS_TYPED) == 200
    assert _send(client, clock, by_plugin, BOUGHT) == 200
    body = Recorded(WEBHOOK_OF_BOUGHT).body
    assert post_woocommerce(client, body, "order.created", by_webhook).status_code == 200
    inbox.drain(runtime)
    for store in (by_plugin, by_webhook):
        state = end_state(runtime, store)
        assert state["carts"] == ["ordered at shipping: 1 for 29 AUD, ruby3@example.com, -"]
        assert state["orders"] == ["28 placed (real): 29 AUD, back 0, -"]
        assert sorted(state["keys"]) == ["woo_order", "woo_session (free)"]


def test_news_of_the_cart_that_comes_after_its_order_wakes_nothing(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    assert _send(client, clock, store, BOUGHT) == 200
    inbox.drain(runtime)
    assert _send(client, clock, store, ADDRESS_TYPED) == 200
    inbox.drain(runtime)
    assert all(not cart.startswith("open") for cart in end_state(runtime, store).get("carts", []))


def test_an_order_left_at_the_bank_stays_the_cart_that_it_was(
    client: FlaskClient, runtime: Runtime, clock: FixedClock
) -> None:
    store = _store_with(runtime, SECRETS["rIh5"])
    for name in (BEFORE_PAYING, AT_THE_BANK):
        assert _send(client, clock, store, name) == 200
        inbox.drain(runtime)
    state = end_state(runtime, store)
    assert state["carts"] == ["open at payment: 1 for 29 AUD, ruby5@example.com, -"]
    assert state["keys"] == ["woo_session", "woo_order"]


def test_unticking_takes_the_consent_back_and_emptying_ends_the_cart(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    seen = []
    for name in (TICKED, UNTICKED, EMPTIED):
        assert _send(client, clock, store, name) == 200
        inbox.drain(runtime)
        state = end_state(runtime, store)
        seen.append((state["carts"][0].split(" ")[0], state["consents"]))
    number = "+61412345636"
    assert seen == [("open", {number: "given"}), ("open", {number: "none"}), ("emptied", {number: "none"})]


def test_a_cart_that_cannot_be_read_is_kept_and_shown_as_failed(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    assert _send(client, clock, store, LEFT_IN_BLOCKS) == 200
    with runtime.database.session() as session:
        event = session.scalars(select(InboundEvent)).one()
        event.body = (event.body or b"").replace(b'"step":"contact"', b'"step":"nearly there"')
    inbox.drain(runtime)
    assert end_state(runtime, store)["events"] == ["failed"]
    with runtime.database.session() as session:
        assert session.scalars(select(Cart)).all() == []
