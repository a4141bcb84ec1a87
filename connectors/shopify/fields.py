"""Tolerant reading of single JSON fields: what makes no sense is None, and nothing raises.

Shopify's bodies vary by shop, API version and moment: objects may be absent, null or an empty list
(``shipping_address: []``), samples hold "example string" where a number belongs, and two dates of one
body carry different UTC offsets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from connectors.events import Money
from connectors.platform import Malformed

Record = Mapping[str, object]

_NOTHING: Record = {}
_COUNTRY = re.compile(r"\A[A-Z]{2}\Z")
_CURRENCY = re.compile(r"\A[A-Z]{3}\Z")
_LOCALE = re.compile(r"\A[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}\Z")
_NUMBER_OR_GID = re.compile(r"\A(?:gid://shopify/\w+/)?([0-9]{1,20})\Z")
_MOST_DIGITS = 12
_MONEY_STEP = Decimal("0.0001")


def parse(body: bytes) -> object:
    """The JSON value of a body. Raises Malformed for anything else, Python's NaN and Infinity included."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON.") from error


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def record(value: object) -> Record:
    """An object's fields; none for null, a list or a bare value."""
    return value if isinstance(value, dict) else _NOTHING


def records(value: object) -> Sequence[Record]:
    """The objects of a list; none for anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: object, longest: int = 4096) -> str | None:
    """Trimmed text, None where it is empty or too long to be meant.

    NUL and lone surrogates are dropped: JSON can spell them, PostgreSQL cannot store them.
    """
    if not isinstance(value, str) or len(value) > longest:
        return None
    return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8").strip() or None


def texts(value: object) -> tuple[str, ...]:
    """The non-empty texts of a list."""
    found = [text(entry) for entry in value] if isinstance(value, list) else []
    return tuple(entry for entry in found if entry)


def moment(value: object) -> datetime | None:
    """An ISO 8601 date with a UTC offset, as UTC; without an offset it is no moment."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None


def amount(value: object) -> Decimal | None:
    """A finite amount below 10^12, to at most four decimals."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        parsed = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    if not parsed.is_finite() or parsed.adjusted() >= _MOST_DIGITS:
        return None
    exponent = parsed.as_tuple().exponent
    return parsed.quantize(_MONEY_STEP) if isinstance(exponent, int) and exponent < -4 else parsed


def currency(value: object) -> str | None:
    """An ISO 4217 code by its form."""
    return value if isinstance(value, str) and _CURRENCY.match(value) else None


def money(value: object, code: object) -> Money | None:
    """An amount with its currency, None unless both make sense."""
    number, unit = amount(value), currency(code)
    return Money(number, unit) if number is not None and unit else None


def identifier(*candidates: object) -> str | None:
    """The first candidate that is a Shopify id (a number or a gid), as its digits.

    Give ``admin_graphql_api_id`` before ``id``: Shopify's printed samples round 64-bit numbers.
    """
    for candidate in candidates:
        if isinstance(candidate, str | int) and not isinstance(candidate, bool):
            found = _NUMBER_OR_GID.match(candidate) if isinstance(candidate, str) else None
            if found:
                return found[1]
            if isinstance(candidate, int) and 0 < candidate < 10**20:
                return str(candidate)
    return None


def country(value: object) -> str | None:
    """An ISO 3166 alpha-2 code by its form."""
    return value if isinstance(value, str) and _COUNTRY.match(value) else None


def locale(value: object) -> str | None:
    """A language tag by its form, with hyphens (``pt-BR``)."""
    return value.replace("_", "-") if isinstance(value, str) and _LOCALE.match(value) else None


def email(value: object) -> str | None:
    """An address as typed; more than an @ in the middle is not checked."""
    typed = text(value, longest=320)
    return typed if typed and "@" in typed[1:-1] else None
