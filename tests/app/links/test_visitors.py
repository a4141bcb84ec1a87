"""Who opened a link: people, and programs that look at it for them."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from app.links.visitors import is_person
from tests.app.links.agents import IPHONE, PEOPLE, PROGRAMS


@pytest.mark.parametrize("name", PEOPLE)
def test_a_browser_is_a_person(name: str) -> None:
    assert is_person("GET", Headers({"User-Agent": PEOPLE[name]}))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_crawler_or_a_link_preview_is_none(name: str) -> None:
    assert not is_person("GET", Headers({"User-Agent": PROGRAMS[name]}))


@pytest.mark.parametrize(
    "header",
    [
        ("Sec-Purpose", "prefetch;prerender"),
        ("Sec-Purpose", "prefetch"),
        ("Purpose", "prefetch"),
        ("X-Purpose", "preview"),
        ("X-Moz", "prefetch"),
    ],
    ids=": ".join,
)
def test_what_a_browser_loads_ahead_is_no_tap(header: tuple[str, str]) -> None:
    assert not is_person("GET", Headers({"User-Agent": IPHONE, header[0]: header[1]}))


def test_asking_for_the_headers_only_is_no_tap() -> None:
    assert not is_person("HEAD", Headers({"User-Agent": IPHONE}))


def test_an_agent_without_end_is_read_to_a_point() -> None:
    assert is_person("GET", Headers({"User-Agent": IPHONE + " " + "x" * 100_000}))
