"""Numbers, money, moments and names as a visitor reads them.

Figures and dates are written as in the visitor's locale, by Babel; words, names of countries and
languages and lengths of time are in the language of the pages, which is English.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_locale_identifier, parse_locale
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent
from babel.units import format_unit

PAGE_LANGUAGE = Locale("en")
ISOLATE, ISOLATED = "\u2068", "\u2069"
"""Unicode's marks around text of a direction of its own."""

UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Formats:
    """How one visitor reads one store's figures; moments are shown on the store's clock."""

    locale: Locale
    zone: ZoneInfo

    def number(self, value: int | Decimal) -> str:
        return self._apart(format_decimal(value, locale=self.locale))

    def money(self, amount: Decimal, currency: str) -> str:
        """An exact amount; a currency that CLDR does not know is written out."""
        return self._apart(format_currency(amount, currency, locale=self.locale))

    def round_money(self, amount: Decimal, currency: str) -> str:
        """An amount for the scale of a chart."""
        told = format_compact_currency(amount, currency, locale=self.locale, fraction_digits=1)
        return self._apart(told)

    def price(self, amount: Decimal, currency: str) -> str:
        """A price of parts of a cent: to four digits."""
        told = format_currency(
            round(amount, 4), currency, locale=self.locale, currency_digits=False, decimal_quantization=False
        )
        return self._apart(told)

    def percent(self, share: float) -> str:
        """A share with at most one digit behind the point."""
        told = format_percent(round(share, 3), locale=self.locale, decimal_quantization=False)
        return self._apart(told)

    def times(self, factor: Decimal) -> str:
        return self._apart(f"{format_decimal(round(factor, 1), locale=self.locale)}×")

    def day(self, value: date) -> str:
        return self._apart(format_date(value, "medium", locale=self.locale))

    def days(self, first: date, last: date) -> str:
        """Both included; what they share is told once: 27 – 30 Nov 2026."""
        if first == last:
            return self.day(first)
        return self._apart(format_interval(first, last, "yMMMd", locale=self.locale))

    def short_day(self, value: date) -> str:
        return self._apart(str(format_skeleton("MMMd", value, locale=self.locale)))

    def moment(self, value: datetime) -> str:
        local = value.astimezone(self.zone)
        time = format_time(local, "short", tzinfo=self.zone, locale=self.locale)
        return self._apart(f"{format_date(local, 'medium', locale=self.locale)}, {time}")

    def _apart(self, told: str) -> str:
        """Set apart from the words around it where it is read from right to left, else both are torn up."""
        return f"{ISOLATE}{told}{ISOLATED}" if self.locale.text_direction == "rtl" else told


def country(code: str | None) -> str:
    return str(PAGE_LANGUAGE.territories.get(code or "", code or "Unknown"))


def countries(codes: Iterable[str]) -> str:
    """Names in a row: "Canada, Puerto Rico and the United States"."""
    return format_list(sorted(map(country, codes)), locale=PAGE_LANGUAGE)


def language(tag: str) -> str:
    """The name of a language by its BCP 47 tag; ``de-x-formal`` is German (formal)."""
    public, _, tone = tag.partition("-x-")
    known = read_locale(public)
    name = known.get_display_name(PAGE_LANGUAGE) if known else tag
    return f"{name} ({tone})" if tone and known else name or tag


def is_right_to_left(tag: str) -> bool:
    known = read_locale(tag.partition("-x-")[0])
    return known is not None and known.text_direction == "rtl"


def duration(length: timedelta) -> str:
    """A length of time in whole units, exactly: "1 day 2 hours"."""
    left, parts = int(length.total_seconds()), []
    for name, seconds in UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(format_unit(count, f"duration-{name}", "long", locale=PAGE_LANGUAGE))
    return " ".join(parts) or "no time"


def choose_locale(wishes: Iterable[str]) -> Locale:
    """The first of the visitor's wishes that CLDR knows; English if none."""
    return next(filter(None, map(read_locale, wishes)), Locale("en"))


@lru_cache(maxsize=512)
def read_locale(tag: str) -> Locale | None:
    """The locale of a tag in any spelling (``de-AT``, ``de_AT``), as far as CLDR knows it."""
    try:
        parts = parse_locale(tag.replace("-", "_"))
    except ValueError:
        return None
    for identifier in (get_locale_identifier(parts[:4]), parts[0]):
        try:
            return Locale.parse(identifier)
        except (UnknownLocaleError, ValueError):
            continue
    return None
