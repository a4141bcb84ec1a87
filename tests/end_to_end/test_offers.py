"""An offer on both platforms, from the text that makes it to the order that uses it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.end_to_end.shoppers import Shopper
from tests.end_to_end.shops import Phone, connect_shopify, flow, link_in, tap
from tests.end_to_end.stack import Stack
from tests.end_to_end.test_shopify import GERMAN_SHOP
from tests.end_to_end.test_woocommerce import (
    CONSENT,
    MUG,
    ZOE,
    connect,
    german_shop,
    wait_for_webhooks,
    wait_until_next_second_after,
)
from tests.standins.shopify import ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.standins.woocommerce.plugin import CompanionPlugin
from tests.waiting import wait_until

BERTA = Shopper(
    phone="+4915112345691",
    country="DE",
    region=None,
    postcode="10115",
    locale="de-DE",
    email="berta@shopper.example",
    customer_id=7358220173591,
    checkout_token="b9" * 16,
    cart_token="hWN1bertaTOKEN",
)
OFFERED = [("offered", None), ("withdrawn", "ordered"), ("recovered", None)]


def flow_with_offer() -> dict[str, Any]:
    definition = flow("PT0S")
    definition["steps"][0]["offer"] = "best"
    return definition | {"offers": {"best": {"kind": "percent", "percent": 10}}}


def offers_of(told: dict[str, Any]) -> list[tuple[str, str | None]]:
    """What the command line tells of a cart's offers."""
    kinds = {kind for kind, _ in OFFERED}
    return [(line["kind"], line["reason"]) for line in told["timeline"] if line["kind"] in kinds]


def test_an_offer_at_shopify(stack: Stack, shopify: ShopifyStandin, twilio: TwilioStandin) -> None:
    domain, phone = "offers.myshopify.com", Phone(BERTA.phone, twilio)
    shop = connect_shopify(stack, shopify, domain, flow_with_offer(), **GERMAN_SHOP)
    at_shopify = shopify.shop(domain)
    body = BERTA.checkout(domain, currency="EUR")
    [line] = json.loads(body)["line_items"]
    at_shopify.put_variant(line["variant_id"], line["product_id"], line["price"])
    at_shopify.put_checkout(json.loads(body))
    assert shop.deliver("checkouts/update", body) == requests.codes.ok

    [text] = phone.wait_for_texts(1)
    [made] = at_shopify.discounts.codes.values()
    seen = shopify.open(domain, tap(link_in(text, stack)).headers["Location"])
    assert (seen.where, seen.codes, f"{seen.discount}") == ("checkout", [made.code], "60.00")

    order = json.loads(BERTA.order(domain, "540.00", currency="EUR"))
    order["discount_codes"] = [{"code": made.code.upper(), "amount": "60.00", "type": "percentage"}]
    at_shopify.put_order(order)
    assert shop.deliver("orders/create", json.dumps(order).encode()) == requests.codes.ok
    shop.wait_for(BERTA.checkout_token, "recovered")
    wait_until(lambda: not at_shopify.discounts.codes, what="the code is gone")
    told = stack.show_cart(domain, BERTA.checkout_token)
    assert offers_of(told) == OFFERED
    assert [(one["code"], one["state"], one["reason"]) for one in told["offers"]] == [
        (made.code, "ended", "ordered")
    ]
    assert shopify.complaints == []


def test_an_offer_at_woocommerce(stack: Stack, twilio: TwilioStandin) -> None:
    person = ZOE | {"phone": "01511 2345692", "email": "zita@shopper.example"}
    phone = Phone("+4915112345692", twilio)
    with german_shop() as standin:
        shop = connect(stack, standin)
        wait_for_webhooks(standin)
        wait_until(lambda: shop.store().name == "Lädchen", what="the store's details are known")
        shop.use_flow(flow_with_offer())
        wait_until_next_second_after(shop)
        standin.add_product(10, regular_price="24.00")
        draft = standin.add_order("draft", billing=person, meta_data=[CONSENT], currency="EUR")
        key = str(draft["id"])

        [text] = phone.wait_for_texts(1)
        [made] = standin.list_coupons()
        reached = requests.get(tap(link_in(text, stack)).headers["Location"], timeout=30)
        assert f"Coupon {made['code']}: -2.40" in reached.text

        query = parse_qs(urlsplit(reached.url).query)
        came_by = {"key": "_wc_order_attribution_session_entry", "value": reached.url}
        standin.buy(query["session"][0], billing=person, currency="EUR", meta_data=[came_by])
        shop.wait_for(key, "recovered")
        wait_until(lambda: not standin.list_coupons(), what="the coupon is gone")
        told = stack.show_cart(shop.domain, key)
        assert offers_of(told) == OFFERED
        assert [(one["code"], one["state"]) for one in told["offers"]] == [(made["code"], "ended")]


def test_an_offer_at_an_older_woocommerce_with_the_companion_plugin(
    stack: Stack, twilio: TwilioStandin
) -> None:
    """Its own links take no coupon along; the plugin's does."""
    with german_shop() as standin:
        standin.set_knobs(version="9.9.5")
        shop, phone = connect(stack, standin), Phone("+4915112345693", twilio)
        plugin = standin.plugin = CompanionPlugin(standin, "cd" * 32)
        plugin.connect(stack.url)
        wait_until(lambda: shop.store().name == "Lädchen", what="the store's details are known")
        shop.use_flow(flow_with_offer())
        wait_until_next_second_after(shop)
        standin.add_product(MUG["product_id"], regular_price="24.00")
        key = plugin.leave("01511 2345693", [MUG])

        [text] = phone.wait_for_texts(1)
        [made] = standin.list_coupons()
        browser = requests.Session()
        assert made["code"] in browser.get(tap(link_in(text, stack)).headers["Location"], timeout=30).text

        plugin.buy(browser, billing=ZOE | {"phone": ""}, currency="EUR", total="43.20")
        shop.wait_for(key, "recovered")
        wait_until(lambda: not standin.list_coupons(), what="the coupon is gone")
        assert offers_of(stack.show_cart(shop.domain, key)) == OFFERED
