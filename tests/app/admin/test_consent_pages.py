"""Importing consents from a page, and where consent is confirmed."""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import select

from app.models import AuditEvent, Consent, Store
from app.runtime import Runtime
from tests.app.admin.browser import Browser, find, printed_values, words


def upload(browser: Browser, text: str | None, **typed: str) -> Any:
    page = browser.get("/app/consents")
    form = next(form for form in find(page, "form") if form.attrib["action"].split("?")[0] == "/app/consents")
    assert form.attrib["enctype"] == "multipart/form-data"
    values: dict[str, Any] = printed_values(form) | typed
    values.pop("file", None)
    if text is not None:
        values["file"] = (io.BytesIO(text.encode()), "consents.csv")
    return browser.post(form.attrib["action"], values, content_type="multipart/form-data")


def test_a_file_is_imported_and_the_page_tells_what_became_of_each_row(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    text = "phone,consented_at\n+38640123456,2026-10-01\n<b>,2026-10-01\n"
    page = upload(browser, text, source="shop form")
    shown = words(page)
    assert page.status_code == 200
    assert "Taken 1" in shown
    assert "It is not a valid phone number. 1" in shown
    assert "Line 3" in shown
    assert "<b>," not in page.text
    with runtime.database.session() as session:
        assert session.scalars(select(Consent.address)).all() == ["+38640123456"]
        event = session.scalars(select(AuditEvent)).one()
        assert event.actor.startswith("person:")
    assert "Imported consents" in words(browser.get("/app/settings"))
    assert "earlier import of this file 1" in words(upload(browser, text, source="shop form"))


def test_without_a_source_or_a_file_nothing_is_imported(browser: Browser, runtime: Runtime) -> None:
    page = upload(browser, None)
    assert page.status_code == 422
    assert "Say where these consents come from." in words(page)
    assert "Choose a CSV file." in words(page)
    page = upload(browser, "number\n1\n", source="shop form")
    assert page.status_code == 422
    assert "it lacks phone and consented_at" in words(page)
    fields = {field.attrib.get("name"): field.attrib.get("value") for field in find(page, "input")}
    assert fields["source"] == "shop form"
    with runtime.database.session() as session:
        assert session.scalars(select(AuditEvent)).all() == []


def test_a_store_chooses_where_consent_is_confirmed(browser: Browser, runtime: Runtime, store: Store) -> None:
    def saved(**typed: Any) -> list[str]:
        browser.send(browser.get("/app/settings"), "/app/settings/consent", **typed)
        with runtime.database.session() as session:
            return session.get_one(Store, store.id).double_opt_in_countries

    assert saved(opt_in="chosen", opt_in_countries="SI") == ["SI"]
    assert saved(opt_in="everywhere", opt_in_countries=None) == ["*"]
    assert saved(opt_in="required", opt_in_countries=None) == []
    assert saved(opt_in="chosen", opt_in_countries="??") == []
    with runtime.database.session() as session:
        actions = [event.action for event in session.scalars(select(AuditEvent))]
    assert actions == ["double_opt_in_changed"] * 4
