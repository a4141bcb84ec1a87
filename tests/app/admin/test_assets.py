from __future__ import annotations

import gzip
from hashlib import sha256

import pytest
from flask import Flask

from app.admin.assets import FOLDER, SHEET, STYLE, assets
from tests.app.admin.browser import Browser, find

VENDORED = FOLDER / "vendor" / "htmx-4.0.1"
BUDGET = 60 * 1024


def test_what_is_vendored_is_byte_for_byte_what_was_published() -> None:
    written, name = (VENDORED / "htmx.min.js.sha256").read_text().split()
    assert sha256((VENDORED / name).read_bytes()).hexdigest() == written
    assert "Zero-Clause BSD" in (VENDORED / "LICENSE").read_text()


@pytest.mark.parametrize("name", sorted(assets()))
def test_a_file_is_served_for_ever_under_the_digest_of_its_content(app: Flask, name: str) -> None:
    asset = assets()[name]
    answer = app.test_client().get(f"/assets/{asset.digest}/{name}", headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.data) == asset.content
    plain = app.test_client().get(f"/assets/{asset.digest}/{name}")
    assert (plain.data, "Content-Encoding" in plain.headers) == (asset.content, False)


@pytest.mark.parametrize(
    "path",
    ["/assets/0123456789abcdef/app.css", "/assets/0/../access.py", "/assets/0/vendor/htmx-4.0.1/LICENSE"],
)
def test_nothing_else_is_served(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 404


def test_the_overview_stays_within_its_budget_of_bytes_and_requests(browser: Browser) -> None:
    page = browser.get("/app?days=90", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    requests = 1 + len(assets())
    size = len(page.data) + sum(len(asset.compressed) for asset in assets().values())
    assert size <= BUDGET and requests <= 8


def test_every_file_that_a_page_names_is_there(browser: Browser) -> None:
    page = browser.get("/app")
    named = [element.attrib["src"] for element in find(page, "script")]
    named += [element.attrib["href"] for element in find(page, "link")]
    assert len(named) == 4
    assert {browser.get(address).status_code for address in named} == {200}


def test_the_style_sheet_is_made_of_all_its_files() -> None:
    files = sorted((FOLDER / "style").iterdir())
    assert sorted(STYLE) == [path.name for path in files]
    assert all(path.read_bytes() in assets()[SHEET].content for path in files)
