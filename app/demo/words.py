"""The demo's own words, in some of the languages that texts have: gettext catalogs in ``catalogs/<tag>.po``.

They are apart from ``locales/``, which holds what real shoppers read. Keys are
``<page>.<part>``; placeholders are named and the same in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.dates import format_datetime, format_skeleton
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_percent

from app.demo.products import CURRENCY
from flows.placeholders import fill, parse

LANGUAGES = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "pl": "Polski",
    "sl": "Slovenščina",
}


@cache
def messages(language: str) -> Mapping[str, str]:
    """What the catalog of a language says, by key."""
    with (files("app.demo") / "catalogs" / f"{language}.po").open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalog if message.id}


def say(language: str, key: str, **values: object) -> str:
    """The words of ``key``, not yet escaped. Raises KeyError for a key that no catalog has."""
    return fill(parse(messages(language)[key]), {name: str(value) for name, value in values.items()})


def money(language: str, amount: Decimal) -> str:
    return format_currency(amount, CURRENCY, locale=language)


def clock_time(language: str, moment: datetime) -> str:
    """``14:05``, by the moment's own zone."""
    return format_datetime(moment, "HH:mm", locale=language)


def day(language: str, moment: datetime) -> str:
    return format_skeleton("EEEEdMMMM", moment, locale=language)


def percent(language: str, value: Decimal) -> str:
    """``10%``, with a space in the languages that write one."""
    return format_percent(value / 100, locale=language)


def opening_time(language: str, moment: datetime, now: datetime) -> str:
    """``08:00`` if it is still today there, else with the weekday."""
    if moment.date() == now.date():
        return clock_time(language, moment)
    return format_datetime(moment, "EEEE, HH:mm", locale=language)


@cache
def countries(language: str, codes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Codes with their names, in the order of the names."""
    names = [(code, country(language, code)) for code in codes]
    return tuple(sorted(names, key=lambda entry: entry[1]))


def country(language: str, code: str) -> str:
    return str(Locale(language).territories.get(code, code))
