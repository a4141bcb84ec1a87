"""A headless Chromium before one running demo, which is connected to a Shopify shop too. Nothing leaves."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright

from app.ops.local import DEMO_SETTINGS
from flows import demo
from tests.end_to_end.conftest import _daytime as _daytime
from tests.end_to_end.conftest import make_database as make_database
from tests.end_to_end.conftest import pytest_runtest_makereport as pytest_runtest_makereport
from tests.end_to_end.conftest import shopify as shopify
from tests.end_to_end.conftest import stack as stack
from tests.end_to_end.shops import Shop
from tests.end_to_end.stack import DISPATCH, INTAKE, SCHEDULER, UPKEEP, WEB, Stack
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin

ENSURE_CHROMIUM = Path(__file__).with_name("ensure_chromium.sh")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # What no route of a test answers is not looked up either.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE = 15_000
"""Milliseconds in which a page must have done what it was asked to."""

HURRY = "PT3S"
"""How long a cart of the demo rests here before it counts as left."""


HURRIED = demo.FLOW | {"trigger": demo.FLOW["trigger"] | {"idle": HURRY}}


class OpenContext(Protocol):
    """Opens a browser profile of its own; the options are Playwright's."""

    def __call__(self, **options: Any) -> BrowserContext: ...


@pytest.fixture(scope="package")
def running(
    make_database: Callable[[], str], shopify: ShopifyStandin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The demo, as ``warmcart demo`` runs it; only its shoppers count as gone a little sooner."""
    stack = Stack(
        tmp_path_factory.mktemp("stack"),
        make_database(),
        shopify_api_key=CLIENT_ID,
        shopify_api_secret=CLIENT_SECRET,
        shopify_admin_url=shopify.url,
        **{name.lower(): value for name, value in DEMO_SETTINGS.items()},
    )
    try:
        stack.start(WEB, INTAKE, DISPATCH, UPKEEP, SCHEDULER)
        _set_stage(stack)
        _hurry(stack)
        yield stack
    finally:
        stack.close()


def _set_stage(stack: Stack) -> None:
    """With a few carts a day in the sample store: its pages look no other, and it is there sooner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.sample_history.story.CARTS_A_DAY", 8)
        demo.set_up(stack.runtime)


def _hurry(stack: Stack) -> None:
    Shop(stack, demo.SHOP_DOMAIN).use_flow(HURRIED)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    found = subprocess.run(["sh", str(ENSURE_CHROMIUM)], check=True, stdout=subprocess.PIPE, text=True)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def troubles() -> list[str]:
    """What pages did that no page may do: ask strangers, break in script, break their own policy.

    A test that provokes one takes it out; what is left fails the test.
    """
    return []


@pytest.fixture
def open_context(chromium: Browser, stack: Stack, troubles: list[str]) -> Iterator[OpenContext]:
    with opening(chromium, stack, troubles) as open_context:
        yield open_context
    assert troubles == []


@contextmanager
def opening(chromium: Browser, stack: Stack, troubles: list[str]) -> Iterator[OpenContext]:
    """Browser profiles that are closed at the end."""
    with ExitStack() as closing:

        def open_context(**options: Any) -> BrowserContext:
            context = chromium.new_context(**{"base_url": stack.url, **options})
            closing.callback(context.close)
            context.set_default_timeout(PATIENCE)
            watch(context, stack.url, troubles)
            return context

        yield open_context


def watch(context: BrowserContext, own: str, troubles: list[str]) -> None:
    """Refuse what is not ours, and note it and all that a page's script or policy stumbles over."""

    def refuse(route: Route) -> None:
        troubles.append(f"asked for {route.request.url}")
        route.abort()

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            troubles.append(message.text)

    context.route(re.compile(rf"^(?!{re.escape(own)}/)"), refuse)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("console", listen)


def sign_in(page: Page, which: str) -> None:
    """Into the admin of the demo's ``shop`` or of its ``sample`` store, as a visitor gets there."""
    page.goto("/demo")
    with page.expect_popup() as opened:
        page.locator(f"form[action='/demo/admin/{which}'] button").click()
    link = opened.value.url
    opened.value.close()
    assert urlsplit(link).path.startswith("/login/")
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    page.wait_for_load_state()
