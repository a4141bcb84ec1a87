"""The list of carts, and one cart's story."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.admin.paging import read_place
from app.models import Cart, Due, Flow, Store
from app.runtime import Runtime
from flows import timeline
from flows.reasons import REASONS
from tests import factories
from tests.app.admin import history
from tests.app.admin.browser import Browser, find, words
from tests.factories import NOW

ENGLISH = {"Accept-Language": "en-IE"}


def left(runtime: Runtime, store: Store, name: str, minutes_ago: int = 0, **columns: Any) -> Cart:
    """A cart that was left."""
    with runtime.database.session() as session:
        at = NOW - timedelta(minutes=minutes_ago)
        return factories.make_cart(session, store, first_name=name, activity_at=at, **columns)


def names(browser: Browser, address: str = "/app/carts") -> list[str]:
    """The shoppers on one page of the list."""
    links = [link for link in find(browser.get(address), "a") if "w-row-link" in link.attrib.get("class", "")]
    return ["".join(link.itertext()) for link in links]


def older(page: TestResponse) -> str | None:
    """Where the next page of the list is."""
    links = [link.attrib["href"] for link in find(page, "a") if "".join(link.itertext()) == "Older"]
    return links[0] if links else None


def story(browser: Browser, cart: Cart) -> str:
    return words(browser.get(f"/app/carts/{cart.id}", headers=ENGLISH))


# The list


def test_a_store_without_carts_is_told_when_they_come(browser: Browser) -> None:
    assert "They stand here as soon as a shopper fills one." in words(browser.get("/app/carts"))


def test_the_latest_activity_comes_first(browser: Browser, runtime: Runtime, store: Store) -> None:
    for name, minutes_ago in (("Old", 90), ("New", 1), ("Middle", 30)):
        left(runtime, store, name, minutes_ago)
    assert names(browser) == ["New", "Middle", "Old"]


def test_a_cart_is_listed_with_what_is_in_it_and_how_it_stands(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    cart = left(runtime, store, "Ana")
    with runtime.database.session() as session:
        history.line(session, cart, "waited", reason="no_consent", until=NOW + timedelta(days=4))
    text = words(browser.get("/app/carts", headers=ENGLISH))
    assert "Ana 2 × Canvas Tote Waiting The shopper has not agreed to texts." in text
    assert "Until 25 Nov 2026, 19:00. €48.00 no text 21 Nov 2026, 19:00" in text


def test_pages_of_fifty_hold_every_cart_once_also_where_moments_are_equal(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        for number in range(120):
            at = NOW - timedelta(minutes=number // 40)
            factories.make_cart(session, store, first_name=f"S{number}", activity_at=at, keys=[])
    pages: list[list[str]] = []
    address: str | None = "/app/carts"
    while address:
        pages.append(names(browser, address))
        address = older(browser.get(address))
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({name for page in pages for name in page}) == 120


def test_a_cart_that_comes_in_meanwhile_moves_nothing_on_the_next_page(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        for number in range(60):
            at = NOW - timedelta(minutes=number)
            factories.make_cart(session, store, first_name=f"S{number}", activity_at=at, keys=[])
    second = older(browser.get("/app/carts"))
    assert second is not None
    left(runtime, store, "Late", minutes_ago=-1)
    assert names(browser, second) == [f"S{number}" for number in range(50, 60)]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("open", ["Open"]),
        ("ordered", ["Ordered", "Recovered"]),
        ("recovered", ["Recovered"]),
        ("emptied", ["Emptied"]),
        ("expired", ["Expired"]),
        ("nonsense", ["Open", "Emptied", "Expired", "Ordered", "Recovered"]),
    ],
)
def test_the_list_is_narrowed_by_state(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow, state: str, expected: list[str]
) -> None:
    for age, name in enumerate(("open", "emptied", "expired", "ordered")):
        left(runtime, store, name.capitalize(), minutes_ago=age, state=name)
    with runtime.database.session() as session:
        cart, _ = history.story(session, store, "+38640123456", "Recovered", flow)
        cart.activity_at = NOW - timedelta(hours=1)
    assert names(browser, f"/app/carts?state={state}") == expected


def test_the_list_is_narrowed_by_a_reason_on_the_story(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    quiet, _ = left(runtime, store, "Quiet"), left(runtime, store, "Free")
    with runtime.database.session() as session:
        history.line(session, quiet, "held", reason="quiet_hours")
    assert names(browser, "/app/carts?reason=quiet_hours") == ["Quiet"]
    page = browser.get("/app/carts?reason=cap_reached")
    assert "No cart fits" in words(page)
    chosen = [option for option in find(page, "option") if "selected" in option.attrib]
    assert "".join(chosen[0].itertext()) == REASONS["cap_reached"].sentence


NO_PLACES = (
    "",
    "x",
    "~",
    "\x00~1",
    "2026-11-21~5",
    "2026-11-21T00:00:00~5",
    "9999-99-99T00:00+00:00~1",
    "2026-11-21T18:00:00+00:00~-1",
    f"2026-11-21T18:00:00+00:00~{2**63}",
)


@pytest.mark.parametrize("after", NO_PLACES)
def test_an_address_that_names_no_place_begins_at_the_top(
    browser: Browser, runtime: Runtime, store: Store, after: str
) -> None:
    left(runtime, store, "Ana", minutes_ago=1)
    assert read_place(after) is None
    page = browser.client.get(
        "/app/carts", base_url=browser.public_url, query_string={"shop": store.domain, "after": after}
    )
    assert "Ana" in page.text


def test_fifty_carts_cost_as_many_queries_as_one(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow, queries: list[str]
) -> None:
    with runtime.database.session() as session:
        history.story(session, store, "+38640123456", "Ana", flow)
    queries.clear()
    browser.get("/app/carts")
    one = len(queries)
    with runtime.database.session() as session:
        for number in range(50):
            history.story(session, store, f"+386411234{number:02d}", "Eva", flow)
    queries.clear()
    browser.get("/app/carts")
    assert len(queries) == one <= 14


# One cart


def test_a_story_tells_all_that_happened_and_shows_each_text_once(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    with runtime.database.session() as session:
        cart, _ = history.story(session, store, "+38640123456", "Ana", flow)
    text = story(browser, cart)
    lines = [
        "The order counts as recovered",
        "The shopper ordered",
        "The text was delivered · Reminder",
        "The text left · Reminder",
        "The text was handed to the provider · Reminder",
        "The cart entered the flow · Abandoned cart",
        "The shopper filled a cart · 2 items · reached contact",
    ]
    places = [text.index(line) for line in lines]
    assert places == sorted(places)
    assert text.count("shranili smo vam košarico") == 1
    assert "Slovenian, as in the checkout · UCS-2 · 2 segments" in text
    assert "Yes: placed after a text for this cart, after a click" in text


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_why_nothing_went_is_told_in_words(
    browser: Browser, runtime: Runtime, store: Store, reason: str
) -> None:
    cart = left(runtime, store, "Ana")
    kind = {"wait": "waited", "hold": "held"}.get(REASONS[reason].outcome, "ended")
    with runtime.database.session() as session:
        until = datetime(2026, 11, 22, 8, 0, tzinfo=NOW.tzinfo) if kind != "ended" else None
        timeline.record(session, store.id, cart.id, kind, NOW, reason=reason, until=until)
    text = story(browser, cart)
    assert text.count(REASONS[reason].sentence) == 2, "how it stands, and what happened"
    assert ("Until 22 Nov 2026, 09:00." in text) == (kind != "ended")


def test_a_cart_in_the_flow_says_when_it_goes_on(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        cart = factories.make_cart(session, store, contact)
        enrollment = factories.make_enrollment(session, store, flow, contact, cart)
        history.line(session, cart, "enrolled")
        due = {"lane": str(store.id), "once_key": f"step:{enrollment.id}", "created_at": NOW}
        at = NOW + timedelta(minutes=30)
        session.add(Due(store_id=store.id, kind="step", subject=enrollment.id, due_at=at, **due))
    assert "In the flow The flow goes on 21 Nov 2026, 19:30." in story(browser, cart)


def test_the_number_is_never_shown_whole(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    with runtime.database.session() as session:
        cart, _ = history.story(session, store, "+38640123456", "Ana", flow)
    page = browser.get(f"/app/carts/{cart.id}")
    assert "456" in words(page) and "Given and confirmed" in words(page)
    assert "40123456" not in page.text.replace(" ", "") and "123456" not in page.text


def test_money_is_shown_as_the_shop_and_as_the_shopper_saw_it(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    cart = left(runtime, store, "Ana", presentment_currency="USD", presentment_total=Decimal("52.10"))
    text = story(browser, cart)
    assert "€48.00" in text and "Canvas Tote × 2 €24.00" in text and "The shopper saw US$52.10." in text


def test_a_cart_of_which_nothing_is_known_is_no_error(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    cart = left(runtime, store, "", items=[], total=None, currency=None)
    assert "Cart of A shopper" in story(browser, cart)
    assert "Empty" in words(browser.get("/app/carts"))


def test_what_a_shopper_typed_is_shown_and_never_run(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    evil = "<script>alert(1)</script>"
    cart = left(
        runtime, store, evil, items=[{"title": evil, "quantity": 1, "product_id": '"><b>', "unit_price": "1"}]
    )
    for address in ("/app/carts", f"/app/carts/{cart.id}"):
        page = browser.get(address)
        assert evil not in page.text and evil in words(page)


@pytest.mark.parametrize("address", ["/app/carts/999999", "/app/carts/-1", "/app/carts/x"])
def test_a_cart_that_is_not_there_gives_a_page_that_says_so(browser: Browser, address: str) -> None:
    page = browser.get(address)
    assert page.status_code == 404 and "There is nothing here" in words(page)


def test_a_number_that_no_cart_can_have_is_not_found(browser: Browser) -> None:
    assert browser.get(f"/app/carts/{2**63}").status_code == 404


def test_a_product_is_left_unnamed_and_named_again_from_the_cart(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    cart = left(runtime, store, "Ana")
    page = browser.send(browser.get(f"/app/carts/{cart.id}"), "/app/settings/products")
    assert "Texts no longer name this product." in words(page) and "Name in texts" in words(page)
    with runtime.database.session() as session:
        assert session.get_one(Store, store.id).unnamed_products == ["13"]
    page = browser.send(page, "/app/settings/products")
    assert "Leave unnamed in texts" in words(page)
    with runtime.database.session() as session:
        assert session.get_one(Store, store.id).unnamed_products == []
