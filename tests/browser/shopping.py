"""What a shopper does in the demo's shop, and what stands on the phone."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.demo import words

PRODUCT, PRICE = "teapot", "48.00"
say = partial(words.say, "sl")
TITLE = say(f"product.{PRODUCT}.title")

FIRST_TEXT = 30_000
"""Milliseconds until the first text must be there: the demo promises a minute at its own, slower pace."""


def leave_cart(context: BrowserContext, number: str) -> Page:
    """Choose Slovenia and Slovenian, fill a cart, type the number, tick, leave: the phone's page."""
    page = context.new_page()
    page.goto("/demo/shop")
    for label, value in (("Deliver to", "SI"), ("Language", "sl")):
        with page.expect_navigation():
            page.get_by_label(label).select_option(value)
    page.get_by_role("button", name=say("shop.add_named", product=TITLE)).click()
    page.get_by_role("link", name=say("shop.to_cart")).click()
    page.get_by_role("link", name=say("cart.checkout")).click()
    page.get_by_label(say("checkout.phone")).fill(number)
    page.locator("#consent").check()
    expect(page.get_by_text(say("notes.leave"))).to_be_visible()
    page.locator("#notes").get_by_role("link", name=say("notes.open_phone")).click()
    expect(page.get_by_role("heading", name=say("phone.title"))).to_be_visible()
    return page


def bubbles(phone: Page) -> Locator:
    return phone.locator("#talk .bubble")


def first_text(phone: Page) -> Locator:
    """Wait for it: the page looks by itself."""
    expect(bubbles(phone).first).to_be_visible(timeout=FIRST_TEXT)
    expect(bubbles(phone)).to_have_count(1)
    return bubbles(phone).first
