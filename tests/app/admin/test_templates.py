"""What no template may hold, whoever writes the next one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import app.admin
from app.admin import assets

TEMPLATES = Path(app.admin.__file__).parent / "templates"
STATIC = Path(app.admin.__file__).parent / "static"
ALL = sorted(TEMPLATES.rglob("*.html"))
FORBIDDEN = {
    "an inline event handler": r"\son[a-z]+\s*=",
    "htmx code in an attribute": r"hx-on|['\"\s]js:|hx-vals|hx-headers",
    "an inline style": r"\sstyle\s*=|<style",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "unescaped output": r"\|\s*safe|Markup|autoescape",
    "a link that forgets the store": r"""(?:href|action)=["']/""",
}


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(TEMPLATES)))
@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_template_holds_no(what: str, path: Path) -> None:
    assert re.search(FORBIDDEN[what], path.read_text()) is None


@pytest.mark.parametrize("folder", ["pages", "fragments"])
def test_pages_are_written_with_macros_alone(folder: str) -> None:
    """So that another renderer can print the same pages for another host."""
    skeleton = TEMPLATES / "pages" / "skeleton.html"
    with_classes = [path.name for path in (TEMPLATES / folder).glob("*.html") if "class=" in path.read_text()]
    assert with_classes == ([skeleton.name] if folder == "pages" else [])


def test_the_script_builds_no_code_and_no_html() -> None:
    script = (STATIC / "app.js").read_text()
    assert re.search(r"\beval\b|new Function|innerHTML|insertAdjacentHTML|document\.write", script) is None


def test_the_style_sheet_knows_no_left_and_right() -> None:
    sheet = assets.assets()[assets.SHEET].content.decode()
    physical = r"(?<![\w-])(?:margin|padding|border|inset)?-?(?:left|right)\s*:|text-align:\s*(?:left|right)"
    assert re.findall(physical, sheet) == []


def test_parts_of_the_style_sheet_name_no_skin() -> None:
    """Skins choose values of tokens; what a part looks like follows from them."""
    sheet = assets.assets()[assets.SHEET].content.decode()
    rules = re.findall(r"[^{}]*data-skin[^{}]*\{([^}]*)\}", sheet)
    assert rules and all(
        re.fullmatch(r"(?:--[\w-]+|color-scheme)", declaration.split(":")[0].strip())
        for rule in rules
        for declaration in rule.split(";")
        if declaration.strip()
    )
