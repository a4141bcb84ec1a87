"""Seasons in a flow's JSON form: read strictly, written back the same, and never two at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definition import (
    DefinitionError,
    FlowDefinition,
    dump_definition,
    parse_definition,
    read_stored,
)
from flows.seasons import NAMES
from tests.flows.test_definition import DOCUMENTED

TEN, TWENTY = {"kind": "percent", "percent": 10}, {"kind": "percent", "percent": 20}
FULL: dict[str, Any] = {
    "season": "black_friday",
    "countries": ["US", "DE"],
    "year": 2027,
    "offers": {"small": TEN, "best": TWENTY},
    "rungs": {"reminder": "small", "last_call": "best"},
    "texts": {"reminder": {"en": "{store}: Black Friday is on. {link}"}},
    "offer_texts": {"reminder": {"en": "{store}: Black Friday, {discount} off until {ends}: {link}"}},
    "spread": "PT6H",
    "most_offers": 5000,
    "active": True,
}


def with_seasons(*seasons: dict[str, Any], **more: Any) -> dict[str, Any]:
    return DOCUMENTED | {"seasons": list(seasons)} | more


def errors(*seasons: Any, **more: Any) -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as refused:
        parse_definition(with_seasons(*seasons, **more), "en")
    return refused.value.errors


def parsed(*seasons: dict[str, Any], **more: Any) -> FlowDefinition:
    return parse_definition(with_seasons(*seasons, **more), "en")


def test_a_season_is_written_back_as_it_was_read() -> None:
    definition = parsed(FULL)
    assert dump_definition(definition)["seasons"] == [FULL]
    assert read_stored(json.loads(json.dumps(dump_definition(definition)))) == definition


def test_a_season_may_be_no_more_than_its_name() -> None:
    definition = parsed({"season": "christmas"})
    assert dump_definition(definition)["seasons"] == [{"season": "christmas", "active": True}]


def test_a_flow_without_seasons_is_written_as_before() -> None:
    assert "seasons" not in dump_definition(parse_definition(DOCUMENTED, "en"))


def test_a_flow_makes_offers_that_makes_them_in_a_season_only() -> None:
    assert parsed(FULL).makes_offers
    assert not parsed(FULL | {"rungs": {}, "offer_texts": {}}).makes_offers


def test_all_errors_of_a_season_are_told_each_with_its_place() -> None:
    wrong = {
        "season": "easter",
        "countries": ["Germany"],
        "from": "2027-12-24",
        "to": "2027-12-01",
        "offers": {"worst": TEN, "best": {"kind": "percent", "percent": 60}},
        "rungs": {"farewell": "small", "reminder": "all"},
        "texts": {"reminder": {"en": "No way back"}, "farewell": {}},
        "offer_texts": {"reminder": {"en": "{store}: {link}"}},
        "spread": "P2D",
        "most_offers": 0,
        "active": "yes",
        "colour": "red",
    }
    told = {error.partition(": ")[0]: error.partition(": ")[2] for error in errors(wrong)}
    assert told == {
        "seasons[0].season": f"'easter' is not known; possible: {', '.join(NAMES)}",
        "seasons[0].countries[0]": "'Germany' is no ISO 3166 country such as DE",
        "seasons[0].to": "must not be before from",
        "seasons[0].offers.worst": "unknown key",
        "seasons[0].offers.best.percent": "is above highest_percent of the flow's offers, 30",
        "seasons[0].rungs.reminder": "'all' is not known; possible: none, small, best",
        "seasons[0].rungs.farewell": "the flow has no step 'farewell'",
        "seasons[0].texts.farewell": "the flow has no step 'farewell'",
        "seasons[0].texts.reminder.en": "{link} must stand there once, it stands there 0 times",
        "seasons[0].offer_texts.reminder": "are for a step with an offer",
        "seasons[0].spread": "must not be longer than P1D",
        "seasons[0].most_offers": "0 is no whole number from 1 to 1000000",
        "seasons[0].active": "must be true or false",
        "seasons[0].colour": "unknown key",
    }


@pytest.mark.parametrize(
    ("season", "error"),
    [
        ("christmas", "seasons[0]: must be an object"),
        ({}, "seasons[0].season: is missing"),
        ({"season": "christmas", "from": "2027-12-01"}, "seasons[0].from: needs from and to together"),
        (
            {"season": "christmas", "from": "2027-11-01", "to": "2027-12-31"},
            "seasons[0].to: must be within 60 days from the first",
        ),
        (
            {"season": "christmas", "year": 2027, "from": "2027-12-01", "to": "2027-12-02"},
            "seasons[0].year: is nothing beside from and to",
        ),
        (
            {"season": "boxing_day", "countries": ["CA", "FR"]},
            "seasons[0].countries[1]: the calendar has no Boxing Day there: give days of your own with from "
            "and to",
        ),
        (
            {"season": "christmas", "rungs": {"reminder": "best"}},
            "seasons[0].rungs.reminder: the ladder in offers has no best",
        ),
        (
            {
                "season": "christmas",
                "offers": {"best": {"kind": "free_shipping"}},
                "rungs": {"reminder": "best"},
                "offer_texts": {"reminder": {"en": "{discount} off: {link}"}},
            },
            "seasons[0].offer_texts.reminder.en: free shipping has no {discount}: say it in words",
        ),
    ],
)
def test_a_season_that_cannot_be_meant_is_refused(season: Any, error: str) -> None:
    assert errors(season) == (error,)


def test_seasons_are_a_list() -> None:
    with pytest.raises(DefinitionError, match="seasons: must be a list"):
        parse_definition(DOCUMENTED | {"seasons": FULL}, "en")


def test_there_are_no_more_seasons_than_can_be_compared_with_one_another() -> None:
    assert errors(*[{"season": "christmas"}] * 101) == ("seasons: has 101 entries, at most 100 are possible",)


def test_days_of_the_merchants_own_are_days_that_can_come() -> None:
    """0001-01-01 stood for no day at all: the season ran on the calendar's."""
    told = errors({"season": "christmas", "from": "0001-01-01", "to": "9999-12-31"})
    assert told == (
        "seasons[0].from: '0001-01-01' is no day such as 2027-01-31",
        "seasons[0].to: '9999-12-31' is no day such as 2027-01-31",
    )


