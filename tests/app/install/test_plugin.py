"""The companion plugin connects: only the shop that we know already, and only by its own proof."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.clock import FixedClock
from app.install import plugin
from app.models import Credential, Store
from app.runtime import Runtime
from connectors.woocommerce.plugin_proof import ask_for_proof
from flows import connections
from flows.stores import disconnect
from tests.app.install.woocommerce_shop import connect, kept_keys, stored_secrets, stores
from tests.standins.woocommerce import WooCommerceStandin

SECRET, OTHER = "ab" * 32, "cd" * 32
KIND = connections.WOOCOMMERCE_PLUGIN


def press(client: FlaskClient, url: str, secret: str = SECRET) -> TestResponse:
    """What the plugin posts when its merchant presses Connect."""
    body = {"url": url, "secret": secret, "version": "0.1.0"}
    return client.post("/install/woocommerce/plugin", json=body)


def test_a_shop_that_proves_itself_is_told_where_its_events_go(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    shop.plugin_secret = SECRET
    answer = press(client, shop.url)
    [store] = stores(runtime)
    assert answer.status_code == 200
    assert answer.json == {
        "id": store.public_id,
        "deliveries": f"http://localhost/webhooks/woocommerce/{store.public_id}",
        "time": int(runtime.clock.now().timestamp()),
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert kept_keys(runtime, store, KIND) == {"secret": SECRET, "version": "0.1.0"}
    assert SECRET not in stored_secrets(runtime)


def test_the_secret_never_goes_to_the_shop(client: FlaskClient, shop: WooCommerceStandin) -> None:
    connect(client, shop)
    shop.plugin_secret = SECRET
    press(client, shop.url)
    [question] = shop.questions
    assert set(question) == {"challenge"}
    assert SECRET not in question["challenge"]


def test_connecting_again_replaces_the_secret(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    for secret in (SECRET, OTHER):
        shop.plugin_secret = secret
        assert press(client, shop.url, secret).status_code == 200
    [store] = stores(runtime)
    assert kept_keys(runtime, store, KIND)["secret"] == OTHER
    first, second = (question["challenge"] for question in shop.questions)
    assert first != second


def test_a_stranger_cannot_connect_somebody_elses_shop(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    shop.plugin_secret = SECRET
    press(client, shop.url)
    answer = press(client, shop.url, OTHER)
    assert answer.status_code == 403
    assert "is not the one that asks" in answer.json["error"]
    [store] = stores(runtime)
    assert kept_keys(runtime, store, KIND)["secret"] == SECRET


def test_a_shop_in_which_nobody_pressed_the_button_is_not_connected(
    client: FlaskClient, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    answer = press(client, shop.url)
    assert (answer.status_code, "nobody pressed Connect" in answer.json["error"]) == (502, True)


def test_a_shop_that_nobody_connected_is_not_even_asked(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    shop.plugin_secret = SECRET
    answer = press(client, shop.url)
    assert answer.status_code == 404
    assert "http://localhost/install/woocommerce" in answer.json["error"]
    assert (shop.questions, stores(runtime)) == ([], [])


def test_a_shop_that_has_left_is_like_one_that_nobody_connected(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    shop.plugin_secret = SECRET
    with runtime.database.session() as session:
        session.execute(update(Store).values(status="uninstalled"))
    assert press(client, shop.url).status_code == 404


def test_a_shop_that_is_disconnected_while_it_is_asked_leaves_no_secret(
    monkeypatch: pytest.MonkeyPatch, client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    shop.plugin_secret = SECRET
    [store] = stores(runtime)

    def proves_itself_and_leaves(*asked: Any) -> str:
        proof = ask_for_proof(*asked)
        disconnect(runtime, store.id, "person:1", runtime.clock.now())
        return proof

    monkeypatch.setattr(plugin, "ask_for_proof", proves_itself_and_leaves)
    assert press(client, shop.url).status_code == 404
    with runtime.database.session() as session:
        assert session.scalars(select(Credential)).all() == []


@pytest.mark.parametrize("knobs", [{"firewall": True}, {"fault": 500}, {"page_instead": True}])
def test_a_shop_that_does_not_answer_sensibly_is_refused_with_the_cause(
    client: FlaskClient, shop: WooCommerceStandin, knobs: dict[str, Any]
) -> None:
    connect(client, shop)
    shop.plugin_secret = SECRET
    shop.set_knobs(**knobs)
    answer = press(client, shop.url)
    assert answer.status_code in (403, 502)
    assert answer.json["error"]
    assert "key" not in answer.json["error"]


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "short"},
        {"secret": "AB" * 32},
        {"version": "<b>"},
        {"url": "ftp://shop.example"},
        {"url": ["https://shop.example"]},
        {"version": "1" * 5000},
    ],
)
def test_what_no_plugin_says_is_refused(
    client: FlaskClient, shop: WooCommerceStandin, changes: dict[str, Any]
) -> None:
    told = {"url": shop.url, "secret": SECRET, "version": "0.1.0"} | changes
    assert client.post("/install/woocommerce/plugin", json=told).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"\xff"])
def test_bytes_that_are_no_request_of_a_plugin_are_refused(client: FlaskClient, body: bytes) -> None:
    assert client.post("/install/woocommerce/plugin", data=body).status_code == 400


def test_a_shop_is_not_asked_without_end_whoever_calls(
    client: FlaskClient, clock: FixedClock, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    codes = [press(client, shop.url, OTHER).status_code for _ in range(8)]
    assert codes == [502] * 6 + [429] * 2
    shop.plugin_secret = SECRET
    answer = press(client, shop.url)
    assert (answer.status_code, "Try again in a minute" in answer.json["error"]) == (429, True)
    clock.advance(timedelta(minutes=1))
    assert press(client, shop.url).status_code == 200
