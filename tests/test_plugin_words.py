"""The companion plugin speaks to shoppers in every language of the product, in the locales of WordPress."""

from __future__ import annotations

import gettext
import io
import re
import runpy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from flows.catalogs import languages
from flows.keywords import Kind, intent
from flows.language import match_language

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "connectors" / "woocommerce" / "plugin" / "languages"
LOCALES = sorted(path.stem.removeprefix("warmcart-") for path in FOLDER.glob("*.po"))
PLACEHOLDER = re.compile(r"%(?:\d\$)?[a-z]")


@pytest.fixture(scope="module")
def builder() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / ".ci" / "build_plugin.py"))


@pytest.fixture(scope="module")
def catalogs() -> dict[str, Catalog]:
    return {
        locale: read_po(
            io.BytesIO((FOLDER / f"warmcart-{locale}.po").read_bytes()),
            abort_invalid=True,
        )
        for locale in LOCALES
    }


def words(catalog: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalog if message.id and not message.fuzzy}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_that_shoppers_read_has_its_words_and_no_other_text_has(
    locale: str, builder: dict[str, Any], catalogs: dict[str, Catalog]
) -> None:
    found = words(catalogs[locale])
    assert found.keys() == builder["shoppers_texts"]()
    for text, translated in found.items():
        assert translated.strip() == translated != "", text
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translated)), text
        assert translated.count("%") == text.count("%"), text
        assert not re.search(r"[<>&\n]|!|  ", translated), text
        assert translated.endswith((".", "。", "।")) == text.endswith(".") or locale == "th", text


def test_only_files_with_texts_for_administrators_may_stay_english(
    builder: dict[str, Any],
) -> None:
    assert all(list(builder["texts"]((builder["PLUGIN"] / name).read_text())) for name in builder["ADMINS"])


def test_no_language_borrows_the_words_of_another(catalogs: dict[str, Catalog]) -> None:
    """Two catalogs of one language may share sentences, but a file copied by mistake would share them all."""
    said: dict[str, str] = {}
    for locale, catalog in catalogs.items():
        assert str(catalog.mime_headers).count(f"'{locale}'") == 1, "the header names its own locale"
        whole = "\n".join(words(catalog).values())
        assert said.setdefault(whole, locale) == locale
        assert locale.startswith("en") or not set(words(catalog)) & set(words(catalog).values())


def test_every_language_of_the_product_is_spoken(builder: dict[str, Any]) -> None:
    shipped = {
        *LOCALES,
        *(name for names in builder["SAME"].values() for name in names),
    }
    spoken = {match_language(locale, languages()) for locale in shipped}
    assert None not in spoken
    # English is what the plugin itself speaks; WordPress has no locale for Serbian in Latin letters.
    assert {tag.partition("-x-")[0] for tag in languages()} - {str(tag) for tag in spoken} <= {
        *("en", "en-US", "sr-Latn", "de-CH", "es-419"),
    }


@pytest.mark.parametrize("locale", ["en_US", *LOCALES])
def test_the_words_beside_the_box_name_the_shop_and_words_to_reply_with_that_we_understand(
    locale: str, builder: dict[str, Any], catalogs: dict[str, Catalog]
) -> None:
    [text] = [text for text in builder["shoppers_texts"]() if "condition of purchase" in text]
    said = words(catalogs[locale])[text] if locale in catalogs else text
    single = re.split(r"[\s.,:。、，「」“”']+", said)
    pairs = [f"{one} {other}" for one, other in pairwise(single)]
    kinds = {intent(word).kind for word in single + pairs}
    assert said.count("%s") == 1
    assert {Kind.STOP, Kind.HELP} <= kinds


def test_wordpress_finds_each_locale_in_the_zip_and_reads_the_same_words(
    builder: dict[str, Any], catalogs: dict[str, Catalog]
) -> None:
    found = builder["files"]()
    assert not [name for name in found if name.endswith(".po")]
    for locale, catalog in catalogs.items():
        for name in (locale, *builder["SAME"].get(locale, ())):
            read = gettext.GNUTranslations(io.BytesIO(found[f"languages/warmcart-{name}.mo"]))
            assert all(read.gettext(text) == said for text, said in words(catalog).items())
