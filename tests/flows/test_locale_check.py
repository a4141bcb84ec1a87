"""What the check of the catalogs finds, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import catalogs, locale_check
from flows.locale_check import check, check_all
from flows.locale_page import tables
from flows.segments import Encoding

DOCUMENT = Path(__file__).parents[2] / "docs" / "locales.md"


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch):
    """Put other words into the German catalog, or take them out, and check it."""

    def found(changes: dict[str, str | None], language: str = "de") -> list[str]:
        real = catalogs.messages

        def changed(tag: str) -> dict[str, str]:
            merged = {**real(tag), **(changes if tag == language else {})}
            return {key: words for key, words in merged.items() if words is not None}

        monkeypatch.setattr(catalogs, "messages", changed)
        return [f"{finding.place}: {finding.problem}" for finding in check(language).findings]

    return found


@pytest.mark.parametrize(
    ("key", "words", "problem"),
    [
        ("page.stop.text", None, "has no words"),
        ("sms.no_such_text", "Hallo", "is not in warmcart.pot"),
        ("page.to_store", "Zum Shop", "has the placeholders (none), not {store}"),
        ("page.to_store", "Zu {store", "a brace has no partner"),
        ("page.stop.button", "Stop texts", "is left in English"),
        ("page.stop.button", "Jetzt abbestellen!", "exclamation mark"),
        ("page.stop.button", "JETZT abbestellen", "JETZT is in capitals"),
        ("sms.footer.stop", "Abmelden: AUSSTIEG antworten", "AUSSTIEG is in capitals"),
        ("sms.footer.stop", "Abmelden: HILFE antworten", "names no word of rules/keywords.csv for stop"),
        (
            "sms.opt_in_request",
            "{store}: Antworte START. STOP.",
            "names no word of rules/keywords.csv for help",
        ),
        ("sms.reminder", "{store}: Dein Wárenkorb mit {product}: {link}", "does not fit GSM-7 because of á"),
        ("sms.reminder", "{store}: " + "noch " * 30 + "{product}: {link}", "takes 2 segments (GSM-7"),
        ("sms.offer", "{store}: " + "noch " * 30 + "{discount} {ends} {product}: {link}", "takes 2 segments"),
        ("sms.sale", "{store}: {discount} auf deinen Kosár mit {product}: {link}", "GSM-7 because of á"),
        ("sms.offer", "{store}: {product} {discount} bis {ends}. Hier: {link}", "has two dots"),
    ],
)
def test_what_is_wrong_is_found(says, key: str, words: str | None, problem: str) -> None:
    found = says({key: words})
    assert any(line.startswith(key) and problem in line for line in found), found


def test_a_currency_outside_gsm7_is_written_by_its_code_and_a_month_within_it_stays_a_word() -> None:
    offers = {text.body for text in check("pl").texts if text.key == "offer" and "50" in text.body}
    assert offers and all("50 PLN" in body and "do 28 sty" in body for body in offers)


def test_a_language_without_samples_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale_check, "samples", lambda language: None)
    assert [finding.place for finding in check("de").findings] == ["samples.json"]


def test_a_language_without_a_row_of_its_alphabet_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale_check, "alphabet", lambda language: None)
    assert [finding.place for finding in check("de").findings] == ["alphabets.csv"]


def test_a_plural_without_all_forms_of_the_language_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "sl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Plural-Forms: nplurals=4; plural=(n%100-1);\\n"\n\n'
    forms = 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d"\nmsgstr[2] ""\nmsgstr[3] "e"\n'
    (folder / "warmcart.po").write_text(head + forms)
    monkeypatch.setattr(locale_check, "files", lambda package: tmp_path)
    [(_, problem)] = locale_check._plurals("sl")
    assert problem == "needs a form for each of few, one, other, two"


def test_a_link_beside_a_latin_name_is_found(says) -> None:
    found = says({"sms.reminder": "{store}: סל ({product}): {link}"}, "he")
    assert any("touches other Latin letters" in line for line in found)


def test_a_region_has_the_alphabet_of_its_language() -> None:
    for tag, encoding in {"de-CH-x-formal": Encoding.GSM7, "zh-Hant": Encoding.UCS2}.items():
        found = locale_check.alphabet(tag)
        assert found is not None and found.encoding is encoding


def test_the_document_tells_what_each_text_really_costs() -> None:
    _, _, told = DOCUMENT.read_text(encoding="utf-8").partition("## What the texts cost")
    written = [line for line in told.splitlines() if line.startswith("|")]
    real = [line for line in tables(check_all()).splitlines() if line]
    assert written == real, "docs/locales.md needs the tables of `warmcart locale check --markdown`"
