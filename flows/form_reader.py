"""Reads a JSON form whole: every error is told at once, each with its place, such as ``steps[1].delay``."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import isodate
from babel.numbers import get_currency_precision, list_currencies
from phonenumbers import SUPPORTED_REGIONS

from flows.placeholders import has_control_characters

LONGEST = timedelta(days=90)
NAME_LIMIT = 100
MOST_ROWS = 100
LONGEST_PLACE = 200
YEARS = range(2000, 2101)
OUTSIDE = object()
"""Stands for a value that is missing, where a place needs one."""

_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?")


class FormReader:
    """Reads on after an error, with a stand-in for what was wrong, so that all errors are told at once.

    ``platform``: that of the store whose flow it is; None where nobody knows it.
    """

    def __init__(self, platform: str | None = None) -> None:
        self.platform = platform
        self.errors: list[str] = []

    def duration(
        self, data: object, place: str, default: timedelta, longest: timedelta = LONGEST
    ) -> timedelta:
        if data is OUTSIDE:
            return default
        try:
            return _read_duration(data, longest)
        except ValueError as error:
            self.error(place, str(error))
            return default

    def name(self, data: object, place: str) -> str:
        if data is OUTSIDE:
            return ""
        if not isinstance(data, str) or not data.strip() or len(data) > NAME_LIMIT:
            self.error(place, f"must be a name of 1 to {NAME_LIMIT} characters")
        elif "\n" in data or has_control_characters(data):
            self.error(place, "contains a control character")
        return str(data)

    def flag(self, data: object, place: str) -> bool:
        if data is not OUTSIDE and not isinstance(data, bool):
            self.error(place, "must be true or false")
        return data is True

    def one_of(self, data: object, known: tuple[str, ...], place: str) -> str:
        if data is not OUTSIDE and data not in known:
            self.error(place, f"{shown(data)} is not known; possible: {', '.join(known)}")
        return data if isinstance(data, str) else known[0]

    def whole(self, data: object, place: str, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``."""
        if data is OUTSIDE:
            return least
        if type(data) is not int or not least <= data <= most:
            self.error(place, f"{shown(data)} is no whole number from {least} to {most}")
            return least
        return data

    def amounts(self, data: object, place: str) -> Mapping[str, Decimal]:
        """Sums by currency, as texts such as "5.00", which are exact: what a text names, the code gives."""
        found: dict[str, Decimal] = {}
        for currency, amount in self.entries(data, place).items():
            if currency not in list_currencies():
                self.error(f"{place}.{currency}", f"{shown(currency)} is no ISO 4217 currency such as EUR")
            sum_ = _read_amount(amount)
            if sum_ is None:
                self.error(f"{place}.{currency}", f'{shown(amount)} is no sum such as "5.00"')
                continue
            if -int(sum_.as_tuple().exponent) > get_currency_precision(currency):
                self.error(f"{place}.{currency}", f"{shown(amount)} has more decimals than {currency}")
            found[currency] = sum_
        if not found and isinstance(data, Mapping) and not data:
            self.error(place, "must name at least one currency")
        return found

    def day(self, data: object, place: str) -> date:
        if data is OUTSIDE:
            return date.min
        try:
            if isinstance(data, str) and len(data) == len("2027-01-31"):
                day = date.fromisoformat(data)
                if day.year in YEARS:
                    return day
        except ValueError:
            pass
        self.error(place, f"{shown(data)} is no day such as 2027-01-31")
        return date.min

    def countries(self, data: object, place: str) -> tuple[str, ...]:
        countries = self.names(data, place)
        for index, country in enumerate(countries):
            if country not in SUPPORTED_REGIONS:
                hint = "; the United Kingdom is GB" if country == "UK" else ""
                self.error(f"{place}[{index}]", f"{shown(country)} is no ISO 3166 country such as DE{hint}")
        return countries

    def rows(self, data: object, place: str) -> Sequence[object]:
        """A list of at most MOST_ROWS: what is read of each is compared with the others."""
        if data is OUTSIDE:
            return ()
        if not isinstance(data, list):
            self.error(place, "must be a list")
            return ()
        if len(data) > MOST_ROWS:
            self.error(place, f"has {len(data)} entries, at most {MOST_ROWS} are possible")
            return ()
        return data

    def names(self, data: object, place: str) -> tuple[str, ...]:
        """A list of short texts, each once."""
        if data is OUTSIDE:
            return ()
        if not isinstance(data, list):
            self.error(place, "must be a list")
            return ()
        return tuple(dict.fromkeys(self.name(one, f"{place}[{index}]") for index, one in enumerate(data)))

    def record(
        self, data: object, place: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> Mapping[str, object]:
        if data is OUTSIDE:
            return {}
        fields = self.entries(data, place)
        for name in fields:
            if name not in (*required, *optional):
                self.error(_inside(place, name), "unknown key")
        if isinstance(data, Mapping):
            for name in required:
                if name not in fields:
                    self.error(_inside(place, name), "is missing")
        return fields

    def entries(self, data: object, place: str) -> Mapping[str, object]:
        if data is OUTSIDE:
            return {}
        if not isinstance(data, Mapping):
            self.error(place or "flow", "must be an object")
            return {}
        return {str(name): value for name, value in data.items()}

    def error(self, place: str, problem: str) -> None:
        self.errors.append(f"{place[:LONGEST_PLACE]}: {problem}")


def duration_form(length: timedelta) -> str:
    """In ISO 8601; none at all as in the documents, where the library says P0D."""
    return str(isodate.duration_isoformat(length)) if length else "PT0S"


def shown(data: object) -> str:
    return reprlib.repr(data)


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _read_amount(data: object) -> Decimal | None:
    if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
        return None
    try:
        amount = Decimal(data)
    except InvalidOperation:
        return None
    return amount if amount > 0 else None


def _read_duration(data: object, longest: timedelta) -> timedelta:
    if not isinstance(data, str) or not data.isascii() or data.endswith(("P", "T")):
        raise ValueError(f"{shown(data)} is no ISO 8601 duration such as PT30M, PT24H or P4D")
    try:
        duration = isodate.parse_duration(data)
    except isodate.ISO8601Error:
        raise ValueError(f"{shown(data)} is no ISO 8601 duration such as PT30M, PT24H or P4D") from None
    except OverflowError:
        duration = timedelta.max
    if not isinstance(duration, timedelta):
        raise ValueError("years and months have no fixed length: write days, such as P30D")
    if duration < timedelta(0):
        raise ValueError("must not be negative")
    if duration > longest:
        raise ValueError(f"must not be longer than {longest.days} days")
    if duration.microseconds:
        raise ValueError("must be in whole seconds")
    return duration
