"""What a page may cost its reader: bytes over the wire and requests. Times are left to the benchmark."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.conftest import OpenContext, sign_in
from tests.end_to_end.stack import Stack

MOST_BYTES = 60 * 1024
MOST_REQUESTS = 8


def test_the_overview_is_light(chromium: Browser, stack: Stack, open_context: OpenContext) -> None:
    context = open_context()
    sign_in(context.new_page(), "sample")
    cold = chromium.new_context(storage_state=context.storage_state())
    page = cold.new_page()
    wire = cold.new_cdp_session(page)
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    wire.send("Network.enable")
    page.goto(f"{stack.url}/app", wait_until="networkidle")
    assert page.get_by_role("heading", level=1).inner_text() == "Overview"
    cold.close()
    assert 0 < sum(sizes) <= MOST_BYTES
    assert 0 < len(sizes) <= MOST_REQUESTS
