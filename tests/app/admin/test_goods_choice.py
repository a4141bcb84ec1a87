"""Goods that no offer lowers are chosen by their names, which the shop tells: here a stand-in of one does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.clock import FixedClock
from app.models import Flow, Store
from app.runtime import Runtime, make_runtime
from app.web import EXTENSION
from connectors.goods_search import MOST_FOUND, MOST_NAMED
from flows import connections, registry
from flows.offer_form import DEFAULT, Excluded
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.standins.woocommerce import WooCommerceStandin

EXCLUDED = {"offers": {"exclude": {"products": ["11", "99"], "collections": ["21"]}}}


@pytest.fixture
def app(built_app: Flask, database_url: str, clock: FixedClock) -> Iterator[Flask]:
    """The application, which may call a shop on this machine."""
    first = built_app.extensions[EXTENSION]
    runtime = make_runtime(factories.make_settings(database_url, allow_private_stores=True), clock)
    built_app.extensions[EXTENSION] = runtime
    yield built_app
    built_app.extensions[EXTENSION] = first
    runtime.close()


@pytest.fixture
def shop(runtime: Runtime, store: Store) -> Iterator[WooCommerceStandin]:
    with WooCommerceStandin() as shop:
        key, secret = shop.add_key()
        keys = {"url": shop.url, "key": key, "secret": secret}
        with runtime.database.session() as session:
            kinds = {connections.WOOCOMMERCE_KEYS: keys, connections.WEBHOOK_SECRET: {"secret": "ab" * 32}}
            for kind, value in kinds.items():
                factories.make_credential(session, runtime, store, kind, value)
        shop.add_product(11, name="Blue teapot")
        shop.add_product(12, name="Tea <b>towel</b> & cloth")
        shop.catalogue.add_category(21, "Tableware")
        yield shop


@pytest.fixture
def flow(runtime: Runtime, store: Store) -> Flow:
    with runtime.database.session() as session:
        return factories.make_flow(session, store, factories.DEFINITION | EXCLUDED)


def place(flow: Flow) -> str:
    return f"/app/flows/{flow.id}/offers"


def shown(page: TestResponse, kind: str) -> dict[str, bool]:
    """The goods that can be chosen on a page, as they are read, and whether they are."""
    labels = [label for label in find(page, "label") if label.attrib.get("class") == "w-goods"]
    boxes = [(label, next(iter(label))) for label in labels]
    return {
        " ".join("".join(label.itertext()).split()): "checked" in box.attrib
        for label, box in boxes
        if box.attrib["name"] == kind
    }


def told_of(page: TestResponse) -> list[bool]:
    """What the shop did not tell, and whether the focus moves there."""
    lines = [line for line in find(page, "p") if line.attrib.get("class") == "w-looked"]
    return ["data-focus" in line.attrib for line in lines]


def excluded(runtime: Runtime, store: Store) -> Excluded:
    with runtime.database.session() as session:
        found = registry.active_flow(session, store.id)
    assert found is not None
    return found.definition.offers.excluded


@pytest.mark.usefixtures("shop")
def test_what_is_chosen_is_shown_by_name_and_stays_as_it_is(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    before = excluded(runtime, store)
    page = browser.get(place(flow))
    assert shown(page, "products") == {"Blue teapot 11": True, "No longer in your shop 99": True}
    assert shown(page, "collections") == {"Tableware 21": True}
    assert "Find categories" in words(page)
    browser.send(page, place(flow))
    assert excluded(runtime, store) == before


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("pressed", [{"look": "find_products"}, {}], ids=["the button", "Enter"])
def test_goods_are_found_by_name_and_chosen_by_a_tick_and_nothing_typed_is_lost(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow, pressed: dict[str, str]
) -> None:
    page = browser.get(place(flow))
    page = browser.send(page, place(flow), find_products=" tea ", margin_floor="15", products="11", **pressed)
    assert page.status_code == 200 and page.headers["HX-Push-Url"] == "false"
    assert "Nothing is saved yet. Tick what no offer may lower, and save." in words(page)
    assert shown(page, "products") == {"Blue teapot 11": True, "Tea <b>towel</b> & cloth 12": False}
    assert excluded(runtime, store).products == ("11", "99")
    browser.send(page, place(flow), products=["11", "12"])
    assert excluded(runtime, store) == Excluded(products=("11", "12"), collections=("21",))
    with runtime.database.session() as session:
        found = registry.active_flow(session, store.id)
    assert found is not None and found.definition.offers.margin_floor == 15


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"find_products": "wok"}, "Nothing in your shop is called “wok”."),
        ({"find_products": "<i>"}, "Nothing in your shop is called “<i>”."),
        ({"find_products": "blue"}, "All that is called so is chosen already."),
        ({"find_products": "11"}, "All that is called so is chosen already."),
        ({"look": "find_products"}, "Write a part of the name."),
        ({"find_products": "x" * 5_000}, f"Nothing in your shop is called “{'x' * 100}”."),
    ],
)
def test_what_came_of_a_search_is_told(
    browser: Browser, flow: Flow, typed: dict[str, str], told: str
) -> None:
    page = browser.send(browser.get(place(flow)), place(flow), **typed)
    assert told in words(page)


@pytest.mark.usefixtures("shop")
def test_a_number_finds_its_goods_too(browser: Browser, flow: Flow) -> None:
    page = browser.send(browser.get(place(flow)), place(flow), find_products="12")
    assert shown(page, "products")["Tea <b>towel</b> & cloth 12"] is False


def test_a_long_list_says_that_it_is_one(browser: Browser, shop: WooCommerceStandin, flow: Flow) -> None:
    for number in range(200, 240):
        shop.add_product(number, name=f"Cup {number}")
    page = browser.send(browser.get(place(flow)), place(flow), find_products="cup")
    assert list(shown(page, "products").values()) == [True, True] + [False] * MOST_FOUND
    assert "These are the first 20: write more of the name to see others." in words(page)


def test_of_more_goods_than_are_named_at_once_none_is_called_gone(
    browser: Browser, runtime: Runtime, store: Store, shop: WooCommerceStandin
) -> None:
    chosen = [str(number) for number in range(200, 200 + MOST_NAMED)]
    for number in chosen:
        shop.add_product(int(number), name=f"Cup {number}")
    with runtime.database.session() as session:
        definition = factories.DEFINITION | {"offers": {"exclude": {"products": chosen}}}
        flow = factories.make_flow(session, store, definition)
    page = browser.send(browser.get(place(flow)), place(flow), find_products="12")
    assert list(shown(page, "products"))[-2:] == [chosen[-1], "Tea <b>towel</b> & cloth 12"]


def test_while_the_shop_is_away_nothing_chosen_is_lost(
    browser: Browser, runtime: Runtime, store: Store, shop: WooCommerceStandin, flow: Flow
) -> None:
    shop.set_knobs(fault=503)
    page = browser.get(place(flow))
    assert "Your shop does not tell names right now: " in words(page)
    assert shown(page, "products") == {"11": True, "99": True}
    assert told_of(page) == [False, False]
    page = browser.send(page, place(flow), find_collections="linen", highest_percent="20")
    assert told_of(page) == [False, True]
    assert "Your shop does not tell names right now: " in words(page)
    browser.send(page, place(flow))
    assert excluded(runtime, store) == Excluded(products=("11", "99"), collections=("21",))


def test_a_page_without_chosen_goods_asks_the_shop_nothing(
    browser: Browser, runtime: Runtime, store: Store, shop: WooCommerceStandin
) -> None:
    with runtime.database.session() as session:
        flow = factories.make_flow(session, store)
    asked = len(shop.visits())
    page = browser.get(place(flow))
    assert len(shop.visits()) == asked and words(page).count("None is chosen.") == 2
    browser.send(page, place(flow))
    assert excluded(runtime, store) == DEFAULT.excluded
