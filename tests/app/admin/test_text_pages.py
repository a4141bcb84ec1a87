"""A merchant's own words: written, looked at, taken back, and had again from an earlier version."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.models import Flow, FlowVersion, Store
from app.runtime import Runtime
from flows import catalogs, own_texts, registry
from flows.definition import FlowDefinition
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.factories import NOW

OURS = catalogs.template("sms.reminder", "de")


@pytest.fixture
def flow(runtime: Runtime, store: Store) -> Flow:
    with runtime.database.session() as session:
        return factories.make_flow(session, store, factories.DEFINITION | {"steps": STEPS})


STEPS = [
    {"key": "reminder", "delay": "PT0S", "texts": {}},
    {"key": "extra", "delay": "PT24H", "texts": {"sl": "Še tu: {link}"}},
]


def place(flow: Flow, step: str = "reminder") -> str:
    return f"/app/flows/{flow.id}/texts/{step}"


def write(browser: Browser, flow: Flow, typed: str, language: str = "de", **more: Any) -> Any:
    page = browser.get(f"{place(flow)}?language={language}")
    return browser.send(page, place(flow), words=typed, **more)


def texts(runtime: Runtime, store: Store, step: int = 0) -> dict[str, str]:
    with runtime.database.session() as session:
        found = registry.active_flow(session, store.id)
        assert found is not None
        return dict(found.definition.steps[step].texts)


def textarea(page: Any) -> str:
    return "".join(find(page, "textarea")[0].itertext())


def test_the_page_begins_with_our_words_and_shows_how_they_arrive(browser: Browser, flow: Flow) -> None:
    page = browser.get(f"{place(flow)}?language=de")
    assert textarea(page) == OURS
    assert "Warmcart's words. Change them, and they become yours." in words(page)
    assert "Dein Warenkorb mit Canvas Tote ist gespeichert" in words(page)
    assert "With long names and a letter that costs" in words(page)


def test_own_words_are_a_new_version_and_what_others_wrote_stays(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    write(browser, flow, "Bonjour : {link}", "fr")
    page = write(browser, flow, "  Hallo {first_name},\r\ndein Korb: {link} ")
    assert "Your words are saved." in words(page) and page.request.path == f"/app/flows/{flow.id}"
    assert texts(runtime, store) == {"fr": "Bonjour : {link}", "de": "Hallo {first_name},\ndein Korb: {link}"}
    assert "Version 3 Reminder in German written Lumen & Loom" in words(page)
    assert "Your own words." in words(browser.get(f"{place(flow)}?language=de"))


def test_a_tone_and_a_region_have_words_of_their_own(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    write(browser, flow, "Ihr Korb: {link}", "de-x-formal")
    write(browser, flow, "Dein Korb: {link}", "de-CH")
    assert texts(runtime, store) == {"de-x-formal": "Ihr Korb: {link}", "de-CH": "Dein Korb: {link}"}


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("Dein Korb", "{link} must stand there once, it stands there 0 times."),
        ("{link} {stop}", "{stop} is no placeholder; possible are {store}"),
        ("{link} {store", "A brace has no partner"),
        ("x" * 1001 + " {link}", "Has 1008 characters, at most 1000 are possible."),
    ],
)
def test_what_is_wrong_stands_beside_the_words_which_are_kept(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow, typed: str, problem: str
) -> None:
    page = write(browser, flow, typed)
    assert page.status_code == 422 and page.headers["HX-Push-Url"] == "false"
    error = next(part for part in find(page, "p") if part.attrib.get("id") == "words-error")
    assert problem in "".join(error.itertext())
    assert (textarea(page), texts(runtime, store)) == (typed, {})
    assert "steps[" not in words(page)


def test_a_preview_shows_what_was_typed_with_its_cost_and_saves_nothing(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    page = browser.get(f"{place(flow)}?language=pl")
    page = browser.send_to(page, place(flow), f"{place(flow)}/preview", words="Część {first_name}: {link}")
    assert page.status_code == 200 and page.headers["HX-Push-Url"] == "false"
    assert "Część Ana: https://warmcart.example.com/r/" in words(page)
    assert "Część Małgorzata: https://" in words(page)
    assert "For the sake of ę ś ć" in words(page)
    page = browser.send_to(
        page, place(flow), f"{place(flow)}/preview", words="カートはこちら、ご覧ください {link}"
    )
    assert "Written with these letters, a segment holds 70 characters" in words(page)
    assert "For the sake of" not in words(page)
    page = browser.send_to(page, place(flow), f"{place(flow)}/preview", words="Część")
    assert "These words cannot be sent" in words(page) and page.status_code == 200
    assert texts(runtime, store) == {}


def test_the_way_to_stop_is_under_words_that_would_leave_it_out(browser: Browser, flow: Flow) -> None:
    page = browser.get(f"{place(flow)}?language=de")
    page = browser.send_to(page, place(flow), f"{place(flow)}/preview", words="{link}")
    assert words(page).count("Lumen & Loom - Abmelden: STOP antworten") == 2


def test_our_words_come_back_and_unchanged_they_are_no_own_words(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    write(browser, flow, "Dein Korb: {link}")
    page = write(browser, flow, "whatever", own="0")
    assert "Warmcart's own words are back." in words(page) and texts(runtime, store) == {}
    write(browser, flow, "Dein Korb: {link}")
    write(browser, flow, OURS)
    assert texts(runtime, store) == {}


def test_the_only_words_of_a_step_cannot_be_taken_away(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    page = browser.get(f"{place(flow, 'extra')}?language=sl")
    page = browser.send(page, place(flow, "extra"), own="0")
    assert page.status_code == 422 and "'extra' has no built-in text" in words(page)
    assert texts(runtime, store, 1) == {"sl": "Še tu: {link}"}


def test_an_earlier_version_is_had_again_as_a_new_one(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    write(browser, flow, "Erste: {link}")
    page = write(browser, flow, "Zweite: {link}")
    page = browser.send_to(
        page, f"/app/flows/{flow.id}/restore", f"/app/flows/{flow.id}/restore", version="2"
    )
    assert "That version is back." in words(page) and texts(runtime, store) == {"de": "Erste: {link}"}
    with runtime.database.session() as session:
        history = own_texts.history(session, store.id, flow.id)
    assert [(version.number, [change.done for change in version.texts]) for version in history] == [
        (4, ["changed"]),
        (3, ["changed"]),
        (2, ["written"]),
        (1, []),
    ]


def test_a_flow_that_is_off_stays_off(browser: Browser, runtime: Runtime, store: Store, flow: Flow) -> None:
    with runtime.database.session() as session:
        registry.switch(session, store, flow.id, False, "operator", NOW)
    write(browser, flow, "Dein Korb: {link}")
    with runtime.database.session() as session:
        assert registry.active_flow(session, store.id) is None
        assert session.scalars(select(FlowVersion.version).order_by(FlowVersion.version)).all() == [1, 2]


@pytest.mark.parametrize("address", ["/app/flows/999999/texts/reminder", "/app/flows/{}/texts/none"])
def test_a_text_that_is_not_there_gives_a_page_that_says_so(
    browser: Browser, flow: Flow, address: str
) -> None:
    assert "There is nothing here" in words(browser.get(address.format(flow.id)))


def test_the_flow_of_another_store_cannot_be_written(browser: Browser, runtime: Runtime, flow: Flow) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session, domain="boreas.example.com", platform="woocommerce")
        theirs = factories.make_flow(session, other)
    page = browser.get(f"{place(flow)}?language=de")
    refused = browser.send_to(page, place(flow), place(theirs), words="Mine: {link}")
    restored = browser.send_to(page, place(flow), f"/app/flows/{theirs.id}/restore", version="1")
    assert (refused.status_code, restored.status_code) == (404, 404)


def test_every_language_of_the_catalogs_can_be_chosen_and_own_ones_are_marked(
    browser: Browser, flow: Flow
) -> None:
    options = [option.attrib["value"] for option in find(browser.get(place(flow, "extra")), "option")]
    assert set(options) == set(catalogs.languages())
    assert "Slovenian, yours" in words(browser.get(place(flow, "extra")))


# Words of an offer, and of a season

SEASONED = factories.DEFINITION | {
    "steps": [
        {"key": "reminder", "delay": "PT0S", "texts": {"sl": "Tvoja košarica: {link}"}},
        {"key": "last_call", "delay": "PT24H", "texts": {}, "offer": "best"},
    ],
    "offers": {"best": {"kind": "percent", "percent": 10}},
    "seasons": [{"season": "christmas", "rungs": {"reminder": "best"}}],
}


@pytest.fixture
def seasoned(runtime: Runtime, store: Store) -> Flow:
    with runtime.database.session() as session:
        return factories.make_flow(session, store, SEASONED)


def definition(runtime: Runtime, store: Store) -> FlowDefinition:
    with runtime.database.session() as session:
        found = registry.active_flow(session, store.id)
        assert found is not None
        return found.definition


def write_at(browser: Browser, flow: Flow, query: str, typed: str, step: str = "reminder") -> Any:
    page = browser.get(f"{place(flow, step)}?language=sl&{query}")
    return browser.send(page, place(flow, step), words=typed)


def test_a_season_s_words_begin_with_the_flow_s_and_leave_them_as_they_are(
    browser: Browser, runtime: Runtime, store: Store, seasoned: Flow
) -> None:
    page = browser.get(f"{place(seasoned)}?language=sl&season=0")
    assert "Text 1: Reminder, Christmas" in words(page)
    assert "The flow's words. Change them, and they are the season's." in words(page)
    assert textarea(page) == "Tvoja košarica: {link}"
    page = write_at(browser, seasoned, "season=0", "Vesel božič! {link}")
    assert page.request.path == f"/app/flows/{seasoned.id}/seasons/christmas/0"
    found = definition(runtime, store)
    assert found.seasons[0].texts == {"reminder": {"sl": "Vesel božič! {link}"}}
    assert found.steps[0].texts == {"sl": "Tvoja košarica: {link}"}
    page = browser.get(f"{place(seasoned)}?language=sl&season=0")
    browser.send(page, place(seasoned), words="never mind", own="0")
    assert definition(runtime, store).seasons[0].texts == {}


def test_an_offer_has_words_of_its_own_in_a_season_and_without_one(
    browser: Browser, runtime: Runtime, store: Store, seasoned: Flow
) -> None:
    page = browser.get(f"{place(seasoned)}?language=sl&season=0&of=offer")
    assert textarea(page) == catalogs.template("sms.offer", "sl")
    assert "{discount}" in words(page) and "{ends}" in words(page)
    assert "10 % ceneje" in words(page)
    write_at(browser, seasoned, "season=0&of=offer", "Božič: {discount} ceneje! {link}")
    write_at(browser, seasoned, "of=offer", "{discount} ceneje! {link}", "last_call")
    found = definition(runtime, store)
    assert found.seasons[0].offer_texts == {"reminder": {"sl": "Božič: {discount} ceneje! {link}"}}
    assert found.steps[1].offer_texts == {"sl": "{discount} ceneje! {link}"}


def test_words_of_an_offer_that_hide_it_are_refused_beside_their_field(
    browser: Browser, seasoned: Flow
) -> None:
    page = write_at(browser, seasoned, "season=0&of=offer", "Božič! {link}")
    assert page.status_code == 422
    assert "Must say {discount}: a guard rail may have lowered it." in words(page)
    assert "seasons[" not in words(page)


@pytest.mark.parametrize("query", ["season=1", "season=x", "of=offer", "of=text", "season=0&of=everything"])
def test_words_that_nothing_would_say_have_no_page(browser: Browser, seasoned: Flow, query: str) -> None:
    assert browser.get(f"{place(seasoned)}?{query}").status_code == 404
