"""Who may open which store's pages, from Shopify's admin and through the standalone door."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import create_app, logins
from app.clock import FixedClock
from app.models import AuditEvent, LoginSession, Store
from app.runtime import Runtime
from app.web import EXTENSION
from tests import factories
from tests.factories import NOW, SHOPIFY_SECRET, make_settings

SHOP = "good.myshopify.com"
BASE = "https://warmcart.example.com"
RETRY = "X-Shopify-Retry-Invalid-Session-Request"

# Every address that works without a sign-in, and why. What stands in <> is left out.
PUBLIC = {
    "/healthz": "says only that the process lives",
    "/readyz": "says only which part is away",
    "/metrics": "holds no store and no number",
    "/assets/<>/<>": "style sheets and scripts of the merchant's pages",
    "/login/<>": "the one-time token is the proof",
    "/logout": "ends a session, for the bearer of its cookie",
    "/app/auth/bounce": "an empty page that fetches a proof",
    "/r/<>": "a shopper's short link",
    "/r/": "the same that lost its end: nothing is there",
    "/p/": "the same that lost its end: nothing is there",
    "/p/<>": "a shopper's way to stop",
    "/links/static/<>": "style sheet of the pages for shoppers",
    "/webhooks/shopify": "signed by the platform",
    "/webhooks/woocommerce/<>": "signed by the store",
    "/webhooks/woocommerce/<>/questions": "signed by the store's plugin",
    "/webhooks/sms/<>/receipt": "signed by the provider",
    "/webhooks/sms/<>/reply": "signed by the provider",
    "/install/woocommerce": "begins a handshake, gives nothing",
    "/install/woocommerce/callback": "keys prove themselves at their store",
    "/install/woocommerce/keys": "keys prove themselves at their store",
    "/install/woocommerce/plugin": "the store itself is asked whether it made the secret",
    "/install/woocommerce/return": "tells what happened, lets nobody in",
    "/install/woocommerce/sign-in": "leaves a link in the store, gives nothing to whoever asks",
    "/install/woocommerce/static/<>": "style sheet of the pages above",
}
PUBLIC_IN_THE_DEMO = ("/demo", "/webhooks/demo/")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def shopify_store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, domain=SHOP)
        factories.make_credential(session, runtime, store, "shopify_tokens", {"access_token": "shpat_x"})
        return store


@pytest.fixture
def woo_store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, platform="woocommerce", domain="shop.example.com")


def id_token(secret: str = SHOPIFY_SECRET, /, shop: str = SHOP, **changes: Any) -> str:
    """What App Bridge brings: a token of the last seconds; ``...`` removes a claim."""
    seconds = int(NOW.timestamp())
    claims = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": "shopify-client-id",
        "sub": "548380009",
        "exp": seconds + 50,
        "nbf": seconds - 10,
        "iat": seconds - 10,
    } | changes
    kept = {name: value for name, value in claims.items() if value is not ...}
    return jwt.PyJWS().encode(json.dumps(kept).encode(), secret, algorithm="HS256")


def stale() -> str:
    return id_token(exp=int(NOW.timestamp()) - 60)


def get(client: FlaskClient, path: str, bearer: str | None = None) -> TestResponse:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return client.get(path, base_url=BASE, headers=headers)


def pause(client: FlaskClient, shop: str, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
    """A change: pause sending."""
    address = f"/app/settings/sending?shop={shop}"
    return client.post(address, base_url=BASE, headers=headers or {}, data={"sending": "0"} | form)


def status(runtime: Runtime, store: Store) -> str:
    with runtime.database.session() as session:
        return session.get_one(Store, store.id).status


def policy(response: TestResponse) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def link(runtime: Runtime, store: Store, **life: timedelta) -> str:
    """A fresh sign-in link for the store's owner."""
    now = runtime.clock.now()
    with runtime.database.session() as session:
        token = logins.make_login_link(session, store, logins.store_owner(session, store, now), now, **life)
    return f"/login/{token}"


