"""The last day of an offer, and the moment at which it is over wherever the shopper may be. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from flows.zones import clocks

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def ends(now: datetime, lasts: timedelta, zones: Sequence[str], last: date | None) -> tuple[date, datetime]:
    """The last day of an offer, and its end in the last of the zones in which the shopper may be.

    Not after ``last``, the end of a season.
    """
    places = _clocks(zones)
    day = max((now + lasts).astimezone(clock).date() for clock in places)
    day = min(day, last) if last else day
    return day, max(_last_second(day, clock) for clock in places)


def last_day(ends_at: datetime, zones: Sequence[str]) -> date:
    """The last day that is over in all of these zones at that end: the day that ``ends`` made it of, or an
    earlier one where the shopper may be further west by now."""
    return min((ends_at + SECOND).astimezone(clock).date() for clock in _clocks(zones)) - DAY


def is_past(day: date, now: datetime, zones: Sequence[str]) -> bool:
    """Whether the day may be over where the shopper is."""
    return any(now.astimezone(clock).date() > day for clock in _clocks(zones))


def _last_second(day: date, clock: tzinfo) -> datetime:
    """Right before the next day begins: in some years a country repeats or skips the hour before midnight."""
    return datetime.combine(day + DAY, time.min, clock).astimezone(UTC) - SECOND


def _clocks(zones: Sequence[str]) -> list[tzinfo]:
    return [clock for zone in zones for clock in clocks(zone)] or [UTC]
