"""Reading plain words: what asks for no more texts, and what only looks like it.

Examples are rows of ``withdrawal_examples.csv``: ``stop``, or ``person`` for what somebody has to read.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import keywords, withdrawals
from flows.keywords import Kind
from flows.rules import read_table
from flows.withdrawals import Reading

EXAMPLES = list(
    csv.DictReader(
        Path(__file__).with_name("withdrawal_examples.csv").read_text(encoding="utf-8").splitlines()
    )
)
ROWS = read_table("withdrawals")
LANGUAGES = sorted({row["language"] for row in ROWS})


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda row: f"{row['language']}-{row['text']}")
def test_each_example_is_read_as_a_native_would(example: dict[str, str]) -> None:
    found = keywords.intent(example["text"])
    expected = {"stop": Kind.STOP, "person": Kind.OTHER}[example["expected"]]
    assert found.kind is expected, f"decided by {found.word!r}"


def test_a_stop_in_plain_words_is_never_exact() -> None:
    assert not keywords.intent("Please don't text me again").exact
    assert keywords.intent("Please don't text me again").word is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_phrases_guards_and_examples_of_both(language: str) -> None:
    kinds = {row["kind"] for row in ROWS if row["language"] == language}
    assert kinds - {"wanted"} == {"stop", "likely", "guard"}
    expected = {row["expected"] for row in EXAMPLES if row["language"] == language}
    assert expected == {"stop", "person"}


def test_every_row_compiles_and_names_its_evidence() -> None:
    for row in ROWS:
        withdrawals._compile(row["phrase"], row["language"])
        assert row["evidence"]
        assert row["kind"] in ("stop", "likely", "guard", "wanted")


def test_a_guard_counts_in_its_own_sentence_only() -> None:
    assert withdrawals.read("I got the wrong size. Stop sending me this").reading is Reading.WITHDRAWN
    assert withdrawals.read("Stop sending me the wrong size").reading is Reading.GUARDED


def test_who_misses_our_texts_does_not_stop_them() -> None:
    assert withdrawals.read("I don't want to miss your texts").reading is Reading.GUARDED
    assert withdrawals.read("I no longer get texts. Fine, stop texting me").reading is Reading.WITHDRAWN


@pytest.mark.parametrize("phrase", ["... text", "stop ...", "***", "stop |"])
def test_a_phrase_that_would_stand_for_anything_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"withdrawals\.csv"):
        withdrawals._compile(phrase, "en")


def test_languages_without_spaces_are_searched_for_the_parts_of_a_phrase() -> None:
    pattern = withdrawals._compile("メッセージ ... 送らないで", "ja")
    assert pattern.search(withdrawals.words("もうメッセージを送らないでください"))
    assert not pattern.search(withdrawals.words("メッセージを送ってください"))


@given(st.text(max_size=400))
def test_any_text_can_be_read(body: str) -> None:
    assert withdrawals.read(body).reading in Reading
