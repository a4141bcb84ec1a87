"""The catalogs: which words a key has in a language, and that all of them can be sent."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from flows import catalogs
from flows.catalogs import (
    BUILT_IN_STEPS,
    MissingText,
    languages,
    languages_with,
    messages,
    template,
    template_keys,
    text,
)
from flows.locale_check import check
from flows.placeholders import TemplateError, placeholders


@pytest.mark.parametrize("language", languages())
def test_every_language_can_be_texted(language: str) -> None:
    assert list(map(str, check(language).findings)) == []


def test_every_step_has_words_that_name_the_product_and_words_that_do_not() -> None:
    for language in languages():
        for step in BUILT_IN_STEPS:
            named, unnamed = template(f"sms.{step}", language), template(f"sms.{step}.unnamed", language)
            assert set(placeholders(named)) == {"store", "product", "link"}, (language, step)
            assert set(placeholders(unnamed)) == {"store", "link"}, (language, step)


@pytest.mark.parametrize(
    ("offer", "asked"),
    [("offer", {"discount", "ends"}), ("offer.shipping", {"ends"}), ("sale", {"discount"})],
)
def test_every_offer_has_words_with_and_without_the_product(offer: str, asked: set[str]) -> None:
    for language in languages():
        named, unnamed = template(f"sms.{offer}", language), template(f"sms.{offer}.unnamed", language)
        assert set(placeholders(named)) == {"store", "product", "link", *asked}, language
        assert set(placeholders(unnamed)) == {"store", "link", *asked}, language


def test_no_sale_bears_a_name_that_the_law_keeps_for_certain_weeks() -> None:
    for language, word in {"fr": "sold", "it": "sald", "pt": "sald", "el": "εκπτώσεις"}.items():
        assert word not in template("sms.sale", language) + template("sms.sale.unnamed", language)


SERBIAN = str.maketrans(
    "абвгдђежзијклмнопрстћуфхцчшАБВГДЂЕЖЗИЈКЛМНОПРСТЋУФХЦЧШ",
    "abvgdđežzijklmnoprstćufhcčšABVGDĐEŽZIJKLMNOPRSTĆUFHCČŠ",
)
DIGRAPHS = str.maketrans({"љ": "lj", "њ": "nj", "џ": "dž", "Љ": "Lj", "Њ": "Nj", "Џ": "Dž"})


@pytest.mark.parametrize("tone", ["", "-x-informal"])
def test_serbian_says_the_same_in_both_scripts(tone: str) -> None:
    for key in template_keys():
        cyrillic, latin = template(key, f"sr{tone}"), template(key, f"sr-Latn{tone}")
        assert cyrillic.translate(SERBIAN).translate(DIGRAPHS) == latin, key


def _alphabets(word: str) -> set[str]:
    names = {unicodedata.name(letter).split()[0] for letter in word if letter.isalpha()}
    return names & {"LATIN", "CYRILLIC", "GREEK"}


@pytest.mark.parametrize("language", languages())
def test_no_word_borrows_a_letter_that_looks_alike(language: str) -> None:
    for key, said in messages(language).items():
        assert [word for word in re.findall(r"\w+", said) if len(_alphabets(word)) > 1] == [], key


def test_a_regional_catalog_inherits_what_it_does_not_say() -> None:
    assert template("sms.reminder", "de-AT") == template("sms.reminder", "de")
    assert template("sms.reminder", "de-CH-x-formal") == template("sms.reminder", "de-x-formal")
    assert template("sms.reminder", "de-CH") == template("sms.reminder", "de")


def test_what_is_written_for_switzerland_has_no_sharp_s() -> None:
    for tag in ("de-CH", "de-CH-x-formal"):
        assert [key for key in template_keys() if "ß" in template(key, tag)] == []


def test_what_is_written_for_canada_names_the_words_of_its_carriers() -> None:
    for tag in ("fr-CA", "fr-CA-x-informal"):
        said = " ".join(template(key, tag) for key in template_keys() if key.startswith("sms."))
        assert "ARRET" in said and "AIDE" in said
        assert "STOP" not in said


def test_a_page_falls_back_to_english() -> None:
    assert text("page.link_not_found.title", "xx") == text("page.link_not_found.title", "en")


def test_a_text_never_falls_back_to_english() -> None:
    with pytest.raises(MissingText):
        template("sms.reminder", "xx")


def test_an_unknown_key_is_an_error_and_not_an_empty_page() -> None:
    with pytest.raises(MissingText, match="page.no_such_page"):
        template("page.no_such_page", "en")
    assert languages_with("sms.no_such_text") == ()


def test_values_are_put_into_the_words() -> None:
    assert text("page.to_store", "en", store="Kamra {x}") == "Go to Kamra {x}"
    with pytest.raises(TemplateError, match="{store}"):
        text("page.to_store", "en")


@pytest.mark.parametrize("language", ["../en", "en/../fr", "", "EN", "."])
def test_a_language_is_never_a_path(language: str) -> None:
    with pytest.raises(MissingText):
        template("sms.reminder", language)


def test_fuzzy_words_are_not_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "xx" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "warmcart.po").write_text('#, fuzzy\nmsgid "a"\nmsgstr "b"\n\nmsgid "c"\nmsgstr "d"\n')
    monkeypatch.setattr(catalogs, "files", lambda package: tmp_path)
    assert messages.__wrapped__("xx") == {"c": "d"}
