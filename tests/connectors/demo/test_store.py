"""The demo shop is asked over real HTTP, and believed only where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from connectors.demo import DemoPlatform
from connectors.demo.store import DemoStore
from connectors.events import CartSeen, Key, OrderSeen, Shopper
from connectors.platform import ConnectorError, Unreachable
from tests.connectors.demo.bodies import SECRET
from tests.connectors.demo.conftest import Shop

SINCE = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def client(shop: Shop) -> Iterator[DemoStore]:
    with requests.Session() as session:
        yield DemoPlatform().connect(shop.url, SECRET, session)


def test_changes_are_the_carts_and_the_orders(client: DemoStore) -> None:
    cart, order = client.changes(SINCE)
    assert isinstance(cart, CartSeen) and cart.keys == (Key("demo_cart", "cart-1"),)
    assert isinstance(order, OrderSeen) and order.order_id == "FK-1001"


def test_open_carts_are_the_carts_alone(client: DemoStore) -> None:
    assert [cart.keys[0].value for cart in client.open_carts(SINCE)] == ["cart-1"]


@pytest.mark.parametrize(
    ("keys", "shopper", "found"),
    [
        ((Key("demo_cart", "cart-1"),), Shopper(), True),
        ((Key("demo_cart", "cart-2"),), Shopper(phones=("0664 123456",)), True),
        ((Key("demo_cart", "cart-2"),), Shopper(phones=("0664 999999",)), False),
        ((), Shopper(), False),
    ],
)
def test_a_last_look_finds_the_order_of_the_cart_or_of_the_person(
    client: DemoStore, keys: tuple[Key, ...], shopper: Shopper, found: bool
) -> None:
    order = client.find_order(keys, shopper, SINCE)
    assert (order is not None) is found


def test_a_wrong_secret_gets_no_answer(shop: Shop) -> None:
    with requests.Session() as session, pytest.raises(Unreachable):
        list(DemoPlatform().connect(shop.url, "another secret", session).open_carts(SINCE))


@pytest.mark.parametrize("answer", [b"<html>", {"carts": []}, ["cart"], [{"cart_token": "x"}]])
def test_an_answer_that_makes_no_sense_is_a_trouble_of_the_neighbour(
    shop: Shop, client: DemoStore, answer: Any
) -> None:
    shop.answers["carts"] = answer
    with pytest.raises(ConnectorError):
        list(client.open_carts(SINCE))


def test_a_shop_in_trouble_is_asked_again_later(shop: Shop, client: DemoStore) -> None:
    shop.status = 503
    with pytest.raises(Unreachable):
        list(client.changes(SINCE))


def test_nobody_at_home_is_a_trouble_of_the_neighbour() -> None:
    with requests.Session() as session, pytest.raises(Unreachable):
        list(DemoPlatform().connect("http://127.0.0.1:9/demo/shop", SECRET, session).open_carts(SINCE))
