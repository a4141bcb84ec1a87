"""What waits for the same moment leaves in a line: the first at once, the others one after the other.

A place in the line is how many waited before, so whoever waits longest goes first, and the more wait the
longer the line. A stretch that is too short for the line is filled again from its beginning.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

# So many texts of a store go at the very moment, then so many a second, for so long and at most for the
# first half of the hours that open.
AT_ONCE = 50
PER_SECOND = 10
LONGEST = timedelta(hours=1)
_MOST = AT_ONCE + PER_SECOND * int(LONGEST.total_seconds())
_GOLDEN = 0x9E3779B97F4A7C15


def delay(place: int, contact_id: int, room: timedelta) -> timedelta:
    """How long after the moment the text at ``place`` (from 0) goes, if ``room`` is left from there on."""
    stretch = min(LONGEST, room / 2)
    if place < AT_ONCE or stretch <= timedelta(0):
        return timedelta(0)
    in_line = timedelta(seconds=(place - AT_ONCE) // PER_SECOND)
    return (in_line + _jitter(contact_id)) % stretch


def _jitter(contact_id: int) -> timedelta:
    """A part of a second, always the same for a contact."""
    return timedelta(milliseconds=(contact_id * _GOLDEN >> 16) % 1000)


WAITING = text(
    """
    SELECT count(*) FROM (
        SELECT FROM due WHERE kind = :kind AND lane = :lane AND due_at >= :since AND due_at < :until
        LIMIT :most
    ) AS line
    """
)


def waiting(session: Session, kind: str, lane: str, opens_at: datetime) -> int:
    """How many rows of the lane are due at that moment or soon after it, as far as that matters."""
    values = {"kind": kind, "lane": lane, "since": opens_at, "until": opens_at + LONGEST, "most": _MOST}
    return int(session.scalar(WAITING, values) or 0)