def test_words_of_the_flow_must_fit_what_the_season_gives() -> None:
    steps = [
        {"key": "reminder", "delay": "PT0S", "texts": {}, "offer": "best",
         "offer_texts": {"en": "{store}: free shipping until {ends}: {link}"}},
    ]  # fmt: skip
    offers = {"best": {"kind": "free_shipping"}}
    season = {"season": "christmas", "offers": {"best": TEN}}
    assert errors(season, steps=steps, offers=offers) == (
        "seasons[0].offer_texts.reminder.en: must say {discount}: a guard rail may have lowered it",
    )


def test_two_seasons_of_a_country_never_meet() -> None:
    sale, valentine = {"season": "winter_sale"}, {"season": "valentines_day", "countries": ["FR", "US"]}
    assert errors(sale, valentine) == (
        "seasons[1]: meets seasons[0] (Winter sales) in FR, such as on 2026-02-02: give one of them other "
        "countries, or days of its own with from and to",
    )


def test_seasons_meet_in_years_that_come_too() -> None:
    own = {"season": "summer_sale", "countries": ["DE"], "from": "2030-11-20", "to": "2030-11-29"}
    assert errors({"season": "black_friday"}, own)[0].startswith(
        "seasons[1]: meets seasons[0] (Black Friday and Cyber Monday) in DE, such as on 2030-11-29"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"season": "black_friday", "countries": ["FR"]},
        {"season": "christmas", "countries": ["US"]},
        {"season": "black_friday", "countries": ["US"], "year": 2028},
        {"season": "black_friday", "countries": ["US"], "active": False},
        {"season": "black_friday", "countries": ["US"], "from": "2027-10-01", "to": "2027-10-05"},
    ],
)
def test_seasons_of_other_places_or_days_go_beside_one_another(other: dict[str, Any]) -> None:
    assert len(parsed(FULL | {"countries": ["US", "DE"]}, other).seasons) == 2


def test_a_long_season_meets_each_of_those_within() -> None:
    long = {"season": "winter_sale", "countries": ["DE"], "from": "2027-01-01", "to": "2027-02-28"}
    first = {"season": "singles_day", "countries": ["DE"], "from": "2027-01-05", "to": "2027-01-06"}
    second = {"season": "valentines_day", "countries": ["DE"]}
    assert [error.partition(" (")[0] for error in errors(long, first, second)] == [
        "seasons[1]: meets seasons[0]",
        "seasons[2]: meets seasons[0]",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FULL, "from", "to"]), inner)
    ),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from([*FULL, "from", "to", "x"]), JSON), max_size=3))
def test_whatever_stands_there_is_read_or_refused_with_places(seasons: list[Any]) -> None:
    try:
        definition = parsed(*seasons)
    except DefinitionError as error:
        assert all(one.startswith("seasons") for one in error.errors)
    else:
        assert len(definition.seasons) == len(seasons)
