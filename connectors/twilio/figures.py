"""Segments and prices as Twilio writes them: decimal strings, where nothing known yet is 0 or null."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def segments(value: object) -> int | None:
    """How many segments; None while unknown (a messaging service starts with ``"0"``)."""
    text = str(value or "")
    count = int(text) if text.isascii() and text.isdecimal() else 0
    return count or None


def price(value: object) -> Decimal | None:
    """What the text cost us, as a positive amount (Twilio writes ``"-0.00750"``); None while unknown."""
    try:
        amount = Decimal(str(value or ""))
    except InvalidOperation:
        return None
    return abs(amount) if amount.is_finite() else None
