"""The days of seasons: by example over several years, and what holds for all of them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import season_page, seasons
from flows.rules import read_table
from flows.rules.days import day_of, is_rule
from flows.seasons import NAMES, at, countries, dates, next_days

SEASONS, PLACES = st.sampled_from(sorted(NAMES)), st.sampled_from(countries())
YEARS = st.integers(2024, 2060)


def days(season: str, country: str, year: int) -> str | None:
    found = dates(season, country, year)
    return f"{found[0]:%m-%d} {found[1]:%m-%d}" if found else None


@pytest.mark.parametrize(
    ("season", "country", "of_2026_to_2029"),
    [
        ("black_friday", "US", ["11-27 11-30", "11-26 11-29", "11-24 11-27", "11-23 11-26"]),
        ("black_friday", "SA", ["11-27 11-30", "11-26 11-29", "11-24 11-27", "11-23 11-26"]),
        ("black_friday", "NP", ["11-27 11-30", "11-26 11-29", "11-24 11-27", "11-23 11-26"]),
        ("black_friday", "MX", ["11-13 11-16", "11-12 11-15", "11-17 11-20", "11-16 11-19"]),
        ("singles_day", "CN", ["11-11 11-11"] * 4),
        ("christmas", "US", ["12-01 12-17", "11-30 12-17", "11-28 12-17", "11-27 12-17"]),
        ("christmas", "ES", ["12-01 01-02", "11-30 01-02", "11-28 01-02", "11-27 01-02"]),
        ("christmas", "RS", ["12-01 01-03", "11-30 01-03", "11-28 01-03", "11-27 01-03"]),
        ("christmas", "SA", [None] * 4),
        ("boxing_day", "GB", ["12-26 12-31"] * 4),
        ("boxing_day", "US", [None] * 4),
        ("winter_sale", "FR", ["01-07 02-03", "01-06 02-02", "01-12 02-08", "01-10 02-06"]),
        ("summer_sale", "FR", ["06-24 07-21", "06-23 07-20", "06-28 07-25", "06-27 07-24"]),
        ("winter_sale", "BE", ["01-03 01-31", "01-02 01-31", "01-03 01-31", "01-03 01-31"]),
        ("summer_sale", "BE", ["07-01 07-31", "07-01 07-31", "07-01 07-31", "06-30 07-31"]),
        ("winter_sale", "IT", ["01-03 03-03", "01-05 03-05", "01-05 03-04", "01-05 03-05"]),
        ("summer_sale", "IT", ["07-04 09-01", "07-03 08-31", "07-01 08-29", "07-07 09-04"]),
        ("winter_sale", "GR", ["01-12 02-28", "01-11 02-28", "01-10 02-29", "01-08 02-28"]),
        ("summer_sale", "GR", ["07-13 08-31", "07-12 08-31", "07-10 08-31", "07-09 08-31"]),
        ("winter_sale", "PT", ["12-28 02-28"] * 4),
        ("winter_sale", "US", [None] * 4),
        ("valentines_day", "US", ["02-02 02-12"] * 4),
        ("valentines_day", "BR", ["05-31 06-10"] * 4),
        ("mothers_day", "US", ["04-28 05-08", "04-27 05-07", "05-02 05-12", "05-01 05-11"]),
        ("mothers_day", "GB", ["03-03 03-13", "02-23 03-05", "03-14 03-24", "02-27 03-09"]),
        ("mothers_day", "FR", ["05-19 05-29", "05-18 05-28", "05-16 05-26", "05-15 05-25"]),
        ("mothers_day", "ES", ["04-21 05-01", "04-20 04-30", "04-25 05-05", "04-24 05-04"]),
        ("mothers_day", "NO", ["01-27 02-06", "02-02 02-12", "02-01 02-11", "01-30 02-09"]),
        ("mothers_day", "PL", ["05-14 05-24"] * 4),
        ("mothers_day", "IL", [None] * 4),
    ],
)
def test_the_days_of_four_years(season: str, country: str, of_2026_to_2029: list[str | None]) -> None:
    assert [days(season, country, year) for year in range(2026, 2030)] == of_2026_to_2029


@pytest.mark.parametrize(
    ("season", "country", "year", "began"),
    [
        ("winter_sale", "FR", 2024, date(2024, 1, 10)),
        ("winter_sale", "FR", 2025, date(2025, 1, 8)),
        ("summer_sale", "FR", 2025, date(2025, 6, 25)),
        ("winter_sale", "IT", 2020, date(2020, 1, 4)),
        ("winter_sale", "IT", 2025, date(2025, 1, 4)),
        ("winter_sale", "GR", 2016, date(2016, 1, 11)),
        ("summer_sale", "GR", 2019, date(2019, 7, 8)),
        ("winter_sale", "LU", 2022, date(2022, 1, 3)),
        ("summer_sale", "LU", 2023, date(2023, 6, 24)),
        ("winter_sale", "DE", 2018, date(2018, 1, 29)),
        ("black_friday", "AE", 2022, date(2022, 11, 25)),
        ("black_friday", "MX", 2023, date(2023, 11, 17)),
    ],
)
def test_seasons_that_are_over_began_when_the_papers_say(
    season: str, country: str, year: int, began: date
) -> None:
    found = dates(season, country, year)
    assert found
    assert found[0] == began


def test_an_announced_year_comes_before_the_rule_of_all_years() -> None:
    assert (days("black_friday", "MX", 2025), days("summer_sale", "LU", 2025)) == (
        "11-13 11-17",
        "06-27 07-26",
    )


def test_the_french_mothers_day_gives_way_to_pentecost() -> None:
    assert (days("mothers_day", "FR", 2020), days("mothers_day", "FR", 2023)) == (
        "05-26 06-05",
        "05-23 06-02",
    )


@given(SEASONS, PLACES, YEARS)
def test_a_season_begins_in_its_year_and_is_over_within_ten_weeks(
    season: str, country: str, year: int
) -> None:
    if found := dates(season, country, year):
        first, last = found
        assert first.year == year
        assert first <= last < first + timedelta(weeks=10)


@given(SEASONS, PLACES, st.dates(date(2025, 1, 1), date(2040, 12, 31)))
def test_a_day_lies_in_a_season_exactly_when_the_next_one_has_begun(
    season: str, country: str, day: date
) -> None:
    running, coming = at(season, country, day), next_days(season, country, day)
    assert running == (coming if coming and coming[0] <= day else None)
    assert coming is None or coming[1] >= day


def test_christmas_begins_when_cyber_monday_is_over() -> None:
    for year in range(2026, 2040):
        before, after = dates("black_friday", "DE", year), dates("christmas", "DE", year)
        assert before
        assert after
        assert after[0] == before[1] + timedelta(days=1)


def test_every_row_can_be_read_and_names_a_season_of_ours() -> None:
    rows = read_table("seasons")
    assert {row["season"] for row in rows} == set(NAMES)
    for row in rows:
        assert row["begins"] == "none" or is_rule(row["begins"])
        assert row["ends"] == "none" or is_rule(row["ends"])


def test_a_row_without_a_source_is_weak() -> None:
    assert {row["confidence"] for row in read_table("seasons") if row["source"] == "no source found"} == {
        "low"
    }


@pytest.mark.parametrize(
    ("rule", "day"),
    [
        ("11-27", date(2027, 11, 27)),
        ("4th thu nov +1", date(2027, 11, 26)),
        ("last sat jan", date(2027, 1, 30)),
        ("easter -21", date(2027, 3, 7)),
        ("begin +27", date(2027, 1, 28)),
        ("03-01 -1", date(2027, 2, 28)),
        ("01-03; 01-02 if sun", date(2027, 1, 2)),
        ("2nd wed jan; 1st wed jan if after 01-12", date(2027, 1, 6)),
        ("last sun may; 1st sun jun if easter +63", date(2027, 6, 6)),
    ],
)
def test_a_day_in_words(rule: str, day: date) -> None:
    assert day_of(rule, 2027, date(2027, 1, 1)) == day


@pytest.mark.parametrize(
    "rule",
    ["", "soon", "13-01", "5th sun may", "4th thu nov 1", "01-03; soon if sun", "01-03; 01-02 if blue"],
)
def test_what_is_no_day_is_refused(rule: str) -> None:
    assert not is_rule(rule)


def test_a_begin_cannot_be_reckoned_from_itself() -> None:
    with pytest.raises(ValueError, match="only for an end"):
        day_of("begin +1", 2027)


def test_the_page_of_seasons_shows_the_tables() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "seasons.md"
    assert page.read_text(encoding="utf-8").endswith(season_page.tables())


def test_the_row_for_any_other_country_is_asked_last() -> None:
    row = seasons.row_for("mothers_day", "ZW", 2027)
    assert row
    assert row["country"] == "*"
