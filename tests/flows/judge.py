"""A second opinion on permitted hours, slow and plain, that shares nothing with flows but the tables."""

from __future__ import annotations

import csv
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import holidays

DAYS = ("weekday", "weekday", "weekday", "weekday", "weekday", "saturday", "sunday")


@cache
def table() -> dict[tuple[str, str], dict[str, str]]:
    text = (files("flows") / "rules" / "quiet_hours.csv").read_text(encoding="utf-8")
    return {(row["country"], row["region"]): row for row in csv.DictReader(text.splitlines())}


@cache
def holiday_regions(country: str, region: str | None) -> tuple[str, ...] | None:
    """What the table says of the region; None: nothing."""
    text = (files("flows") / "rules" / "holiday_regions.csv").read_text(encoding="utf-8")
    rows = {(row["country"], row["region"]): row for row in csv.DictReader(text.splitlines())}
    row = rows.get((country, region or "")) or (rows.get((country, "*")) if region else None)
    return tuple(row["subdivisions"].split()) if row else None


@cache
def days_off(country: str, region: str | None, year: int) -> frozenset[date]:
    """All public holidays that a person at that place may have, half days included."""
    if country not in holidays.list_supported_countries():
        return frozenset()
    regions = holiday_regions(country, region)
    if regions is None:
        known = holidays.list_supported_countries(include_aliases=False)[country]
        regions = (region,) if region in known else tuple(known)
    found: set[date] = set()
    for subdivision in (None, *regions):
        for category in ("public", "half_day", "de_facto"):
            try:
                found.update(
                    holidays.country_holidays(country, subdiv=subdivision, years=year, categories=(category,))
                )
            except ValueError:  # the country has no holidays of that kind
                continue
    return frozenset(found)


@cache
def row_of(country: str, region: str | None) -> dict[str, str]:
    if country == "FR":
        return table()["FR", "operator-strict"]
    return table().get((country, region or "")) or table().get((country, "")) or table()["*", ""]


@cache
def packaged(zone: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone)


@cache
def hours_on(country: str, region: str | None, weekday: int) -> tuple[time, time] | None:
    row = row_of(country, region)
    start, end = row[f"{DAYS[weekday]}_from"], row[f"{DAYS[weekday]}_to"]
    return None if start == "none" else (time.fromisoformat(start), time.fromisoformat(end))


def _open_on(wall: datetime, country: str, region: str | None) -> bool:
    hours = hours_on(country, region, wall.weekday())
    if hours is None or not hours[0] <= wall.time() < hours[1]:
        return False
    closes = row_of(country, region)["holidays_allowed"] == "no"
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
