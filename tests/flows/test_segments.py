"""How many segments a text is, and which characters make it dearer."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.segments import (
    GSM7_BASIC,
    GSM7_EXTENSION,
    Encoding,
    fits_gsm7,
    measure,
    normalise,
    offending_characters,
    without_marks,
)

CASES = json.loads(Path(__file__).with_name("segment_cases.json").read_text(encoding="utf-8"))

gsm7_texts = st.text(st.sampled_from(sorted(GSM7_BASIC | GSM7_EXTENSION)), max_size=700)
any_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_text_is_measured_as_the_page_measures_it(case: dict[str, object]) -> None:
    cost = measure(str(case["text"]))
    assert (cost.encoding, cost.units, cost.segments) == (case["encoding"], case["units"], case["segments"])


def test_the_alphabet_has_the_127_characters_of_the_standard_and_ten_with_an_escape() -> None:
    assert len(GSM7_BASIC) == 127
    assert len(GSM7_EXTENSION) == 10
    assert not GSM7_BASIC & GSM7_EXTENSION


@given(gsm7_texts | any_texts)
def test_packing_is_never_better_than_division_and_loses_at_most_a_unit_a_segment(text: str) -> None:
    cost = measure(text)
    single, several = (160, 153) if cost.encoding == Encoding.GSM7 else (70, 67)
    if cost.units <= single:
        assert cost.segments == (1 if text else 0)
    else:
        assert math.ceil(cost.units / several) <= cost.segments <= math.ceil(cost.units / (several - 1))


@given(gsm7_texts | any_texts)
def test_a_text_needs_ucs2_exactly_if_it_has_offending_characters(text: str) -> None:
    assert (measure(text).encoding == Encoding.UCS2) == bool(offending_characters(text))


def test_offending_characters_are_told_once_and_in_order() -> None:
    assert offending_characters("Čaj in žar, čaj") == ("Č", "ž", "č")


@pytest.mark.parametrize("space", ["\u00a0", "\u2007", "\u2009", "\u202f"])
def test_a_special_space_becomes_a_plain_one_even_where_the_text_stays_ucs2(space: str) -> None:
    assert normalise(f"1{space}234 zł") == "1 234 zł"


def test_typographic_characters_become_plain_ones_if_the_text_then_fits() -> None:
    assert normalise("“Don’t” – «it»…\u200b") == '"Don\'t" - "it"...'


def test_typographic_characters_stay_where_nothing_would_be_gained() -> None:
    assert normalise("„Čaj“ – ‚žar‘…") == "„Čaj“ – ‚žar‘…"


def test_joiners_and_direction_marks_stay_in_a_text_that_needs_them() -> None:
    assert normalise("می\u200cخواهم \u200f👩\u200d👧") == "می\u200cخواهم \u200f👩\u200d👧"


def test_a_letter_that_came_in_two_parts_is_put_together() -> None:
    assert normalise("Cafe\u0301") == "Café"
    assert measure(normalise("Cafe\u0301")).encoding == Encoding.GSM7


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Košarica čaka, Łódź, đak", "Kosarica caka, Lodz, dak"),
        ("Köszönjük, nő, fűző", "Köszönjük, nö, füzö"),
        ("cœur, où, ça, é", "coeur, où, ca, é"),
        ("mañana, canción", "mañana, cancion"),
        ("Привіт š", "Привіт š"),
        ("þ š", "þ š"),
        ("š 5 ₺", "š 5 ₺"),
        ("š 😀", "š 😀"),
    ],
)
def test_letters_lose_their_marks_all_together_or_not_at_all(text: str, plain: str) -> None:
    assert without_marks(text) == plain


@given(st.text(max_size=60))
def test_taking_marks_away_leaves_no_question_mark_and_no_gap(text: str) -> None:
    plain = without_marks(text)
    assert plain == text or (fits_gsm7(plain) and plain.count("?") == normalise(text).count("?"))


def test_an_unknown_character_is_never_replaced_by_a_question_mark() -> None:
    assert normalise("5 ₺") == "5 ₺"


@given(any_texts)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


MONEY = [
    ("1.234,50\u00a0€", Encoding.GSM7),
    ("1\u202f234,50\u00a0€", Encoding.GSM7),
    ("CHF\u00a01’234.50", Encoding.GSM7),
    ("1\u00a0234,50\u00a0zł", Encoding.UCS2),
    ("8:05\u202fPM", Encoding.GSM7),
]


@pytest.mark.parametrize(("money", "encoding"), MONEY)
def test_money_and_times_as_cldr_writes_them_cost_no_more_than_their_symbol(
    money: str, encoding: Encoding
) -> None:
    assert measure(normalise(money)).encoding == encoding
