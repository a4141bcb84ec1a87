"""The settings: what is saved, what is refused, and what they tell of the surroundings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.clock import FixedClock
from app.models import AuditEvent, Due, ProviderState, Store
from app.runtime import Runtime
from app.web import EXTENSION
from flows.candidates import allowed_countries
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.app.admin.rows import stored, trail
from tests.factories import NOW, make_settings


def save_texts(browser: Browser, **typed: Any) -> Any:
    return browser.send(browser.get("/app/settings"), "/app/settings/texts", **typed)


def save_countries(browser: Browser, **typed: Any) -> Any:
    return browser.send(browser.get("/app/settings"), "/app/settings/countries", **typed)


# How texts look


def test_products_are_named_or_not(browser: Browser, runtime: Runtime, store: Store) -> None:
    save_texts(browser, name_products=None)
    assert stored(runtime, store).name_products is False
    save_texts(browser, name_products="1")
    assert stored(runtime, store).name_products is True


# How texts speak


def save_words(browser: Browser, **typed: Any) -> Any:
    return browser.send(browser.get("/app/settings"), "/app/settings/words", **typed)


def test_the_tone_and_what_texts_may_promise_are_saved_and_told(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    page = save_words(browser, formality="formal", reserves_carts="1", economy_texts="1")
    found = stored(runtime, store)
    assert (found.formality, found.reserves_carts, found.economy_texts) == ("formal", True, True)
    assert "Changed how texts speak (formality: formal, economy texts: yes, reserves carts: yes)" in words(
        page
    )
    save_words(browser, formality="", reserves_carts=None, economy_texts=None)
    found = stored(runtime, store)
    assert (found.formality, found.reserves_carts, found.economy_texts) == (None, False, False)


def test_a_tone_that_there_is_not_means_the_usual_one(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    save_words(browser, formality="rude")
    assert stored(runtime, store).formality is None


def test_what_leaving_out_marks_does_is_shown_before_it_is_switched_on(browser: Browser) -> None:
    text = words(browser.get("/app/settings"))
    assert "What it does, in Slovenian" in text
    assert "Odjava: odpišite STOP" in text and "Odjava: odpisite STOP" in text


# Countries


def test_a_store_narrows_the_countries_that_it_ships_to(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    page = browser.get("/app/settings")
    assert "Austria, Slovenia, and United States." in words(page)
    page = save_countries(browser, scope="chosen", countries=["AT", "SI"])
    assert "Saved." in words(page)
    assert stored(runtime, store).countries == ["AT", "SI"]
    assert allowed_countries(None, stored(runtime, store)) == {"AT", "SI"}
    boxes = [field for field in find(page, "input") if field.attrib["name"] == "countries"]
    ticked = [box.attrib["value"] for box in boxes if "checked" in box.attrib]
    assert ticked == ["AT", "SI"]
    save_countries(browser, scope="all")
    assert stored(runtime, store).countries is None
    assert [action for action, _ in trail(runtime)] == ["countries_changed"] * 2


@pytest.mark.parametrize(
    ("countries", "told"),
    [
        ([], "Choose at least one country"),
        (["FR"], "Texts to France are not allowed on this server."),
        (["SI", "XX"], "not allowed on this server"),
    ],
)
def test_what_lies_outside_the_limit_is_refused(
    browser: Browser, runtime: Runtime, store: Store, countries: list[str], told: str
) -> None:
    page = save_countries(browser, scope="chosen", countries=countries)
    assert page.status_code == 422 and told in words(page)
    assert stored(runtime, store).countries is None
    chosen = [field for field in find(page, "input") if field.attrib.get("value") == "chosen"]
    assert "checked" in chosen[0].attrib


@pytest.mark.parametrize(
    ("setting", "offered"),
    [(("*",), 240), (("SI", "HR"), 2), (None, 3)],
    ids=["any", "listed", "the store's own"],
)
def test_the_operators_limit_decides_what_can_be_chosen(
    database_url: str, clock: FixedClock, store: Store, setting: tuple[str, ...] | None, offered: int
) -> None:
    app: Flask = create_app(make_settings(database_url, countries=setting), clock)
    browser = Browser(app)
    browser.sign_in(store)
    page = browser.get("/app/settings")
    app.extensions[EXTENSION].close()
    boxes = [field for field in find(page, "input") if field.attrib.get("name") == "countries"]
    assert len(boxes) >= offered and (offered > 100 or len(boxes) == offered)


# Sending


def test_sending_is_paused_and_resumed_at_once(browser: Browser, runtime: Runtime, store: Store) -> None:
    page = browser.send(browser.get("/app/settings"), "/app/settings/sending")
    assert "Sending is paused." in words(page) and stored(runtime, store).status == "paused"
    page = browser.send(page, "/app/settings/sending")
    assert "Sending goes on." in words(page) and stored(runtime, store).status == "active"
    assert trail(runtime) == [("sending_paused", {}), ("sending_resumed", {})]


def test_what_a_pause_held_is_looked_at_as_soon_as_sending_goes_on(
    browser: Browser, runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    now, later = clock.now(), clock.now() + timedelta(minutes=15)
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
        for owner, reason in ((store, "store_paused"), (store, "cap_reached"), (neighbour, "store_paused")):
            key = f"{owner.id} {reason}"
            factories.make_due(session, owner, due_at=later, once_key=key, reason=reason)
    browser.send(browser.send(browser.get("/app/settings"), "/app/settings/sending"), "/app/settings/sending")
    with runtime.database.session() as session:
        planned = {row.once_key: row.due_at for row in session.scalars(select(Due))}
    assert planned == {
        f"{store.id} store_paused": now,
        f"{store.id} cap_reached": later,
        f"{neighbour.id} store_paused": later,
    }


def test_a_pause_does_not_wait_for_a_worker_that_writes_rows_of_the_store(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    page = browser.get("/app/settings")
    with runtime.database.session() as worker:
        factories.make_cart(worker, store)
        worker.flush()
        assert "Sending is paused." in words(browser.send(page, "/app/settings/sending"))


def test_pausing_twice_is_pausing_once(browser: Browser, runtime: Runtime, store: Store) -> None:
    page = browser.get("/app/settings")
    for _ in range(2):
        assert browser.send(page, "/app/settings/sending").status_code == 200
    assert (stored(runtime, store).status, len(trail(runtime))) == ("paused", 1)


@pytest.mark.parametrize("status", ["reconnect", "uninstalled"])
@pytest.mark.parametrize("sending", ["0", "1"])
def test_a_store_that_is_not_connected_is_neither_paused_nor_resumed(
    browser: Browser, runtime: Runtime, store: Store, status: str, sending: str
) -> None:
    page = browser.get("/app/settings")
    with runtime.database.session() as session:
        session.get_one(Store, store.id).status = status
    answer = browser.send(page, "/app/settings/sending", sending=sending)
    assert answer.status_code == 409 and "must be connected" in words(answer)
    assert (stored(runtime, store).status, trail(runtime)) == (status, [])


# What stands there


def test_the_store_is_told_as_its_platform_tells_it(browser: Browser) -> None:
    text = words(browser.get("/app/settings"))
    for shown in ("Lumen & Loom", "Slovenia", "Europe/Ljubljana", "EUR", "Slovenian", "WooCommerce"):
        assert shown in text


def test_the_connection_is_told_with_its_webhooks_and_its_last_comparison(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    assert "Not looked at yet" in words(browser.get("/app/settings"))
    with runtime.database.session() as session:
        row = session.get_one(Store, store.id)
        row.webhooks_active, row.webhooks_checked_at, row.reconciled_at = 6, NOW, NOW
    text = words(browser.get("/app/settings", headers={"Accept-Language": "en-IE"}))
    assert "6 active, looked at 21 Nov 2026, 19:00" in text
    assert "Compared with the store 21 Nov 2026, 19:00" in text


def test_a_woocommerce_store_is_connected_again_through_its_own_door(browser: Browser, store: Store) -> None:
    links = [
        link for link in find(browser.get("/app/settings"), "a") if "Reconnect" in "".join(link.itertext())
    ]
    assert links[0].attrib["href"] == "/install/woocommerce?store_url=https://lumen.example.com"
    assert links[0].attrib["hx-boost"] == "false"


def test_a_woocommerce_store_is_left_once_its_merchant_is_sure(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    page = browser.get("/app/settings")
    refused = browser.send(page, "/app/settings/disconnect")
    assert (refused.status_code, "Tick this to disconnect." in words(refused)) == (422, True)
    left = words(browser.send(page, "/app/settings/disconnect", sure="1"))
    assert "The shop did not answer: remove our webhooks, key and plugin there." in left
    assert "Your shop is not connected." in left and "Disconnect this shop" not in left
    assert "Connected until" in left and "Connected since" not in left
    with runtime.database.session() as session:
        assert session.get_one(Store, store.id).status == "uninstalled"


def test_a_shopify_store_is_left_in_shopifys_admin(browser: Browser, runtime: Runtime, store: Store) -> None:
    page = browser.get("/app/settings")
    with runtime.database.session() as session:
        session.get_one(Store, store.id).platform = "shopify"
    assert browser.send(page, "/app/settings/disconnect", sure="1").status_code == 409
    assert "Disconnect this shop" not in words(browser.get("/app/settings"))


def test_a_provider_that_refuses_is_told_with_its_reason(browser: Browser, runtime: Runtime) -> None:
    assert "Ready" in words(browser.get("/app/settings"))
    with runtime.database.session() as session:
        session.add(
            ProviderState(
                provider="sandbox", sender="", country="", state="stopped", reason="account", code="20003",
                until=NOW + timedelta(minutes=30), changed_at=NOW,
            )
        )  # fmt: skip
    text = words(browser.get("/app/settings"))
    assert "The account The provider stopped the account" in text and "Code 20003." in text


def test_failed_events_are_told_with_their_errors_and_never_with_what_they_held(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session)
        error = "KeyError: 'billing'"
        factories.make_inbound_event(
            session, store, state="failed", error=error, attempts=3, body=b"+38640123456"
        )
        factories.make_inbound_event(session, other, state="failed", error="theirs")
    page = browser.get("/app/settings")
    assert "checkouts/update" in words(page) and "tried 3 times" in words(page) and error in words(page)
    assert "theirs" not in page.text and "38640123456" not in page.text


def test_the_settings_show_the_last_ten_changes(browser: Browser, runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        for number in range(60):
            at = NOW + timedelta(minutes=number)
            action = f"number_{number}_changed"
            session.add(
                AuditEvent(store_id=store.id, actor="operator", action=action, details={}, occurred_at=at)
            )
    text = words(browser.get("/app/settings"))
    assert "Number 59 changed" in text and "Number 50 changed" in text and "Number 49 changed" not in text


def test_forms_tell_shopifys_save_bar_of_themselves(browser: Browser) -> None:
    forms = [form for form in find(browser.get("/app/settings"), "form") if "data-save-bar" in form.attrib]
    assert {form.attrib["action"].split("?")[0] for form in forms} == {
        "/app/settings/texts",
        "/app/settings/words",
        "/app/settings/hours",
        "/app/settings/consent",
        "/app/settings/countries",
    }


@pytest.mark.parametrize("product", ["", "x" * 101])
def test_a_product_without_a_name_is_refused(
    browser: Browser, runtime: Runtime, store: Store, product: str
) -> None:
    page = browser.get("/app/settings")
    token = next(
        field.attrib["value"] for field in find(page, "input") if field.attrib["name"] == "csrf_token"
    )
    answer = browser.post("/app/settings/products", {"product": product, "named": "0", "csrf_token": token})
    assert answer.status_code == 400 and stored(runtime, store).unnamed_products == []
