from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.events import Key, OrderSeen, Shopper
from connectors.platform import Unreachable
from connectors.shopify.store import ShopifyStore
from tests.connectors.shopify.conftest import SHOP, Clock
from tests.connectors.shopify.deliveries import CART_TOKEN, CHECKOUT_TOKEN, payload
from tests.standins.shopify import ShopifyStandin

ORDER: dict[str, Any] = json.loads(payload("linked/06"))
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
ORDERED_AT = datetime(2024, 11, 6, 2, 54, 49, tzinfo=UTC)


def placed(found: OrderSeen | None) -> str | None:
    return found.order_id if found else None


@pytest.mark.parametrize("key", [CHECKOUT_TOKEN, CART_TOKEN])
def test_an_order_is_found_by_either_key_of_its_cart(
    store: ShopifyStore, standin: ShopifyStandin, key: Key
) -> None:
    standin.shop(SHOP).put_order(ORDER)
    assert placed(store.find_order([key], Shopper(), datetime(2026, 1, 1, tzinfo=UTC))) == "5778367414385"
    assert placed(store.find_order([Key(key.kind, "another")], Shopper(), LONG_AGO)) is None
    assert standin.complaints == []


@pytest.mark.parametrize(
    "shopper",
    [
        Shopper(email="Henry@Example.com"),
        Shopper(customer_id="7358220173425"),
        Shopper(phones=("(423) 555-0123", "+14235550123")),
        Shopper(phones=("+14235550123",), email="nobody@example.com", customer_id="1"),
    ],
)
def test_a_persons_order_is_found_if_it_was_placed_since(
    store: ShopifyStore, standin: ShopifyStandin, shopper: Shopper
) -> None:
    shop = standin.shop(SHOP)
    shop.put_order(ORDER)
    shop.put_consent(json.loads(payload("linked/11")))
    assert placed(store.find_order([], shopper, ORDERED_AT)) == "5778367414385"
    assert placed(store.find_order([], shopper, ORDERED_AT + timedelta(seconds=1))) is None
    assert standin.complaints == []


def test_nothing_is_asked_when_nothing_is_known(store: ShopifyStore, standin: ShopifyStandin) -> None:
    unknown = Shopper(phones=("555-555-SHIP",))
    assert store.find_order([Key("woo_order", "1")], unknown, LONG_AGO) is None
    assert standin.calls == []


@pytest.mark.parametrize("value", ['a" OR email:"henry@example.com', "a\\", "a'b", "a) OR (b"])
def test_a_strange_key_is_a_phrase_and_no_search(
    store: ShopifyStore, standin: ShopifyStandin, value: str
) -> None:
    standin.shop(SHOP).put_order(ORDER)
    found = store.find_order([Key("cart_token", value)], Shopper(email=f"{value}@example.com"), LONG_AGO)
    assert found is None
    assert standin.complaints == []


def test_an_answer_to_a_search_that_shopify_ignored_is_not_believed(
    store: ShopifyStore, standin: ShopifyStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.shop(SHOP).put_order(ORDER)
    monkeypatch.setattr("tests.standins.shopify_graphql.search", lambda kind, text: lambda node: True)
    stranger = Shopper(email="stranger@example.com", customer_id="1")
    assert store.find_order([Key("cart_token", "another")], stranger, LONG_AGO) is None


def test_a_last_look_does_not_wait(store: ShopifyStore, standin: ShopifyStandin, clock: Clock) -> None:
    standin.disturb(503)
    with pytest.raises(Unreachable):
        store.find_order([CART_TOKEN], Shopper(), LONG_AGO)
    assert clock.slept == []
