"""A second opinion on permitted hours, slow and plain, that shares nothing with the gates but the tables.

Rows and holidays are read by the judge of the simulation; wall clocks are looked at minute by minute.
"""

from __future__ import annotations

from datetime import datetime, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from flows.simulation.judge.hours import days_off, row_of

DAYS = ("weekday", "weekday", "weekday", "weekday", "weekday", "saturday", "sunday")


@cache
def packaged(zone: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone)


@cache
def hours_on(country: str, region: str | None, weekday: int) -> tuple[time, time] | None:
    row = row_of((country, region))
    start, end = row[f"{DAYS[weekday]}_from"], row[f"{DAYS[weekday]}_to"]
    return None if start == "none" else (time.fromisoformat(start), time.fromisoformat(end))


def _open_on(wall: datetime, country: str, region: str | None) -> bool:
    hours = hours_on(country, region, wall.weekday())
    if hours is None or not hours[0] <= wall.time() < hours[1]:
        return False
    closes = row_of((country, region))["holidays_allowed"] == "no"
    return not closes or wall.date() not in days_off(country, region, wall.year)


def is_open(
    moment: datetime,
    places: tuple[tuple[str, str | None], ...],
    zones: tuple[str, ...],
    quiet: tuple[tuple[time, time], ...] = (),
    days_off: frozenset[int] = frozenset(),
) -> bool:
    """Whether the wall clocks of all zones, by the packaged data and the machine's, show permitted hours.

    ``quiet`` are hours that somebody wants to be left alone, ``days_off`` weekdays without texts.
    """
    walls = [moment.astimezone(clock) for zone in zones for clock in (packaged(zone), ZoneInfo(zone))]
    if any(wall.weekday() in days_off or _is_quiet(wall.time(), quiet) for wall in walls):
        return False
    return bool(walls) and all(_open_on(wall, *place) for wall in walls for place in places)


def _is_quiet(wall: time, quiet: tuple[tuple[time, time], ...]) -> bool:
    return any(
        start <= wall < end if start < end else (wall >= start or wall < end)
        for start, end in quiet
        if start != end
    )
