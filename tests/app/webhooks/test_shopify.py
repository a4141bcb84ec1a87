from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.models import Credential, Enrollment, InboundEvent, Store
from app.runtime import Runtime
from tests import factories
from tests.deliveries import post_shopify, shopify_headers, shopify_payload, sign, variant
from tests.factories import NOW

CHECKOUT = shopify_payload("linked/03")
UNINSTALL = shopify_payload("official/2026-07.app.uninstalled")
SHOP_ID = "548380009"


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, domain="good.myshopify.com", platform_store_id=SHOP_ID)


def _events(runtime: Runtime) -> list[InboundEvent]:
    with runtime.database.session() as session:
        return list(session.scalars(select(InboundEvent).order_by(InboundEvent.id)))


def _store(runtime: Runtime, store: Store) -> Store:
    with runtime.database.session() as session:
        return session.get_one(Store, store.id)


def test_a_signed_delivery_is_kept_byte_for_byte_and_answered(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    response = post_shopify(
        client, CHECKOUT.body, "checkouts/update", store, webhook_id="w-1", triggered_at=NOW
    )
    assert (response.status_code, response.data) == (200, b"")
    [event] = _events(runtime)
    assert (event.source, event.store_id, event.topic) == ("shopify", store.id, "checkouts/update")
    assert (event.state, event.body, event.received_at) == ("pending", CHECKOUT.body, NOW)
    assert event.triggered_at == NOW
    assert event.subject == "cart:84ad78572dae52a8cbea7d55371afe89"
    assert "phone:14235550123" in event.mentions
    assert event.headers == {"api_version": "2026-10"}


@pytest.mark.parametrize("name", ['"a', "a\\", "{a,b}", "NULL", "a','b", "ä\u2028"])
def test_what_a_delivery_mentions_is_kept_as_it_is_spelled(
    client: FlaskClient, runtime: Runtime, store: Store, name: str
) -> None:
    body = json.dumps({"token": "t-1", "email": f"{name}@shopper.example"}).encode()
    assert post_shopify(client, body, "checkouts/update", store).status_code == 200
    [event] = _events(runtime)
    assert event.mentions == ["checkout_token:t-1", f"email:{name.lower()}@shopper.example"]


def test_the_same_delivery_again_is_one_event(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    for _ in range(3):
        answered = post_shopify(client, CHECKOUT.body, "checkouts/update", store, webhook_id="w-1")
        assert answered.status_code == 200
    assert len(_events(runtime)) == 1


def test_another_stores_delivery_with_the_same_id_is_its_own(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
    for one in (store, neighbour):
        post_shopify(client, CHECKOUT.body, "checkouts/update", one, webhook_id="w-1")
    assert [event.store_id for event in _events(runtime)] == [store.id, neighbour.id]


@pytest.mark.parametrize("signature", ["", "bm90IHRoaXMgb25l", "é" * 8, "=" * 44])
def test_a_body_that_we_did_not_see_signed_is_refused(
    client: FlaskClient, runtime: Runtime, store: Store, signature: str
) -> None:
    headers = shopify_headers(CHECKOUT.body, "checkouts/update", store.domain)
    headers["X-Shopify-Hmac-Sha256"] = signature
    response = client.post("/webhooks/shopify", data=CHECKOUT.body, headers=headers)
    assert response.status_code == 401
    assert _events(runtime) == []


def test_one_changed_byte_breaks_the_signature(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    headers = shopify_headers(CHECKOUT.body, "checkouts/update", store.domain)
    assert client.post("/webhooks/shopify", data=CHECKOUT.body + b" ", headers=headers).status_code == 401
    assert _events(runtime) == []


def test_signed_bytes_that_are_not_json_are_refused(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    assert post_shopify(client, b"token=1", "checkouts/update", store).status_code == 400
    assert _events(runtime) == []


def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    body = json.dumps({"note": "x" * 3_000_000}).encode()
    assert post_shopify(client, body, "orders/create", store).status_code == 413
    assert _events(runtime) == []


def test_only_post_is_answered_and_never_with_a_redirect(client: FlaskClient) -> None:
    assert client.get("/webhooks/shopify").status_code == 405
    assert client.post("/webhooks/shopify/").status_code == 404


@pytest.mark.parametrize("topic", ["discounts/create", "themes/publish", "something/new"])
def test_an_unknown_topic_is_kept(client: FlaskClient, runtime: Runtime, store: Store, topic: str) -> None:
    assert post_shopify(client, b'{"id": 1}', topic, store).status_code == 200
    assert [event.topic for event in _events(runtime)] == [topic]


@pytest.mark.parametrize("domain", ["stranger.myshopify.com", "evil.example.com", ""])
def test_a_delivery_of_a_store_that_we_do_not_know_is_kept_without_one(
    client: FlaskClient, runtime: Runtime, store: Store, domain: str
) -> None:
    assert post_shopify(client, CHECKOUT.body, "checkouts/update", domain).status_code == 200
    assert [event.store_id for event in _events(runtime)] == [None]


def test_a_store_that_comes_in_between_two_deliveries_is_known_at_once(
    client: FlaskClient, runtime: Runtime
) -> None:
    post_shopify(client, CHECKOUT.body, "checkouts/update", "late.myshopify.com")
    with runtime.database.session() as session:
        store = factories.make_store(session, domain="late.myshopify.com")
    post_shopify(client, CHECKOUT.body, "checkouts/update", store)
    assert [event.store_id for event in _events(runtime)] == [None, store.id]


def test_while_the_secret_is_rotated_both_sign(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    rotated = ("the-new-secret", factories.SHOPIFY_SECRET)
    object.__setattr__(runtime.settings, "shopify_api_secret", rotated)
    for secret in rotated:
        answered = post_shopify(client, CHECKOUT.body, "checkouts/update", store, secret=secret)
        assert answered.status_code == 200
    assert len(_events(runtime)) == 2


def test_characters_that_the_database_does_not_take_lose_nothing(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    def spoil(checkout: Any) -> None:
        checkout["email"] = "a\x00b\ud800@example.com"

    body = variant(CHECKOUT.body, spoil)
    assert post_shopify(client, body, "checkouts/update", store).status_code == 200
    [event] = _events(runtime)
    assert event.body == body


def test_keys_of_any_length_are_kept(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    def lengthen(checkout: Any) -> None:
        checkout["email"] = "a" * 9_000 + "@example.com"

    body = variant(CHECKOUT.body, lengthen)
    for number in range(2):
        answered = post_shopify(client, body, "checkouts/update", store, webhook_id=f"{'w' * 4_000}{number}")
        assert answered.status_code == 200
    assert len(_events(runtime)) == 2


def test_a_store_that_was_erased_meanwhile_does_not_hold_up_its_last_deliveries(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    post_shopify(client, CHECKOUT.body, "checkouts/update", store)
    with runtime.database.session() as session:
        session.delete(session.get_one(Store, store.id))
    assert post_shopify(client, CHECKOUT.body, "checkouts/update", store).status_code == 200
    assert [event.store_id for event in _events(runtime)] == [None]


def test_a_connection_that_the_server_closed_is_replaced_unseen(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    assert post_shopify(client, CHECKOUT.body, "checkouts/update", store).status_code == 200
    with runtime.database.session() as session:
        others = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND usename = current_user"
        )
        session.execute(others)
    assert post_shopify(client, CHECKOUT.body, "checkouts/update", store).status_code == 200
    assert len(_events(runtime)) == 2


def _uninstall_body(shop_id: str = SHOP_ID) -> bytes:
    return variant(UNINSTALL.body, lambda shop: shop.update(id=int(shop_id)))


def _enroll(runtime: Runtime, store: Store) -> Enrollment:
    with runtime.database.session() as session:
        flow = factories.make_flow(session, store)
        contact = factories.make_contact(session, store)
        cart = factories.make_cart(session, store, contact)
        factories.make_credential(session, runtime, store, "shopify_tokens", {"access_token": "a"})
        return factories.make_enrollment(session, store, flow, contact, cart)


def test_an_uninstall_has_taken_effect_when_it_is_answered(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    enrollment = _enroll(runtime, store)
    response = post_shopify(client, _uninstall_body(), "app/uninstalled", store, triggered_at=NOW)
    assert response.status_code == 200
    with runtime.database.session() as session:
        assert session.get_one(Store, store.id).status == "uninstalled"
        assert session.scalars(select(Credential)).all() == []
        ended = session.get_one(Enrollment, enrollment.id)
        assert (ended.state, ended.reason) == ("ended", "uninstalled")


def test_an_uninstall_that_names_another_shop_in_its_signed_body_changes_nothing(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    enrollment = _enroll(runtime, store)
    body = _uninstall_body(shop_id="666")
    assert post_shopify(client, body, "app/uninstalled", store, triggered_at=NOW).status_code == 200
    assert _store(runtime, store).status == "active"
    with runtime.database.session() as session:
        assert session.get_one(Enrollment, enrollment.id).state == "active"


def test_a_late_uninstall_from_before_the_reinstall_changes_nothing(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).installed_at = NOW - timedelta(minutes=5)
    before = NOW - timedelta(hours=1)
    post_shopify(client, _uninstall_body(), "app/uninstalled", store, triggered_at=before)
    assert _store(runtime, store).status == "active"


def test_a_store_whose_shop_id_we_never_learnt_can_leave_and_is_known_by_it_then(
    client: FlaskClient, runtime: Runtime
) -> None:
    with runtime.database.session() as session:
        fresh = factories.make_store(session, platform_store_id=None)
    post_shopify(client, _uninstall_body(), "app/uninstalled", fresh, triggered_at=NOW)
    assert (_store(runtime, fresh).status, _store(runtime, fresh).platform_store_id) == (
        "uninstalled",
        SHOP_ID,
    )


def test_a_signed_body_sent_with_another_shops_domain_uninstalls_nobody(
    client: FlaskClient, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        victim = factories.make_store(session, platform_store_id="777")
    body = _uninstall_body()
    headers = shopify_headers(body, "app/uninstalled", victim.domain)
    assert headers["X-Shopify-Hmac-Sha256"] == sign(body, factories.SHOPIFY_SECRET)
    assert client.post("/webhooks/shopify", data=body, headers=headers).status_code == 200
    assert _store(runtime, victim).status == "active"
    assert _store(runtime, store).status == "active"
