"""How fast a sender may send, in segments a second: a text that is too early gets its turn and waits for it.

One row per sender says from when on it is free; every text moves that by its segments' share of time. The
row is locked while turns are given, so that two workers never give the same one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from flows.rules import from_tables, read_table

PACED = "paced"

# So much time's worth of segments may leave at once: a batch is sent faster than the clock ticks.
BURST = timedelta(seconds=1)

_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a text asks of its sender: so many segments, delivered before ``until``.

    ``promised``: it has waited for a turn that has come, and is not put behind others again.
    """

    sender: str
    segments: int
    until: datetime
    promised: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """How far a sender's time is taken, as ``SenderPace`` has it."""

    free_at: datetime
    busy_until: datetime


def segments_per_second(provider: str, sender: str) -> float | None:
    """The pace of a sender by its own row, else by that of its kind; None: the provider's own matter."""
    rates = _rates()
    return rates.get((provider, sender), rates.get((provider, _kind_of(sender))))


def _kind_of(sender: str) -> str:
    if re.fullmatch(r"\d{3,8}", sender):
        return "short_code"
    if re.fullmatch(r"\+1\d{10}", sender):
        return "toll_free" if sender[2:5] in _TOLL_FREE else "long_code_us"
    return "long_code" if sender.startswith("+") else "name"


@from_tables
@cache
def _rates() -> dict[tuple[str, str], float]:
    rows = read_table("sender_rates")
    return {(row["provider"], row["sender"]): float(row["segments_per_second"]) for row in rows}


def give_turns(
    clock: Clock, wishes: Sequence[Turn], rate: float, now: datetime, least: timedelta
) -> tuple[list[datetime], Clock]:
    """The moment of each text of one sender, in the order given, and how far its time is taken then.

    A promised turn that the sender is not free for yet moves by as much: a worker that was away does not
    catch up all at once, and nobody loses the place in the line. A text whose moment would leave the
    provider less than ``least`` to deliver it is promised nothing.
    """
    moments = []
    free_at, busy_until = max(clock.free_at, now), max(clock.busy_until, now)
    late = busy_until
    for wish in wishes:
        share = timedelta(seconds=wish.segments / rate)
        if late <= now + BURST and (wish.promised or free_at <= now + BURST):
            moments.append(now)
            busy_until += share
            late = busy_until
            free_at = max(free_at, busy_until)
        elif wish.promised:
            moments.append(late)
            late += share
        else:
            moments.append(free_at)
            if free_at + least <= wish.until:
                free_at += share
    return moments, Clock(free_at, busy_until)


LOCK = text(
    """
    INSERT INTO sender_pace (provider, sender, free_at, busy_until) VALUES (:provider, :sender, :now, :now)
    ON CONFLICT (provider, sender) DO UPDATE SET free_at = sender_pace.free_at
    RETURNING free_at, coalesce(busy_until, :now) AS busy_until
    """
)
SAVE = text(
    "UPDATE sender_pace SET free_at = :free_at, busy_until = :busy_until"
    " WHERE provider = :provider AND sender = :sender"
)


def reserve(
    session: Session, provider: str, wishes: Sequence[Turn], now: datetime, least: timedelta
) -> list[datetime]:
    """The moment of each text, now or later; one that is later than its ``until`` less ``least`` has no turn.

    Senders are locked in the order of their names: two workers never wait for each other.
    """
    moments = [now] * len(wishes)
    for sender in sorted({wish.sender for wish in wishes}):
        rate = segments_per_second(provider, sender)
        if rate is None:
            continue
        places = [place for place, wish in enumerate(wishes) if wish.sender == sender]
        key = {"provider": provider, "sender": sender}
        clock = Clock(*session.execute(LOCK, {**key, "now": now}).one())
        ours, clock = give_turns(clock, [wishes[place] for place in places], rate, now, least)
        session.execute(SAVE, {**key, "free_at": clock.free_at, "busy_until": clock.busy_until})
        for place, moment in zip(places, ours, strict=True):
            moments[place] = moment
    return moments
