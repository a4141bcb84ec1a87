"""Which days are public holidays at a place, by the ``holidays`` package and our table of its regions.

Where the region of a recipient is not known, a day that is a holiday in any region of the country is a
holiday: a row that closes on holidays was written for the recipient's own, and a text that is held for
a day too long is better than one that disturbs a holiday. Half days count as whole ones for the same
reason. The package costs a second and 40 MB, so it is loaded when a closing row is first asked about.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from flows.rules import from_tables, read_table
from flows.windows import Window

# ``half_day``: from noon on. ``de_facto``: no law, yet everything is closed (Switzerland).
_CATEGORIES = frozenset({"public", "half_day", "de_facto"})


def is_holiday(window: Window, day: date) -> bool:
    """Whether that local day is a public holiday where the window holds, or may be one."""
    return day in _days(window.country, window.region, day.year)


def is_loaded() -> bool:
    """Whether the calendars are in memory, so that nobody has to wait for them."""
    return "holidays.countries" in sys.modules


def load() -> None:
    """Bring the calendars into memory: a second of work, more on a busy machine."""
    import_module("holidays.countries")


@from_tables
@lru_cache(maxsize=4096)
def _days(country: str, region: str | None, year: int) -> frozenset[date]:
    import holidays  # see above

    calendar: Any = getattr(holidays, country, None)
    if calendar is None:
        return frozenset()
    categories = _CATEGORIES & set(calendar.supported_categories)
    return frozenset(
        day
        for subdivision in (None, *_subdivisions(country, region, calendar.subdivisions))
        for day in calendar(subdiv=subdivision, years=year, categories=categories)
    )


def _subdivisions(country: str, region: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The package's names for the region; all that a place of an unknown region may lie in."""
    table = _regions()
    for key in ((country, region or ""), (country, "*" if region else "")):
        if key in table:
            return table[key]
    return (region,) if region in known else known


@from_tables
@cache
def _regions() -> Mapping[tuple[str, str], tuple[str, ...]]:
    rows = read_table("holiday_regions")
    return {(row["country"], row["region"]): tuple(row["subdivisions"].split()) for row in rows}
