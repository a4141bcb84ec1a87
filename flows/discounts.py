"""Codes for the texts that make offers: decided, written down, made at the platform, then told of.

It happens right before a text is composed, outside any transaction. A code is written down before its
platform is asked, so that a lost answer leaves none behind that nobody knows of. No text tells of an offer
whose code was not made: it goes without, or waits, as the flow says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import case, update
from sqlalchemy.orm import Session

from app.models import Discount
from app.runtime import Runtime
from connectors.discounts import CodeTaken, Combines, DiscountKind, DiscountRefused
from connectors.discounts import Discount as Wanted
from connectors.events import Money
from connectors.platform import ConnectorError, Throttled
from flows import discount_ends, discount_facts, discount_failures, discount_rows, offer_days, offers
from flows.compose import OfferText
from flows.conflicts import again
from flows.discount_facts import Facts
from flows.facts import DueStep
from flows.offer_form import Rung, WithoutCode
from flows.offers import NoOffer, Offer, SaleRuns
from flows.platform_calls import NotAsked, call_makers

log = structlog.get_logger()

MAKE_SECONDS = 6.0
ANSWERED_BEFORE = timedelta(minutes=5)
"""A code begins so long before it is made: the platform's clock may be behind ours."""
USABLE_FOR = timedelta(hours=1)
"""A code that was made for a text which then had to wait is told of only if it holds for so long."""
WAITS_FOR = timedelta(hours=12)
"""So long does a text wait for a code that cannot be made, where the flow says that it waits."""
RETRY_PAUSE = timedelta(minutes=2)
TURN, MOST_TURNS = "offer_turn", 20
TURN_PAUSE, LONGEST_TURN = 5.0, 30.0
"""Seconds until a text whose turn at a busy shop has not come is looked at again, so often at most."""


