"""Every page for everybody: checked by axe, on a desk by day and on a small phone by night."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from app import logins
from app.models import Cart, Flow, Recovery, Store
from flows.demo import SAMPLE_DOMAIN
from tests.browser.conftest import OpenContext, opening, sign_in
from tests.browser.shopping import bubbles, first_text, leave_cart, make_code, way_back
from tests.end_to_end.shops import PHONE_BROWSER
from tests.end_to_end.stack import Stack

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
CHECK = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const found = await axe.run({ runOnly: tags, resultTypes: ["violations"] });
  const said = (id, { html, failureSummary }) => `${id}: ${html} ${failureSummary}`;
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => said(id, node)));
}"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

PLACES: dict[str, tuple[int, Literal["light", "dark"]]] = {
    "a desk by day": (1280, "light"),
    "a phone by night": (320, "dark"),
}

PAGES = (
    "overview",
    "carts",
    "cart",
    "replies",
    "consents",
    "flows",
    "flow",
    "words of a flow",
    "words of an offer",
    "offers of a flow",
    "seasons of a flow",
    "a season",
    "settings",
    "requests",
    "retention",
    "changes",
    "nothing in the admin",
    "sign in",
    "sign-in link that ended",
    "stage",
    "shop",
    "shop's cart",
    "checkout",
    "phone",
    "nothing in the shop",
    "stop page",
    "nothing behind the link",
)


@pytest.fixture(scope="module")
def reader(running: Stack, chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that is signed in to the sample store, and has left a cart in the demo's shop."""
    troubles: list[str] = []
    with opening(chromium, running, troubles) as open_context:
        reader = open_context(locale="en-GB", user_agent=PHONE_BROWSER)
        reader.add_init_script(path=AXE)
        sign_in(reader.new_page(), "sample")
        yield reader
    assert troubles == []


@pytest.fixture(scope="module")
def addresses(running: Stack, reader: BrowserContext) -> dict[str, str]:
    """Where the pages are, by their names in ``PAGES``."""
    phone = leave_cart(reader, "051 234 567")
    link = first_text(phone).get_by_role("link").get_attribute("href") or ""
    phone.goto(way_back(reader, make_code(running, "FOR-EVERYBODY")))
    expect(phone.locator(".bill .lowered")).to_be_visible()
    with running.runtime.database.session() as session:
        store = session.scalars(select(Store).where(Store.domain == SAMPLE_DOMAIN)).one()
        recovered = select(Recovery.cart_id).where(Recovery.store_id == store.id)
        cart = session.scalars(select(Cart.id).where(Cart.id.in_(recovered)).limit(1)).one()
        flow = session.scalars(select(Flow.id).where(Flow.store_id == store.id).limit(1)).one()
        now = running.runtime.clock.now()
        login = logins.make_login_link(session, store, logins.store_owner(session, store, now), now)
    shop = f"shop={SAMPLE_DOMAIN}"
    found = (
        f"/app?{shop}",
        f"/app/carts?{shop}",
        f"/app/carts/{cart}?{shop}",
        f"/app/replies?{shop}&show=all",
        f"/app/consents?{shop}",
        f"/app/flows?{shop}",
        f"/app/flows/{flow}?{shop}",
        f"/app/flows/{flow}/texts/reminder?{shop}&language=ar",
        f"/app/flows/{flow}/texts/last_call?{shop}&of=offer",
        f"/app/flows/{flow}/offers?{shop}",
        f"/app/flows/{flow}/seasons?{shop}",
        f"/app/flows/{flow}/seasons/christmas?{shop}",
        f"/app/settings?{shop}",
        f"/app/requests?{shop}",
        f"/app/retention?{shop}",
        f"/app/audit?{shop}",
        f"/app/carts/{2**62}?{shop}",
        f"/login/{login}",
        "/login/none",
        "/demo",
        "/demo/shop",
        "/demo/shop/cart",
        "/demo/shop/checkout",
        "/demo/phone",
        "/demo/shop/orders/none",
        link.replace("/r/", "/p/"),
        "/r/none",
    )
    return dict(zip(PAGES, found, strict=True))


def test_axe_is_byte_for_byte_what_was_published() -> None:
    written, name = AXE.with_name("axe.min.js.sha256").read_text().split()
    assert sha256((AXE.parent / name).read_bytes()).hexdigest() == written
    assert "Mozilla Public License" in (AXE.parent / "LICENSE").read_text()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_stands_in_anybodys_way(reader: BrowserContext, addresses: dict[str, str], name: str) -> None:
    page, found = reader.new_page(), {}
    for place, (width, light) in PLACES.items():
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=light, reduced_motion="reduce")
        page.goto(addresses[name])
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        found[place] = hindrances(page)
    page.close()
    assert found == dict.fromkeys(PLACES, [])


def hindrances(page: Page) -> list[str]:
    """What axe finds, and whether one has to scroll sideways."""
    found: list[str] = page.evaluate(CHECK)
    too_wide: int = page.evaluate(TOO_WIDE)
    return [*found, *([f"{too_wide} pixels too wide"] if too_wide > 0 else [])]


def test_a_form_that_is_refused_or_asks_first_stands_in_nobodys_way(
    reader: BrowserContext, addresses: dict[str, str]
) -> None:
    page = reader.new_page()
    page.goto(addresses["offers of a flow"])
    for label in ("Highest percentage", "Margin that must remain, in percent"):
        page.get_by_label(label).fill("x")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert hindrances(page) == []
    page.emulate_media(color_scheme="dark")
    page.get_by_label("Find products").fill("tea")
    page.get_by_role("button", name="Find").first.click()
    expect(page.get_by_text("There is no shop behind this sample store")).to_be_in_viewport()
    assert hindrances(page) == []
    page.close()


def test_every_page_reads_without_scripts(
    reader: BrowserContext, addresses: dict[str, str], open_context: OpenContext
) -> None:
    context = open_context(storage_state=reader.storage_state(), java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    for name, address in addresses.items():
        page.goto(address)
        expect(page.get_by_role("heading", level=1), name).to_be_visible()
    page.goto(addresses["overview"])
    expect(page.get_by_role("main")).to_contain_text("Recovered revenue")
    expect(page.get_by_role("table").first).to_be_attached()
    page.goto(addresses["cart"])
    expect(page.get_by_text("The order counts as recovered")).to_be_visible()
    page.goto(addresses["phone"])
    expect(bubbles(page).first).to_be_visible()
