"""The first reading of what a WooCommerce store sends: tolerant of PHP, strict about JSON.

PHP writes an empty object as ``[]`` and a list with holes as an object, plugins turn strings into
numbers, and what shoppers type may hold anything that JSON can escape. The readers below take any
value and give the type they promise, or say that there is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.platform import Malformed

Json = Mapping[str, Any]

_FINEST = Decimal("0.00000001")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def load_json(body: bytes) -> object:
    """Any JSON value, its numbers exact. Raises Malformed."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON.") from error


def load_object(body: bytes) -> Json:
    """A JSON object. Raises Malformed, also for any other JSON value."""
    value = load_json(body)
    if not isinstance(value, dict):
        raise Malformed("The body is JSON, but not an object.")
    return value


def text(value: object) -> str:
    """A trimmed string that any database takes; empty for what is no text and no number."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    return str(value).replace("\0", "").encode("utf-8", "ignore").decode().strip()


def member(value: object, *path: str) -> object:
    """What lies at ``path``, None where the way ends early."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def rows(value: object) -> Sequence[Json]:
    """The objects of a list, also of one that PHP wrote as an object with numbered keys."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list):
        return ()
    return [row for row in value if isinstance(row, dict)]


def identifier(value: object) -> str | None:
    """A WordPress id as text. Zero means "none" there, and anything else is not an id."""
    found = re.fullmatch(r"0*([1-9][0-9]{0,19})", text(value), re.ASCII)
    return found[1] if found else None


def moment(value: object) -> datetime | None:
    """A ``*_gmt`` time: UTC written without an offset (WooCommerce REST API, orders, 2026-11)."""
    try:
        parsed = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        return None


def amount(value: object) -> Decimal | None:
    """An exact sum in major units: REST v3 writes decimal strings such as ``"24.00"``.

    Nothing of a trillion or more is a sum of a shop; beyond eight decimals nothing is kept.
    """
    try:
        parsed = Decimal(text(value))
    except InvalidOperation:
        return None
    if not parsed.is_finite() or parsed.adjusted() >= 12:
        return None
    rounded = parsed.quantize(_FINEST)
    return parsed if rounded == parsed else rounded


def language_tag(locale: str) -> str | None:
    """A WordPress locale (``de_DE_formal``), or what translation plugins write (``pt-br``), as a tag
    (``de-DE-x-formal``, ``pt-BR``)."""
    form = r"([a-z]{2,3})(?:[_-]([A-Za-z]{4}))?(?:[_-]([A-Za-z]{2}))?(?:_(formal|informal))?(?:[_-]|$)"
    found = re.match(form, locale)
    if found is None:
        return None
    language, script, region, tone = found.groups()
    parts = (language, script and script.title(), region and region.upper(), tone and f"x-{tone}")
    return "-".join(filter(None, parts))
