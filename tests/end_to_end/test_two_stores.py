"""Two stores side by side: the same person, equal tokens, and nothing of one in the other."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

import pytest
import requests

from tests.deliveries import shopify_payload, variant
from tests.end_to_end.shoppers import Shopper
from tests.end_to_end.shops import MUCH_LATER, Phone, ShopifyShop, connect_shopify, flow, link_in, tap
from tests.end_to_end.stack import Stack
from tests.end_to_end.test_shopify import GERMAN_SHOP, planned_steps, recoveries
from tests.standins.shopify import ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.waiting import wait_until

MIA = Shopper(
    phone="+4915112345801",
    country="DE",
    region=None,
    postcode="10115",
    locale="de-DE",
    email="mia@shopper.example",
    customer_id=7358220175801,
    checkout_token="d0" * 16,
    cart_token="hWN1miaTOKEN",
)
TOKEN = MIA.checkout_token

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Neighbours:
    """Both have Mia's cart under the same keys, and have texted her once; ``text`` is the left one's."""

    left: ShopifyShop
    right: ShopifyShop
    text: dict[str, str]


def leave_a_cart(shop: ShopifyShop) -> None:
    body = MIA.checkout(shop.domain, currency="EUR")
    assert shop.deliver("checkouts/update", body) == requests.codes.ok
    shop.wait_for(TOKEN, "delivered")


@pytest.fixture
def neighbours(stack: Stack, shopify: ShopifyStandin, twilio: TwilioStandin) -> Neighbours:
    number = next(_numbers)
    left, right = (
        connect_shopify(
            stack, shopify, f"{side}-{number}.myshopify.com", flow("PT0S", MUCH_LATER), **GERMAN_SHOP
        )
        for side in ("left", "right")
    )
    phone = Phone(MIA.phone, twilio)
    before = len(phone.texts())
    leave_a_cart(left)
    text = phone.texts()[before]
    leave_a_cart(right)
    return Neighbours(left, right, text)


def test_what_happens_in_one_store_changes_nothing_in_the_other(
    neighbours: Neighbours, stack: Stack, twilio: TwilioStandin
) -> None:
    left, right = neighbours.left, neighbours.right
    untouched, texts = right.cart(TOKEN), len(twilio.texts(MIA.phone))
    assert left.domain in tap(link_in(neighbours.text, stack)).headers["Location"]
    order = MIA.order(left.domain, "123.00", currency="EUR")
    assert left.deliver("orders/create", order) == requests.codes.ok
    left.wait_for(TOKEN, "ended", "ordered")
    left.wait_for(TOKEN, "recovered")
    wait_until(lambda: "123.00" in left.fetch().text, what="the left revenue on the left page")

    assert right.cart(TOKEN) == untouched
    assert (planned_steps(left), planned_steps(right)) == (0, 1)
    assert (len(recoveries(left)), len(recoveries(right))) == (1, 0)
    assert "123.00" not in right.fetch().text
    assert len(twilio.texts(MIA.phone)) == texts


def test_a_store_that_leaves_ends_its_own_texts_only(neighbours: Neighbours) -> None:
    left, right = neighbours.left, neighbours.right
    number = left.store().platform_store_id

    def name(body: dict[str, object]) -> None:
        body |= {"id": int(number or 0), "myshopify_domain": left.domain}

    body = variant(shopify_payload("official/2026-07.app.uninstalled").body, name)
    assert left.deliver("app/uninstalled", body) == requests.codes.ok
    assert (left.store().status, right.store().status) == ("uninstalled", "active")
    assert (planned_steps(left), planned_steps(right)) == (0, 1)
    assert left.contact(MIA.phone)["consent"] == right.contact(MIA.phone)["consent"]


def test_no_page_of_one_store_opens_with_the_proof_of_the_other(neighbours: Neighbours, stack: Stack) -> None:
    left, right = neighbours.left, neighbours.right
    headers = {"Authorization": f"Bearer {right.standin.id_token(right.domain)}"}
    for path in ("/app", "/app/carts", "/app/flows", "/app/settings"):
        address = f"{stack.url}{path}"
        theirs = requests.get(address, params={"shop": left.domain}, headers=headers, timeout=30)
        assert theirs.status_code == requests.codes.unauthorized
        own = requests.get(address, params={"shop": right.domain}, headers=headers, timeout=30)
        assert own.status_code == requests.codes.ok, path
        assert left.domain not in own.text


def test_the_command_line_shows_the_store_that_was_asked_for(neighbours: Neighbours, stack: Stack) -> None:
    left, right = neighbours.left, neighbours.right
    shown = [json.dumps(shop.cart(TOKEN)) for shop in (left, right)]
    assert right.domain not in shown[0]
    assert left.domain not in shown[1]
    assert len(left.contact(MIA.phone)["texts"]) == len(right.contact(MIA.phone)["texts"]) == 1
