"""The trail of changes: whatever changes something leaves an entry, and all of them can be read and taken."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from app.models import AuditEvent, Cart, Flow, FlowVersion, Reply, Store
from app.ops.command_line import main
from app.runtime import Runtime
from flows import audit, inbox
from tests import factories
from tests.app.admin.browser import Browser, words
from tests.factories import NOW
from tests.flows.whole_person import make_whole_person

PHONE = "+38640123467"
PLACE = re.compile(r"<[^>]*>")

CONSENTS = "phone,consented_at\n+38640123999,2026-11-01\n"

PREPARED = {"season": "black_friday", "countries": ["SI"], "year": 2026, "active": True}

FORMS: dict[str, dict[str, Any]] = {
    "/app/guide/dismiss": {},
    "/app/replies/<>/settle": {"as": "settled"},
    "/app/flows/<>/switch": {"active": "1"},
    "/app/flows/<>/restore": {"version": "1"},
    "/app/flows/<>/offers": {"lasts": "3", "lasts-unit": "days"},
    "/app/flows/<>/seasons/<>": {"countries": "AT", "year": "2026", "spread": "PT6H"},
    "/app/flows/<>/seasons/<>/<>": {"countries": "SI", "year": "2026", "spread": "PT6H"},
    "/app/flows/<>/seasons/<>/<>/remove": {},
    "/app/flows/<>/texts/<>": {"language": "en", "words": "{store}: your cart waits. {link}"},
    "/app/requests/ask": {"name": PHONE, "kind": "data_request"},
    "/app/retention/save": {"carts": "60"},
    "/app/senders": {"name": "Lumen", "number": "+38640123456"},
    "/app/senders/registrations": {"country": "SI", "name": "Lumen", "state": "registered"},
    "/app/settings/texts": {"name_products": "1"},
    "/app/settings/words": {"formality": "formal"},
    "/app/settings/hours": {"quiet_from": "12:00", "quiet_to": "14:00"},
    "/app/consents": {"source": "Till", "file": CONSENTS},
    "/app/settings/consent": {"opt_in": "everywhere"},
    "/app/settings/countries": {"scope": "all"},
    "/app/settings/sending": {"sending": "0"},
    "/app/settings/products": {"product": "13", "named": "0"},
    "/app/settings/disconnect": {"sure": "1"},
}
"""What is sent to each address that changes something; a new one is written here."""


CHANGES_NOTHING = {"/app/flows/<>/texts/<>/preview"}
"""Shows what was typed and saves nothing."""


def changing(app: Flask) -> list[str]:
    rules = (rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ()))
    found = {PLACE.sub("<>", rule.rule) for rule in rules if rule.rule.startswith("/app")}
    return sorted(found - CHANGES_NOTHING)


def entries(runtime: Runtime) -> int:
    with runtime.database.session() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def record(runtime: Runtime, store: Store, *actions: str) -> None:
    with runtime.database.session() as session:
        for number, action in enumerate(actions):
            at = NOW + timedelta(minutes=number)
            audit.record(session, store.id, "operator", action, at, number=number)


def test_every_address_that_changes_something_has_a_form_here(app: Flask) -> None:
    assert changing(app) == sorted(FORMS)


@pytest.mark.parametrize("address", FORMS)
def test_whatever_changes_something_leaves_an_entry(
    browser: Browser, runtime: Runtime, store: Store, address: str
) -> None:
    with runtime.database.session() as session:
        make_whole_person(session, runtime, store, "zora-q", PHONE)
        session.execute(Reply.__table__.update().values(needs_person=True))
        for version in session.scalars(select(FlowVersion)):
            version.definition = version.definition | {"seasons": [PREPARED]}
        named = {"flows": session.scalar(select(Flow.id)), "replies": session.scalar(select(Reply.id))}
    before = entries(runtime)
    below = "black_friday" if "/seasons/" in address else "reminder"
    path = address.replace("<>", str(named.get(address.split("/")[2])), 1).replace("<>", below, 1)
    path = path.replace("<>", "0")
    page = browser.get("/app/settings")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    form = FORMS[address] | {"csrf_token": token[1] if token else ""}
    if "file" in form:
        form["file"] = (io.BytesIO(form["file"].encode()), "consents.csv")
    answer = browser.post(path, form)
    assert answer.status_code == 200, words(answer)
    assert entries(runtime) == before + 1


COMMANDS = {
    "login_link_made": ["login-link", "lumen.example.com"],
    "contact_shown": ["contact", "show", "lumen.example.com", PHONE],
    "contact_exported": ["contact", "export", "lumen.example.com", PHONE],
    "customer_redact_asked": ["contact", "erase", "lumen.example.com", PHONE, "--yes"],
    "cart_shown": ["cart", "show", "lumen.example.com", "KEY"],
    "consents_rebuilt": ["consent", "rebuild", "lumen.example.com"],
}


@pytest.mark.parametrize("action", COMMANDS)
def test_what_the_operator_does_about_people_leaves_an_entry(
    runtime: Runtime, store: Store, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runtime.database.session() as session:
        zora = make_whole_person(session, runtime, store, "zora-q", PHONE)
        key = f"key-{zora.contact.id}"
    for name in ("database_url", "redis_url", "public_url", "secret_key", "hash_key"):
        monkeypatch.setenv(f"WARMCART_{name.upper()}", getattr(runtime.settings, name))
    monkeypatch.setenv("WARMCART_ENCRYPTION_KEYS", ",".join(runtime.settings.encryption_keys))
    command = [key if word == "KEY" else word for word in COMMANDS[action]]
    ran = CliRunner().invoke(main, command, catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    with runtime.database.session() as session:
        entry = session.scalars(select(AuditEvent)).one()
    assert (entry.actor, entry.action, entry.store_id) == ("operator", action, store.id)
    assert PHONE not in str(entry.details) and key not in str(entry.details)


def test_failed_events_that_are_tried_again_leave_an_entry(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        for _ in range(2):
            factories.make_inbound_event(session, store, state="failed")
    assert inbox.replay(runtime) == 2
    with runtime.database.session() as session:
        assert session.scalars(select(AuditEvent.action)).all() == ["events_retried"]


def test_the_trail_is_read_page_by_page_without_losing_a_line(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    record(runtime, store, *(["texts_changed"] * 120))
    seen: list[str] = []
    path = "/app/audit"
    while path:
        page = browser.get(path)
        seen += re.findall(r"number: (\d+)", page.text)
        older = re.search(r'href="([^"]+)">Older', page.text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(number) for number in reversed(range(120))]


def test_the_trail_is_narrowed_to_one_action(browser: Browser, runtime: Runtime, store: Store) -> None:
    record(runtime, store, "flow_saved", "sending_paused", "flow_saved")
    page = words(browser.get("/app/audit?action=sending_paused"))
    assert page.count("(number: ") == 1 and "Paused sending (number: 1)" in page
    assert "Nothing yet" in words(browser.get("/app/audit?action=nonsense"))


def test_the_file_holds_every_line_and_no_formula(browser: Browser, runtime: Runtime, store: Store) -> None:
    record(runtime, store, "flow_saved", "=HYPERLINK(1)")
    answer = browser.get("/app/audit.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["action"] for row in rows] == ["'=HYPERLINK(1)", "flow_saved"]
    assert rows[1] == {
        "at": NOW.isoformat(),
        "who": "operator",
        "actor": "operator",
        "action": "flow_saved",
        "what": "Saved a flow (number: 0)",
        "details": '{"number": 0}',
    }
    assert "Downloaded the list of changes" in words(browser.get("/app/audit"))


def test_nobody_reads_another_store_s_trail(app: Flask, browser: Browser, runtime: Runtime) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session)
    record(runtime, other, "secret_thing")
    for address in ("/app/audit", "/app/audit.csv", "/app/audit?action=secret_thing"):
        assert "ecret thing" not in browser.get(address).text.replace("secret_thing", "")
    assert "secret_thing" not in browser.get("/app/audit.csv").text


def test_a_cart_s_page_is_no_change(browser: Browser, runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        make_whole_person(session, runtime, store, "zora-q", PHONE)
        cart_id = session.scalar(select(Cart.id))
    browser.get(f"/app/carts/{cart_id}")
    assert entries(runtime) == 0
