"""Where a tap leads in a WooCommerce shop with the companion plugin."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from app.models import CartKey, Credential
from app.runtime import Runtime
from flows import connections
from tests import factories
from tests.app.links.agents import IPHONE
from tests.app.links.texted import FRONT_PAGE, Shop
from tests.factories import NOW

KEY, SECRET = "5e" * 16, "ab" * 32
GOODS = [{"title": "Canvas Tote", "quantity": 2, "product_id": "13", "variant_id": None}]
PAY_LINK = f"{FRONT_PAGE}/checkout/order-pay/25/?pay_for_order=true&key=wc_order_x"


class WooShop(Shop):
    def __init__(self, runtime: Runtime, client: FlaskClient) -> None:
        super().__init__(runtime, client, platform="woocommerce", platform_version="9.9.5")
        self.change(self.cart, restore_url=None, items=GOODS)
        with runtime.database.session() as session:
            session.add(CartKey(store_id=self.store.id, cart_id=self.cart.id, kind="woo_session", value=KEY))
            kept, kind = {"secret": SECRET, "version": "0.2.0"}, connections.WOOCOMMERCE_PLUGIN
            connections.save_credential(session, runtime, self.store.id, kind, kept, NOW)

    def ticket(self, **headers: str) -> dict[str, Any] | None:
        """What the signed parameter of the link says; None without one."""
        query = parse_qs(urlsplit(self.tap(**headers).headers["Location"]).query)
        if "warmcart" not in query:
            return None
        content = query["warmcart"][0].partition(".")[0]
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        return told

    def do(self, statement: Any) -> None:
        with self.runtime.database.session() as session:
            session.execute(statement)


@pytest.fixture
def shop(runtime: Runtime, client: FlaskClient) -> WooShop:
    return WooShop(runtime, client)


def test_a_tap_leads_to_the_plugin_with_a_link_for_this_cart_and_this_tap(shop: WooShop) -> None:
    told, again = shop.ticket(), shop.ticket()

    assert told is not None and again is not None
    assert (told["cart"], told["cid"], told["code"]) == (KEY, shop.link.token, None)
    assert told["until"] == int(NOW.timestamp()) + 900
    assert told["nonce"] != again["nonce"]


@pytest.mark.parametrize("typed", ["another number", "no number"])
def test_whoever_got_a_text_by_mistake_is_not_joined_to_the_cart(shop: WooShop, typed: str) -> None:
    with shop.runtime.database.session() as session:
        other = factories.make_contact(session, shop.store).id
    shop.change(shop.cart, contact_id=other if typed == "another number" else None)

    assert shop.ticket() is None


def test_an_unpaid_order_is_paid_where_it_waits(shop: WooShop) -> None:
    shop.change(shop.cart, restore_url=shop.runtime.cipher.encrypt(PAY_LINK))

    assert shop.leads_to().startswith(PAY_LINK)


def test_a_preview_sees_the_shop_and_builds_no_cart(shop: WooShop) -> None:
    assert shop.tap(agent="WhatsApp/2.23").headers["Location"] == FRONT_PAGE
    assert shop.tap(agent="").headers["Location"] == FRONT_PAGE


def test_what_a_browser_loads_ahead_is_left_to_the_plugin_to_refuse(shop: WooShop) -> None:
    assert shop.ticket(**{"Sec-Purpose": "prefetch;prerender"}) is not None


@pytest.mark.parametrize("ends", ["stopped", "uninstalled", "bought", "emptied"])
def test_whatever_ended_leads_to_the_front_page(shop: WooShop, ends: str) -> None:
    if ends == "stopped":
        shop.change(shop.link, ended_at=NOW)
    elif ends == "uninstalled":
        shop.change(shop.store, status="uninstalled")
    elif ends == "bought":
        shop.order()
    else:
        shop.change(shop.cart, state="emptied", items=[])

    assert shop.tap().headers["Location"] == FRONT_PAGE


def test_without_a_sound_plugin_the_other_ways_are_left(shop: WooShop) -> None:
    for change in (
        update(Credential).values(secret="gAAAAAB-not-ours"),
        update(Credential).values(secret=shop.runtime.cipher.encrypt_json({"secret": SECRET})),
        update(Credential).values(secret=shop.runtime.cipher.encrypt_json([])),
        delete(Credential),
    ):
        shop.do(change)
        assert urlsplit(shop.leads_to()).path == "/cart/"
        assert shop.ticket() is None


def test_a_cart_that_the_plugin_does_not_know_goes_the_other_ways(shop: WooShop) -> None:
    shop.do(update(CartKey).values(in_use=False))

    assert shop.ticket() is None


def test_the_plugin_of_another_shop_is_of_no_use(shop: WooShop) -> None:
    with shop.runtime.database.session() as session:
        other = factories.make_store(session, platform="woocommerce")
        session.execute(update(Credential).values(store_id=other.id))

    assert shop.ticket() is None


def test_the_secret_is_in_no_answer(shop: WooShop) -> None:
    response = shop.tap(agent=IPHONE)

    assert SECRET not in str(response.headers) + response.text
