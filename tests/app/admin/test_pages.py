"""What every page keeps, whatever it shows: its form, its links, its store."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models import AuditEvent, Store
from app.runtime import Runtime
from tests import factories
from tests.app.admin import history
from tests.app.admin.browser import HTML, Browser, find, parse, words
from tests.factories import NOW

FIELDS = ("input", "select", "textarea")
FLOW = factories.DEFINITION | {
    "steps": [step | {"offer": "best"} for step in factories.DEFINITION["steps"]],
    "offers": {"best": {"kind": "amount", "amounts": {"EUR": "5.00"}}},
    "seasons": [{"season": "christmas"}],
}


def fill(runtime: Runtime, store: Store, name: str, phone: str) -> dict[str, int]:
    """Something of everything; every word of it bears the name of its owner. Returns ids by kind."""
    with runtime.database.session() as session:
        flow = factories.make_flow(session, store, FLOW | {"name": f"{name}'s flow"})
        cart, _ = history.story(session, store, phone, name, flow)
        cart.items = [
            {"title": f"{name}'s vase", "quantity": 1, "product_id": f"{name}-1", "unit_price": "9"}
        ]
        history.figures(session, store, texts=40, delivered=39, carts_texted=20, step_key=f"{name}_step")
        history.figures(session, store, currency="EUR", orders=2, revenue=Decimal("77.70"))
        history.cost(session, store, "1.23", "EUR")
        factories.make_inbound_event(session, store, state="failed", topic=f"{name}/topic", error=f"{name}!")
        session.add(
            AuditEvent(store_id=store.id, actor="operator", action=f"{name}_changed", occurred_at=NOW)
        )
        return {"cart": cart.id, "flow": flow.id}


@pytest.fixture
def ids(runtime: Runtime, store: Store) -> dict[str, int]:
    return fill(runtime, store, "Ana", "+38640123456")


def addresses(ids: dict[str, int]) -> list[str]:
    return [
        "/app",
        "/app?days=7&chart=orders&by=language",
        "/app/carts",
        "/app/carts?state=recovered",
        f"/app/carts/{ids['cart']}",
        "/app/replies?show=all",
        "/app/consents",
        "/app/flows",
        f"/app/flows/{ids['flow']}",
        f"/app/flows/{ids['flow']}/texts/reminder",
        f"/app/flows/{ids['flow']}/texts/reminder?of=offer",
        f"/app/flows/{ids['flow']}/offers",
        f"/app/flows/{ids['flow']}/seasons",
        f"/app/flows/{ids['flow']}/seasons/christmas",
        f"/app/flows/{ids['flow']}/seasons/christmas/0",
        f"/app/flows/{ids['flow']}/seasons/christmas/0/dry-run",
        "/app/settings",
        "/app/nowhere",
    ]


def pages(browser: Browser, ids: dict[str, int]) -> list[TestResponse]:
    return [browser.get(address) for address in addresses(ids)]


def test_every_page_is_well_formed_with_one_heading_and_unique_names(
    browser: Browser, ids: dict[str, int]
) -> None:
    for page in pages(browser, ids):
        tree = parse(page)
        names = Counter(element.attrib["id"] for element in tree.iter() if "id" in element.attrib)
        assert [name for name, times in names.items() if times > 1] == [], page.request.path
        assert len(find(page, "h1")) == 1 and len(find(page, "main")) == 1
        root = find(page, "html")[0]
        assert (root.attrib["lang"], root.attrib["dir"]) == ("en", "ltr")


def test_every_field_has_a_label_and_every_button_words(browser: Browser, ids: dict[str, int]) -> None:
    for page in pages(browser, ids):
        tree = parse(page)
        labels = list(tree.iter(f"{HTML}label"))
        named = {label.attrib["for"] for label in labels if "for" in label.attrib}
        wrapped = [field for label in labels for field in label.iter()]
        fields = [field for name in FIELDS for field in tree.iter(HTML + name)]
        for field in fields:
            if field.attrib.get("type") != "hidden":
                assert field.attrib.get("id") in named or field in wrapped, field.attrib
        for pressed in ("button", "a", "summary"):
            assert all("".join(element.itertext()).strip() for element in tree.iter(HTML + pressed))


def test_what_describes_a_field_is_on_the_page(browser: Browser, ids: dict[str, int]) -> None:
    for page in pages(browser, ids):
        tree = parse(page)
        names = {element.attrib["id"] for element in tree.iter() if "id" in element.attrib}
        for element in tree.iter():
            for kind in ("aria-describedby", "aria-labelledby", "for"):
                assert set(element.attrib.get(kind, "").split()) <= names


def test_every_link_and_form_within_keeps_the_store_and_the_host(
    browser: Browser, store: Store, ids: dict[str, int]
) -> None:
    for address in addresses(ids):
        joiner = "&" if "?" in address else "?"
        page = browser.get(f"{address}{joiner}host=YWRtaW4&locale=de&id_token=never")
        for element in [*find(page, "a"), *find(page, "form")]:
            target = urlsplit(element.attrib.get("href") or element.attrib["action"])
            if not target.path.startswith("/app"):
                continue
            query = parse_qs(target.query)
            if element.attrib.get("method") == "get":
                query |= {
                    field.attrib["name"]: [field.attrib["value"]] for field in element.iter(f"{HTML}input")
                }
            assert query["shop"] == [store.domain], target
            assert (query["host"], query["locale"]) == (["YWRtaW4"], ["de"]), target
        assert "never" not in page.text


def test_every_change_carries_the_token_of_its_session(browser: Browser, ids: dict[str, int]) -> None:
    for page in pages(browser, ids):
        for form in find(page, "form"):
            names = [field.attrib["name"] for field in form.iter(f"{HTML}input")]
            assert ("csrf_token" in names) == (form.attrib["method"] == "post")


def test_no_page_is_kept_anywhere_or_framed_by_anybody(browser: Browser, ids: dict[str, int]) -> None:
    for page in pages(browser, ids):
        assert page.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert {"Accept-Encoding", "Authorization", "Cookie", "HX-Request"} <= set(page.vary)
        assert page.headers["X-Content-Type-Options"] == "nosniff"


# Two stores


@pytest.fixture
def neighbour(runtime: Runtime) -> Store:
    """Another store in the same database, of somebody else."""
    with runtime.database.session() as session:
        return factories.make_store(
            session, platform="woocommerce", domain="boreas.example.com", name="Boreas Shop", currency="EUR"
        )


def test_nothing_of_one_store_shows_in_another(
    browser: Browser, runtime: Runtime, neighbour: Store, ids: dict[str, int]
) -> None:
    fill(runtime, neighbour, "Boreas", "+38640999888")
    with runtime.database.session() as session:
        history.figures(
            session, neighbour, currency="GBP", orders=9, revenue=Decimal("8888.00"), country="NZ"
        )
    for page in pages(browser, ids):
        for theirs in ("Boreas", "boreas", "New Zealand"):
            assert theirs not in page.text, (page.request.path, theirs)
        # Not in the whole page: the random token of its forms may hold any digits.
        for theirs in ("888", "GBP"):
            assert theirs not in words(page), (page.request.path, theirs)


def test_another_stores_ids_are_not_there(
    app: Flask, browser: Browser, runtime: Runtime, store: Store, neighbour: Store, ids: dict[str, int]
) -> None:
    theirs = fill(runtime, neighbour, "Boreas", "+38640999888")
    for address in (f"/app/carts/{theirs['cart']}", f"/app/flows/{theirs['flow']}"):
        page = browser.get(address)
        assert page.status_code == 404 and "Boreas" not in page.text
    own = browser.get("/app/flows")
    token = next(
        field.attrib["value"] for field in find(own, "input") if field.attrib["name"] == "csrf_token"
    )
    answer = browser.post(f"/app/flows/{theirs['flow']}/switch", {"active": "0", "csrf_token": token})
    assert answer.status_code == 404
    owner = Browser(app)
    owner.sign_in(neighbour)
    assert "On" in words(owner.get("/app/flows"))
    assert owner.get(f"/app/carts/{theirs['cart']}").status_code == 200


def test_a_change_in_one_store_leaves_the_other_as_it_is(
    browser: Browser, runtime: Runtime, neighbour: Store, ids: dict[str, int]
) -> None:
    theirs = fill(runtime, neighbour, "Boreas", "+38640999888")
    before = _whole(runtime, neighbour)
    settings = browser.get("/app/settings")
    browser.send(settings, "/app/settings/texts", name_products=None)
    browser.send(settings, "/app/settings/countries", scope="chosen", countries=["AT"])
    browser.send(settings, "/app/settings/sending")
    browser.send(browser.get("/app"), "/app/guide/dismiss")
    browser.send(browser.get(f"/app/carts/{ids['cart']}"), "/app/settings/products")
    browser.send(browser.get("/app/flows"), f"/app/flows/{ids['flow']}/switch")
    assert _whole(runtime, neighbour) == before
    assert theirs


def _whole(runtime: Runtime, store: Store) -> dict[str, object]:
    with runtime.database.session() as session:
        row = session.get_one(Store, store.id)
        return {column.key: getattr(row, column.key) for column in Store.__table__.columns}


def test_a_person_of_two_stores_changes_between_them(app: Flask, store: Store, neighbour: Store) -> None:
    both = Browser(app)
    both.sign_in(store, neighbour)
    links = [
        link.attrib["href"] for link in find(both.get("/app"), "a") if "Boreas" in "".join(link.itertext())
    ]
    assert parse_qs(urlsplit(links[0]).query)["shop"] == ["boreas.example.com"]
    assert "Lumen" not in words(both.get(links[0]))


# Errors


def test_an_error_of_our_own_gives_a_page_that_betrays_nothing(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).timezone = "Mars/Olympus"
    page = browser.get("/app/carts")
    assert page.status_code == 500
    assert "Olympus" not in page.text and "Traceback" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
