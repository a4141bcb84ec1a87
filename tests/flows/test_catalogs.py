"""The catalogs: whole, alike, translated, and as long as docs/locales.md says."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from flows import catalogs
from flows.catalogs import BUILT_IN_STEPS, MissingText, languages, languages_with, messages, template, text
from flows.compose import Answer, CartText, Composed, Product, Wishes, compose, compose_service
from flows.placeholders import TemplateError, placeholders
from flows.segments import Encoding
from tests.flows.locale_samples import LINK, SAMPLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "locales.md"
LANGUAGES = ("de", "en", "es", "fr", "pl", "sl")
STEPS = sorted(BUILT_IN_STEPS)
# A language that has letters of its own in every sentence travels in UCS-2; the others in GSM-7.
UCS2_LANGUAGES = {"sl"}


def template_keys() -> set[str]:
    with (files("locales") / "warmcart.pot").open("rb") as file:
        return {str(message.id) for message in read_po(file, abort_invalid=True) if message.id}


def composed(language: str, step: str, product: str, name_products: bool = True) -> Composed:
    return compose(
        CartText(
            step_key=step,
            store_name=SAMPLES[language].store,
            link=LINK,
            wishes=Wishes(checkout_locale=language),
            products=[Product(product)],
            name_products=name_products,
        )
    )


def test_these_are_the_languages() -> None:
    assert languages() == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalog_has_the_keys_of_the_template_and_no_other(language: str) -> None:
    assert set(messages(language)) == template_keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", sorted(template_keys()))
def test_placeholders_are_the_same_in_every_language(key: str, language: str) -> None:
    assert sorted(placeholders(template(key, language))) == sorted(placeholders(template(key, "en")))


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_nothing_is_left_in_english(language: str) -> None:
    english = messages("en")
    assert [key for key, words in messages(language).items() if words == english[key]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_words_that_name_the_product_and_words_that_do_not(language: str) -> None:
    for step in STEPS:
        assert set(placeholders(template(f"sms.{step}", language))) == {"store", "product", "link"}
        assert set(placeholders(template(f"sms.{step}.unnamed", language))) == {"store", "link"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", STEPS)
def test_a_text_stays_in_its_budget(step: str, language: str) -> None:
    segments = 2 if language in UCS2_LANGUAGES else 1
    encoding = Encoding.UCS2 if language in UCS2_LANGUAGES else Encoding.GSM7
    for name_products in (True, False):
        text = composed(language, step, SAMPLES[language].product, name_products)
        assert (text.measure.encoding, text.measure.segments) == (encoding, segments)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_shouts_or_hurries(language: str) -> None:
    keywords = {"STOP", "START", "HELP", "HILFE", "AIDE", "AYUDA", "POMOC", "POMOČ", "SMS"}
    keywords |= {"YES", "JA", "OUI", "SI", "DA", "TAK"}
    for key, words in messages(language).items():
        capitals = {
            word.strip(".,:?!()")
            for word in words.replace("-", " ").split()
            if len(word) > 1 and word.isupper()
        }
        assert capitals <= keywords, key
        assert "!" not in words, key


def test_a_regional_catalog_inherits_what_it_does_not_say() -> None:
    assert template("sms.reminder", "de-AT") == template("sms.reminder", "de")
    assert template("sms.reminder", "de-CH-x-formal") == template("sms.reminder", "de")


def test_a_page_falls_back_to_english() -> None:
    assert text("page.link_not_found.title", "it") == text("page.link_not_found.title", "en")


def test_a_text_never_falls_back_to_english() -> None:
    with pytest.raises(MissingText):
        template("sms.reminder", "it")


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


def document_rows() -> list[str]:
    rows = []
    for language in LANGUAGES:
        sample = SAMPLES[language]
        for step in STEPS:
            texts = [
                composed(language, step, sample.product),
                composed(language, step, sample.dear_product),
                composed(language, step, sample.product, name_products=False),
            ]
            rows.append(f"| {language} | `{step}` | {' | '.join(map(cost, texts))} |")
        for answer in Answer:
            text = compose_service(answer, language, sample.store, "https://shop.example.com")
            rows.append(f"| {language} | `{answer.name.lower()}` answer | {cost(text)} | | |")
    return rows


def cost(text: Composed) -> str:
    return f"{text.measure.encoding} {text.measure.units} = {text.measure.segments}"


def test_the_document_tells_what_each_text_really_costs() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    written = [
        line for line in lines if line.startswith(tuple(f"| {language} | `" for language in LANGUAGES))
    ]
    assert written == document_rows(), "docs/locales.md should say:\n" + "\n".join(document_rows())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_shows_each_first_text(language: str) -> None:
    body = composed(language, "reminder", SAMPLES[language].product).body
    assert body.replace("\n", "<br>") in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_names_the_samples_it_measured(language: str) -> None:
    sample = SAMPLES[language]
    row = f"| {language} | {sample.store} | {sample.product} | {sample.dear_product} |"
    assert row in DOCUMENT.read_text(encoding="utf-8")
