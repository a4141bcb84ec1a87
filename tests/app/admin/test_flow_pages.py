"""The list of flows with its switches, and what a flow does and says."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from sqlalchemy import select

from app.admin import offer_words
from app.admin.formats import Formats
from app.models import AuditEvent, Flow, Store
from app.runtime import Runtime
from flows import registry
from flows.countries import country_rule
from flows.form_reader import FormReader
from flows.offer_form import DEFAULT, KEYS, read_offers
from tests import factories
from tests.app.admin import test_offer_pages
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


def offering(runtime: Runtime, store: Store, offers: dict[str, Any], **more: Any) -> Flow:
    """A flow with one text, which makes the best offer."""
    step = {"key": "last_call", "delay": "PT0S", "texts": {}, "offer": "best"} | more
    return add(runtime, store, steps=[step], offers=offers)


def bubbles(page: Any, language: str) -> list[str]:
    return ["".join(part.itertext()) for part in find(page, "p") if part.attrib.get("lang") == language]


def test_a_text_is_shown_with_its_offer_and_without(browser: Browser, runtime: Runtime, store: Store) -> None:
    flow = offering(runtime, store, {"best": {"kind": "percent", "percent": 10}, "lasts": "P3D"})
    page = browser.get(f"/app/flows/{flow.id}?language=en")
    assert "The best offer: 10% off, for 3 days at least, to the end of a day." in words(page)
    with_offer, without = bubbles(page, "en")
    assert "10% off" in with_offer and "Nov 24" in with_offer
    assert "10%" not in without
    order = [words(page).index(part) for part in ("With the offer", with_offer[:20], "Without it")]
    assert order == sorted(order)


def test_own_words_of_an_offer_are_shown_in_their_language(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    own = {"it": "{store}: {discount} fino al {ends}: {link}"}
    flow = offering(runtime, store, {"best": {"kind": "amount", "amounts": {"EUR": "5.00"}}}, offer_texts=own)
    page = browser.get(f"/app/flows/{flow.id}?language=it")
    assert "Lumen & Loom: 5 € fino al 23 nov: https://" in bubbles(page, "it")[0].replace("\xa0", " ")
    assert "Your own words." in words(page)


def test_an_offer_without_a_sum_in_the_stores_currency_is_marked(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    flow = offering(runtime, store, {"best": {"kind": "amount", "amounts": {"USD": "5.00"}}})
    text = words(browser.get(f"/app/flows/{flow.id}"))
    assert "It names no amount in EUR, your store's currency: carts in it get no offer." in text
    assert "With the offer" not in text.replace("Edit words with the offer", "")


def test_every_rule_for_offers_is_on_the_page(browser: Browser, runtime: Runtime, store: Store) -> None:
    flow = offering(runtime, store, test_offer_pages.FULL)
    text = words(browser.get(f"/app/flows/{flow.id}", headers={"Accept-Language": "en-IE"}))
    for rule in (
        "Small offer 5% off",
        "Best offer €10.00 or US$12.00 off",
        "Lasts At least 1 day 12 hours, to the end of a day on the shopper's clock",
        "At most 20% of what is lowered; an amount above that is left out",
        "Lowest cart Goods of at least €40.00",
        "Never lowered Sale items, 1 product of your choice, 2 collections of your choice",
        "Margin 15% of the lowered price must remain above the costs, where they are known",
        "How often One offer to a shopper in 60 days",
        "Shoppers who return No offer for whoever has bought here without one",
        "Together with Discounts on shipping; a cart that has another code gets no offer",
        "waits up to 12 hours for it, then goes without the offer",
        "Summer: 20% off, 1–14 Jul 2027, in Austria and Germany",
    ):
        assert rule in text, rule


def test_a_flow_that_offers_nothing_says_so_and_names_no_rules(browser: Browser, flow: Flow) -> None:
    text = words(browser.get(f"/app/flows/{flow.id}"))
    assert "No text makes an offer." in text and "Set up offers" in text
    assert "Lowest cart" not in text


def test_what_a_version_changed_of_offers_is_told(browser: Browser, runtime: Runtime, store: Store) -> None:
    flow = offering(runtime, store, {"best": {"kind": "percent", "percent": 10}})
    offering(runtime, store, {"best": {"kind": "percent", "percent": 15}})
    own = {"en": "{discount} off: {link}"}
    offering(runtime, store, {"best": {"kind": "percent", "percent": 15}}, offer_texts=own)
    text = words(browser.get(f"/app/flows/{flow.id}"))
    assert "Version 3 Last call, with its offer, in English written Operator" in text
    assert "Version 2 Offers changed Operator" in text


@pytest.mark.parametrize("name", KEYS)
def test_no_rule_of_the_json_form_is_left_untold(name: str) -> None:
    wording = Formats(Locale("en"), ZoneInfo("UTC"))
    usual = offer_words.rules(DEFAULT, wording)
    reader = FormReader()
    offers = read_offers(reader, {name: test_offer_pages.FULL[name]} if name != "once_in" else {name: "P9D"})
    assert reader.errors == [] and offer_words.rules(offers, wording) != usual


def test_the_guard_rail_that_is_told_is_the_rule() -> None:
    """The page names these three countries, one text and 48 hours."""
    for country in ("US", "CA", "PR"):
        rule = country_rule(country)
        assert (rule.max_texts_per_cart, rule.double_opt_in) == (1, True)
        assert rule.max_age is not None and rule.max_age.total_seconds() == 48 * 3600


@pytest.mark.parametrize("address", ["/app/flows/999999", "/app/flows/x"])
def test_a_flow_that_is_not_there_gives_a_page_that_says_so(browser: Browser, address: str) -> None:
    assert "There is nothing here" in words(browser.get(address))
