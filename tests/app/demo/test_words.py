from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.demo import words
from app.demo.bill import Refusal
from app.demo.products import PRODUCTS
from flows.catalogs import languages
from flows.placeholders import placeholders

TEMPLATES = Path(words.__file__).parent / "templates"
USED = re.compile(r"""\bt\('([a-z_.]+)'[,)]""")


def test_the_demo_speaks_languages_that_texts_have() -> None:
    assert set(words.LANGUAGES) <= set(languages())


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_says_everything_with_the_same_placeholders(language: str) -> None:
    english, other = words.messages("en"), words.messages(language)
    assert list(other) == list(english)
    assert all(other.values())
    for key, text in english.items():
        assert sorted(placeholders(other[key])) == sorted(placeholders(text)), key


def test_every_word_that_a_page_asks_for_is_there_and_none_is_left_over() -> None:
    asked = {key for page in TEMPLATES.rglob("*.html") for key in USED.findall(page.read_text())}
    made = {f"product.{name}.{part}" for name in PRODUCTS for part in ("title", "text")}
    made |= {f"checkout.{problem}" for problem in ("invalid_number", "not_mobile")}
    made |= {f"sorry.{about}.{part}" for about in ("gone", "refused", "closed") for part in ("title", "text")}
    made |= {f"bill.refused_{refusal}" for refusal in Refusal}
    made |= {"checkout.consent"}
    assert asked | made == set(words.messages("en"))


def test_no_page_switches_escaping_off() -> None:
    for page in TEMPLATES.rglob("*.html"):
        assert not re.search(r"\|\s*safe|autoescape|Markup", page.read_text()), page.name


def test_no_page_has_scripts_or_styles_of_its_own() -> None:
    for page in TEMPLATES.rglob("*"):
        if page.is_file():
            assert not re.search(
                r"<script>|\son[a-z]+=|\sstyle=|<style|https?://(?!www\.w3\.org)", page.read_text()
            )


def test_a_moment_of_another_day_is_named_with_its_day() -> None:
    now, later = datetime(2026, 11, 21, 22, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert words.opening_time("de", later, now) == "Montag, 08:00"
    assert words.opening_time("fr", later, later.replace(hour=1)) == "08:00"