@dataclass(frozen=True, slots=True)
class Made:
    """The text tells of this code, which holds until ``ends_at``. ``details`` are for the cart's story."""

    text: OfferText
    ends_at: datetime
    details: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class TellsSale:
    """The text tells of a sale, which holds until ``ends_at`` where that is known."""

    text: OfferText
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Without:
    """The text goes without an offer; ``reason`` is a key of ``offers.WITHOUT``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waits:
    until: datetime


@dataclass(frozen=True, slots=True)
class InLine:
    """The shop was at work on other texts of ours: this one is tried again. ``reason`` counts how often."""

    until: datetime
    reason: str


Offering = Made | TellsSale | Without | Waits | InLine


def makes_offer(step: DueStep) -> bool:
    """Whether something is to be decided about a code; a text that goes once more keeps its words."""
    return step.step.offer is not Rung.NONE and step.message is None


def offer(runtime: Runtime, steps: Sequence[DueStep], now: datetime) -> dict[int, Offering]:
    """What each of these texts offers, by claim id; nothing for a text that makes no offer."""
    steps = [step for step in steps if makes_offer(step)]
    if not steps:
        return {}
    with runtime.database.session() as session:
        facts = discount_facts.load(session, steps)
    rows = {step.claim.id: row for step in steps if (row := facts.discounts.get(step.enrollment.id))}
    over = {name: _over(row) for name, row in rows.items() if _is_over(row, now)}
    steps_on = [step for step in steps if step.claim.id not in over]
    decided, in_line = _decide(runtime, steps_on, facts, now)
    steps_on = [step for step in steps_on if step.claim.id in decided]
    unfit = {
        step.claim.id
        for step in steps_on
        if (row := rows.get(step.claim.id)) and not _gives(row, decided[step.claim.id], step, now)
    }
    _drop(runtime, [rows[name] for name in unfit | over.keys()], now)
    found = over | in_line | _without_asking(steps_on, rows, decided, unfit)
    going = [step for step in steps_on if step.claim.id not in found]
    wanted = {step.claim.id: rows[step.claim.id] for step in going if step.claim.id in rows}
    wanted |= discount_rows.write_down(
        runtime, [step for step in going if step.claim.id not in rows], decided, now
    )
    found |= _make(runtime, [step for step in going if step.claim.id in wanted], wanted, now)
    # An offer that was decided and not written down: another cart was faster.
    return {step.claim.id: found.get(step.claim.id, Without("offer_given_away")) for step in steps}


def _decide(
    runtime: Runtime, steps: Sequence[DueStep], facts: Facts, now: datetime
) -> tuple[dict[int, offers.Decision], dict[int, Offering]]:
    """What is decided, and the texts whose turn to be asked about has not come. The platform is asked about
    the goods only where that can still change something."""
    sales = discount_facts.sales(runtime, [step.store for step in steps], now)
    decided: dict[int, offers.Decision] = {}
    to_ask: list[DueStep] = []
    cases = {step.claim.id: discount_facts.case_of(runtime, step, facts, sales, now) for step in steps}
    for step in steps:
        early = offers.before_asking(cases[step.claim.id])
        if early is not None:
            decided[step.claim.id] = early
        else:
            to_ask.append(step)
    goods, in_line = discount_facts.goods(runtime, to_ask), dict[int, Offering]()
    for step in to_ask:
        told = goods.get(step.claim.id)
        if turn := _next_turn(step, told, now):
            in_line[step.claim.id] = turn
            continue
        known = None if isinstance(told, ConnectorError) else told
        decided[step.claim.id] = offers.decide(discount_facts.with_goods(cases[step.claim.id], step, known))
    return decided, in_line


@again
def give_up(runtime: Runtime, step: DueStep, now: datetime) -> None:
    """The text goes without its code, however far that has come."""
    with runtime.database.session() as session:
        rows = discount_facts.of_enrollments(session, [(step.store.id, step.enrollment.id)])
        ids = [row.id for row in rows if row.step_key == step.step.key]
        discount_ends.drop(session, step.store.id, ids, now)


def _next_turn(step: DueStep, error: object, now: datetime) -> InLine | None:
    """Where the shop answers, and only could not be asked about this text as well; or has too much to do for
    a moment. A text goes rather without its offer than never."""
    if isinstance(error, NotAsked):
        seconds = error.after
    elif isinstance(error, Throttled):
        seconds = error.retry_after
    else:
        return None
    turns = _turns(step)
    if turns >= MOST_TURNS or seconds > LONGEST_TURN:
        return None
    return InLine(now + timedelta(seconds=max(seconds, TURN_PAUSE)), f"{TURN}:{turns + 1}")


def is_in_line(step: DueStep) -> bool:
    """Whether the text waits for its turn at a shop: whatever else puts it off would lose the count."""
    return _turns(step) > 0


def _turns(step: DueStep) -> int:
    """How often the text has been put back in line."""
    what, _, count = (step.claim.reason or "").partition(":")
    return int(count) if what == TURN else 0


def _told(decision: SaleRuns | NoOffer) -> Offering:
    if isinstance(decision, SaleRuns):
        return TellsSale(OfferText(percent=decision.percent), decision.ends_at)
    return Without(decision.reason)


def _over(row: Discount) -> Offering:
    if row.reason != discount_ends.NOT_MADE:
        return Without("offer_over")
    return Without("code_refused" if row.failure in ("refused", "taken") else "code_not_made")


def _is_over(row: Discount, now: datetime) -> bool:
    return row.state == "ended" or row.ends_at <= now + USABLE_FOR


def _gives(row: Discount, decision: offers.Decision, step: DueStep, now: datetime) -> bool:
    """Whether a code that was wanted for this text before gives what the text would offer now, to a day
    that is still to come where the shopper may be by now."""
    zones = step.situation.zones
    last_day = offer_days.last_day(row.ends_at, zones)
    if not isinstance(decision, Offer) or offer_days.is_past(last_day, now, zones):
        return False
    products = None if row.products is None else tuple(row.products)
    given = (row.kind, row.value, row.currency, row.minimum, products)
    return given == (
        decision.kind.value,
        decision.value,
        decision.currency,
        decision.minimum,
        decision.products,
    )


def _without_asking(
    steps: Sequence[DueStep],
    rows: Mapping[int, Discount],
    decided: Mapping[int, offers.Decision],
    unfit: Collection[int],
) -> dict[int, Offering]:
    """What these texts offer, as far as no platform is to be asked for a code."""
    found: dict[int, Offering] = {}
    for step in steps:
        name, row = step.claim.id, rows.get(step.claim.id)
        decision = decided[name]
        if not isinstance(decision, Offer):
            found[name] = _told(decision)
        elif name in unfit:
            found[name] = Without("offer_changed")
        elif row is not None and row.state == "made":
            found[name] = _made(step, row)
    return found


@again
def _drop(runtime: Runtime, rows: Sequence[Discount], now: datetime) -> None:
    """No text tells of these codes: they are nearly over, or the cart or the offer has changed meanwhile."""
    if not rows:
        return
    with runtime.database.session() as session:
        for store_id in {row.store_id for row in rows}:
            ids = [row.id for row in rows if row.store_id == store_id]
            discount_ends.drop(session, store_id, ids, now)


def _made(step: DueStep, row: Discount) -> Made:
    kind, value = DiscountKind(row.kind), row.value
    last_day = offer_days.last_day(row.ends_at, step.situation.zones)
    text = OfferText(
        percent=int(value) if kind is DiscountKind.PERCENT and value is not None else None,
        money=Money(value, row.currency) if kind is DiscountKind.AMOUNT and value is not None else None,
        last_day=last_day,
    )
    details = {
        "kind": row.kind,
        "value": None if value is None else f"{value.normalize():f}",
        "currency": row.currency,
        "code": row.code,
        "last_day": last_day.isoformat(),
    }
    return Made(text, row.ends_at, details)


def _make(
    runtime: Runtime, steps: Sequence[DueStep], rows: Mapping[int, Discount], now: datetime
) -> dict[int, Offering]:
    """Ask the platforms for these codes; a code that the shop has already is made under another name once."""
    answers = _ask(runtime, steps, rows)
    taken = [step for step in steps if isinstance(answers[step.claim.id], CodeTaken)]
    if taken:
        discount_rows.rename(runtime, [rows[step.claim.id] for step in taken])
        answers |= _ask(runtime, taken, rows)
    found: dict[int, Offering] = {}
    made, failed, lost = dict[int, str](), dict[int, ConnectorError](), list[Discount]()
    for step in steps:
        row, answer = rows[step.claim.id], answers[step.claim.id]
        if isinstance(answer, str):
            made[row.id] = answer
            found[step.claim.id] = _made(step, row)
            continue
        if isinstance(answer, NotAsked) and (turn := _next_turn(step, answer, now)):
            found[step.claim.id] = turn
            continue
        log.warning("code_not_made", store_id=row.store_id, error=str(answer))
        failed[row.id] = answer
        found[step.claim.id] = _missing(step, row, answer, now)
        if isinstance(found[step.claim.id], Without):
            lost.append(row)
    _note(runtime, made, failed, lost, now)
    return found


def _ask(
    runtime: Runtime, steps: Sequence[DueStep], rows: Mapping[int, Discount]
) -> dict[int, str | ConnectorError]:
    wanted = {step.claim.id: _wanted(step, rows[step.claim.id]) for step in steps}
    stores = {step.claim.id: step.store for step in steps}
    return call_makers(runtime, stores, lambda maker, name: maker.make_discount(wanted[name]), MAKE_SECONDS)


def _wanted(step: DueStep, row: Discount) -> Wanted:
    return Wanted(
        code=row.code,
        mark=row.mark,
        title=f"{step.flow.name} ({step.step.key})",
        kind=DiscountKind(row.kind),
        value=row.value,
        currency=row.currency,
        starts_at=row.created_at - ANSWERED_BEFORE,
        ends_at=row.ends_at,
        minimum=row.minimum,
        products=None if row.products is None else tuple(row.products),
        combines_with=frozenset(Combines(name) for name in step.offers.combines_with),
        spares_sale_items=step.offers.excluded.sale_items,
        spares=step.offers.excluded.products,
    )


def _missing(step: DueStep, row: Discount, error: ConnectorError, now: datetime) -> Offering:
    """What becomes of the text: a refusal lasts, anything else may be over in a while."""
    if isinstance(error, DiscountRefused | CodeTaken):
        return Without("code_refused")
    if step.offers.without_code is WithoutCode.SEND or now >= row.created_at + WAITS_FOR:
        return Without("code_not_made")
    pause = timedelta(seconds=error.retry_after) if isinstance(error, Throttled) else RETRY_PAUSE
    return Waits(now + max(pause, RETRY_PAUSE))


@again
def _note(
    runtime: Runtime,
    made: Mapping[int, str],
    failed: Mapping[int, ConnectorError],
    lost: Sequence[Discount],
    now: datetime,
) -> None:
    """A code that an order or a stop has ended meanwhile stays ended, and is withdrawn by its id: whoever
    looked for it at its platform before may have found none yet."""
    with runtime.database.session() as session:
        for discount_id, platform_id in made.items():
            _note_made(session, discount_id, platform_id, now)
        discount_failures.note(session, failed, now)
        for store_id in {row.store_id for row in lost}:
            ids = [row.id for row in lost if row.store_id == store_id]
            discount_ends.give_up(session, store_id, ids, now)


def _note_made(session: Session, discount_id: int, platform_id: str, now: datetime) -> None:
    state = case((Discount.state == "wanted", "made"), else_=Discount.state)
    noted = (
        update(Discount)
        .where(Discount.id == discount_id)
        .values(platform_id=platform_id, made_at=now, state=state, **discount_failures.MADE_AFTER_ALL)
        .returning(Discount.state, Discount.store_id)
    )
    row = session.execute(noted.execution_options(synchronize_session=False)).one_or_none()
    if row is not None and row.state == "ended":
        discount_ends.withdraw_now(session, row.store_id, discount_id, now)
