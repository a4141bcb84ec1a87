"""The days on which a season of shopping falls, by country and year: ``rules/seasons.csv``.

Laws fix some, custom most; a row says which, and how sure we are. A gift season ends before its day: what
is ordered later comes too late. The year of a season is the one in which it begins.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache

from flows.rules import from_tables, read_table
from flows.rules.days import day_of
from flows.rules.form import Row

Days = tuple[date, date]
"""A first and a last day, both included, on the shopper's calendar."""

NAMES = {
    "black_friday": "Black Friday and Cyber Monday",
    "singles_day": "Singles' Day",
    "christmas": "Christmas",
    "boxing_day": "Boxing Day",
    "winter_sale": "Winter sales",
    "summer_sale": "Summer sales",
    "valentines_day": "Valentine's Day",
    "mothers_day": "Mother's Day",
}
"""The seasons that there are, in English."""


@from_tables
@lru_cache(maxsize=32768)
def dates(season: str, country: str, year: int) -> Days | None:
    """The first and the last day of the season that begins in ``year``; None where there is none."""
    row = row_for(season, country, year)
    if row is None or row["begins"] == "none":
        return None
    first = day_of(row["begins"], year)
    last = day_of(row["ends"], year, first)
    return first, last if last >= first else day_of(row["ends"], year + 1, first)


def at(season: str, country: str, day: date) -> Days | None:
    """The days of the season that ``day`` lies in; it may have begun in the year before."""
    found = (dates(season, country, year) for year in (day.year, day.year - 1))
    return next((days for days in found if days and days[0] <= day <= days[1]), None)


def next_days(season: str, country: str, day: date) -> Days | None:
    """The days of the season that runs on ``day``, or else of the next one within a year."""
    found = (dates(season, country, year) for year in (day.year - 1, day.year, day.year + 1))
    coming = (days for days in found if days and days[1] >= day)
    return next((days for days in coming if days[0] < day + timedelta(days=366)), None)


def row_for(season: str, country: str, year: int) -> Row | None:
    """The row that holds: that of the country and the year, of the country, of any other country."""
    rows = _rows()
    keys = ((country, str(year)), (country, ""), ("*", str(year)), ("*", ""))
    return next((rows[season, *key] for key in keys if (season, *key) in rows), None)


@from_tables
@cache
def countries() -> tuple[str, ...]:
    """All that a row names, and ``*``, which stands for any other."""
    return tuple(sorted({row["country"] for row in read_table("seasons")}))


@from_tables
@cache
def _rows() -> dict[tuple[str, str, str], Row]:
    return {(row["season"], row["country"], row["year"]): row for row in read_table("seasons")}
