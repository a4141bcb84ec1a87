"""Requests for data: with their deadlines, their answers, and only for the store that they were made to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.models import AuditEvent, ComplianceRequest, Contact, DataExport, Store
from app.runtime import Runtime
from flows import compliance
from tests import factories
from tests.app.admin.browser import Browser, find, parse, words
from tests.factories import NOW
from tests.flows.whole_person import Whole, make_whole_person

PHONE = "+38640123467"


@pytest.fixture
def zora(runtime: Runtime, store: Store) -> Whole:
    with runtime.database.session() as session:
        zora = make_whole_person(session, runtime, store, "zora-q", PHONE)
        session.execute(ComplianceRequest.__table__.delete())
        return zora


def ask(browser: Browser, **typed: Any) -> Any:
    return browser.send(browser.get("/app/requests"), "/app/requests/ask", **typed)


def made(runtime: Runtime) -> int:
    compliance.drain(runtime, NOW + timedelta(minutes=1))
    with runtime.database.session() as session:
        return session.scalars(select(ComplianceRequest.id)).one()


def trail(runtime: Runtime) -> list[str]:
    with runtime.database.session() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.mark.usefixtures("zora")
def test_what_a_shopper_asked_the_merchant_for_becomes_a_file(browser: Browser, runtime: Runtime) -> None:
    assert "The file will be here within minutes." in words(
        ask(browser, name="040 123 467", kind="data_request")
    )
    request_id = made(runtime)
    listed = words(browser.get("/app/requests"))
    assert "Ready: hand it over" in listed and f"Their data: {PHONE}" in listed and "Asked by: You" in listed
    assert "A shopper asked for their data" in words(browser.get("/app"))

    file = browser.get(f"/app/requests/{request_id}/file")
    assert file.headers["Content-Disposition"] == f'attachment; filename="request-{request_id}.json"'
    assert file.headers["Cache-Control"] == "no-store"
    assert file.json is not None and file.json["tables"]["contact"]["rows"][0]["phone"] == PHONE
    assert "Answered" in words(browser.get("/app/requests"))
    assert "A shopper asked for their data" not in words(browser.get("/app"))
    assert trail(runtime) == ["data_request_asked", "export_downloaded"]


@pytest.mark.usefixtures("zora")
def test_the_answer_can_be_printed_in_the_shoppers_language(browser: Browser, runtime: Runtime) -> None:
    ask(browser, name="zora-q@mail.example", kind="data_request")
    page = browser.get(f"/app/requests/{made(runtime)}")
    parse(page)
    assert '<html lang="sl"' in page.text and "Dear zora-q" in page.text
    assert trail(runtime) == ["data_request_asked", "export_opened"]


def test_a_shopper_can_be_erased_by_the_merchant(browser: Browser, runtime: Runtime, zora: Whole) -> None:
    assert "What was stored is erased." in words(ask(browser, name=PHONE, kind="customer_redact", sure="1"))
    with runtime.database.session() as session:
        assert session.get_one(Contact, zora.contact.id).erased_at == NOW
    assert "Erased, Nov" in words(browser.get("/app/requests"))
    assert trail(runtime) == ["customer_redact_asked"]


def test_nobody_is_erased_before_the_merchant_says_that_they_made_sure_who_asks(
    browser: Browser, runtime: Runtime, zora: Whole
) -> None:
    page = ask(browser, name=PHONE, kind="customer_redact")
    assert page.status_code == 422 and "Make sure who asks before you erase." in words(page)
    typed = {field.attrib.get("id"): field.attrib for field in parse(page).iter()}
    assert typed["name"]["value"] == PHONE and "checked" in typed["kind-customer_redact"]
    assert "checked" not in typed["sure"] and typed["sure"]["aria-invalid"] == "true"
    with runtime.database.session() as session:
        assert session.get_one(Contact, zora.contact.id).erased_at is None
    assert trail(runtime) == []


@pytest.mark.parametrize("typed", ["", "  ", "Zora", "12"])
def test_nobody_is_looked_for_by_what_names_nobody(browser: Browser, runtime: Runtime, typed: str) -> None:
    page = ask(browser, name=typed, kind="customer_redact", sure="1")
    assert page.status_code == 422 and "Type a phone number or an e-mail address." in words(page)
    with runtime.database.session() as session:
        assert session.scalars(select(ComplianceRequest)).all() == []


def test_a_request_that_nobody_answered_in_time_is_told_on_every_page(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        session.add(
            ComplianceRequest(
                store_id=store.id, kind="data_request", dedupe_key="1", request={"phone": PHONE},
                received_at=NOW - timedelta(days=31), due_at=NOW - timedelta(days=1),
            )
        )  # fmt: skip
    assert "A request for data is overdue" in words(browser.get("/app"))
    assert "Overdue" in words(browser.get("/app/requests"))


def test_requests_of_long_ago_are_a_page_further(browser: Browser, runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        for day in range(51):
            moment = NOW - timedelta(days=day)
            row = {
                "kind": "data_request",
                "dedupe_key": str(day),
                "request": {"customer_id": f"no-{day}-day"},
            }
            session.add(ComplianceRequest(store_id=store.id, received_at=moment, due_at=NOW, **row))
    newest = browser.get("/app/requests")
    assert "no-49-day" in newest.text and "no-50-day" not in newest.text
    (older,) = (link.attrib["href"] for link in find(newest, "a") if (link.text or "").strip() == "Older")
    assert "no-50-day" in browser.get(older).text and "no-49-day" not in browser.get(older).text


@pytest.mark.usefixtures("zora")
def test_another_store_sees_none_of_it(app: Flask, browser: Browser, runtime: Runtime, store: Store) -> None:
    ask(browser, name=PHONE, kind="data_request")
    request_id = made(runtime)
    with runtime.database.session() as session:
        other = factories.make_store(session)
    stranger = Browser(app)
    stranger.sign_in(other)
    assert "Nobody has asked" in words(stranger.get("/app/requests"))
    for address in (f"/app/requests/{request_id}", f"/app/requests/{request_id}/file"):
        assert stranger.get(address).status_code == 404
    with runtime.database.session() as session:
        assert session.scalars(select(DataExport.fetched_at)).one() is None
