"""The form of the rule tables: their keys, and what a cell may hold."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from datetime import date, time

from app.config import SettingError
from flows.rules.days import is_rule

Row = dict[str, str]

FORMS: dict[str, tuple[str, ...]] = {
    "quiet_hours": ("country", "region"),
    "caps": ("country", "region"),
    "countries": ("country",),
    "sender_rates": ("provider", "sender"),
    "holiday_regions": ("country", "region"),
    "area_codes": ("area_code",),
    "senders": ("country",),
    "address_zones": ("country", "region", "postcode"),
    "retention": ("kind",),
    "seasons": ("season", "country", "year"),
}
"""The tables that an operator may change, each with the columns of its key."""


class RuleError(SettingError):
    """A table of the operator's is wrong; the message names the file, the line and what to do."""


def key_of(name: str, row: Row) -> tuple[str, ...]:
    """What no two rows of a table share. A table that nobody may change is keyed by the whole row."""
    return tuple(row[column] for column in FORMS.get(name, tuple(row)))


def read_rows(text: str) -> list[tuple[int, Row]]:
    """The rows of a table, each with the line on which it ends."""
    reader = csv.DictReader(io.StringIO(text))
    return [(reader.line_num, row) for row in reader]


def check(name: str, text: str, columns: Sequence[str]) -> None:
    """A whole table in the operator's words. Raises RuleError for the first thing that is wrong."""
    file = f"{name}.csv"
    header = next(csv.reader(io.StringIO(text)), [])
    if sorted(header) != sorted(columns):
        raise RuleError(f"WARMCART_RULES {file} line 1: the columns must be {','.join(columns)}")
    seen: set[tuple[str, ...]] = set()
    for line, row in read_rows(text):
        complaint = _complaint(name, row)
        if complaint is None and key_of(name, row) in seen:
            complaint = f"there is an earlier row for {'-'.join(filter(None, key_of(name, row)))}"
        if complaint is not None:
            raise RuleError(f"WARMCART_RULES {file} line {line}: {complaint}")
        seen.add(key_of(name, row))


def _complaint(name: str, row: Row) -> str | None:
    if None in row or None in row.values():
        return "the row has more or fewer cells than the table has columns"
    for column, value in row.items():
        sound, wanted = _CELLS.get(_kind(column), _ANYTHING)
        if not sound(value):
            return f"{column} is {value!r}, and must be {wanted}"
    if name == "seasons":
        return _season_complaint(row)
    return _hours_complaint(row) if name == "quiet_hours" else None


def _season_complaint(row: Row) -> str | None:
    if (row["begins"] == "none") is not (row["ends"] == "none"):
        return "begins and ends must both be none, or neither"
    return "begins must not be reckoned from begin" if "begin" in row["begins"] else None


def _hours_complaint(row: Row) -> str | None:
    for day in ("weekday", "saturday", "sunday"):
        start, end = row[f"{day}_from"], row[f"{day}_to"]
        if "none" in (start, end):
            if start != end:
                return f"{day}_from and {day}_to must both be none, or neither"
        elif start >= end:
            return f"{day}_from must be before {day}_to: hours do not run over midnight"
    if row["holidays_allowed"] == "no" and not _has_calendar(row["country"]):
        return f"no calendar of holidays is known for {row['country']}: holidays_allowed must be yes"
    return None


def _has_calendar(country: str) -> bool:
    from holidays.registry import COUNTRIES  # dear to load, and seldom asked: flows/public_holidays.py

    return any(country in names for names in COUNTRIES.values())


def _kind(column: str) -> str:
    return column[column.rindex("_") :] if column.endswith(("_from", "_to")) else column


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _is_hour(value: str) -> bool:
    try:
        return value == "none" or time.fromisoformat(value).strftime("%H:%M") == value
    except ValueError:
        return False


def _is_day(value: str) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_rate(value: str) -> bool:
    try:
        return 0 < float(value) < 10_000
    except ValueError:
        return False


_ANYTHING: tuple[Callable[[str], bool], str] = (lambda _: True, "anything")
_HOUR = (_is_hour, "HH:MM or none")
_DAY_RULE = (lambda rule: rule == "none" or is_rule(rule), "none, or a day such as 11-27, 4th thu nov +1")
_CELLS: dict[str, tuple[Callable[[str], bool], str]] = {
    "country": (_matches(r"[A-Z]{2}|\*"), "a country code of two letters (ISO 3166-1), or *"),
    "region": (_matches(r"[A-Za-z0-9*-]*"), "a region (ISO 3166-2 without the country), or empty"),
    "_from": _HOUR,
    "_to": _HOUR,
    "holidays_allowed": (_matches("yes|no"), "yes or no"),
    "double_opt_in": (_matches("yes|no"), "yes or no"),
    "max_texts": (_matches("[1-9][0-9]?"), "a number from 1 to 99"),
    "hours": (_matches("[1-9][0-9]{0,2}"), "a number of hours from 1 to 999"),
    "provider": (bool, "the name of a provider"),
    "sender": (bool, "a sender, or a kind: name, long_code, long_code_us, toll_free, short_code"),
    "segments_per_second": (_is_rate, "a number above 0"),
    "max_texts_per_cart": (_matches("([1-9][0-9]?)?"), "a number from 1 to 99, or empty"),
    "max_age_hours": (_matches("([1-9][0-9]{0,3})?"), "a number of hours, or empty"),
    "days": (_matches("[1-9][0-9]{0,4}"), "a number of days"),
    "least": (_matches("[1-9][0-9]{0,4}"), "a number of days"),
    "area_code": (_matches("[2-9][0-9]{2}"), "three digits"),
    "names": (_matches("yes|registered|no"), "yes, registered or no"),
    "spaces": (_matches("yes|no"), "yes or no"),
    "exact_length": (_matches("([1-9]|10|11)?"), "a number from 1 to 11, or empty"),
    "season": (_matches("[a-z][a-z_]*"), "the key of a season, such as black_friday"),
    "year": (_matches("(20[0-9]{2})?"), "a year, or empty for every year"),
    "begins": _DAY_RULE,
    "ends": _DAY_RULE,
    "confidence": (_matches("high|medium|low"), "high, medium or low"),
    "source": (bool, "who says so"),
    "read_on": (_is_day, "the day on which the source was read, YYYY-MM-DD"),
}
"""By column, or the end of its name: whether a cell is sound, and what it must be."""
