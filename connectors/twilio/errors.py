"""Twilio's error codes in our categories.

The table is ``errors.csv``; each row names its source. Twilio splits its codes over time and advises
against logic on single ones (changelog, 2024-07-10), so callers act on the category and keep the code.
"""

from __future__ import annotations

import csv
from importlib.resources import files

from connectors.sms import Category


def _read_table() -> dict[str, tuple[Category, str]]:
    text = files(__package__).joinpath("errors.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["code"]: (Category(row["category"]), row["meaning"]) for row in rows}


_TABLE = _read_table()

_BY_HTTP_STATUS = {
    401: Category.ACCOUNT,
    403: Category.ACCOUNT,
    404: Category.CONFIG,
    429: Category.RATE,
}


def category(code: str | None) -> Category:
    """The category of an error code; ``UNKNOWN`` for one that the table lacks."""
    return _TABLE[code][0] if code in _TABLE else Category.UNKNOWN


def category_of_answer(http_status: int, code: str | None) -> Category:
    """The category of a refusal: by its code, else by the HTTP status."""
    known = category(code)
    return _BY_HTTP_STATUS.get(http_status, known) if known is Category.UNKNOWN else known


def meaning(code: str | None) -> str | None:
    """The code's meaning in our words, None for an unknown one.

    Twilio's own messages repeat the recipient's number, so they are never passed on.
    """
    return _TABLE[code][1] if code in _TABLE else None
