"""Days of a year in words, as tables write them: ``4th thu nov +1``, ``easter -21``, ``01-03; 01-02 if sun``.

A rule is a day, and after it others that hold under a condition; the first whose condition is met wins:

- a day is ``MM-DD``, ``2nd sun may`` (to ``4th``, or ``last``), ``easter`` (the Western one) or ``begin``
  (where the season begins; only for ends), each with days to add or to take off: ``+27``, ``-1``;
- a condition is what the first day is like: a weekday (``sun``), ``after MM-DD``, or another day that it
  falls on (``easter +49``).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from dateutil.easter import easter

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PLACES = {"1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "last": -1}

_DAY = re.compile(
    rf"(?:(?P<fixed>\d\d-\d\d)|(?P<easter>easter)|(?P<begin>begin)"
    rf"|(?P<place>{'|'.join(_PLACES)}) (?P<weekday>{'|'.join(_WEEKDAYS)}) (?P<month>{'|'.join(_MONTHS)}))"
    r"(?: (?P<moved>[+-]\d{1,3}))?"
)


def day_of(rule: str, year: int, begin: date | None = None) -> date:
    """The day of ``year`` that the rule means. Raises ValueError for what is no rule."""
    first, *others = rule.split(";")
    usual = _day(first, year, begin)
    chosen = None
    for other in others:
        words, _, condition = other.partition(" if ")
        day, holds = _day(words, year, begin), _holds(condition.strip(), usual, begin)
        chosen = day if chosen is None and holds else chosen
    return chosen or usual


def is_rule(rule: str) -> bool:
    """Whether the rule can be read, whatever the year."""
    try:
        return bool(day_of(rule, 2027, date(2027, 1, 1)))
    except ValueError:
        return False


def _day(words: str, year: int, begin: date | None) -> date:
    found = _DAY.fullmatch(words.strip())
    if found is None:
        raise ValueError(f"{words.strip()!r} is no day such as 11-27, 2nd sun may or easter -21")
    if found["fixed"]:
        day = date.fromisoformat(f"{year}-{found['fixed']}")
    elif found["easter"]:
        day = easter(year)
    elif found["begin"]:
        if begin is None:
            raise ValueError("begin is a day only for an end")
        day = begin
    else:
        days = _weekdays(year, _MONTHS.index(found["month"]) + 1, _WEEKDAYS.index(found["weekday"]))
        day = days[_PLACES[found["place"]]]
    return day + timedelta(days=int(found["moved"] or 0))


def _weekdays(year: int, month: int, weekday: int) -> list[date]:
    """All days of a month that are that weekday."""
    first = date(year, month, 1)
    days = (first + timedelta(days=ahead) for ahead in range(31))
    return [day for day in days if day.month == month and day.weekday() == weekday]


def _holds(condition: str, day: date, begin: date | None) -> bool:
    if condition in _WEEKDAYS:
        return day.weekday() == _WEEKDAYS.index(condition)
    if condition.startswith("after "):
        return day > _day(condition.removeprefix("after "), day.year, begin)
    return day == _day(condition, day.year, begin)
