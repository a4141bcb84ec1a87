"""What was said about texting a simulated shopper, before the cart was left and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from flows.simulation.moments import DAY, HOUR, MINUTE
from flows.simulation.truth import Said

BOX, SYNC, STOP, START = "shopify_checkout", "shopify_customer", "keyword_stop", "keyword_start"

Telling = Callable[[datetime, Random], tuple[Said, ...]]


def tick(at: datetime, *, confirmed: bool = False, pending: bool = False) -> Said:
    """The box of a checkout that was created just before."""
    state = "pending" if pending else "given"
    return Said(state, BOX, at, at, confirmed, checkout_created_at=at - 3 * MINUTE)


def _before(left_at: datetime, chance: Random) -> datetime:
    return left_at - timedelta(minutes=chance.randint(5, 200 * 24 * 60))


def _ticked(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    at = left_at - MINUTE if chance.random() < 0.8 else _before(left_at, chance)
    return (tick(at),)


def _late(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    return (tick(left_at + timedelta(minutes=chance.randint(20, 5 * 24 * 60))),)


def _confirmed(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    at = _before(left_at, chance)
    return tick(at), Said("given", SYNC, at + HOUR, at + HOUR, confirmed=True)


def _stopped(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    at = _before(left_at, chance)
    return tick(at - 10 * DAY), Said("withdrawn", STOP, at, at)


def _stopped_then_start(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    first, stop = _stopped(left_at, chance)
    if chance.random() < 0.5:
        first = tick(first.recorded_at, confirmed=True)
    at = stop.recorded_at + timedelta(minutes=chance.randint(0, 6 * 24 * 60))
    return first, stop, Said("given", START, at, at)


def _stopped_then_ticked(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    first, stop = _stopped(left_at - HOUR, chance)
    return (
        first,
        stop,
        tick(max(left_at - MINUTE, stop.recorded_at + 9 * MINUTE), confirmed=chance.random() < 0.4),
    )


def _stopped_then_old_yes(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    """A platform that still believes in the first yes, an old checkout that is told again, an undated yes."""
    first, stop = _stopped(left_at, chance)
    at = left_at - MINUTE
    old = first.checkout_created_at
    return (
        first,
        stop,
        Said("given", SYNC, at, at, confirmed=True),
        Said("given", BOX, at, at, checkout_created_at=old),
        Said("given", SYNC, at),
    )


def _start_of_a_stranger(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    at = _before(left_at, chance)
    return (Said("given", START, at, at),)


def _asked(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    """The platform asked, and nobody answered; it may tell the unconfirmed tick once more."""
    asked = tick(left_at - MINUTE, pending=True)
    again = Said("given", BOX, left_at, left_at, checkout_created_at=asked.checkout_created_at)
    return (asked, again) if chance.random() < 0.3 else (asked,)


def _asked_and_confirmed(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    at = left_at + timedelta(minutes=chance.randint(-1, 3 * 24 * 60))
    return tick(left_at - 2 * MINUTE, pending=True), Said("given", SYNC, at, at, confirmed=True)


def _stop_in_the_middle(left_at: datetime, chance: Random) -> tuple[Said, ...]:
    at = left_at + timedelta(minutes=chance.randint(1, 4 * 24 * 60))
    told = tick(left_at - MINUTE, confirmed=chance.random() < 0.5), Said("withdrawn", STOP, at, at)
    if chance.random() > 0.3:
        return told
    later = at + timedelta(minutes=chance.randint(1, 24 * 60))
    return *told, Said("given", START, later, later)


HISTORIES: dict[str, tuple[int, Telling]] = {
    "never": (8, lambda left_at, chance: ()),
    "ticked": (36, _ticked),
    "ticked late": (5, _late),
    "confirmed": (16, _confirmed),
    "ticked then stopped": (6, _stopped),
    "stopped then START": (5, _stopped_then_start),
    "stopped then ticked again": (5, _stopped_then_ticked),
    "stopped then an old yes": (5, _stopped_then_old_yes),
    "START of a stranger": (2, _start_of_a_stranger),
    "asked and unanswered": (4, _asked),
    "asked then confirmed": (4, _asked_and_confirmed),
    "stopped in the middle": (8, _stop_in_the_middle),
}
"""What may have been said, each by name with its weight."""


def history(left_at: datetime, chance: Random) -> tuple[str, tuple[Said, ...]]:
    name = chance.choices(list(HISTORIES), [weight for weight, _ in HISTORIES.values()])[0]
    return name, HISTORIES[name][1](left_at, chance)
