"""The companion plugin's script in a shop's checkout: what it tells, when, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenContext

SCRIPT = Path(__file__).parents[2] / "connectors" / "woocommerce" / "plugin" / "assets" / "capture.js"
CHECKOUT = """<!doctype html><title>Checkout</title>
<input id="email"><input id="shipping-first_name"><input id="shipping-phone"><input id="order_comments">
<select id="shipping-country"><option value="AU">Australia</option></select>
<input type="checkbox" id="contact-warmcart-sms_consent">
<script>
  window.beacons = [];
  navigator.sendBeacon = (url, body) => { window.beacons.push([url, JSON.parse(body)]); return true; };
  window.warmcart = { url: "/?wc-ajax=warmcart_capture", locale: "en_AU" };
</script>"""


@pytest.fixture
def checkout(open_context: OpenContext) -> Page:
    page = open_context().new_page()
    page.route("http://shop.example/**", lambda route: route.fulfill(body=CHECKOUT, content_type="text/html"))
    page.goto("http://shop.example/checkout/")
    page.add_script_tag(content=SCRIPT.read_text("utf-8"))
    return page


def told(page: Page) -> list[dict[str, Any]]:
    beacons: list[Any] = page.evaluate("window.beacons")
    assert all(url == "/?wc-ajax=warmcart_capture" for url, _ in beacons)
    return [body for _, body in beacons]


def leave(page: Page) -> None:
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")


def test_nothing_is_told_of_a_page_that_nobody_touched(checkout: Page) -> None:
    checkout.locator("#order_comments").fill("Ring twice")
    leave(checkout)
    assert told(checkout) == []


def test_an_address_is_told_too_for_the_shop_fills_it_in_again(checkout: Page) -> None:
    checkout.locator("#shipping-first_name").fill("Ruby")
    leave(checkout)
    assert [body["first_name"] for body in told(checkout)] == ["Ruby"]


def test_a_phone_is_told_when_its_field_is_left_and_not_while_it_is_typed(checkout: Page) -> None:
    phone = checkout.locator("#shipping-phone")
    phone.press_sequentially("0412 345 601")
    assert told(checkout) == []
    phone.press("Tab")
    checkout.wait_for_function("window.beacons.length")
    [body] = told(checkout)
    typed = {"phone": "0412 345 601", "email": "", "first_name": "", "country": "AU"}
    assert body == typed | {"locale": "en_AU"}


def test_what_is_still_being_typed_is_told_when_the_page_is_left(checkout: Page) -> None:
    checkout.locator("#email").press_sequentially("ruby@example.com")
    leave(checkout)
    leave(checkout)
    assert [body["email"] for body in told(checkout)] == ["ruby@example.com"]


def test_the_box_counts_only_as_the_shopper_leaves_it(checkout: Page) -> None:
    box = checkout.locator("#contact-warmcart-sms_consent")
    checkout.evaluate("document.querySelector('#contact-warmcart-sms_consent').checked = true")
    checkout.locator("#email").fill("ruby@example.com")
    leave(checkout)
    box.uncheck()
    leave(checkout)
    box.check()
    leave(checkout)
    assert [body.get("box") for body in told(checkout)] == [None, False, True]


def test_without_its_settings_the_script_does_nothing(open_context: OpenContext) -> None:
    page = open_context().new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(json.dumps(str(error))))
    page.set_content("<input id=billing_phone>")
    page.add_script_tag(content=SCRIPT.read_text("utf-8"))
    page.locator("#billing_phone").fill("1")
    leave(page)
    assert failures == []
