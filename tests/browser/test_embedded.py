"""The admin inside Shopify's: a real frame of another origin, with a stand-in for App Bridge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Request, Route, expect

from tests.browser.conftest import OpenContext
from tests.end_to_end.shoppers import Shopper
from tests.end_to_end.shops import ShopifyShop, connect_shopify, flow
from tests.end_to_end.stack import Stack
from tests.standins.shopify import ShopifyStandin

FOLDER = Path(__file__).parent
ADMIN, CDN, EVIL = "https://admin.shopify.com", "https://cdn.shopify.com", "https://evil.example"
DOMAIN, OTHER_DOMAIN = "embedded.myshopify.com", "other.myshopify.com"
LONG_AGO = 1_700_000_000
EXPIRED = {"exp": LONG_AGO + 60, "nbf": LONG_AGO, "iat": LONG_AGO}
OTHER_SHOP = {"dest": f"https://{OTHER_DOMAIN}", "iss": f"https://{OTHER_DOMAIN}/admin"}


@dataclass
class Admin:
    """Shopify's admin in a browser. ``wrong`` changes the claims of the next ID tokens, one each."""

    context: BrowserContext
    stack: Stack
    shopify: ShopifyStandin
    wrong: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def token(self) -> str:
        return self.shopify.id_token(DOMAIN, **(self.wrong.pop(0) if self.wrong else {}))

    def show(self, route: Route) -> None:
        query = {"shop": DOMAIN, "host": "YWRtaW4", "embedded": "1", "locale": "en", "id_token": self.token()}
        address = f"{self.stack.url}/app?{urlencode(query)}".replace("&", "&amp;")
        page = (FOLDER / "shopify_admin.html").read_text().replace("APP", address)
        route.fulfill(body=page, content_type="text/html")

    def open(self, origin: str = ADMIN) -> Page:
        page = self.context.new_page()
        page.goto(f"{origin}/store/embedded/apps/warmcart")
        return page

    def writes(self) -> list[Request]:
        return [request for request in self.asked if request.method == "POST"]

    def documents(self) -> list[Request]:
        own = (request for request in self.asked if request.url.startswith(self.stack.url))
        return [request for request in own if request.resource_type == "document"]


@pytest.fixture(scope="module")
def shop(running: Stack, shopify: ShopifyStandin) -> ShopifyShop:
    """A connected shop with a cart whose shopper still has to confirm."""
    shop = connect_shopify(running, shopify, DOMAIN, flow("PT0S"))
    henry = Shopper()
    assert shop.deliver("checkouts/update", henry.checkout(DOMAIN)) == 200
    shop.wait_for(henry.checkout_token, "waited", "no_double_opt_in")
    return shop


@pytest.fixture
def admin(
    open_context: OpenContext, stack: Stack, shopify: ShopifyStandin, shop: ShopifyShop
) -> Iterator[Admin]:
    context = open_context(viewport={"width": 1280, "height": 900})
    admin = Admin(context, stack, shopify)
    bridge = (FOLDER / "app_bridge.js").read_text()
    context.route(f"{CDN}/**", lambda route: route.fulfill(body=bridge, content_type="text/javascript"))
    context.route(f"{ADMIN}/**", admin.show)
    context.route(f"{EVIL}/**", admin.show)
    for origin in (ADMIN, EVIL):  # else the browser keeps a public page from framing this machine
        context.grant_permissions(["local-network-access"], origin=origin)
    context.expose_function("idTokenOfTheAdmin", admin.token)
    context.on("request", lambda request: admin.asked.append(request))
    yield admin
    assert admin.wrong == [], "the page asked for fewer tokens than the test prepared"


