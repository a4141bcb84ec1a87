"""Who may open which store's pages by a link and its session, outside Shopify's admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app, logins
from app.clock import FixedClock
from app.models import LoginSession, Store
from app.runtime import Runtime
from app.web import EXTENSION
from tests import factories
from tests.app.access.visits import BASE, form_token, get, link, pause, policy, sign_in, status
from tests.factories import NOW, make_settings


def test_a_link_previewer_does_not_use_the_link_up(
    client: FlaskClient, runtime: Runtime, woo_store: Store
) -> None:
    address = link(runtime, woo_store)
    for _ in range(3):
        page = get(client, address)
        assert page.status_code == 200 and "Sign in" in page.text
        assert "Set-Cookie" not in page.headers
    answer = client.post(address, base_url=BASE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/app?shop=shop.example.com")
    assert get(client, "/app?shop=shop.example.com").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: FlaskClient, runtime: Runtime, woo_store: Store
) -> None:
    cookie = client.post(link(runtime, woo_store), base_url=BASE).headers["Set-Cookie"]
    parts = set(cookie.split("; ")[1:])
    assert cookie.startswith("__Host-warmcart=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
    assert not any(part.startswith("Domain") for part in parts)


def test_on_loopback_without_https_the_cookie_does_without_secure(
    database_url: str, clock: FixedClock
) -> None:
    app = create_app(make_settings(database_url, public_url="http://127.0.0.1:8000"), clock)
    runtime: Runtime = app.extensions[EXTENSION]
    with runtime.database.session() as session:
        store = factories.make_store(session, platform="demo", domain="demo.example.com")
    answer = app.test_client().post(link(runtime, store), base_url="http://127.0.0.1:8000")
    runtime.close()
    assert answer.headers["Set-Cookie"].startswith("warmcart=")
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_a_used_link_opens_nothing_again(client: FlaskClient, runtime: Runtime, woo_store: Store) -> None:
    address = link(runtime, woo_store)
    client.post(address, base_url=BASE)
    again = client.post(address, base_url=BASE)
    assert (again.status_code, "Set-Cookie" in again.headers) == (410, False)
    assert "no longer works" in again.text and get(client, address).status_code == 410


def test_a_link_ends_after_fifteen_minutes(
    client: FlaskClient, runtime: Runtime, woo_store: Store, clock: FixedClock
) -> None:
    address = link(runtime, woo_store)
    clock.advance(timedelta(minutes=15))
    assert client.post(address, base_url=BASE).status_code == 410


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}])
def test_nobody_is_signed_in_by_another_site(
    client: FlaskClient, runtime: Runtime, woo_store: Store, header: dict[str, str]
) -> None:
    address = link(runtime, woo_store)
    assert client.post(address, base_url=BASE, headers=header).status_code == 403
    assert client.post(address, base_url=BASE).status_code == 303


def test_a_signed_in_page_stands_in_no_frame(client: FlaskClient, runtime: Runtime, woo_store: Store) -> None:
    sign_in(client, runtime, woo_store)
    for path in (
        f"/app?shop={woo_store.domain}",
        f"/app/carts?shop={woo_store.domain}",
        link(runtime, woo_store),
    ):
        page = get(client, path)
        assert page.status_code == 200
        assert policy(page)["frame-ancestors"] == "'none'"
        assert "cdn.shopify.com" not in page.text + str(page.headers)


def test_a_change_needs_the_token_of_this_very_session(
    app: Flask, client: FlaskClient, runtime: Runtime, woo_store: Store
) -> None:
    sign_in(client, runtime, woo_store)
    elsewhere = app.test_client()
    sign_in(elsewhere, runtime, woo_store)
    for token in ("", "x", "x.y", "é.é", form_token(elsewhere, woo_store)):
        assert pause(client, woo_store.domain, csrf_token=token).status_code == 403
    assert status(runtime, woo_store) == "active"
    assert pause(client, woo_store.domain, csrf_token=form_token(client, woo_store)).status_code == 303
    assert status(runtime, woo_store) == "paused"


def test_the_token_may_come_in_a_header(client: FlaskClient, runtime: Runtime, woo_store: Store) -> None:
    sign_in(client, runtime, woo_store)
    assert pause(client, woo_store.domain, {"X-CSRF-Token": form_token(client, woo_store)}).status_code == 303


def test_each_page_prints_another_token_so_that_its_size_betrays_none(
    client: FlaskClient, runtime: Runtime, woo_store: Store
) -> None:
    sign_in(client, runtime, woo_store)
    first, second = form_token(client, woo_store), form_token(client, woo_store)
    assert first != second
    for token in (first, second):
        assert pause(client, woo_store.domain, csrf_token=token).status_code == 303


@pytest.mark.parametrize(
    "header",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_from_another_site_is_refused_even_with_the_token(
    client: FlaskClient, runtime: Runtime, woo_store: Store, header: dict[str, str]
) -> None:
    sign_in(client, runtime, woo_store)
    token = form_token(client, woo_store)
    assert pause(client, woo_store.domain, header, csrf_token=token).status_code == 403
    assert status(runtime, woo_store) == "active"


def test_another_persons_store_is_not_there(client: FlaskClient, runtime: Runtime, woo_store: Store) -> None:
    with runtime.database.session() as session:
        theirs = factories.make_store(session, platform="woocommerce", domain="theirs.example.com")
    sign_in(client, runtime, woo_store)
    page = get(client, f"/app?shop={theirs.domain}")
    assert page.status_code == 404 and theirs.name not in page.text
    answer = pause(client, theirs.domain, csrf_token=form_token(client, woo_store))
    assert (answer.status_code, status(runtime, theirs)) == (404, "active")
    assert get(client, "/app?shop=unknown.example.com").status_code == 404


def test_a_person_with_one_store_need_not_name_it(
    client: FlaskClient, runtime: Runtime, woo_store: Store
) -> None:
    sign_in(client, runtime, woo_store)
    assert woo_store.name in get(client, "/app").text


def test_a_person_with_several_stores_is_led_to_the_first_and_changes_none_by_accident(
    client: FlaskClient, runtime: Runtime, woo_store: Store
) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session, platform="woocommerce", domain="a.example.com", name="A shop")
        logins.join(session, other, logins.store_owner(session, woo_store, NOW), NOW)
    sign_in(client, runtime, woo_store)
    assert get(client, "/app/carts").headers["Location"] == "/app?shop=a.example.com"
    token = form_token(client, woo_store)
    unnamed = client.post("/app/settings/sending", base_url=BASE, data={"sending": "0", "csrf_token": token})
    assert (unnamed.status_code, status(runtime, woo_store), status(runtime, other)) == (
        404,
        "active",
        "active",
    )


@pytest.mark.parametrize(
    ("life", "seconds"),
    [({}, 14 * 86_400), ({"session_life": logins.SHOP_SESSION_LIFE}, 12 * 3_600)],
    ids=["an operator's link", "a link that the shop vouched for"],
)
def test_a_session_and_its_cookie_end_with_the_time_that_the_link_gave(
    client: FlaskClient,
    runtime: Runtime,
    woo_store: Store,
    clock: FixedClock,
    life: dict[str, timedelta],
    seconds: int,
) -> None:
    answer = client.post(link(runtime, woo_store, **life), base_url=BASE)
    assert f"Max-Age={seconds};" in answer.headers["Set-Cookie"]
    clock.advance(timedelta(seconds=seconds - 1))
    assert get(client, f"/app?shop={woo_store.domain}").status_code == 200
    clock.advance(timedelta(seconds=1))
    assert get(client, f"/app?shop={woo_store.domain}").status_code == 401


def test_signing_out_ends_the_session_for_good(
    client: FlaskClient, runtime: Runtime, woo_store: Store
) -> None:
    sign_in(client, runtime, woo_store)
    cookie = client.get_cookie("__Host-warmcart", domain="warmcart.example.com")
    assert cookie is not None
    refused = client.post("/logout", base_url=BASE)
    assert refused.status_code == 403
    answer = client.post("/logout", base_url=BASE, data={"csrf_token": form_token(client, woo_store)})
    assert answer.status_code == 200 and "signed out" in answer.text
    client.set_cookie("__Host-warmcart", cookie.value, domain="warmcart.example.com", secure=True)
    assert get(client, f"/app?shop={woo_store.domain}").status_code == 401
    with runtime.database.session() as session:
        assert session.scalars(select(LoginSession.ended_at)).one() == NOW


def test_signing_out_without_a_session_is_no_error(client: FlaskClient) -> None:
    assert client.post("/logout", base_url=BASE).status_code == 200
