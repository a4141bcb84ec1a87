"""Seasons on a merchant's pages: what comes up, how one is prepared, and its dry run."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from app.models import Due, Flow, FlowVersion, Message, Store
from app.runtime import Runtime
from flows import registry
from flows.definition import dump_definition
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.factories import NOW

PREPARED: dict[str, Any] = {
    "season": "christmas",
    "countries": ["SI", "US"],
    "year": 2026,
    "offers": {"best": {"kind": "amount", "amounts": {"EUR": "10.00", "CHF": "9.00"}}},
    "rungs": {"reminder": "best"},
    "texts": {"reminder": {"sl": "{store}: vesel božič! {link}"}},
    "spread": "PT6H",
    "most_offers": 500,
    "active": True,
}

HIGHEST = "Is above the highest percentage of the flow's offers, 30."
MEETS = (
    "Meets Christmas in Slovenia, such as on 2026-12-10: give one of them other countries, "
    "or days of its own."
)
TYPED = {"small_kind": "percent"}
OWN = {"first": "2026-12-10", "last": "2026-12-11", "countries": "SI"}


@pytest.fixture
def flow(runtime: Runtime, store: Store) -> Flow:
    with runtime.database.session() as session:
        return factories.make_flow(session, store, factories.DEFINITION | {"seasons": [PREPARED]})


def place(flow: Flow, rest: str = "") -> str:
    return f"/app/flows/{flow.id}/seasons{rest}"


def seasons(runtime: Runtime, store: Store) -> Any:
    with runtime.database.session() as session:
        found = registry.active_flow(session, store.id)
        assert found
        return dump_definition(found.definition).get("seasons", [])


def test_the_calendar_tells_what_comes_up_and_how_far_it_is_prepared(browser: Browser, flow: Flow) -> None:
    told = words(browser.get(place(flow)))
    assert "Black Friday and Cyber Monday Nov 27 – 30, 2026 Austria, Slovenia, and United States" in told
    assert "Christmas Dec 1 – 18, 2026 Austria and Slovenia Prepared in 1 of 2 countries" in told
    assert "Christmas Dec 1 – 17, 2026 United States Prepared" in told
    assert (
        "Best offer: CHF9.00 or €10.00 off; Reminder: the best offer; words of its own; "
        "first texts spread over 6 hours" in told
    )
    assert "Boxing Day" not in told
    assert "Seasons" in words(browser.get(f"/app/flows/{flow.id}"))


def test_a_season_is_prepared_for_the_next_time_it_comes_up(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    address = place(flow, "/black_friday")
    page = browser.get(address)
    assert "Nov 27 – 30, 2026: Austria, Slovenia, and United States" in words(page)
    page = browser.send(
        page,
        address,
        small_kind="percent",
        small_value="15 %",
        most_offers="200",
        **{"rung-reminder": "small"},
    )
    assert "The season is saved." in words(page)
    assert seasons(runtime, store) == [
        PREPARED,
        {
            "season": "black_friday",
            "countries": ["AT", "SI", "US"],
            "year": 2026,
            "offers": {"small": {"kind": "percent", "percent": 15}},
            "rungs": {"reminder": "small"},
            "most_offers": 200,
            "active": True,
        },
    ]


def test_what_the_form_does_not_show_stays_as_it_was(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    address = place(flow, "/christmas/0")
    page = browser.send(browser.get(address), address, best_value="12,50", active=None, spread="PT0S")
    assert page.status_code == 200
    changed = {name: value for name, value in PREPARED.items() if name != "spread"} | {
        "offers": {"best": {"kind": "amount", "amounts": {"CHF": "9.00", "EUR": "12.50"}}},
        "active": False,
    }
    assert seasons(runtime, store) == [changed]
    assert "Seasons changed" in words(browser.get(f"/app/flows/{flow.id}"))


@pytest.mark.parametrize(
    ("typed", "field", "problem"),
    [
        (TYPED | {"small_value": "a lot"}, "small_value", "'a lot' is no whole number from 1 to 90."),
        (TYPED | {"small_value": "45"}, "small_value", HIGHEST),
        ({"small_kind": "amount"}, "small_value", "Write how much."),
        (TYPED, "small_value", "Write how many percent."),
        ({"first": "2026-12-10"}, "last", "Choose the last day, too."),
        ({"last": "2026-12-10"}, "first", "Choose the first day, too."),
        ({"rung-reminder": "best"}, "rung-reminder", "Say above what the best offer gives."),
        ({"most_offers": "none"}, "most_offers", "'none' is no whole number from 1 to 1000000."),
        (OWN | {"last": "2026-12-01"}, "last", "Must not be before from."),
        (OWN, "countries", MEETS),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(
    browser: Browser,
    runtime: Runtime,
    store: Store,
    flow: Flow,
    typed: dict[str, str],
    field: str,
    problem: str,
) -> None:
    address = place(flow, "/black_friday")
    page = browser.send(browser.get(address), address, **typed)
    assert page.status_code == 422
    error = next(part for part in find(page, "p") if part.attrib.get("id") == f"{field}-error")
    assert problem in "".join(error.itertext())
    summary = next(part for part in find(page, "a") if part.attrib["href"] == f"#{field}")
    assert "".join(summary.itertext()).partition(": ")[2] == problem
    assert seasons(runtime, store) == [PREPARED]


def test_a_season_is_removed(browser: Browser, runtime: Runtime, store: Store, flow: Flow) -> None:
    page = browser.get(place(flow, "/christmas/0"))
    assert "The season is removed." in words(browser.send(page, place(flow, "/christmas/0/remove")))
    assert seasons(runtime, store) == []


def test_a_season_that_somebody_has_changed_meanwhile_is_neither_replaced_nor_removed(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    address = place(flow, "/christmas/0")
    older = browser.get(address)
    browser.send(older, address, most_offers="700")
    changed = [PREPARED | {"most_offers": 700}]
    refused = browser.send(older, address, most_offers="900")
    kept = browser.send(older, f"{address}/remove")
    assert (refused.status_code, kept.status_code) == (422, 409)
    assert "Somebody has changed this season since you opened this page." in words(refused)
    assert "Somebody has changed the seasons of this flow meanwhile." in words(kept)
    assert seasons(runtime, store) == changed
    assert browser.send(refused, address).status_code == 200
    assert seasons(runtime, store) == [PREPARED | {"most_offers": 900}]


@pytest.mark.parametrize(
    "rest", ["/easter", "/christmas/1", "/black_friday/0", "/christmas/0/words", "/christmas/1/dry-run"]
)
def test_what_there_is_not_is_not_found(browser: Browser, flow: Flow, rest: str) -> None:
    assert browser.get(place(flow, rest)).status_code == 404


def test_a_dry_run_tells_from_the_store_s_own_carts_what_would_be_sent(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    with runtime.database.session() as session:
        for number in range(3):
            person = factories.make_contact(session, store, phone=f"+3864012345{number}", country="SI")
            cart = factories.make_cart(
                session, store, person, locale="sl", activity_at=NOW - timedelta(days=2)
            )
            factories.make_enrollment(session, store, flow, person, cart)
        factories.make_cart(session, store, person, activity_at=NOW - timedelta(days=20))
        factories.make_usage(session, store, country="SI", segments=2, price=Decimal("0.13"), currency="EUR")
        rows = [
            session.scalar(select(func.count()).select_from(table)) for table in (Due, Message, FlowVersion)
        ]
    page = browser.get(place(flow, "/christmas/0/dry-run"))
    told = words(page)
    assert "Slovenia Dec 1 – 18, 2026 Slovenian 3; about 4 in these days" in told
    assert "Lumen & Loom: vesel božič! https://warmcart.example.com/r/" in told
    assert "€10.00 off" in told and "through Dec 3, 2026" in told
    assert "About €0.13 by what texts cost here of late." in told
    assert "Nothing is sent" in told
    with runtime.database.session() as session:
        assert rows == [
            session.scalar(select(func.count()).select_from(table)) for table in (Due, Message, FlowVersion)
        ]
