"""Was a refusal what it said it was, and does it wait for the earliest lawful moment?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from flows.simulation.judge.facts import HORIZON, IDLE, LEAST, LOOK_AGAIN, SOON, Facts
from flows.simulation.truth import ENROLLMENT, Cart, Decision

Claim = Callable[[Facts, Cart, Decision], bool]
Until = Callable[[Facts, Cart, Decision], datetime | None]


def _stopped(facts: Facts, cart: Cart, one: Decision) -> bool:
    return facts.stand(one.asked_at).state == "withdrawn"


def _unconfirmed(facts: Facts, cart: Cart, one: Decision) -> bool:
    stand = facts.stand(one.asked_at)
    return stand.state == "pending" or (stand.state == "given" and facts.must_confirm and not stand.confirmed)


def _too_late(facts: Facts, cart: Cart, one: Decision) -> bool:
    """There is no lawful moment left before the cart gets too old."""
    deadline = facts.deadline(cart, one.asked_at)
    if one.asked_at > deadline - LEAST:
        return True
    if one.step == ENROLLMENT:
        return max(_holds_of_enrollment(facts, cart, one.asked_at), default=one.asked_at) >= deadline
    earliest = facts.earliest(cart, one)
    return earliest is None or earliest >= deadline


def _holds_of_enrollment(facts: Facts, cart: Cart, now: datetime) -> Iterator[datetime]:
    yield facts.activity(cart, now, read=True) + IDLE
    if facts.broken(now) or facts.unread(cart, now):
        yield now + LOOK_AGAIN
    if facts.paused(now):
        yield facts.pause_ends_at(cart, now)


def _closed(facts: Facts, cart: Cart, one: Decision) -> bool:
    calendar = facts.calendar
    return not calendar.is_open(one.asked_at) or calendar.open_for(one.asked_at) < LEAST


def _country_off(facts: Facts, cart: Cart, one: Decision) -> bool:
    return facts.store.countries is not None and facts.shopper.country not in facts.store.countries


def _limit_reached(facts: Facts, cart: Cart, one: Decision) -> bool:
    most = facts.rule.get("max_texts_per_cart")
    return bool(most) and facts.texts_of_cart(one) >= int(most or 0)


def _no_consent(facts: Facts, cart: Cart, one: Decision) -> bool:
    return facts.stand(one.asked_at).state == "none"


def _nobody_may_send(facts: Facts, cart: Cart, one: Decision) -> bool:
    return not facts.lawful_senders(one.step)


def _later(moment: datetime | None, one: Decision) -> bool:
    return moment is not None and moment > one.asked_at


CLAIMS: dict[str, Claim] = {
    "uninstalled": lambda facts, cart, one: facts.uninstalled(one.asked_at),
    "ordered": lambda facts, cart, one: (
        facts.ordered(cart, one.asked_at, read=True) or facts.placed(cart, one.asked_at)
    ),
    "stopped": _stopped,
    "kind_off": lambda facts, cart, one: facts.kind(one.step) in facts.shopper.kinds_off,
    "cart_emptied": lambda facts, cart, one: facts.emptied(cart, one.asked_at, read=True),
    "before_install": lambda facts, cart, one: (
        facts.activity(cart, one.asked_at, read=True) < facts.store.installed_at
    ),
    "too_late": _too_late,
    "invalid_number": lambda facts, cart, one: facts.shopper.phone_problem == "invalid_number",
    "not_mobile": lambda facts, cart, one: facts.shopper.phone_problem == "not_mobile",
    "country_off": _country_off,
    "one_text_per_cart": _limit_reached,
    "no_open_window": lambda facts, cart, one: facts.calendar.opens_at(one.asked_at, HORIZON) is None,
    "no_number": lambda facts, cart, one: not facts.numbered(cart, one.asked_at),
    "no_consent": _no_consent,
    "no_active_flow": lambda facts, cart, one: facts.switched_off(one.asked_at),
    "no_double_opt_in": _unconfirmed,
    "store_inactive": lambda facts, cart, one: facts.broken(one.asked_at),
    "store_paused": lambda facts, cart, one: facts.paused(one.asked_at),
    "conversation_open": lambda facts, cart, one: facts.talks(one.asked_at),
    "event_pending": lambda facts, cart, one: facts.unread(cart, one.asked_at),
    "no_sender": _nobody_may_send,
    "idle_again": lambda facts, cart, one: _later(facts.activity(cart, one.asked_at, read=True) + IDLE, one),
    "cap_reached": lambda facts, cart, one: _later(facts.cap_ends_at(one), one),
    "daily_cap": lambda facts, cart, one: _later(facts.daily_cap_ends_at(one), one),
    "quiet_hours": _closed,
    "low_receptivity": lambda facts, cart, one: not facts.better_hours.is_open(one.asked_at),
}
"""What a reason claims, for each reason that a gate may give."""

_EXACTLY: dict[str, Until] = {
    "idle_again": lambda facts, cart, one: facts.activity(cart, one.asked_at, read=True) + IDLE,
    "cap_reached": lambda facts, cart, one: facts.cap_ends_at(one),
    "daily_cap": lambda facts, cart, one: facts.daily_cap_ends_at(one),
    "quiet_hours": lambda facts, cart, one: _next_opening(facts, one.asked_at),
    "low_receptivity": lambda facts, cart, one: facts.better_hours.opens_at(one.asked_at, HORIZON),
    "store_paused": lambda facts, cart, one: facts.pause_ends_at(cart, one.asked_at),
    "event_pending": lambda facts, cart, one: one.asked_at + SOON,
}


def _next_opening(facts: Facts, now: datetime) -> datetime | None:
    """From now on, or from the closing that is too near."""
    calendar = facts.calendar
    left = calendar.open_for(now) if calendar.is_open(now) else LEAST
    return calendar.opens_at(now + left if left < LEAST else now, HORIZON)


def complaints(facts: Facts, cart: Cart, one: Decision) -> Iterator[str]:
    """What is wrong with a hold, a wait, a skip or an end."""
    now, reason = one.asked_at, one.reason or ""
    claim = CLAIMS.get(reason)
    if claim is None:
        yield f"{reason!r} is no reason that a gate may give"
    elif not claim(facts, cart, one):
        yield f"it was refused as {reason}, which was not so"
    elif one.answer == "wait" and one.step == ENROLLMENT:
        if one.until != facts.deadline(cart, now):
            yield f"it waits until {one.until}, and may wait until {facts.deadline(cart, now)}"
    elif one.answer in ("hold", "wait"):
        yield from _of_until(facts, cart, one, reason)


def _of_until(facts: Facts, cart: Cart, one: Decision, reason: str) -> Iterator[str]:
    if one.until is None or one.until <= one.asked_at:
        yield "it is held until no later moment"
    elif reason in _EXACTLY:
        expected = _EXACTLY[reason](facts, cart, one)
        if one.until != expected:
            yield f"it is held until {one.until}, the earliest lawful moment is {expected}"
    elif one.until > one.asked_at + LOOK_AGAIN:
        yield f"it is looked at again only at {one.until}"


def is_spread(reason: str | None) -> bool:
    """Whether what was held for this reason leaves in a line."""
    return reason in ("quiet_hours", "low_receptivity")
