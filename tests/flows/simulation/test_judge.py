"""The judge itself, by example: it must be right where it is asked, or its verdict says nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from flows.simulation.judge import words
from flows.simulation.judge.consent import Stand, stand
from flows.simulation.judge.hours import Wishes, calendar, days_off
from flows.simulation.judge.places import places_and_zones
from flows.simulation.truth import Said

CASES = json.loads((Path(__file__).parents[1] / "segment_cases.json").read_text(encoding="utf-8"))
YEAR, HORIZON = 2027, timedelta(days=14)
LJUBLJANA = (("SI", None),), ("Europe/Ljubljana",)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_segments_are_packed(case: dict[str, str]) -> None:
    assert words.segments(case["text"]) == case["segments"]


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2027-01-13T06:59", "2027-01-13T07:00"),  # a Wednesday in winter, 8:00
        ("2027-07-14T05:59", "2027-07-14T06:00"),  # and in summer
        ("2027-01-13T12:34", "2027-01-13T12:34"),
        ("2027-01-13T19:00", "2027-01-14T07:00"),  # 20:00 is past
        ("2027-02-08T07:00", "2027-02-09T07:00"),  # Preseren Day
        ("2027-03-27T17:30", "2027-03-30T06:00"),  # summer time begins on Easter, whose Monday is off
    ],
)
def test_hours_open_by_the_clock_on_the_wall(asked: str, opens: str) -> None:
    assert calendar(YEAR, *LJUBLJANA).opens_at(at(asked), HORIZON) == at(opens)


def test_wishes_narrow_the_hours() -> None:
    wishes = Wishes(((time(18), time(10)),), frozenset({2}), frozenset({10}))
    narrowed = calendar(YEAR, *LJUBLJANA, wishes)
    assert narrowed.opens_at(at("2027-01-13T08:00"), HORIZON) == at("2027-01-14T10:00")
    assert narrowed.open_for(at("2027-01-14T16:30")) == timedelta(minutes=30)


def test_several_zones_share_few_hours_and_none_share_nothing() -> None:
    everywhere = calendar(YEAR, (("RU", None),), ("Asia/Kamchatka", "Europe/Kaliningrad"))
    assert everywhere.opens_at(at("2027-01-13T00:00"), HORIZON) == at("2027-01-13T07:00")
    assert everywhere.open_for(at("2027-01-13T07:00")) == timedelta(hours=3)
    assert calendar(YEAR, (("RU", None),), ()).opens_at(at("2027-01-13T00:00"), HORIZON) is None


def test_holidays_are_those_of_the_region() -> None:
    good_friday = date(2027, 3, 26)
    assert good_friday in days_off("FR", "57", YEAR)
    assert good_friday not in days_off("FR", "75", YEAR)


def test_places_and_zones_come_from_number_and_address() -> None:
    nobody_knows = (None, None, None)
    assert places_and_zones("+12015550123", nobody_knows) == ((("US", "NJ"),), ("America/New_York",))
    places, zones = places_and_zones("+12015550123", ("US", "TX", None))
    assert set(places) == {("US", "NJ"), ("US", "TX")}
    assert {"America/New_York", "America/Chicago"} <= set(zones)
    assert places_and_zones("+34612345678", ("ES", None, "35001"))[1] == ("Atlantic/Canary",)
    assert places_and_zones("+38640123456", ("US", "TX", None)) == LJUBLJANA


DAY = timedelta(days=1)
MONDAY = at("2027-01-11T12:00")
TICK = Said("given", "shopify_checkout", MONDAY, MONDAY, checkout_created_at=MONDAY - DAY / 24)
STOP = Said("withdrawn", "keyword_stop", MONDAY + DAY, MONDAY + DAY)
START = Said("given", "keyword_start", MONDAY + 2 * DAY, MONDAY + 2 * DAY)
OLD_YES = Said("given", "shopify_customer", MONDAY + 2 * DAY, MONDAY + 2 * DAY, confirmed=True)
LATER = Said("given", "shopify_checkout", MONDAY + 3 * DAY, MONDAY + 3 * DAY, False, MONDAY + 2 * DAY)
ASKED = Said("pending", "shopify_checkout", MONDAY, MONDAY, checkout_created_at=MONDAY - DAY / 24)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], Stand("none")),
        ([TICK], Stand("given")),
        ([TICK, STOP], Stand("withdrawn")),
        ([TICK, STOP, OLD_YES], Stand("withdrawn")),
        ([TICK, STOP, START], Stand("given")),
        ([TICK, STOP, LATER], Stand("given")),
        ([START], Stand("none")),
        ([ASKED], Stand("pending")),
        ([ASKED, TICK], Stand("pending")),
        ([ASKED, OLD_YES], Stand("given", confirmed=True)),
        ([TICK, OLD_YES], Stand("given", confirmed=True)),
    ],
)
def test_what_was_said_is_read_plainly(said: list[Said], expected: Stand) -> None:
    assert stand(said, None, MONDAY + 10 * DAY) == expected


def test_what_is_not_known_yet_does_not_count() -> None:
    assert stand([TICK, STOP], None, MONDAY + DAY / 2) == Stand("given")
    assert stand([TICK], MONDAY + DAY / 2, MONDAY + DAY) == Stand("withdrawn")


@pytest.mark.parametrize(
    ("locale", "place", "language"),
    [
        ("sl-SI", "", "sl-Latn"),
        ("zh_TW", "", "zh-Hant"),
        ("sr", "ME", "sr-Latn"),
        ("sr", "RU", "sr-Cyrl"),
        ("de_DE_formal", "", "de-Latn"),
        ("en_GB@euro", "", "en-Latn"),
        ("gsw", "", "de-Latn"),
        ("xx", "", ""),
    ],
)
def test_a_locale_is_a_language_in_its_script(locale: str, place: str, language: str) -> None:
    assert words._base(locale, place) == language
