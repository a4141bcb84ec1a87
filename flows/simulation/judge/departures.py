"""Was a text that left a lawful one?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from flows.simulation.judge import words
from flows.simulation.judge.facts import IDLE, LEAST, Facts, steps_of
from flows.simulation.judge.hours import caps
from flows.simulation.truth import REQUEST, STEPS, Cart, Decision

STEP_DELAY = timedelta(hours=24)


def complaints(facts: Facts, cart: Cart, one: Decision) -> Iterator[str]:
    """All that is wrong with it."""
    sent_at = one.sent_at
    if sent_at is None:
        yield "it went at no moment"
        return
    yield from _of_the_hour(facts, sent_at)
    yield from _of_the_store(facts, cart, sent_at)
    yield from _of_the_person(facts, cart, one, sent_at)
    yield from _of_the_cart(facts, cart, one, sent_at)
    yield from _of_the_sender(facts, one, sent_at)
    if one.step in STEPS:
        yield from _of_the_caps(facts, one, sent_at)
        yield from _of_the_flow(facts, cart, one, sent_at)
    yield from words.complaints(facts.shopper, cart, one)


def _of_the_hour(facts: Facts, sent_at: datetime) -> Iterator[str]:
    if not facts.calendar.is_open(sent_at):
        yield "no text is allowed at that hour where the shopper may be"
    elif facts.calendar.open_for(sent_at) < LEAST:
        yield "it could not arrive before the hours close"


def _of_the_store(facts: Facts, cart: Cart, sent_at: datetime) -> Iterator[str]:
    store, country = facts.store, facts.shopper.country
    if store.countries is not None and country not in store.countries:
        yield f"the store does not text {country}"
    if facts.paused(sent_at) or facts.broken(sent_at) or facts.uninstalled(sent_at):
        yield "the store sends nothing then"
    if facts.activity(cart, sent_at, read=False) < store.installed_at:
        yield "the cart was left before the app was installed"


def _of_the_person(facts: Facts, cart: Cart, one: Decision, sent_at: datetime) -> Iterator[str]:
    stand, marketing = facts.stand(sent_at), facts.kind(one.step) == "marketing"
    if stand.state != "given":
        yield f"the shopper's consent is {stand.state}"
    elif one.step == REQUEST and (stand.confirmed or not facts.must_confirm):
        yield "nothing was to be confirmed"
    elif one.step in STEPS and facts.must_confirm and not stand.confirmed:
        yield "the consent must be confirmed and is not"
    if facts.shopper.phone_problem or not facts.numbered(cart, sent_at):
        yield "there is no number that can be texted"
    if one.step in STEPS:
        if facts.kind(one.step) in facts.shopper.kinds_off:
            yield "the shopper does not want this kind"
        if marketing and facts.talks(sent_at):
            yield "the shopper wrote something that waits for a person"


def _of_the_cart(facts: Facts, cart: Cart, one: Decision, sent_at: datetime) -> Iterator[str]:
    if facts.ordered(cart, sent_at, read=False) or (one.step in STEPS and facts.placed(cart, sent_at)):
        yield "the shopper had ordered"
    if facts.emptied(cart, sent_at, read=False):
        yield "the cart was empty"
    if one.step in STEPS and sent_at < facts.activity(cart, sent_at, read=False) + IDLE:
        yield "the shopper was still active"
    if sent_at > facts.deadline(cart, sent_at) - LEAST:
        yield "the cart was too old"


def _of_the_sender(facts: Facts, one: Decision, sent_at: datetime) -> Iterator[str]:
    if one.sender not in facts.lawful_senders(one.step):
        yield f"{one.sender} may not stand above a text to {facts.shopper.country}"
    answers = one.sender in (facts.store.number, facts.store.pool)
    if one.step in STEPS and answers == (one.stop_link is not None):
        yield "its way out is not the one that its sender has"
    known = [other.sender for other in facts.sent if other.sent_at and other.sent_at < sent_at]
    if known and known[-1] in facts.lawful_senders(one.step) and one.sender != known[-1]:
        yield "it comes from another sender than the shopper knows"


def _of_the_caps(facts: Facts, one: Decision, sent_at: datetime) -> Iterator[str]:
    before = facts.moments_before(one)
    for most, period in caps(facts.places):
        if sum(at > sent_at - period for at in before) >= most:
            yield f"there were {most} texts within {period} already"
    ends_at = facts.cap_ends_at(one)
    if facts.kind(one.step) == "marketing" and ends_at is not None and sent_at < ends_at:
        yield f"the last marketing text was less than {facts.store.cap_hours} hours ago"


def _of_the_flow(facts: Facts, cart: Cart, one: Decision, sent_at: datetime) -> Iterator[str]:
    most = facts.rule.get("max_texts_per_cart")
    if most and facts.texts_of_cart(one) >= int(most):
        yield f"there were {most} texts about this cart already"
    told = [other for other in steps_of(facts.story, cart) if other.answer in ("go", "skip")]
    if [other.step for other in told] != list(STEPS[: len(told)]):
        yield "a step went twice, or out of order"
    before = [other.asked_at for other in told if other.asked_at < sent_at]
    if before and sent_at < max(before) + STEP_DELAY:
        yield "it went before the step's delay was over"