def sign_in(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    assert client.post(link(runtime, store), base_url=BASE).status_code == 303


def form_token(client: FlaskClient, store: Store) -> str:
    """The token in the forms of a page."""
    page = get(client, f"/app/settings?shop={store.domain}").text
    return page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


# Every route


def open_routes(app: Flask) -> set[str]:
    """The routes that are not behind the guard."""
    guarded = app.extensions["guarded"]
    rules = [rule for rule in app.url_map.iter_rules() if _blueprint(rule.endpoint) not in guarded]
    return {re.sub(r"<[^>]*>", "<>", rule.rule) for rule in rules}


def test_every_route_is_guarded_or_known_to_be_public(app: Flask) -> None:
    assert open_routes(app) - set(PUBLIC) == set()


def test_the_demo_opens_nothing_but_its_own_pages(app: Flask, database_url: str, clock: FixedClock) -> None:
    demo = create_app(make_settings(database_url, demo=True), clock)
    added = open_routes(demo) - open_routes(app)
    demo.extensions[EXTENSION].close()
    assert added and all(route.startswith(PUBLIC_IN_THE_DEMO) for route in added)


def test_every_page_of_a_merchant_turns_a_stranger_away(app: Flask, client: FlaskClient) -> None:
    guarded = app.extensions["guarded"]
    rules = [rule for rule in app.url_map.iter_rules() if _blueprint(rule.endpoint) in guarded]
    assert len(rules) >= 10
    for rule in rules:
        path = re.sub(r"<[^>]*>", "7", rule.rule)
        for method in rule.methods or ():
            answer = client.open(path, method=method, base_url=BASE)
            assert answer.status_code == 401, (method, path)


def _blueprint(endpoint: str) -> str:
    return endpoint.rpartition(".")[0]


# Shopify's admin


def test_an_id_token_in_the_address_opens_the_page_without_a_cookie(
    client: FlaskClient, shopify_store: Store
) -> None:
    page = get(client, f"/app?shop={SHOP}&host=YWRtaW4&embedded=1&id_token={id_token()}")
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert "id_token" not in page.text


def test_a_page_may_be_framed_by_its_own_shop_alone(client: FlaskClient, shopify_store: Store) -> None:
    page = get(client, f"/app?shop={SHOP}", id_token())
    assert policy(page)["frame-ancestors"] == f"https://{SHOP} https://admin.shopify.com"
    assert policy(page)["script-src"] == "'self' https://cdn.shopify.com"
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_app_bridge_is_announced_before_the_page_is_read(client: FlaskClient, shopify_store: Store) -> None:
    page = get(client, f"/app?shop={SHOP}", id_token())
    assert "rel=preload; as=script" in page.headers["Link"]
    assert 'src="https://cdn.shopify.com/shopifycloud/app-bridge.js"></script>' in page.text


@pytest.mark.parametrize(
    "token",
    [
        stale(),
        id_token("somebody-elses-secret-of-32-characters"),
        id_token(aud="another-app"),
        id_token(sub=...),
        id_token(dest="https://evil.example.com", iss="https://evil.example.com/admin"),
        id_token(shop="other.myshopify.com"),
        "no.token.at-all",
    ],
    ids=["stale", "forged", "of another app", "of nobody", "of no shop", "of another shop", "no token"],
)
def test_a_fetch_with_a_token_that_proves_nothing_is_told_to_bring_a_fresh_one(
    client: FlaskClient, runtime: Runtime, shopify_store: Store, token: str
) -> None:
    page = get(client, f"/app/settings?shop={SHOP}", token)
    assert (page.status_code, page.headers[RETRY]) == (401, "1")
    assert shopify_store.name not in page.text
    answer = pause(client, SHOP, {"Authorization": f"Bearer {token}"})
    assert (answer.status_code, status(runtime, shopify_store)) == (401, "active")


def test_a_page_whose_token_is_old_fetches_a_fresh_one_and_comes_back(
    client: FlaskClient, shopify_store: Store
) -> None:
    page = get(client, f"/app/carts?shop={SHOP}&state=open&id_token={stale()}")
    target = urlsplit(page.headers["Location"])
    assert (page.status_code, target.path) == (302, "/app/auth/bounce")
    assert parse_qs(target.query) == {
        "shop": [SHOP],
        "shopify-reload": [f"/app/carts?shop={SHOP}&state=open"],
    }


def test_a_page_whose_token_is_wrong_in_itself_is_not_sent_round_in_circles(
    client: FlaskClient, shopify_store: Store
) -> None:
    page = get(client, f"/app?shop={SHOP}&id_token={id_token('somebody-elses-secret-of-32-characters')}")
    assert page.status_code == 401


def test_a_reload_in_the_frame_fetches_a_token(client: FlaskClient, shopify_store: Store) -> None:
    page = get(client, f"/app/settings?shop={SHOP}&host=YWRtaW4&locale=de")
    target = urlsplit(page.headers["Location"])
    back = f"/app/settings?shop={SHOP}&host=YWRtaW4&locale=de"
    assert parse_qs(target.query) == {
        "shop": [SHOP],
        "host": ["YWRtaW4"],
        "locale": ["de"],
        "shopify-reload": [back],
    }


def test_the_bounce_page_holds_app_bridge_and_nothing_else(client: FlaskClient) -> None:
    page = get(client, f"/app/auth/bounce?shop={SHOP}&shopify-reload=/app/carts")
    assert page.status_code == 200
    assert page.text.count("<script") == 1 and "<body></body>" in page.text
    assert policy(page)["frame-ancestors"] == f"https://{SHOP} https://admin.shopify.com"


@pytest.mark.parametrize(
    "back",
    [
        "",
        "https://evil.example.com/app",
        "//evil.example.com/app",
        "/\\evil.example.com",
        "/app\\@evil.example.com",
        "/\t/evil.example.com/app",
        "javascript:alert(1)",
        "/application",
        "/login/x",
    ],
)
def test_the_bounce_page_leads_to_no_page_but_ours(client: FlaskClient, back: str) -> None:
    page = client.get("/app/auth/bounce", base_url=BASE, query_string={"shop": SHOP, "shopify-reload": back})
    assert page.status_code == 400


@pytest.mark.parametrize(
    "shop",
    ["", "evil.example.com", "good.myshopify.com.evil.com", "good.myshopify.com;", "a b.myshopify.com"],
)
def test_what_is_no_shop_never_reaches_a_header(client: FlaskClient, shop: str) -> None:
    for path in ("/app/auth/bounce", "/app", "/app/carts"):
        page = client.get(path, base_url=BASE, query_string={"shop": shop, "shopify-reload": "/app"})
        assert page.status_code in (400, 401)
        assert policy(page)["frame-ancestors"] == "'none'"
        assert shop == "" or shop not in str(page.headers)


def test_a_change_whose_proof_is_in_the_address_is_refused(
    client: FlaskClient, runtime: Runtime, shopify_store: Store
) -> None:
    answer = client.post(
        f"/app/settings/sending?shop={SHOP}&id_token={id_token()}", base_url=BASE, data={"sending": "0"}
    )
    assert (answer.status_code, status(runtime, shopify_store)) == (403, "active")


def test_a_change_that_carries_its_proof_in_a_header_is_made(
    client: FlaskClient, runtime: Runtime, shopify_store: Store
) -> None:
    answer = pause(client, SHOP, {"Authorization": f"Bearer {id_token()}"})
    assert (answer.status_code, status(runtime, shopify_store)) == (303, "paused")
    assert answer.headers["Location"].startswith(f"/app/settings?shop={SHOP}")


def test_the_audit_trail_names_the_member_of_staff(
    client: FlaskClient, runtime: Runtime, shopify_store: Store
) -> None:
    pause(client, SHOP, {"Authorization": f"Bearer {id_token()}"})
    with runtime.database.session() as session:
        event = session.scalars(select(AuditEvent)).one()
        assert event.actor.startswith("person:")
    assert "Shopify user 548380009" in get(client, f"/app/settings?shop={SHOP}", id_token()).text


def test_a_shopify_that_cannot_be_reached_is_said_inside_the_frame(
    database_url: str, clock: FixedClock
) -> None:
    settings = make_settings(database_url, shopify_admin_url="http://127.0.0.1:1")
    app = create_app(settings, clock)
    page = get(app.test_client(), f"/app?shop={SHOP}&id_token={id_token()}")
    app.extensions[EXTENSION].close()
    assert page.status_code == 503 and "Shopify cannot be reached" in page.text
    assert policy(page)["frame-ancestors"] == f"https://{SHOP} https://admin.shopify.com"


def test_a_server_without_a_shopify_app_believes_no_id_token(database_url: str, clock: FixedClock) -> None:
    app = create_app(make_settings(database_url, shopify_api_key=None, shopify_api_secret=()), clock)
    page = get(app.test_client(), f"/app?shop={SHOP}&id_token={id_token()}")
    app.extensions[EXTENSION].close()
    assert page.status_code == 401
    assert policy(page)["frame-ancestors"] == "'none'"


# The standalone door


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
