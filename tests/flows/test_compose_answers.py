"""What we answer and ask: in every language, with the words of the shopper's place, and short."""

from __future__ import annotations

import pytest

from flows.catalogs import languages
from flows.compose import Answer, compose_service
from flows.direction import is_right_to_left, latin_neighbours
from flows.language import Wishes
from flows.locale_check import BUDGET_BY_LINK
from flows.locale_samples import CONTACT, STOP_LINK, samples
from flows.segments import measure


@pytest.mark.parametrize("answer", Answer)
@pytest.mark.parametrize("language", languages())
def test_every_answer_is_said_in_every_language(answer: Answer, language: str) -> None:
    composed = compose_service(answer, Wishes(language), "Kamra", "https://kamra.example")
    assert composed.body.lstrip("\u200f").startswith("Kamra")
    assert composed.language == language
    assert composed.measure == measure(composed.body)
    assert ("https://kamra.example\n" in composed.body) == (answer is Answer.HELP)


@pytest.mark.parametrize("language", languages())
def test_help_tells_both_addresses_whole_and_costs_little_in_every_language(language: str) -> None:
    sample = samples(language)
    assert sample is not None
    composed = compose_service(Answer.HELP, Wishes(language), sample.store, CONTACT, preferences=STOP_LINK)
    assert composed.language == language
    assert composed.body.lstrip("\u200f").startswith(sample.store)
    assert [word for word in composed.body.split() if "http" in word] == [STOP_LINK, CONTACT]
    assert not is_right_to_left(language) or not latin_neighbours(composed.body, STOP_LINK)
    assert composed.measure.segments <= BUDGET_BY_LINK[composed.measure.encoding]


def test_only_the_answer_to_help_tells_the_page() -> None:
    told = {
        answer: compose_service(answer, Wishes("en"), "Kamra", CONTACT, preferences=STOP_LINK).body
        for answer in Answer
    }
    assert [answer for answer, body in told.items() if STOP_LINK in body] == [Answer.HELP]


def test_an_answer_falls_back_to_the_stores_language_then_to_english() -> None:
    assert compose_service(Answer.STOP, Wishes("ca", store_locale="sl-SI"), "Kamra", "").language == "sl"
    assert compose_service(Answer.STOP, Wishes(), "Kamra", "").language == "en"


def test_an_answer_loses_its_marks_only_where_that_saves_a_segment() -> None:
    for language, changed in (("sl", True), ("tr", False), ("de", False)):
        usual, thrifty = (
            compose_service(Answer.START, Wishes(language), "Kamra", "", economy=economy)
            for economy in (False, True)
        )
        assert (usual.body != thrifty.body, usual.measure.segments > thrifty.measure.segments) == (
            changed,
            changed,
        )


def test_an_answer_names_the_words_of_the_number_s_country() -> None:
    wishes = Wishes("fr", number_country="CA", store_locale="en", formality="informal")
    composed = compose_service(Answer.START, wishes, "Kamra", "")
    assert composed.language == "fr-CA-x-informal" and "Réponds ARRET" in composed.body
