"""A store's own hours and pauses on the settings page: what is saved, refused and told."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.admin import hours_forms
from app.admin.hours_forms import HoursForm, read_hours, read_pause, told_hours
from app.models import Due, Store
from app.runtime import Runtime
from flows.timing import hours_on
from flows.windows import window_for
from flows.zones import Place
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.app.admin.rows import stored, trail
from tests.factories import NOW


def save(browser: Browser, **typed: Any) -> Any:
    return browser.send(browser.get("/app/settings"), "/app/settings/hours", **typed)


def test_a_store_s_own_hours_are_saved_and_told(browser: Browser, runtime: Runtime, store: Store) -> None:
    page = save(browser, quiet_from="18:30", quiet_to="10:00", days_off=["5", "6"], avoids=None)
    assert "Saved." in words(page)
    found = stored(runtime, store)
    assert (found.quiet_from, found.quiet_to) == (time(18, 30), time(10))
    assert (found.days_off, found.avoids_hours) == ([5, 6], False)
    assert "Monday to Friday 10:00 to 18:30; Saturday to Sunday none" in words(page)
    assert trail(runtime) == [
        (
            "hours_changed",
            {"no_texts": "18:30 to 10:00", "days_off": ["Saturday", "Sunday"], "avoid_learnt_hours": False},
        )
    ]
    save(browser, quiet_from="", quiet_to="", days_off=[])
    assert stored(runtime, store).quiet_from is None


@pytest.mark.parametrize(
    ("start", "end", "days", "field", "told"),
    [
        ("half past", "10:00", [], "quiet_from", hours_forms.NO_TIME),
        ("18:00", "", [], "quiet_to", hours_forms.ONE_TIME),
        ("", "09:00", [], "quiet_from", hours_forms.ONE_TIME),
        ("18:00", "18:00", [], "quiet_to", hours_forms.SAME_TIME),
        ("06:00", "23:00", [], "quiet_from", hours_forms.NOTHING_LEFT),
        ("", "", list("0123456"), "quiet_from", hours_forms.NOTHING_LEFT),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_and_kept_in_the_form(
    browser: Browser,
    runtime: Runtime,
    store: Store,
    start: str,
    end: str,
    days: list[str],
    field: str,
    told: str,
) -> None:
    page = save(browser, quiet_from=start, quiet_to=end, days_off=days)
    assert page.status_code == 422
    assert told in words(page)
    values = {one.attrib.get("id"): one.attrib for one in find(page, "input")}
    assert (values["quiet_from"]["value"], values["quiet_to"]["value"]) == (start, end)
    assert values[field]["aria-invalid"] == "true"
    assert stored(runtime, store).quiet_from is None
    assert trail(runtime) == []


def test_hours_can_be_tried_out_without_saving_them(browser: Browser, runtime: Runtime, store: Store) -> None:
    page = save(browser, quiet_from="18:30", quiet_to="10:00", preview="1")
    assert (page.status_code, page.headers["HX-Push-Url"]) == (200, "false")
    assert "Not saved yet. A shopper in" in words(page)
    assert "10:00 to 18:30" in words(page)
    values = {one.attrib.get("id"): one.attrib for one in find(page, "input")}
    assert values["quiet_from"]["value"] == "18:30"
    assert (stored(runtime, store).quiet_from, trail(runtime)) == (None, [])


def test_what_was_held_for_its_hours_is_looked_at_again(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        for subject, reason in enumerate(("quiet_hours", "low_receptivity", "cap_reached")):
            later = NOW + timedelta(days=1)
            factories.make_due(session, store, subject=subject, due_at=later, reason=reason)
    save(browser, quiet_from="20:00", quiet_to="10:00")
    with runtime.database.session() as session:
        ready = session.scalars(select(Due.subject).where(Due.due_at <= NOW).order_by(Due.subject)).all()
    assert ready == [0, 1]


def test_a_pause_says_why_and_until_when(browser: Browser, runtime: Runtime, store: Store) -> None:
    page = browser.send(
        browser.get("/app/settings"), "/app/settings/sending", reason="Stock-taking", until="2026-11-23T08:00"
    )
    found = stored(runtime, store)
    until = datetime(2026, 11, 23, 8, tzinfo=ZoneInfo(store.timezone))
    assert (found.status, found.status_reason, found.paused_until) == ("paused", "Stock-taking", until)
    assert "Stock-taking. Texts that come due are held until Nov 23, 2026, 8:00 AM." in words(page)
    assert trail(runtime) == [("sending_paused", {"reason": "Stock-taking", "until": "2026-11-23T08:00"})]
    browser.send(page, "/app/settings/sending")
    found = stored(runtime, store)
    assert (found.status, found.status_reason, found.paused_until) == ("active", None, None)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("tomorrow", hours_forms.NO_MOMENT),
        ("2026-11-20T08:00", hours_forms.NOT_AHEAD),
        ("2027-11-20T08:00", hours_forms.NOT_AHEAD),
    ],
)
def test_a_pause_whose_end_is_no_end_is_refused(
    browser: Browser, runtime: Runtime, store: Store, until: str, told: str
) -> None:
    page = browser.send(browser.get("/app/settings"), "/app/settings/sending", until=until)
    assert page.status_code == 422
    assert told in words(page)
    assert stored(runtime, store).status == "active"


def test_learnt_hours_are_shown(browser: Browser, runtime: Runtime, store: Store) -> None:
    assert "Nothing to avoid has been found so far." in words(browser.get("/app/settings"))
    with runtime.database.session() as session:
        session.get_one(Store, store.id).avoided_hours = [8, 23]
    assert "opt out most at 08:00 to 09:00, 23:00 to 00:00." in words(browser.get("/app/settings"))


def test_the_sentence_tells_the_rules_of_the_store_s_country_too() -> None:
    plain = HoursForm()
    assert told_hours("DE", plain) == (
        "A shopper in Germany gets texts: Monday to Saturday 08:00 to 20:00; Sunday none, and not on public "
        "holidays. All on the shopper's own clock."
    )
    lunch = HoursForm("12:00", "14:00")
    assert "Monday to Friday 08:30 to 12:00 and 14:00 to 20:00; Saturday 10:00 to 12:00" in told_hours(
        "FR", lunch
    )
    assert told_hours(None, plain).startswith(
        "A shopper elsewhere gets texts: Monday to Sunday 08:00 to 20:00."
    )


countries = st.sampled_from(["DE", "FR", "GB", "EC", "CZ", "US", "SI", None])


@given(st.text(max_size=8) | st.times().map(str), st.text(max_size=8) | st.times().map(str), countries)
def test_whatever_is_typed_is_refused_or_leaves_hours_within_those_of_the_rules(
    start: str, end: str, country: str | None
) -> None:
    form = read_hours({"quiet_from": start, "quiet_to": end}, ["6"], country)
    if form.errors:
        return
    window = window_for(Place(country or "", None))
    for day in range(7):
        allowed = hours_on(window, day, (), frozenset())
        for opens, closes in hours_forms.open_hours(country, day, form.quiet, form.days_off):
            assert any(first <= opens < closes <= last for first, last in allowed)


@given(st.text(max_size=20))
def test_whatever_is_typed_as_an_end_lies_ahead_or_is_refused(typed: str) -> None:
    form = read_pause({"until": typed}, ZoneInfo("Europe/Berlin"), NOW)
    assert form.errors or form.until is None or form.until > NOW
