from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from app import create_app
from app.clock import FixedClock
from app.models import Credential, InboundEvent, Store
from app.ops.replay import read_recording
from app.runtime import Runtime
from app.web import EXTENSION
from app.webhooks.known_stores import KEPT_FOR, READ_AGAIN_AFTER
from tests import factories
from tests.deliveries import PAYLOADS, post_woocommerce, sign, woocommerce_headers, woocommerce_payload
from tests.factories import WOOCOMMERCE_SECRET

ORDER = woocommerce_payload("0027")
UPDATE = woocommerce_payload("0028")
PING = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_woocommerce_store(session, runtime)


def _events(runtime: Runtime) -> list[InboundEvent]:
    with runtime.database.session() as session:
        return list(session.scalars(select(InboundEvent).order_by(InboundEvent.id)))


def _replace_secret(runtime: Runtime, store: Store, secret: str) -> None:
    with runtime.database.session() as session:
        session.execute(delete(Credential))
        factories.make_credential(session, runtime, store, "webhook_secret", {"secret": secret})


def test_a_signed_delivery_is_kept_byte_for_byte(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    response = post_woocommerce(client, ORDER.body, "order.created", store, ORDER.headers)
    assert response.status_code == 200
    [event] = _events(runtime)
    assert (event.source, event.store_id, event.topic) == ("woocommerce", store.id, "order.created")
    assert (event.subject, event.body, event.headers) == ("order:25", ORDER.body, {"webhook_id": "4"})
    assert {"woo_order:25", "phone:15125550111", "email:zoe@shopper.example"} <= set(event.mentions)


def test_the_ping_is_answered_with_exactly_200_and_kept_nowhere(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    address = f"/webhooks/woocommerce/{store.public_id}"
    assert client.post(address, data=b"webhook_id=30", headers=PING).status_code == 200
    assert client.post(f"{address}?store=42", data=b"webhook_id=30", headers=PING).status_code == 200
    assert _events(runtime) == []


@pytest.mark.parametrize("body", [b"webhook_id=30&id=1", b"webhook_id=x", b"{}", b""])
def test_what_only_looks_like_a_ping_must_be_signed(
    client: FlaskClient, runtime: Runtime, store: Store, body: bytes
) -> None:
    address = f"/webhooks/woocommerce/{store.public_id}"
    assert client.post(address, data=body, headers=PING).status_code == 401
    assert _events(runtime) == []


def test_an_address_that_is_no_stores_looks_like_any_missing_page(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    headers = woocommerce_headers(ORDER.body, "order.created")
    unknown = client.post("/webhooks/woocommerce/nobody", data=ORDER.body, headers=headers)
    missing = client.post("/no/such/page", data=ORDER.body, headers=headers)
    assert (unknown.status_code, unknown.data) == (404, missing.data)
    assert client.post("/webhooks/woocommerce/nobody", data=b"webhook_id=30", headers=PING).status_code == 404
    assert _events(runtime) == []


def test_a_store_of_another_platform_has_no_address_here(client: FlaskClient, runtime: Runtime) -> None:
    with runtime.database.session() as session:
        shopify = factories.make_store(session)
    assert post_woocommerce(client, ORDER.body, "order.created", shopify).status_code == 404


def test_another_stores_secret_does_not_sign(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_woocommerce_store(session, runtime, secret="the neighbour's own secret")
    assert post_woocommerce(client, ORDER.body, "order.created", neighbour).status_code == 401
    headers = woocommerce_headers(ORDER.body, "order.created", secret="the neighbour's own secret")
    address = f"/webhooks/woocommerce/{store.public_id}"
    assert client.post(address, data=ORDER.body, headers=headers).status_code == 401
    assert _events(runtime) == []


def test_a_store_without_a_secret_accepts_nothing(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        session.execute(delete(Credential))
    assert post_woocommerce(client, ORDER.body, "order.created", store, secret="").status_code == 401


def test_equal_bodies_under_two_topics_are_two_events_and_a_repeat_is_none(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    assert ORDER.body == UPDATE.body
    for recording in (ORDER, UPDATE, ORDER, UPDATE):
        post_woocommerce(client, recording.body, recording.topic, store, recording.headers)
    assert [event.topic for event in _events(runtime)] == ["order.created", "order.updated"]


def test_the_same_order_number_in_two_stores_is_two_events(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_woocommerce_store(session, runtime)
    for one in (store, neighbour):
        post_woocommerce(client, ORDER.body, "order.created", one, ORDER.headers)
    assert [event.store_id for event in _events(runtime)] == [store.id, neighbour.id]


def test_a_secret_that_was_replaced_holds_within_a_moment(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    post_woocommerce(client, ORDER.body, "order.created", store)
    _replace_secret(runtime, store, "a fresh secret")
    clock.advance(READ_AGAIN_AFTER)
    assert (
        post_woocommerce(client, UPDATE.body, "order.updated", store, secret="a fresh secret").status_code
        == 200
    )
    assert post_woocommerce(client, UPDATE.body, "order.updated", store).status_code == 401


def test_an_old_secret_is_forgotten_within_seconds(
    client: FlaskClient, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    post_woocommerce(client, ORDER.body, "order.created", store)
    _replace_secret(runtime, store, "a fresh secret")
    clock.advance(KEPT_FOR)
    assert post_woocommerce(client, UPDATE.body, "order.updated", store).status_code == 401


def test_signed_bytes_that_are_no_json_object_are_refused(client: FlaskClient, store: Store) -> None:
    for body in (b"[1, 2]", b"id=25", b""):
        assert post_woocommerce(client, body, "order.created", store).status_code == 400


def test_an_error_that_the_store_signs_in_the_orders_place_is_kept(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    error = b'{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":403}}'
    assert post_woocommerce(client, error, "order.updated", store).status_code == 200
    assert [event.subject for event in _events(runtime)] == ["store"]


def test_only_post_is_answered(client: FlaskClient, store: Store) -> None:
    assert client.get(f"/webhooks/woocommerce/{store.public_id}").status_code == 405


def test_the_demo_has_no_address_unless_it_is_switched_on(client: FlaskClient, store: Store) -> None:
    assert client.post(f"/webhooks/demo/{store.public_id}", data=b"{}").status_code == 404


@pytest.fixture
def demo(database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr("app.ROOMS", ("webhooks",))
    application = create_app(factories.make_settings(database_url, demo=True), clock)
    yield application
    application.extensions[EXTENSION].close()


def test_the_demo_shop_delivers_like_a_real_one(demo: Flask) -> None:
    runtime = demo.extensions[EXTENSION]
    with runtime.database.session() as session:
        store = factories.make_woocommerce_store(session, runtime, platform="demo", domain="demo.example.com")
    body = b'{"cart_token": "t1", "updated_at": "2026-11-21T17:59:00+00:00", "items": []}'
    headers = {"X-Demo-Topic": "cart.updated", "X-Demo-Signature": sign(body, WOOCOMMERCE_SECRET)}
    address = f"/webhooks/demo/{store.public_id}"
    client = demo.test_client()
    assert client.post(address, data=body, headers=headers).status_code == 200
    assert client.post(address, data=body + b" ", headers=headers).status_code == 401
    assert (
        client.post(f"/webhooks/woocommerce/{store.public_id}", data=body, headers=headers).status_code == 404
    )
    [event] = _events(runtime)
    assert (event.source, event.store_id, event.mentions) == ("demo", store.id, ["demo_cart:t1"])


def test_a_recorded_ping_is_one(client: FlaskClient, store: Store) -> None:
    recording = read_recording(PAYLOADS / "woocommerce" / "ping.json")
    headers = {"Content-Type": recording.headers["Content-Type"]}
    address = f"/webhooks/woocommerce/{store.public_id}"
    assert client.post(address, data=recording.body, headers=headers).status_code == 200


def test_the_hot_path_decrypts_nothing_twice(
    client: FlaskClient, runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    opened: list[str] = []
    decrypt = runtime.cipher.decrypt

    def note(token: str) -> str:
        opened.append(token)
        return decrypt(token)

    monkeypatch.setattr(runtime.cipher, "decrypt", note)
    for number in range(3):
        body = ORDER.body.replace(b'"number":"25"', f'"number":"{number}"'.encode())
        assert post_woocommerce(client, body, "order.created", store).status_code == 200
        clock.advance(timedelta(seconds=1))
    assert len(opened) == 1
    assert len(_events(runtime)) == 3
