"""At which moments simulated shoppers leave their carts: any minute of the year, and more often near trouble.

Trouble is where clocks change, years end, holidays come, and hours open or close.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from flows.zones import zones_of_country

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_UNIFORM, _CLOCKS, _HOLIDAYS, _NEW_YEAR = 0.55, 0.65, 0.8, 0.85
_BOUNDARIES = (7, 8, 9, 10, 12, 13, 17, 18, 19, 20, 21, 22)


def moment(country: str, year: int, chance: Random) -> datetime:
    """A minute at which a text of somebody in that country is first thought of."""
    zone = ZoneInfo(chance.choice(zones_of_country(country) or ("UTC",)))
    rolled = chance.random()
    if rolled < _UNIFORM:
        return _any(year, chance)
    if rolled < _CLOCKS and (changes := _changes(zone.key, year)):
        return chance.choice(changes) + chance.randint(-36 * 60, 36 * 60) * MINUTE
    if rolled < _HOLIDAYS and (days := _holidays(country, year)):
        midnight = datetime.combine(chance.choice(days), time.min, zone).astimezone(UTC)
        return midnight + chance.randint(-30 * 60, 26 * 60) * MINUTE
    if rolled < _NEW_YEAR:
        return datetime(year + chance.randint(0, 1), 1, 1, tzinfo=UTC) + chance.randint(-2880, 1440) * MINUTE
    local = datetime(year, 1, 1, chance.choice(_BOUNDARIES), tzinfo=zone) + chance.randrange(365) * DAY
    return local.astimezone(UTC) + chance.randint(-3, 3) * MINUTE


def _any(year: int, chance: Random) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC) + chance.randrange(365 * 24 * 60) * MINUTE


@cache
def _changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The hours at which the clock of a zone is changed."""
    clock, start = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    found = []
    for number in range(365):
        day = start + number * DAY
        if day.astimezone(clock).utcoffset() != (day + DAY).astimezone(clock).utcoffset():
            found.append(day)
    return tuple(found)


@cache
def _holidays(country: str, year: int) -> tuple[date, ...]:
    import holidays  # a second and 40 MB

    calendar = getattr(holidays, country, None)
    return tuple(sorted(calendar(years=year))) if calendar else ()
