"""The page of offers in a browser: what it shows of what is chosen, and how it asks before it saves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenContext, sign_in


def open_offers(page: Page) -> None:
    sign_in(page, "shop")
    page.get_by_role("link", name="Flows").click()
    page.get_by_role("link", name="Abandoned cart", exact=True).click()
    page.get_by_role("link", name="Set up offers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Offers")


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_enter_in_a_box_asks_and_elsewhere_saves_and_nothing_typed_is_lost(
    open_context: OpenContext, script: bool
) -> None:
    page = open_context(locale="en-GB", java_script_enabled=script).new_page()
    open_offers(page)
    best = page.get_by_role("group", name="The best offer")
    expect(best.get_by_role("textbox")).to_have_count(0)
    best.get_by_role("combobox", name="It gives").select_option("amount")
    best.get_by_role("textbox", name="Amount off the cart, in EUR").fill("5")
    page.get_by_text("Amounts in another currency").click()
    page.get_by_role("textbox", name="Another currency").fill("usd")
    page.get_by_role("button", name="Show its fields").click()
    expect(best.get_by_role("textbox", name="Amount off the cart, in USD")).to_be_visible()
    finder = page.get_by_role("textbox", name="Find products")
    finder.fill("mint")
    finder.press("Enter")
    expect(page.get_by_text("Nothing is saved yet. Tick what no offer may lower")).to_be_in_viewport()
    found = page.get_by_role("checkbox", name="Garden mint tea")
    expect(found).not_to_be_checked()
    expect(best.get_by_role("textbox", name="Amount off the cart, in EUR")).to_have_value("5")
    expect(page.get_by_text("The offers are saved.")).to_have_count(0)
    highest = page.get_by_role("textbox", name="Highest percentage")
    highest.fill("x")
    highest.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Highest percentage: 'x' is no whole number")
