"""The demo's path, as a visitor walks it: from a cart that was left to the money in the admin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy import func, select

from app.demo import words
from app.demo.visits import CART_COOKIE
from app.models import CartKey, Discount, Due, Enrollment
from flows.demo import SHOP_DOMAIN
from tests.browser.conftest import HURRIED, OpenContext, sign_in
from tests.browser.shopping import PRICE, TITLE, bubbles, first_text, leave_cart, say, way_back
from tests.end_to_end.shops import PHONE_BROWSER, Shop
from tests.end_to_end.stack import Stack
from tests.waiting import wait_until

TENTH = words.percent("sl", Decimal(10))
ALL_TEXTS = 60_000
"""Milliseconds."""

PHONE: dict[str, Any] = {
    "user_agent": PHONE_BROWSER,
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
}


def planned_steps(stack: Stack, token: str) -> int:
    """How many texts would still go to the shopper of this cart."""
    with stack.runtime.database.session() as session:
        enrollments = select(Enrollment.id).join(CartKey, CartKey.cart_id == Enrollment.subject_id)
        wanted = enrollments.where(CartKey.value == token)
        query = select(func.count()).select_from(Due).where(Due.kind == "step", Due.subject.in_(wanted))
        return session.scalar(query) or 0


def code_of(stack: Stack, token: str) -> Discount:
    with stack.runtime.database.session() as session:
        made = select(Discount).join(CartKey, CartKey.cart_id == Discount.cart_id)
        return session.scalars(made.where(CartKey.value == token)).one()


def figures(page: Page) -> str:
    return page.get_by_role("main").inner_text()


def reload_until(page: Page, words: str) -> None:
    def is_there() -> bool:
        page.reload()
        return words in figures(page)

    wait_until(is_there, what=f"{words} on {page.url}")


def test_a_visitor_comes_back_by_the_text_and_the_admin_shows_the_order_as_recovered(
    stack: Stack, open_context: OpenContext
) -> None:
    sample = open_context(locale="en-GB").new_page()
    sign_in(sample, "sample")
    sample_before = figures(sample)

    visitor = open_context(locale="en-GB", **PHONE)
    phone = leave_cart(visitor, "031 234 567")
    text = first_text(phone)
    expect(text).to_contain_text("košarico")
    expect(text).to_contain_text(TITLE)
    expect(text).to_contain_text("STOP")

    visitor.clear_cookies()
    with phone.expect_popup() as tapped:
        text.get_by_role("link").click()
    shop = tapped.value
    expect(shop.get_by_role("status")).to_have_text(say("checkout.welcome"))
    expect(shop.get_by_role("complementary")).to_contain_text(TITLE)
    shop.get_by_role("button", name=say("checkout.pay", total=words.money("sl", Decimal(PRICE)))).click()
    expect(shop.get_by_role("heading", level=1)).to_have_text(say("order.title"))

    token = shop.url.rpartition("/")[2]
    Shop(stack, SHOP_DOMAIN).wait_for(token, "recovered")
    told = stack.show_cart(SHOP_DOMAIN, token)
    [enrollment] = told["enrollments"]
    assert (told["state"], enrollment["state"], enrollment["reason"]) == ("ordered", "ended", "ordered")
    assert (enrollment["sent"], planned_steps(stack, token)) == (1, 0)
    expect(bubbles(phone)).to_have_count(1)

    merchant = open_context(locale="en-GB").new_page()
    sign_in(merchant, "shop")
    reload_until(merchant, "€48.00 after a click")
    merchant.get_by_role("link", name="Carts").click()
    expect(merchant.get_by_role("heading", level=1)).to_have_text("Carts")
    [row] = merchant.get_by_role("listitem").filter(has_text="Recovered").all()
    expect(row).to_contain_text(TITLE)
    row.get_by_role("link").click()
    for line in (
        "The text was delivered",
        "The shopper opened the link",
        "The shopper ordered",
        "The order counts as recovered",
    ):
        expect(merchant.get_by_text(line, exact=True)).to_be_visible()

    sample.reload()
    assert figures(sample) == sample_before


@pytest.fixture
def quick_shop(stack: Stack) -> Iterator[Shop]:
    """The demo's shop while all texts come right after each other."""
    shop = Shop(stack, SHOP_DOMAIN)
    shop.use_flow(HURRIED | {"steps": [step | {"delay": "PT0S"} for step in HURRIED["steps"]]})
    yield shop
    shop.use_flow(HURRIED)


def test_the_last_text_brings_a_discount_and_the_order_uses_it_up(
    stack: Stack, quick_shop: Shop, open_context: OpenContext
) -> None:
    phone = leave_cart(open_context(locale="en-GB", **PHONE), "040 345 678")
    expect(bubbles(phone)).to_have_count(3, timeout=ALL_TEXTS)
    last = bubbles(phone).last
    expect(last).to_contain_text(TENTH)
    with phone.expect_popup() as tapped:
        last.get_by_role("link").click()
    page, total = tapped.value, words.money("sl", Decimal("43.20"))
    expect(page.locator(".bill .lowered")).to_contain_text(TENTH)
    page.get_by_role("button", name=say("checkout.pay", total=total)).click()
    expect(page.locator(".bill .lowered")).to_contain_text(TENTH)

    token = page.url.rpartition("/")[2]
    quick_shop.wait_for(token, "recovered")
    assert ("withdrawn", "ordered") in quick_shop.story(token)
    wait_until(lambda: code_of(stack, token).withdrawn_at, what="the shop has lost the code")
    second = open_context(locale="en-GB", **PHONE)
    page = leave_cart(second, "041 345 678")
    page.goto(way_back(second, code_of(stack, token).code))
    expect(page.get_by_text(say("bill.refused_ended"))).to_be_visible()


def test_stop_ends_a_conversation_with_one_confirmation(stack: Stack, open_context: OpenContext) -> None:
    shopper, shop = open_context(locale="en-GB", **PHONE), Shop(stack, SHOP_DOMAIN)
    phone = leave_cart(shopper, "041 234 567")
    first_text(phone)
    [token] = [cookie["value"] for cookie in shopper.cookies() if cookie["name"] == CART_COOKIE]
    phone.get_by_role("button", name="STOP").click()
    expect(bubbles(phone)).to_have_count(3)
    phone.get_by_role("button", name="STOP").click()
    wait_until(lambda: shop.story(token).count(("replied", None)) == 2, what="both replies are read")
    conversation: list[str | re.Pattern[str]] = [re.compile("košarico"), "STOP", re.compile("START"), "STOP"]
    expect(bubbles(phone).locator("p")).to_have_text(conversation)
    contact = shop.contact("+38641234567")
    assert contact["stopped"]
    assert len(contact["texts"]) == 2, "the reminder, and one confirmation"
    shop.wait_for(token, "ended", "stopped")
    assert planned_steps(stack, token) == 0


def test_what_is_typed_is_saved_one_after_the_other(open_context: OpenContext) -> None:
    """Two saves under way at once may arrive in either order, and the older one would undo the tick."""
    context = open_context(locale="en-GB", **PHONE)
    saves: list[str] = []

    def note(kind: str, request: Request) -> None:
        if request.method == "POST" and request.resource_type == "fetch":
            saves.append(kind)

    context.on("request", lambda request: note("sent", request))
    context.on("requestfinished", lambda request: note("answered", request))
    leave_cart(context, "051 234 567")
    assert saves == ["sent", "answered"] * (len(saves) // 2)
    assert len(saves) >= 4
