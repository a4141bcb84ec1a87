"""Which seasons come up where, and what a flow has prepared for them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flows import seasons as calendar
from flows.definition import FlowDefinition
from flows.season_form import Season
from flows.seasons import NAMES, Days

AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Coming:
    """A season in the countries where it falls on the same days, and those of them where one is prepared."""

    key: str
    days: Days
    countries: tuple[str, ...]
    prepared: tuple[str, ...]


def coming(flow: FlowDefinition, countries: Iterable[str], today: date) -> list[Coming]:
    """The calendar's seasons of the next twelve months in these countries, by their first day."""
    found: dict[tuple[Days, str], list[str]] = defaultdict(list)
    for country in sorted(set(countries)):
        for key in NAMES:
            days = calendar.next_days(key, country, today)
            if days is not None and days[0] < today + AHEAD:
                found[days, key].append(country)
    return [
        Coming(key, days, tuple(places), _prepared(flow, key, days, places))
        for (days, key), places in sorted(found.items())
    ]


def _prepared(flow: FlowDefinition, key: str, days: Days, countries: Sequence[str]) -> tuple[str, ...]:
    """Where an active season of that name runs in that year, on the calendar's days or its own."""
    entries = [season for season in flow.seasons if season.active and season.key == key]
    return tuple(country for country in countries if any(one.days(country, days[0].year) for one in entries))


def next_days(season: Season, country: str, today: date) -> Days | None:
    """The days of a flow's season that runs today, or else of the next one, by the end of next year."""
    found = (season.days(country, year) for year in (today.year - 1, today.year, today.year + 1))
    return next((days for days in found if days is not None and days[1] >= today), None)
