"""Permitted hours: which row of the table holds for a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from functools import cache, lru_cache

from flows.rules import from_tables, read_table
from flows.zones import Place

Hours = tuple[time, time]

# Operators keep shorter hours than French law, and refuse what comes outside them.
_PROFILES = {"FR": "operator-strict"}

_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Window:
    """When marketing texts may arrive at one place, in the local time of whoever gets them.

    Hours are (from, to), start inclusive, end exclusive; None: closed that day. ``row`` names the row
    of the table that holds here (``US-AL``, ``FR-operator-strict``, ``*``).
    """

    country: str
    region: str | None
    weekday: Hours | None
    saturday: Hours | None
    sunday: Hours | None
    holidays_allowed: bool
    row: str
    basis: str
    confidence: str
    source: str
    read_on: str
    note: str

    def hours(self, weekday: int) -> Hours | None:
        """The hours of a day as ``date.weekday()`` counts them, Monday 0."""
        return {_SATURDAY: self.saturday, _SUNDAY: self.sunday}.get(weekday, self.weekday)


def windows_for(places: Iterable[Place]) -> tuple[Window, ...]:
    """The windows of all places that a recipient may be in; a text goes only when all are open."""
    return tuple(window_for(place) for place in places)


@from_tables
@lru_cache(maxsize=4096)  # addresses name more regions than there are
def window_for(place: Place) -> Window:
    """The region's row, else the country's, else the row for any other country."""
    country, region = place
    names = (region, _PROFILES.get(country), "")
    row = next((_rows()[country, name] for name in names if (country, name) in _rows()), _rows()["*", ""])
    return Window(
        country=country,
        region=region,
        weekday=_hours(row, "weekday"),
        saturday=_hours(row, "saturday"),
        sunday=_hours(row, "sunday"),
        holidays_allowed=row["holidays_allowed"] == "yes",
        row="-".join(filter(None, (row["country"], row["region"]))),
        basis=row["basis"],
        confidence=row["confidence"],
        source=row["source"],
        read_on=row["read_on"],
        note=row["note"],
    )


@from_tables
@cache
def _rows() -> dict[tuple[str, str | None], dict[str, str]]:
    return {(row["country"], row["region"]): row for row in read_table("quiet_hours")}


def _hours(row: dict[str, str], day: str) -> Hours | None:
    start, end = row[f"{day}_from"], row[f"{day}_to"]
    return None if start == "none" else (time.fromisoformat(start), time.fromisoformat(end))
