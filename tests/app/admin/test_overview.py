"""The home screen: what it says to a new store, a busy one, and one in trouble."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select

from app.admin import setup_guide
from app.admin.setup_guide import Facts
from app.models import Heartbeat, Message, ProviderState, Store
from app.runtime import Runtime
from connectors.shopify.scopes import SCOPES
from tests import factories
from tests.app.admin import history
from tests.app.admin.browser import HTML, Browser, find, words
from tests.factories import NOW


@pytest.fixture
def quiet(runtime: Runtime, store: Store) -> Store:
    """A store about which there is nothing to say."""
    with runtime.database.session() as session:
        history.everybody_works(session)
        factories.make_flow(session, store)
    return store


@pytest.fixture
def busy(runtime: Runtime, quiet: Store) -> Store:
    with runtime.database.session() as session:
        history.figures(
            session, quiet, texts=100, delivered=95, clicked=20, converted=5, carts_texted=60,
            reached_contact=10, reached_shipping=8, reached_payment=6, reached_order=5,
        )  # fmt: skip
        history.figures(session, quiet, currency="EUR", orders=5, orders_clicked=4, revenue=Decimal(250))
        history.figures(session, quiet, currency="USD", orders=1, revenue=Decimal(30), country="US")
        history.cost(session, quiet, "6.00", "EUR")
    return quiet


def change(runtime: Runtime, store: Store, **columns: Any) -> None:
    with runtime.database.session() as session:
        row = session.get_one(Store, store.id)
        for name, value in columns.items():
            setattr(row, name, value)


def banner(browser: Browser) -> str:
    """What needs attention; empty if nothing does."""
    sections = [
        section
        for section in find(browser.get("/app"), "section")
        if section.attrib.get("aria-label") == "What needs your attention"
    ]
    assert len(sections) <= 1
    return " ".join("".join(sections[0].itertext()).split()) if sections else ""


# What a store sees


def test_a_new_store_sees_what_is_left_to_do_and_that_nothing_went_yet(
    browser: Browser, quiet: Store
) -> None:
    text = words(browser.get("/app"))
    assert "Set up Warmcart 3 of 5 done" in text
    assert "No texts yet" in text
    assert "Recovered revenue" not in text


def test_a_busy_store_sees_every_figure_with_its_definition(browser: Browser, busy: Store) -> None:
    page = browser.get("/app", headers={"Accept-Language": "en-IE"})
    text = words(page)
    for shown in ("€250.00", "US$30.00", "4 after a click, 2 without", "100%", "Reminder", "41.7×"):
        assert shown in text, shown
    terms = [term for term in find(page, "details") if "w-term" in term.attrib.get("class", "")]
    assert len(terms) == 15
    assert all(len("".join(term.find(f"{HTML}p").itertext())) > 20 for term in terms)  # type: ignore[union-attr]


def test_a_store_whose_texts_make_offers_sees_what_they_bring(
    runtime: Runtime, browser: Browser, busy: Store
) -> None:
    assert "Given away" not in words(browser.get("/app"))
    with runtime.database.session() as session:
        history.figures(session, busy, texts=9, offered=7, step_key="last_call")
    text = words(browser.get("/app"))
    assert "Offers Texts and orders of these 30 days" in text
    assert "Texts with an offer Of the texts of a day, those that told of a discount code of ours." in text
    assert "Whether shoppers would have come without it, no figure tells." in text


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("30", 30), ("90", 90), ("", 30), ("1000000", 30)])
def test_the_period_is_chosen_in_the_address(browser: Browser, busy: Store, asked: str, days: int) -> None:
    text = words(browser.get(f"/app?days={asked}"))
    assert f"in the last {days} days" in text and f"The {days} days before" in text


def test_a_choice_keeps_the_other_choices(browser: Browser, busy: Store) -> None:
    page = browser.get("/app?days=90&chart=orders&by=country&currency=USD")
    addresses = [link.attrib["href"] for link in find(page, "a") if "by=language" in link.attrib["href"]]
    assert len(addresses) == 1
    assert all(part in addresses[0] for part in ("days=90", "chart=orders", "currency=USD"))
    kept = {field.attrib["name"]: field.attrib["value"] for field in find(page, "input")}
    assert {"chart": "orders", "by": "country", "currency": "USD"}.items() <= kept.items()


@pytest.mark.parametrize("address", ["/app?chart=x&by=y&currency=ZZZ", "/app?days=-7", "/app?by=step_key"])
def test_a_choice_that_does_not_exist_is_the_usual_one(browser: Browser, busy: Store, address: str) -> None:
    page = browser.get(address)
    assert page.status_code == 200
    chosen = [link for link in find(page, "a") if link.attrib.get("aria-current") == "true"]
    assert ["".join(link.itertext()) for link in chosen] == ["Revenue", "EUR", "Step"]


def test_figures_are_written_in_the_visitors_locale(browser: Browser, busy: Store) -> None:
    assert "250,00 €" in words(browser.get("/app", headers={"Accept-Language": "sl-SI, en;q=0.5"}))
    assert "250,00 €" in words(browser.get("/app?locale=de", headers={"Accept-Language": "en"}))


def test_the_chart_is_told_in_words_and_as_a_table(browser: Browser, busy: Store) -> None:
    page = browser.get("/app", headers={"Accept-Language": "en-IE"})
    plots = [part for part in find(page, "div") if part.attrib.get("role") == "img"]
    assert "€250.00 in all" in plots[0].attrib["aria-label"]
    assert len([row for row in find(page, "tr") if "21 Nov" in "".join(row.itertext())]) == 1


def test_made_up_history_is_marked(runtime: Runtime, browser: Browser, busy: Store) -> None:
    assert "Sample data" not in browser.get("/app").text
    change(runtime, busy, sample=True)
    assert "This store and its figures are made up" in words(browser.get("/app"))


def test_the_page_says_how_long_it_took_and_is_kept_nowhere(browser: Browser, busy: Store) -> None:
    page = browser.get("/app")
    assert page.headers["Server-Timing"].startswith("app;dur=")
    assert page.headers["Cache-Control"] == "no-store"


# The set-up guide


def test_every_step_is_ticked_by_what_is_really_so(runtime: Runtime, store: Store) -> None:
    def known() -> Facts:
        with runtime.database.session() as session:
            return setup_guide.facts(session, runtime.settings, store, NOW)

    assert known() == Facts(True, False, False, True, False)
    with runtime.database.session() as session:
        flow = factories.make_flow(session, store)
        history.story(session, store, "+38640123456", "Ana", flow)
        factories.make_consent_event(session, store, "+38640123456")
        stop = {"state": "stopped", "reason": "account", "until": NOW + timedelta(hours=1), "changed_at": NOW}
        session.add(ProviderState(provider="sandbox", sender="", country="", **stop))
    assert known() == Facts(True, True, True, False, True)


def test_the_guide_has_five_steps_at_most_and_each_says_why() -> None:
    for platform in ("shopify", "woocommerce", "demo"):
        steps = setup_guide.steps(Facts(False, False, False, False, False), platform)
        assert len(steps) <= 5 and all(step.why.endswith(".") for step in steps)


def test_the_guide_is_put_away_for_good(browser: Browser, quiet: Store) -> None:
    page = browser.send(browser.get("/app"), "/app/guide/dismiss")
    assert "The set-up guide is put away." in words(page)
    assert "Set up Warmcart" not in words(browser.get("/app"))


# What needs attention


def test_where_all_is_well_there_is_no_banner(browser: Browser, quiet: Store) -> None:
    assert banner(browser) == ""


def test_a_missing_worker_and_a_missing_scheduler_are_told(
    runtime: Runtime, browser: Browser, quiet: Store
) -> None:
    with runtime.database.session() as session:
        session.execute(delete(Heartbeat).where(Heartbeat.role.in_(["dispatch", "scheduler"])))
    assert "No worker is running. Nobody works on: dispatch." in banner(browser)
    assert "The scheduler is not running." in banner(browser)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"status": "paused"}, "Sending is paused."),
        (
            {"status": "reconnect", "status_reason": "The keys were revoked."},
            "The keys were revoked. Reconnect",
        ),
        ({"status": "uninstalled"}, "Your shop is not connected."),
        ({"status": "uninstalled", "platform": "shopify"}, "The app is not installed."),
    ],
)
def test_a_store_that_does_not_send_says_so(
    runtime: Runtime, browser: Browser, quiet: Store, columns: dict[str, str], told: str
) -> None:
    change(runtime, quiet, **columns)
    assert told in banner(browser)


@pytest.mark.parametrize(
    ("sender", "country", "until", "told"),
    [
        ("", "", 30, "The text message provider refuses our texts."),
        ("Warmcart", "SI", 30, "The text message provider refuses our texts in Slovenia."),
        ("Somebody", "", 30, ""),
        ("", "", -1, ""),
    ],
    ids=["the account", "our sender in a country", "another sender", "over by now"],
)
def test_a_provider_that_refuses_is_told_while_it_does(
    runtime: Runtime, browser: Browser, quiet: Store, sender: str, country: str, until: int, told: str
) -> None:
    with runtime.database.session() as session:
        session.add(
            ProviderState(
                provider="sandbox",
                sender=sender,
                country=country,
                state="stopped",
                reason="account",
                code="20003",
                until=NOW + timedelta(minutes=until),
                changed_at=NOW,
            )
        )
    shown = banner(browser)
    assert told in shown and ("20003" in shown) == bool(told)


@pytest.mark.parametrize(
    ("granted", "told"),
    [((), False), (SCOPES, False), (SCOPES[1:], True)],
    ids=["not told yet", "all of them", "all but one"],
)
def test_a_scope_that_the_store_did_not_grant_is_named(
    runtime: Runtime, browser: Browser, quiet: Store, granted: tuple[str, ...], told: bool
) -> None:
    with runtime.database.session() as session:
        store = session.get_one(Store, quiet.id)
        store.platform, store.scopes = "shopify", list(granted)
    assert (f"Not granted: {SCOPES[0]}." in banner(browser)) is told


def test_failed_events_are_counted_and_only_the_stores_own(
    runtime: Runtime, browser: Browser, quiet: Store
) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session)
        for owner, state in ((quiet, "failed"), (quiet, "failed"), (quiet, "applied"), (other, "failed")):
            factories.make_inbound_event(session, owner, state=state)
    assert "2 events could not be read." in banner(browser)


@pytest.mark.parametrize(
    ("reason", "hours", "told"), [("not_made", 23, True), ("not_made", 25, False), ("over", 23, False)]
)
def test_codes_that_the_shop_did_not_make_are_told_for_a_day(
    runtime: Runtime, browser: Browser, quiet: Store, reason: str, hours: int, told: bool
) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, quiet)
        cart = factories.make_cart(session, quiet, contact)
        flow = factories.make_flow(session, quiet, name="Codes", active=False)
        row = factories.make_enrollment(session, quiet, flow, contact, cart)
        ended = {"state": "ended", "reason": reason, "ended_at": NOW - timedelta(hours=hours)}
        ended |= {"failure": "refused", "failure_told": "Coupons are switched off <here>."}
        for step in ("reminder", "second_call", "last_call"):
            factories.make_discount(session, row, step_key=step, **ended)
    shown = banner(browser)
    assert ("did not make 3 discount codes" in shown) == ("Coupons are switched off <here>." in shown) == told


def test_all_that_needs_attention_stands_in_one_banner_what_stops_texts_first(
    runtime: Runtime, browser: Browser, quiet: Store
) -> None:
    with runtime.database.session() as session:
        session.execute(delete(Heartbeat))
        factories.make_inbound_event(session, quiet, state="failed")
    shown = banner(browser)
    assert shown.index("No worker") < shown.index("The scheduler") < shown.index("One event")


# What it costs


def test_the_page_reads_as_much_for_a_million_texts_as_for_none(
    runtime: Runtime, browser: Browser, busy: Store, queries: list[str]
) -> None:
    browser.get("/app")
    few = len(queries)
    with runtime.database.session() as session:
        for days_ago in range(1, 60):
            history.figures(session, busy, days_ago, texts=20_000)
    queries.clear()
    browser.get("/app")
    assert len(queries) == few <= 20
    assert not any("FROM message " in query and "count(" in query.lower() for query in queries)


def test_nothing_but_roll_ups_is_counted(runtime: Runtime, browser: Browser, busy: Store) -> None:
    with runtime.database.session() as session:
        cart, _ = history.story(session, busy, "+38640123457", "Eva", _flow(session, busy))
        assert session.scalar(select(Message.id).where(Message.cart_id == cart.id)) is not None
    page = browser.get("/app", headers={"Accept-Language": "en-IE"})
    assert "100 100%" in words(page)


def _flow(session: Any, store: Store) -> Any:
    return factories.make_flow(session, store, factories.DEFINITION | {"name": "Second", "active": False})
