"""Situations that the gates are asked about: one in which a text may go, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flows.consent import Standing
from flows.gates import CartState, Situation, StoreState
from flows.windows import windows_for
from flows.zones import Place

NOON = datetime(2027, 1, 13, 11, tzinfo=UTC)
"""A Wednesday noon in Ljubljana."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def situation(**changes: Any) -> Situation:
    """A cart in Slovenia, left an hour ago, whose text may go."""
    values: dict[str, Any] = {
        "now": NOON,
        "last_activity_at": NOON - HOUR,
        "idle": timedelta(minutes=30),
        "cutoff": 4 * DAY,
        "store": StoreState.ACTIVE,
        "before_install": False,
        "cart": CartState.OPEN,
        "items": 2,
        "ordered": False,
        "event_pending": False,
        "phone": "+38640123456",
        "phone_problem": None,
        "country": "SI",
        "allowed_countries": None,
        "consent": Standing.GIVEN,
        "confirmed": False,
        "suppressed": False,
        "texts_for_this_cart": 0,
        "last_marketing_text_at": None,
        "contact_cap": 16 * HOUR,
        "sender_available": True,
        "windows": windows_for([Place("SI", None)]),
        "zones": ("Europe/Ljubljana",),
    }
    return Situation(**{**values, **changes})


ALWAYS = tuple(
    replace(window, weekday=(time.min, time.max), saturday=(time.min, time.max), sunday=(time.min, time.max))
    for window in windows_for([Place("GB", None)])
)

AMERICAN: dict[str, Any] = {
    "phone": "+12015550123",
    "country": "US",
    "confirmed": True,
    "windows": windows_for([Place("US", "NJ")]),
    "zones": ("America/New_York",),
    "now": NOON + 6 * HOUR,
    "last_activity_at": NOON + 5 * HOUR,
}
