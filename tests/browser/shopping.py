"""What a shopper does in the demo's shop, and what stands on the phone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.demo import words
from app.demo.visits import CART_COOKIE
from connectors.discounts import Discount, DiscountKind
from flows import connections
from flows.demo import SHOP_DOMAIN
from tests.end_to_end.shops import Shop
from tests.end_to_end.stack import Stack

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


def make_code(stack: Stack, code: str) -> str:
    """A tenth off, made as Warmcart makes it."""
    now = stack.runtime.clock.now()
    offer = Discount(
        code=code,
        mark=f"test {code}",
        title="Warmcart",
        kind=DiscountKind.PERCENT,
        value=Decimal(10),
        currency="EUR",
        starts_at=now,
        ends_at=now + timedelta(days=2),
    )
    return connections.discount_maker(stack.runtime, Shop(stack, SHOP_DOMAIN).store()).make_discount(offer)


def way_back(context: BrowserContext, code: str) -> str:
    """The address of this browser's cart that takes a code along."""
    [token] = [cookie["value"] for cookie in context.cookies() if cookie["name"] == CART_COOKIE]
    return f"/demo/shop/back/{token}?discount={code}"


def bubbles(phone: Page) -> Locator:
    return phone.locator("#talk .bubble")


def first_text(phone: Page) -> Locator:
    """Wait for it: the page looks by itself."""
    expect(bubbles(phone).first).to_be_visible(timeout=FIRST_TEXT)
    expect(bubbles(phone)).to_have_count(1)
    return bubbles(phone).first