def app_in(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def expect_heading(page: Page, words: str) -> None:
    expect(app_in(page).get_by_role("heading", level=1)).to_have_text(words)


def choose(page: Page, entry: str) -> None:
    """A click in the menu that Shopify's admin draws."""
    page.get_by_role("navigation").get_by_role("button", name=entry).click()


def test_the_admin_of_shopify_may_frame_the_app_and_no_cookie_is_set(admin: Admin) -> None:
    page = admin.open()
    expect_heading(page, "Overview")
    [frame] = page.frames[1:]
    assert frame.url.startswith(f"{admin.stack.url}/app?")
    assert (frame.evaluate("document.cookie"), admin.context.cookies()) == ("", [])


def test_a_foreign_page_cannot_frame_the_app(admin: Admin, troubles: list[str]) -> None:
    page = admin.context.new_page()
    with page.expect_event("requestfailed") as failed:
        page.goto(EVIL)
    assert failed.value.failure == "net::ERR_BLOCKED_BY_RESPONSE"
    expect(app_in(page).get_by_role("heading", level=1)).to_have_count(0)
    assert all("frame-ancestors" in trouble for trouble in troubles)
    troubles.clear()


def test_every_screen_opens_from_the_menu_without_loading_the_page_again(admin: Admin) -> None:
    page = admin.open()
    app = app_in(page)
    expect_heading(page, "Overview")
    choose(page, "Carts")
    expect_heading(page, "Carts")
    expect(app.get_by_role("main")).to_contain_text("Snowboard")
    app.get_by_role("main").get_by_role("listitem").get_by_role("link").first.click()
    expect(app.get_by_role("main")).to_contain_text("The shopper filled a cart")
    choose(page, "Replies")
    expect_heading(page, "Replies")
    choose(page, "Flows")
    expect_heading(page, "Flows")
    app.get_by_role("main").get_by_role("link", name="Abandoned cart").click()
    expect_heading(page, "Abandoned cart")
    expect(app.get_by_role("main")).to_contain_text("segment")
    choose(page, "Settings")
    expect_heading(page, "Settings")
    expect(app.get_by_role("main")).to_contain_text("Pause it while you change something")
    choose(page, "Overview")
    expect_heading(page, "Overview")
    assert len(admin.documents()) == 1


def test_sending_is_paused_and_resumed_with_a_token_in_the_header(admin: Admin, shop: ShopifyShop) -> None:
    page = admin.open()
    expect_heading(page, "Overview")
    choose(page, "Settings")
    app_in(page).get_by_role("button", name="Pause sending").click()
    expect(page.get_by_role("listitem")).to_have_text(["Sending is paused."])
    expect(app_in(page).get_by_text("Paused", exact=True)).to_be_visible()
    assert shop.store().status == "paused"
    app_in(page).get_by_role("main").get_by_role("button", name="Resume sending").first.click()
    expect(app_in(page).get_by_role("button", name="Pause sending")).to_be_visible()
    assert shop.store().status == "active"
    proofs = [request.headers.get("authorization", "") for request in admin.writes()]
    assert len(proofs) == 2
    assert all(proof.startswith("Bearer ") for proof in proofs)


def test_an_expired_token_is_renewed_once(admin: Admin) -> None:
    page = admin.open()
    expect_heading(page, "Overview")
    admin.wrong.append(EXPIRED)
    choose(page, "Flows")
    expect_heading(page, "Flows")
    answers = [answered(request) for request in admin.asked if "/app/flows" in request.url]
    assert answers == [401, 200]


def test_a_token_of_another_shop_opens_nothing_and_the_page_stays(admin: Admin) -> None:
    page = admin.open()
    expect_heading(page, "Overview")
    admin.wrong += [OTHER_SHOP, OTHER_SHOP]
    choose(page, "Carts")
    expect(app_in(page).get_by_text("Your sign-in could not be renewed.")).to_be_visible()
    expect_heading(page, "Overview")
    answers = [answered(request) for request in admin.asked if "/app/carts" in request.url]
    assert answers == [401, 401]


def answered(request: Request) -> int | None:
    response = request.response()
    return response.status if response else None


def test_a_page_that_is_reloaded_in_the_frame_comes_back_through_the_bounce_page(admin: Admin) -> None:
    page = admin.open()
    expect_heading(page, "Overview")
    choose(page, "Settings")
    expect_heading(page, "Settings")
    page.frames[1].evaluate("location.reload()")
    page.wait_for_event("framenavigated", lambda frame: "id_token=" in frame.url)
    expect_heading(page, "Settings")
    assert any("/app/auth/bounce" in request.url for request in admin.documents())


def test_without_shopifys_script_the_page_still_reads(admin: Admin) -> None:
    admin.context.route(re.compile(re.escape(CDN)), lambda route: route.abort("namenotresolved"))
    page = admin.open()
    expect_heading(page, "Overview")
    expect(app_in(page).get_by_role("main")).to_contain_text("No texts yet")
