"""The list of flows with its switches, and what a flow does and says."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.models import AuditEvent, Flow, Store
from app.runtime import Runtime
from flows import registry
from flows.countries import country_rule
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.factories import NOW


def add(runtime: Runtime, store: Store, **changes: Any) -> Flow:
    with runtime.database.session() as session:
        definition = factories.DEFINITION | {"name": "Second", "active": False} | changes
        return registry.import_definition(session, store, definition, "operator", NOW)


def active(runtime: Runtime, store: Store) -> str | None:
    with runtime.database.session() as session:
        found = registry.active_flow(session, store.id)
        return found.definition.name if found else None


def test_a_flow_is_listed_with_what_it_does(browser: Browser, flow: Flow) -> None:
    text = words(browser.get("/app/flows"))
    assert "Abandoned cart 3 texts, the first 30 minutes after the shopper left On Switch off" in text
    assert "Carts that are already in a flow finish it as it was when they entered" in text


def test_a_store_without_flows_is_told_how_to_get_one(browser: Browser) -> None:
    assert "warmcart flow import" in words(browser.get("/app/flows"))


def test_a_flow_is_switched_off_and_on_and_the_trail_says_by_whom(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    page = browser.send(browser.get("/app/flows"), f"/app/flows/{flow.id}/switch")
    assert "The flow is off." in words(page) and active(runtime, store) is None
    page = browser.send(page, f"/app/flows/{flow.id}/switch")
    assert "The flow is on." in words(page) and active(runtime, store) == "Abandoned cart"
    with runtime.database.session() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(event.action, event.details["active"]) for event in events] == [
        ("flow_switched", False),
        ("flow_switched", True),
    ]
    assert all(event.actor.startswith("person:") for event in events)


def test_switching_one_on_switches_the_other_off(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    second = add(runtime, store)
    browser.send(browser.get("/app/flows"), f"/app/flows/{second.id}/switch")
    assert active(runtime, store) == "Second"


def test_a_flow_switched_on_its_own_page_stays_there(browser: Browser, flow: Flow) -> None:
    page = browser.send(browser.get(f"/app/flows/{flow.id}"), f"/app/flows/{flow.id}/switch")
    assert page.request.path == f"/app/flows/{flow.id}" and "The flow is off." in words(page)


def test_a_flow_is_told_step_by_step(browser: Browser, flow: Flow) -> None:
    text = words(browser.get(f"/app/flows/{flow.id}?language=en"))
    told = [
        "has been quiet for 30 minutes without an order",
        "At once",
        "Text 1 Reminder Leaves 30 minutes after the shopper's last activity",
        "Wait 1 day",
        "Text 2 Second call Leaves 1 day 30 minutes after",
        "Text 3 Last call Leaves 2 days 30 minutes after",
        "nothing goes later than 4 days",
    ]
    places = [text.index(part) for part in told]
    assert places == sorted(places)


def test_texts_are_shown_as_they_arrive_in_the_chosen_language(browser: Browser, flow: Flow) -> None:
    page = browser.get(f"/app/flows/{flow.id}?language=de")
    bubbles = [part for part in find(page, "p") if part.attrib.get("lang") == "de"]
    assert len(bubbles) == 3
    text = "".join(bubbles[0].itertext())
    assert "Lumen & Loom" in text and "Canvas Tote" in text and "https://warmcart.example.com/r/" in text
    assert "STOP" in text.splitlines()[-1]
    assert "GSM-7" in words(page) and "1 segment" in words(page)


def test_the_stores_language_comes_first_and_each_language_can_be_chosen(
    browser: Browser, flow: Flow
) -> None:
    page = browser.get(f"/app/flows/{flow.id}")
    shown = {"".join(option.itertext()): "selected" in option.attrib for option in find(page, "option")}
    assert shown["Slovenian"] and sum(shown.values()) == 1
    assert {"English", "French", "German", "Polish", "Slovenian", "Spanish"} <= set(shown)
    assert "For the sake of š a segment holds 70 characters instead of 160." in words(page)


def test_the_merchants_own_words_are_marked_and_a_missing_language_is_told(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    steps = [
        {"key": "reminder", "delay": "PT0S", "texts": {"it": "Ciao {first_name}, {product}: {link}"}},
        {"key": "extra", "delay": "PT1H", "texts": {"sl": "Še tu: {link}"}},
    ]
    flow = add(runtime, store, steps=steps)
    text = words(browser.get(f"/app/flows/{flow.id}?language=it"))
    assert "Ciao Ana, Canvas Tote: https://" in text and "Your own words." in text
    assert "There are none in Italian: these are in Slovenian." in text


def test_a_step_without_any_words_says_so(browser: Browser, runtime: Runtime, store: Store) -> None:
    steps = [{"key": "extra", "delay": "PT0S", "texts": {"sl": "Še tu: {link}"}}]
    flow = add(runtime, store, steps=steps)
    with runtime.database.session() as session:
        session.get_one(Store, store.id).locale = "fr"
    steps = [{"key": "extra", "delay": "PT0S", "texts": {"sl": "Še tu: {link}"}}]
    page = browser.get(f"/app/flows/{flow.id}?language=nonsense")
    assert page.status_code == 200 and "Še tu" in words(page)


def test_a_store_that_names_no_products_sees_texts_without_them(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).name_products = False
    text = words(browser.get(f"/app/flows/{flow.id}?language=en"))
    assert "Canvas Tote" not in text and "The product is not named." in text


def test_a_right_to_left_text_is_read_from_the_right(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    texts = {"ar": "سلتك محفوظة: {link}", "sl": "Tu: {link}"}
    flow = add(runtime, store, steps=[{"key": "extra", "delay": "PT0S", "texts": texts}])
    page = browser.get(f"/app/flows/{flow.id}?language=ar")
    bubble = next(part for part in find(page, "p") if part.attrib.get("lang") == "ar")
    assert bubble.attrib["dir"] == "rtl"


def test_the_guard_rail_that_is_told_is_the_rule() -> None:
    """The page names these three countries, one text and 48 hours."""
    for country in ("US", "CA", "PR"):
        rule = country_rule(country)
        assert (rule.max_texts_per_cart, rule.double_opt_in) == (1, True)
        assert rule.max_age is not None and rule.max_age.total_seconds() == 48 * 3600


@pytest.mark.parametrize("address", ["/app/flows/999999", "/app/flows/x"])
def test_a_flow_that_is_not_there_gives_a_page_that_says_so(browser: Browser, address: str) -> None:
    assert "There is nothing here" in words(browser.get(address))
