"""Who may open which store's pages from Shopify's admin."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.clock import FixedClock
from app.models import AuditEvent, Store
from app.runtime import Runtime
from app.web import EXTENSION
from tests.app.access.visits import BASE, RETRY, SHOP, get, id_token, pause, policy, stale, status
from tests.factories import make_settings


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
