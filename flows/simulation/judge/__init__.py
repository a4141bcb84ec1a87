"""A second opinion on every decision of a simulated year: slow, plain, and of its own.

It shares nothing with the gates but the tables (and, to read the words, the catalogs): ``lint-imports``
holds that. What it knows of the world is the truth of the simulation; what it knows of the engine is the
decisions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flows.simulation.judge import departures, refusals
from flows.simulation.judge.facts import Facts, steps_of
from flows.simulation.truth import REQUEST, STEPS, Cart, Decision, Story

_LONGEST_SPREAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule, for a person to read."""

    cart: int
    step: str
    asked_at: str
    sentence: str

    def __str__(self) -> str:
        return f"cart {self.cart}, {self.step}, {self.asked_at}: {self.sentence}"


def violations(story: Story, year: int) -> Iterator[Violation]:
    """All that is wrong with what was decided about a shopper in that year."""
    facts = Facts(story, year)
    if story.zones != facts.zones:
        yield _of(story.decisions[0], f"zones {story.zones} were asked, {facts.zones} are possible")
    for one in story.decisions:
        cart = facts.carts[one.cart]
        check = departures if one.answer == "go" else refusals
        yield from (_of(one, sentence) for sentence in check.complaints(facts, cart, one))
    for cart in story.shopper.carts:
        yield from _of_the_line(facts, cart)
        yield from _lost(story, cart)


def _of(one: Decision, sentence: str) -> Violation:
    return Violation(one.cart, one.step, one.asked_at.isoformat(), sentence)


def _of_the_line(facts: Facts, cart: Cart) -> Iterator[Violation]:
    """What was held is asked again at its moment, or in the line that forms there; an end may come sooner."""
    steps = steps_of(facts.story, cart)
    for one, following in zip(steps, steps[1:], strict=False):
        if one.until is None or following.answer == "end":
            continue
        latest = one.until
        if refusals.is_spread(one.reason):
            latest += min(_LONGEST_SPREAD, facts.calendar.open_for(one.until) / 2)
        if not one.until <= following.asked_at <= latest:
            yield _of(following, f"it was to be asked again at {one.until.isoformat()}")


def _lost(story: Story, cart: Cart) -> Iterator[Violation]:
    """Every cart comes to an end: all steps went or were skipped, or a reason ended it."""
    told = [one for one in story.decisions if one.cart == cart.id and one.step != REQUEST]
    last = told[-1] if told else None
    if last is None:
        yield Violation(cart.id, "-", "-", "nothing was ever decided about it")
    elif last.answer != "end" and not (last.answer in ("go", "skip") and last.step == STEPS[-1]):
        yield _of(last, "it came to no end")
