"""An export of somebody's data as a person reads it: by kind, in their language as far as CLDR knows it.

Pure: the export in, words out. The names of columns are English in every language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_currency

from app.spoken import locale_of

KINDS = ("contact", "consent", "carts", "orders", "texts")
MAIN = ("contact", "consent", "cart", "order", "message")
COUNTRIES = ("country", "address_country")
LANGUAGES = ("language", "locale", "storefront_locale", "preferred_language")
AMOUNTS = {"total": "currency", "presentment_total": "presentment_currency", "amount": "currency"}
MOMENTS = ("since", "until")
NUMBERED = ("customer_id", "platform_order_id")


@dataclass(frozen=True, slots=True)
class Section:
    """What is stored of one kind: each row as (name of the column, value in words)."""

    kind: str
    days: int
    rows: Sequence[Sequence[tuple[str, str]]]


def sections(document: Mapping[str, Any], language: str, zone: str) -> list[Section]:
    """The export in words; what is empty, and what only numbers our rows, is left out."""
    tables = document["tables"]
    names = sorted(tables, key=lambda name: name not in MAIN)
    found = []
    for kind in KINDS:
        of_kind = [tables[name] for name in names if tables[name]["kind"] == kind]
        rows = [row for table in of_kind for row in table["rows"]]
        rows += document["derived"] if kind == "contact" else []
        told = [list(_told(row, locale_of(language), ZoneInfo(zone))) for row in rows]
        found.append(Section(kind, of_kind[0]["days"], [row for row in told if row]))
    return found


def _told(row: Mapping[str, Any], locale: Locale, zone: ZoneInfo) -> Iterable[tuple[str, str]]:
    for name, value in row.items():
        if value in (None, "", [], {}) or _is_number_of_ours(name):
            continue
        yield name.replace("_", " "), _words(name, value, row, locale, zone)


def _is_number_of_ours(name: str) -> bool:
    return name == "id" or (name.endswith("_id") and name not in NUMBERED)


def _words(name: str, value: Any, row: Mapping[str, Any], locale: Locale, zone: ZoneInfo) -> str:
    if name.endswith("_at") or name in MOMENTS:
        moment = datetime.fromisoformat(value).astimezone(zone)
        return str(format_datetime(moment, "long", locale=locale))
    if name in COUNTRIES:
        return str(locale.territories.get(value, value))
    if name in LANGUAGES:
        return _language(value, locale)
    if name in AMOUNTS and row.get(AMOUNTS[name]):
        return str(format_currency(Decimal(value), row[AMOUNTS[name]], locale=locale))
    if isinstance(value, bool):
        return "✓" if value else "–"
    return _plain(value)


def _language(tag: str, locale: Locale) -> str:
    try:
        named = Locale.parse(tag.replace("_", "-").partition("-x-")[0], sep="-").get_display_name(locale)
    except (ValueError, UnknownLocaleError):
        return tag
    return named or tag


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_item(one) for one in value)
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_plain(one)}" for name, one in value.items())
    return str(value)


def _item(value: Any) -> str:
    if isinstance(value, dict) and "title" in value:
        return f"{value.get('quantity', 1)} × {value['title']}"
    return _plain(value)
