"""The screen of senders: names, numbers, and where a name is registered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.admin import sender_forms
from app.models import SenderRegistration, Store
from app.runtime import Runtime
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.app.admin.rows import stored, trail


def save(browser: Browser, **typed: Any) -> Any:
    return browser.send(browser.get("/app/senders"), "/app/senders", **typed)


def note(browser: Browser, **typed: Any) -> Any:
    csrf = next(f for f in find(browser.get("/app/senders"), "input") if f.attrib["name"] == "csrf_token")
    return browser.post("/app/senders/registrations", typed | {"csrf_token": csrf.attrib["value"]})


def registrations(runtime: Runtime) -> dict[str, tuple[int, str, str]]:
    with runtime.database.session() as session:
        rows = session.scalars(select(SenderRegistration)).all()
        return {row.country: (row.store_id, row.name, row.state) for row in rows}


def test_a_name_and_a_number_are_saved(browser: Browser, runtime: Runtime, store: Store) -> None:
    assert "Saved." in words(save(browser, sender_name="  Lumen Loom ", number=" +38640123456"))
    saved = stored(runtime, store)
    assert (saved.sender_name, saved.sender) == ("Lumen Loom", "+38640123456")
    assert trail(runtime) == [("senders_changed", {"name": "Lumen Loom", "number": "+38640123456"})]


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("sender_name", "much too long", "has 13 characters"),
        ("sender_name", "INFO", "does not say who writes"),
        ("sender_name", "šiška", "letters from A to Z"),
        ("number", "040123456", "+15551234567"),
        ("number", "Kamra", "+15551234567"),
    ],
)
def test_what_no_provider_takes_is_refused_beside_its_field_and_kept_in_it(
    browser: Browser, runtime: Runtime, store: Store, field: str, typed: str, told: str
) -> None:
    page = save(browser, **{field: typed})
    assert page.status_code == 422
    box = next(one for one in find(page, "input") if one.attrib.get("id") == field)
    assert (box.attrib["value"], box.attrib["aria-invalid"]) == (typed, "true")
    assert told in words(page)
    assert (stored(runtime, store).sender_name, stored(runtime, store).sender) == (None, None)
    assert trail(runtime) == []


def test_each_country_tells_what_stands_above_its_texts_and_why(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    save(browser, sender_name="Lumen", number="")
    page = words(browser.get("/app/senders"))
    assert "United States From the account's own numbers. This country takes no names as senders." in page
    assert "Slovenia From the account's own numbers. The name must be registered here first." in page


def test_a_registered_name_stands_above_the_texts(browser: Browser, runtime: Runtime, store: Store) -> None:
    note(browser, country="SI", name="Lumen", state="asked")
    assert "The registration of the name is under way." not in words(browser.get("/app/senders"))
    save(browser, sender_name="Lumen")
    assert "The registration of the name is under way." in words(browser.get("/app/senders"))
    note(browser, country="SI", name="Lumen", state="registered", note="ref 7")
    assert "Slovenia As Lumen." in words(browser.get("/app/senders"))
    assert registrations(runtime) == {"SI": (store.id, "Lumen", "registered")}
    note(browser, country="SI", name="Lumen", state="")
    assert registrations(runtime) == {}
    assert trail(runtime)[-1] == ("registration_changed", {"country": "SI", "name": "Lumen", "state": "none"})


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            {"country": "SI", "name": "SMS", "state": "registered"},
            "Slovenia: the name does not say who writes",
        ),
        ({"country": "SI", "name": "Lumen", "state": "sold"}, "Choose how far the registration is."),
        ({"country": "SI", "name": "Lumen", "state": "asked", "note": "x" * 201}, "at most 200"),
        ({"country": "JP", "name": "Lumen", "state": "asked"}, "Choose one of the countries"),
        ({"country": "' OR 1=1", "name": "Lumen", "state": "asked"}, "Choose one of the countries"),
    ],
)
def test_a_registration_that_cannot_be_is_refused(
    browser: Browser, runtime: Runtime, store: Store, typed: dict[str, str], told: str
) -> None:
    page = note(browser, **typed)
    assert (page.status_code, told in words(page)) == (422, True)
    assert registrations(runtime) == {}


def test_a_neighbour_s_registrations_are_neither_shown_nor_touched(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, sender_name="Boreas")
        told = {"country": "SI", "name": "Boreas", "state": "registered", "changed_at": runtime.clock.now()}
        session.add(SenderRegistration(store_id=neighbour.id, **told))
    assert "Boreas" not in browser.get("/app/senders").text
    note(browser, country="SI", name="Lumen", state="")
    assert registrations(runtime) == {"SI": (neighbour.id, "Boreas", "registered")}


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_typed_is_taken_or_refused_with_a_reason(name: str, number: str) -> None:
    form = sender_forms.read({"sender_name": name, "number": number})
    assert form.errors or (len(form.sender_name) <= 11 and len(form.number) <= 16)
