"""Which quarters of an hour of a year are open, by the wall clocks of all who may be meant.

A year is one long number, a bit a quarter: every boundary of the tables, every wish of a merchant or
shopper and every clock of the world falls on a quarter. Nothing here is searched or predicted: each
quarter is looked at as a clock on the wall would show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import holidays

from flows.simulation.judge.tables import by_region

Place = tuple[str, str | None]
Hours = tuple[time, time]

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
A_DAY = 96
# A year with what carts of its ends may reach into; a day more at both ends for far-off clocks.
BEFORE, DAYS = timedelta(days=30), 365 + 30 + 60
_WHOLE_DAY, _COLUMNS = (1 << A_DAY) - 1, ("weekday",) * 5 + ("saturday", "sunday")
HOLIDAYS = ("public", "half_day", "de_facto")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What merchant and shopper want on top, on the shopper's clock."""

    quiet: tuple[Hours, ...] = ()
    days_off: frozenset[int] = frozenset()
    avoided_hours: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Calendar:
    """The open quarters of those who may be in these places and zones."""

    start: datetime
    bits: int = field(repr=False)

    def is_open(self, moment: datetime) -> bool:
        return bool(self.bits >> self._quarter(moment) & 1)

    def opens_at(self, moment: datetime, within: timedelta) -> datetime | None:
        """The first open moment from ``moment`` on, which is that moment itself if it is open."""
        quarter = self._quarter(moment)
        ahead = self.bits >> quarter
        if ahead & 1:
            return moment
        if ahead == 0:
            return None
        found = self.start + (quarter + (ahead & -ahead).bit_length() - 1) * QUARTER
        return found if found <= moment + within else None

    def open_for(self, moment: datetime) -> timedelta:
        """How long it stays open from ``moment`` on."""
        quarter = self._quarter(moment)
        closed = ~(self.bits >> quarter)
        return self.start + (quarter + (closed & -closed).bit_length() - 1) * QUARTER - moment

    def _quarter(self, moment: datetime) -> int:
        return (moment - self.start) // QUARTER


@lru_cache(maxsize=2048)
def calendar(
    year: int,
    places: tuple[Place, ...],
    zones: tuple[str, ...],
    wishes: Wishes = Wishes(),  # noqa: B008
) -> Calendar:
    start = datetime(year, 1, 1, tzinfo=UTC) - BEFORE
    if not zones:
        return Calendar(start, 0)
    bits = (1 << DAYS * A_DAY) - 1
    for zone in zones:
        for source in ("packaged", "machine"):
            for place in places:
                bits &= _by_clock(start, place, zone, source, wishes)
    return Calendar(start, bits)


@lru_cache(maxsize=4096)
def _by_clock(start: datetime, place: Place, zone: str, source: str, wishes: Wishes) -> int:
    """The open quarters of one place by one clock: its local ones, put where the clock shows them."""
    local, bits = _local(start, place, wishes), 0
    for first, last, offset in _offsets(start, zone, source):
        there = local >> (first + offset + A_DAY) & (1 << last - first) - 1
        bits |= there << first
    return bits


@lru_cache(maxsize=1024)
def _local(start: datetime, place: Place, wishes: Wishes) -> int:
    """The open quarters in local time, from a day before ``start`` on."""
    bits = 0
    for number in range(DAYS + 2):
        day = start.date() + (number - 1) * DAY
        bits |= _day(place, day, wishes) << number * A_DAY
    return bits


def _day(place: Place, day: date, wishes: Wishes) -> int:
    row = row_of(place)
    if day.weekday() in wishes.days_off:
        return 0
    if row["holidays_allowed"] == "no" and day in days_off(*place, day.year):
        return 0
    bits = _permitted(row["country"], row["region"], day.weekday())
    for quiet in wishes.quiet:
        bits &= ~_span(*quiet)
    for hour in wishes.avoided_hours:
        bits &= ~(0b1111 << hour * 4)
    return bits


@cache
def _permitted(country: str, region: str, weekday: int) -> int:
    row, column = by_region("quiet_hours")[country, region], _COLUMNS[weekday]
    if row[f"{column}_from"] == "none":
        return 0
    return _span(time.fromisoformat(row[f"{column}_from"]), time.fromisoformat(row[f"{column}_to"]))


@cache
def _span(start: time, end: time) -> int:
    """The quarters from start to end, over midnight where the end comes first."""
    first, last = (at.hour * 4 + at.minute // 15 for at in (start, end))
    if first <= last:
        return (1 << last) - (1 << first)
    return _WHOLE_DAY & ~((1 << first) - (1 << last))


def row_of(place: Place) -> dict[str, str]:
    country, region = place
    table = by_region("quiet_hours")
    names = (region, "operator-strict" if country == "FR" else None, "")
    found = (table[country, name] for name in names if name is not None and (country, name) in table)
    return next(found, table["*", ""])


@cache
def days_off(country: str, region: str | None, year: int) -> frozenset[date]:
    """All public holidays that a person at that place may have, half days included."""
    known = _calendars().get(country)
    if known is None:
        return frozenset()
    table = by_region("holiday_regions")
    row = table.get((country, region or "")) or (table.get((country, "*")) if region else None)
    told = tuple(row["subdivisions"].split()) if row else None
    regions = told if told is not None else (region,) if region in known else known
    kinds = [kind for kind in HOLIDAYS if kind in getattr(holidays, country).supported_categories]
    found: set[date] = set()
    for subdivision in (None, *regions):
        found.update(
            holidays.country_holidays(country, subdiv=subdivision, years=year, categories=tuple(kinds))
        )
    return frozenset(found)


@cache
def _calendars() -> dict[str, tuple[str, ...]]:
    listed = holidays.list_supported_countries(include_aliases=False)
    return {country: tuple(subdivisions) for country, subdivisions in listed.items()}


@cache
def _clock(zone: str, source: str) -> ZoneInfo:
    if source == "machine":
        return ZoneInfo(zone)
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone)


@cache
def _offsets(start: datetime, zone: str, source: str) -> tuple[tuple[int, int, int], ...]:
    """The stretches in which the clock is so many quarters off UTC: first and last quarter, offset."""
    clock = _clock(zone, source)
    changes = [0, *_changes(start, clock), DAYS * A_DAY]
    return tuple(
        (first, last, _offset(start + first * QUARTER, clock) // QUARTER)
        for first, last in zip(changes, changes[1:], strict=False)
    )


def _changes(start: datetime, clock: ZoneInfo) -> Iterator[int]:
    for day in range(DAYS):
        at = start + day * DAY
        if _offset(at, clock) == _offset(at + DAY, clock):
            continue
        for quarter in range(day * A_DAY, (day + 1) * A_DAY):
            if _offset(start + quarter * QUARTER, clock) != _offset(start + (quarter + 1) * QUARTER, clock):
                yield quarter + 1


def _offset(moment: datetime, clock: ZoneInfo) -> timedelta:
    return moment.astimezone(clock).utcoffset() or timedelta()


def caps(places: tuple[Place, ...]) -> list[tuple[int, timedelta]]:
    """How many texts within how long, at each place that has a limit."""
    table = by_region("caps")
    found = [table.get((country, region or "")) or table.get((country, "")) for country, region in places]
    return [(int(row["max_texts"]), timedelta(hours=int(row["hours"]))) for row in found if row]
