"""Reading a reply: the words of the table, how they are written, and what must not count as a stop."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import catalogs
from flows.keywords import Intent, Kind, confirms, intent
from flows.plain_words import words

TABLE = Path(__file__).parents[2] / "flows" / "rules" / "keywords.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
STOP_WORDS = sorted({row["keyword"] for row in ROWS if row["intent"] == "stop"})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['language']}-{row['keyword']}")
def test_every_word_of_the_table_has_its_intent(row: dict[str, str]) -> None:
    found = intent(row["keyword"])
    assert (found.kind, found.exact) == (Kind(row["intent"]), True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['language']}-{row['keyword']}")
def test_every_row_names_its_evidence_and_source(row: dict[str, str]) -> None:
    assert row["evidence"] in ("documented", "second-hand", "weak", "unsourced", "own")
    assert row["source"]
    assert row["within"] in ("yes", "no")


def test_no_word_has_two_intents() -> None:
    by_word: dict[str, set[str]] = {}
    for row in ROWS:
        by_word.setdefault(intent(row["keyword"]).word or "", set()).add(row["intent"])
    assert {word: kinds for word, kinds in by_word.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize(
    "body",
    [
        "stop",
        "Stop.",
        "  STOP  ",
        "STOP!!!",
        "“Stop”",
        "s.t.o.p",
        "stop 🛑",
        "STOP\u200b",
        "ＳＴＯＰ",
        "ŞTOP",
        "opt-out",
        "Opt Out",
        "Arrêt",
        "arret",
        "İPTAL",
        "iptal",
        "ıptal",
        "ZAKOŃCZ",
        "στοπ",
        "Стоп",
        "停止",
        "no más",
        "STOP\nALL",
    ],
)
def test_a_stop_word_counts_however_it_is_written(body: str) -> None:
    found = intent(body)
    assert (found.kind, found.exact) == (Kind.STOP, True)


@pytest.mark.parametrize(
    "body",
    [
        "stop please",
        "please stop",
        "Stop,please",
        "STOP STOP",
        "stop texting me",
        "Please remove me",
        "don't text me",
        "don’t text me",
        "no mas mensajes",
        "unsubscribe me now",
        "I want to unsubscribe",
        "bitte abmelden",
        "arrêt sms",
        "I revoke consent",
        "don't stop",
    ],
)
def test_a_short_text_that_holds_a_stop_word_stops_and_is_flagged(body: str) -> None:
    found = intent(body)
    assert (found.kind, found.exact) == (Kind.STOP, False)


@pytest.mark.parametrize(
    "body",
    [
        "cancel my order",
        "Cancel it",
        "end of the week?",
        "Ende der Woche?",
        "yes please",
        "Yes, size M",
        "info please",
        "more info",
        "please remove one shirt",
        "annulla il mio ordine",
        "cancelar mi pedido",
        "es muy alto",
        "c'est dur",
        "ik ga uit",
        "siparişi iptal et",
        "rezygnacja z zamówienia",
        "Is there a bus stop near the shop?",
        "nonstop delivery",
        "start the delivery",
        "help me",
        "",
        "   ",
        "👍",
        "1234",
    ],
)
def test_an_ordinary_text_goes_to_a_person(body: str) -> None:
    assert intent(body) == Intent(Kind.OTHER, exact=False)


@pytest.mark.parametrize("body", ["START", "unstop", "Yes", "YES!", "subscribe"])
def test_a_start_word_starts(body: str) -> None:
    assert intent(body).kind is Kind.START


@pytest.mark.parametrize("body", ["HELP", "info", "Aide", "Hilfe!", "hjälp", "HJÆLP", "pomoć"])
def test_a_help_word_asks_for_help(body: str) -> None:
    assert intent(body).kind is Kind.HELP


def test_the_deciding_word_is_kept_as_evidence() -> None:
    assert intent("Please STOP now").word == "stop"
    assert intent("Opt-Out!").word == "optout"


@given(st.sampled_from(STOP_WORDS), st.sampled_from(["", " ", "!", ".", " 🙏", "\n", "…"]))
def test_case_and_decoration_never_hide_a_stop_word(word: str, decoration: str) -> None:
    for spelling in (word.lower(), word.upper(), word.title()):
        assert intent(decoration + spelling + decoration).kind is Kind.STOP


@given(st.text(max_size=60))
def test_any_text_has_an_intent_and_only_a_word_of_ours_decides(body: str) -> None:
    found = intent(body)
    assert (found.word is None) is (found.kind is Kind.OTHER)
    assert found.exact or found.kind in (Kind.STOP, Kind.OTHER)


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=4, max_size=12))
def test_in_a_longer_text_no_word_stops(words: list[str]) -> None:
    assert intent(" ".join(["stop", *words])).kind is Kind.OTHER


@pytest.mark.parametrize("row", [row for row in ROWS if row["intent"] == "confirm"], ids=str)
def test_a_word_of_a_language_confirms_a_request_in_that_language(row: dict[str, str]) -> None:
    assert confirms(f" {row['keyword'].lower()}! ", row["language"])
    assert confirms(row["keyword"], f"{row['language']}-x-formal")
    assert row["language"] == "en" or not confirms(row["keyword"], "en")


def test_a_regional_request_takes_the_word_of_its_language() -> None:
    assert confirms("ja", "de-CH")
    assert not confirms("ja bitte", "de")


@pytest.mark.parametrize("language", catalogs.languages_with("sms.opt_in_request"))
def test_the_word_that_a_request_asks_for_is_understood(language: str) -> None:
    asked = words(catalogs.template("sms.opt_in_request", language))
    answers = {words(row["keyword"]) for row in ROWS if row["intent"] in ("start", "confirm")}
    understood = {word for word in answers if intent(word).kind is Kind.START or confirms(word, language)}
    assert any(word in asked for word in understood), "particles may stand right behind the word"
