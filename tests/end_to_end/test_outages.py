"""PostgreSQL or Valkey is away for a while: nothing acknowledged is lost, and all go on by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from app.ops.processes import is_running
from tests.conftest import Servers
from tests.end_to_end.shoppers import Shopper
from tests.end_to_end.shops import Phone, ShopifyShop, connect_shopify, flow
from tests.end_to_end.stack import Stack
from tests.end_to_end.test_shopify import GERMAN_SHOP
from tests.standins.shopify import ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.waiting import wait_until

OK, UNAVAILABLE = requests.codes.ok, requests.codes.unavailable


def shopper(number: int) -> Shopper:
    return Shopper(
        phone=f"+49151123459{number:02d}",
        country="DE",
        region=None,
        postcode="10115",
        locale="de-DE",
        email=f"outage{number}@shopper.example",
        customer_id=7358220176000 + number,
        checkout_token=f"{number:030x}ee",
        cart_token=f"hWN1outage{number}",
    )


def tell(shop: ShopifyShop, who: Shopper) -> int:
    return shop.deliver("checkouts/update", who.checkout(shop.domain, currency="EUR"))


def readiness(stack: Stack) -> int:
    return requests.get(f"{stack.url}/readyz", timeout=30).status_code


@pytest.fixture
def disturbed(running: Stack, servers: Servers) -> Iterator[Stack]:
    """Whatever a test took down is up again afterwards, and so is every process."""
    yield running
    for server in (servers.postgres, running.valkey):
        if not is_running(server):
            server.launch()
    running.start_again_what_died()


def test_without_a_database_webhooks_are_turned_away_and_taken_when_it_is_back(
    disturbed: Stack, servers: Servers, shopify: ShopifyStandin, twilio: TwilioStandin
) -> None:
    stack = disturbed
    shop = connect_shopify(stack, shopify, "away.myshopify.com", flow("PT0S"), **GERMAN_SHOP)
    acknowledged, turned_away = shopper(1), shopper(2)
    stack.stop(["intake-1"])
    assert tell(shop, acknowledged) == OK

    servers.postgres.halt()
    wait_until(lambda: readiness(stack) == UNAVAILABLE, what="the server is not ready")
    assert tell(shop, turned_away) == UNAVAILABLE
    assert requests.get(f"{stack.url}/healthz", timeout=30).status_code == OK

    servers.postgres.launch()
    stack.runtime.database.close()
    wait_until(lambda: readiness(stack) == OK, what="the server is ready again")
    assert tell(shop, turned_away) == OK
    stack.processes["intake-1"].launch()
    for who in (acknowledged, turned_away):
        assert len(Phone(who.phone, twilio).wait_for_texts(1)) == 1
    stack.raise_for_the_dead()


def test_a_database_that_was_restarted_turns_nobody_away(
    disturbed: Stack, servers: Servers, shopify: ShopifyStandin, twilio: TwilioStandin
) -> None:
    """WooCommerce never sends twice, so a connection that broke in silence must not cost a delivery."""
    stack = disturbed
    known, unknown = (
        connect_shopify(stack, shopify, domain, flow("PT0S"), **GERMAN_SHOP)
        for domain in ("known.myshopify.com", "unknown.myshopify.com")
    )
    assert tell(known, shopper(9)) == OK
    known.wait_for(shopper(9).checkout_token, "delivered")
    servers.postgres.halt()
    servers.postgres.launch()
    stack.runtime.database.close()
    assert tell(unknown, shopper(10)) == OK
    assert tell(known, shopper(11)) == OK
    assert known.fetch().status_code == OK
    for who in (shopper(10), shopper(11)):
        assert len(Phone(who.phone, twilio).wait_for_texts(1)) == 1
    stack.raise_for_the_dead()


def test_without_valkey_webhooks_are_taken_and_applied_when_it_is_back(
    disturbed: Stack, shopify: ShopifyStandin, twilio: TwilioStandin
) -> None:
    stack = disturbed
    shop = connect_shopify(stack, shopify, "queueless.myshopify.com", flow("PT0S"), **GERMAN_SHOP)
    stack.valkey.halt()
    whos = [shopper(number) for number in range(3, 8)]
    assert [tell(shop, who) for who in whos] == [OK] * len(whos)
    assert readiness(stack) == OK
    stack.valkey.launch()
    for who in whos:
        phone = Phone(who.phone, twilio)
        stack.wait(phone.texts, what="a text")
        assert len(phone.texts()) == 1


def test_a_queue_that_lost_everything_is_filled_again(
    disturbed: Stack, shopify: ShopifyStandin, twilio: TwilioStandin
) -> None:
    stack = disturbed
    shop = connect_shopify(stack, shopify, "forgotten.myshopify.com", flow("PT0S"), **GERMAN_SHOP)
    stack.stop(["intake-1"])
    who = shopper(8)
    assert tell(shop, who) == OK
    stack.runtime.redis.flushall()
    stack.processes["intake-1"].launch()
    assert len(Phone(who.phone, twilio).wait_for_texts(1)) == 1
