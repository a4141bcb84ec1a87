"""What a shopper chooses about texts: which kinds, in which language, at which hours.

Hours are those in which texts may come, in the shopper's local time. They are stored as the quiet hours
around them, for quiet hours only ever narrow what is permitted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from app.models import Contact
from flows import catalogs

MARKETING, SERVICE = "marketing", "service"
KINDS = (MARKETING, SERVICE)
FIRST_HOUR, LAST_HOUR = 6, 22
"""No country permits texts outside these."""

LEAST_HOURS = 2
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Preferences:
    """``hours``: texts may come from the first until the second; None at an end: no wish there."""

    kinds: frozenset[str] = frozenset(KINDS)
    language: str | None = None
    hours: tuple[int | None, int | None] = (None, None)

    @property
    def hours_wrong(self) -> bool:
        """Whether there are too few hours between the two for any text to come."""
        start, end = self.hours
        first, last = start or FIRST_HOUR, end or LAST_HOUR
        return last - first < LEAST_HOURS


def stored(contact: Contact) -> Preferences:
    return Preferences(
        frozenset(KINDS).difference(contact.kinds_off),
        contact.preferred_language,
        (_wish(contact.quiet_to), _wish(contact.quiet_from)),
    )


def read(form: Mapping[str, str], kinds: Collection[str]) -> Preferences:
    """A form as it was sent; what there is no such choice of counts as no wish."""
    language = form.get("language", "")
    return Preferences(
        frozenset(KINDS).intersection(kinds),
        language if language in catalogs.languages() else None,
        (_hour(form.get("from", "")), _hour(form.get("to", ""))),
    )


def keep(contact: Contact, chosen: Preferences, now: datetime) -> None:
    """Write the choice into the contact; without a wish at one end, quiet hours meet at midnight."""
    start, end = chosen.hours
    contact.kinds_off = sorted(set(KINDS) - chosen.kinds)
    contact.preferred_language = chosen.language
    contact.quiet_from = contact.quiet_to = None
    if chosen.hours != (None, None):
        contact.quiet_from = MIDNIGHT if end is None else time(end)
        contact.quiet_to = MIDNIGHT if start is None else time(start)
    contact.updated_at = now


def _wish(end: time | None) -> int | None:
    return None if end is None or end == MIDNIGHT else end.hour


def _hour(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if FIRST_HOUR <= int(text) <= LAST_HOUR else None
