"""Writing words: what is typed is shown as it would arrive, without a button and without losing the place."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenContext, sign_in


def test_the_preview_follows_the_typing_and_only_save_saves(open_context: OpenContext) -> None:
    context = open_context(locale="en-GB")
    page = context.new_page()
    sign_in(page, "shop")
    page.get_by_role("link", name="Flows").click()
    page.get_by_role("link", name="Abandoned cart", exact=True).click()
    page.get_by_role("combobox", name="Language").select_option("de")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("main")).to_contain_text("Dein Warenkorb mit")
    page.get_by_role("link", name="Edit words").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Text 1: Reminder")
    typed = page.get_by_role("textbox", name="Words")
    typed.fill("Servus, dein Korb steht noch da: {link}")
    shown = page.locator("#trials")
    expect(shown).to_contain_text("Servus, dein Korb steht noch da: http")
    expect(typed).to_be_focused()
    typed.fill("Servus")
    expect(shown).to_contain_text("These words cannot be sent")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("{link} must stand there once")
    typed.fill("Servus, da geht's weiter: {link}")
    expect(shown).to_contain_text("da geht's weiter: http")
    expect(typed).to_be_focused()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("Reminder in German written")
    page.get_by_role("button", name="Restore").first.click()
    expect(page.get_by_role("main")).to_contain_text("Reminder in German removed")
