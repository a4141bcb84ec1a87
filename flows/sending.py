"""From due rows to texts that are claimed for sending: gates, words and rows, in one transaction.

What this module returns is committed as ``sending`` and may be handed to the provider once. A text
that may not go is held, skipped or ended here, with its reason on the cart's timeline.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models import Message
from app.models.message import OPEN_MESSAGE_STATUSES
from app.runtime import Runtime
from flows import (
    discount_ends,
    discount_facts,
    discounts,
    doubts,
    due,
    enrollment,
    facts,
    gates,
    in_season,
    links,
    outgoing,
    pace,
    progress,
    providers,
    public_holidays,
    season_spread,
    spread,
    texts,
    timeline,
)
from flows.compose import CartText, NoText, OfferText, compose
from flows.conflicts import again
from flows.discounts import InLine, Made, Offering, TellsSale, Waits, Without
from flows.due import Claim, Later
from flows.facts import DueStep, Loaded
from flows.gates import Answer, Outcome, PlatformCheck
from flows.outgoing import Fresh, Outgoing, Ready, Repeated
from flows.pace import Turn
from flows.providers import Senders
from flows.timeline import Line
from flows.timing import LEAST_VALIDITY

# Rows that somebody else is changing are other rows in a moment.
BUSY_PAUSE = timedelta(seconds=1)
# After this long without news of a cart its platform is asked once more before a text goes.
FRESH_FOR = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Asked:
    """What platforms answered, by claim id: about orders, and what the texts offer."""

    checks: Mapping[int, PlatformCheck] = field(default_factory=dict)
    offers: Mapping[int, Offering] = field(default_factory=dict)


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Prepared:
    """``to_ask``: what may go once its platform knows of no order, and has made its code."""

    outgoing: list[Outgoing]
    to_ask: list[DueStep]


@dataclass(slots=True)
class _Decisions:
    """What follows for each due row of a batch. ``going``: nothing speaks against them but their turn."""

    going: list[tuple[DueStep, Answer]] = field(default_factory=list)
    ready: list[Ready] = field(default_factory=list)
    to_ask: list[DueStep] = field(default_factory=list)
    held: list[tuple[DueStep, Answer]] = field(default_factory=list)
    ended: list[tuple[DueStep, Answer]] = field(default_factory=list)
    skipped: list[tuple[DueStep, str]] = field(default_factory=list)
    in_doubt: list[tuple[DueStep, Message]] = field(default_factory=list)
    misdirected: list[tuple[DueStep, Message]] = field(default_factory=list)
    busy: list[DueStep] = field(default_factory=list)
    in_line: list[Later] = field(default_factory=list)


@again
def prepare(
    runtime: Runtime,
    claims: Sequence[Claim],
    now: datetime,
    asked: Asked = NOTHING_ASKED,
) -> Prepared:
    """Decide about claimed rows of the kinds ``step`` and ``resend``, and claim what may go.

    What ``asked`` does not hold may come back in ``to_ask``.
    """
    with runtime.database.session() as session:
        loaded = facts.load(session, runtime, claims, asked.checks, now)
        if public_holidays.is_loaded() or not _need_calendars(loaded.steps):
            return _prepare(session, runtime, loaded, claims, asked, now)
    # Not while rows are locked: a stop or an order may wait for them.
    public_holidays.load()
    return prepare(runtime, claims, now, asked)


def _need_calendars(steps: Iterable[DueStep]) -> bool:
    return any(not window.holidays_allowed for step in steps for window in step.situation.windows)


def _prepare(
    session: Session,
    runtime: Runtime,
    loaded: Loaded,
    claims: Sequence[Claim],
    asked: Asked,
    now: datetime,
) -> Prepared:
    ours = due.hold(session, claims)
    decided = _decide(step for step in loaded.steps if step.claim.id in ours)
    _spread_season(session, decided, asked, now)
    _keep_pace(session, runtime, decided, asked, now)
    _go(runtime, decided, asked, now)
    claimed = outgoing.claim(session, runtime, decided.ready, now)
    _tell_offers(session, decided.ready, asked, now)
    _hold(session, loaded, decided, now)
    _end(session, decided.ended, now)
    _give_up_misdirected(session, decided.misdirected, now)
    _pass_over(session, decided, now)
    due.finish(session, loaded.over)
    return Prepared(claimed, decided.to_ask)


def _decide(steps: Iterable[DueStep]) -> _Decisions:
    """Purely sorts; two texts to one contact never leave with the same batch, for the cap counts rows."""
    decided = _Decisions()
    contacts: set[int] = set()
    for step in steps:
        answer = _answer(step)
        if step.in_doubt is not None:
            decided.in_doubt.append((step, step.in_doubt))
        elif step.message is not None and step.message.contact_id != step.contact.id:
            decided.misdirected.append((step, step.message))
        elif answer.outcome is Outcome.END:
            decided.ended.append((step, answer))
        elif answer.outcome is Outcome.SKIP:
            decided.skipped.append((step, answer.reason or ""))
        elif answer.outcome is not Outcome.GO:
            decided.held.append((step, answer))
        elif step.contact.id in contacts:
            decided.busy.append(step)
        else:
            contacts.add(step.contact.id)
            decided.going.append((step, answer))
    return decided


def _spread_season(session: Session, decided: _Decisions, asked: Asked, now: datetime) -> None:
    """Hold back first texts of a season until their share of its spread has passed; what a platform was asked
    about just now goes."""
    fresh = [(step, answer) for step, answer in decided.going if step.claim.id not in asked.checks]
    later = season_spread.moments(session, fresh, now)
    for step, _ in decided.going:
        if step.claim.id in later:
            waits = Answer(Outcome.HOLD, season_spread.SPREAD, later[step.claim.id])
            decided.held.append((step, waits))
    decided.going = [(step, answer) for step, answer in decided.going if step.claim.id not in later]


def _keep_pace(
    session: Session,
    runtime: Runtime,
    decided: _Decisions,
    asked: Asked,
    now: datetime,
) -> None:
    """Hold back what has no turn yet; what a platform was, or could not be, asked about just now had it."""
    provider = runtime.settings.sms_provider
    paced = [
        (step, answer)
        for step, answer in decided.going
        if not (step.claim.id in asked.checks or discounts.is_in_line(step))
        and pace.segments_per_second(provider, _from(step)) is not None
    ]
    wishes = [_wish(runtime, step, answer) for step, answer in paced]
    moments = pace.reserve(session, provider, wishes, now, LEAST_VALIDITY)
    late = {step.claim.id: moment for (step, _), moment in zip(paced, moments, strict=True) if moment > now}
    going, decided.going = decided.going, []
    for step, answer in going:
        moment = late.get(step.claim.id)
        if moment is None:
            decided.going.append((step, answer))
            continue
        then = gates.may_send(replace(step.situation, now=moment))
        if then.outcome is Outcome.END:
            decided.ended.append((step, then))
        else:
            waits = Answer(Outcome.HOLD, pace.PACED, moment) if then.outcome is Outcome.GO else then
            decided.held.append((step, waits))


def _wish(runtime: Runtime, step: DueStep, answer: Answer) -> Turn:
    until, promised = answer.until or step.situation.deadline, step.claim.reason == pace.PACED
    if step.message is not None:
        return Turn(_from(step), step.message.segments, until, promised)
    try:
        segments = compose(_material(runtime, step, links.make_token())).measure.segments
    except NoText:
        segments = 0
    return Turn(_from(step), segments, until, promised)


def _go(runtime: Runtime, decided: _Decisions, asked: Asked, now: datetime) -> None:
    for step, answer in decided.going:
        stale = step.cart.event_at < now - FRESH_FOR
        if step.claim.id not in asked.checks and (stale or discounts.makes_offer(step)):
            decided.to_ask.append(step)
        else:
            _make_ready(runtime, decided, step, answer, asked.offers.get(step.claim.id))


def _answer(step: DueStep) -> Answer:
    """A text that waits to go again ends with its enrollment, with the offer that it makes, the sale that
    it tells of, and the season in whose words it is."""
    if step.message is not None and step.enrollment.state == "ended":
        return Answer(Outcome.END, step.enrollment.reason)
    answer = gates.may_send(step.situation)
    over = discount_facts.code_is_over(step) or discount_facts.sale_is_over(step) or _season_is_over(step)
    return Answer(Outcome.END, "offer_over") if over and answer.outcome is Outcome.GO else answer


def _season_is_over(step: DueStep) -> bool:
    if step.message is None:
        return False
    country, written_at = step.cart.country or step.contact.country, step.message.created_at
    then = in_season.running_at(step.flow, country, written_at, step.situation.zones)
    return then is not None and then != step.season and in_season.has_words(then, step.step.key)


def _make_ready(
    runtime: Runtime, decided: _Decisions, step: DueStep, answer: Answer, offering: Offering | None
) -> None:
    sender, until = _from(step), answer.until or step.situation.deadline
    if step.message is not None:
        until = min(until, discount_facts.promise_ends_at(step) or until)
        decided.ready.append(Repeated(step, step.message, sender, until))
        return
    if isinstance(offering, InLine):
        decided.in_line.append(Later(step.claim, offering.until, offering.reason))
        return
    if isinstance(offering, Waits):
        decided.held.append((step, Answer(Outcome.HOLD, "no_code", offering.until)))
        return
    token, offer = links.make_token(), offering if isinstance(offering, Made | TellsSale) else None
    try:
        composed = compose(_material(runtime, step, token, offer.text if offer else None))
    except NoText:
        decided.skipped.append((step, "no_text"))
    else:
        until = min(until, offer.ends_at) if offer and offer.ends_at else until
        decided.ready.append(Fresh(step, sender, until, token, composed))


def _tell_offers(session: Session, ready: Sequence[Ready], asked: Asked, now: datetime) -> None:
    """What each of these texts offers, or why nothing, on its cart's timeline."""
    lines = []
    for step in (one.step for one in ready if isinstance(one, Fresh)):
        offering = asked.offers.get(step.claim.id)
        if isinstance(offering, Made):
            lines.append(replace(_line(step, "offered", now), details=dict(offering.details)))
        elif isinstance(offering, TellsSale):
            told = _line(step, "no_offer", now, facts.SALE_TOLD)
            lines.append(replace(told, details={"percent": offering.text.percent}))
        elif isinstance(offering, Without):
            lines.append(_line(step, "no_offer", now, offering.reason))
    timeline.record_all(session, lines)


def _from(step: DueStep) -> str:
    """The sender of a text that may go: the gates let none pass without one."""
    return step.sender.value if step.sender else ""


def _material(runtime: Runtime, step: DueStep, token: str, offer: OfferText | None = None) -> CartText:
    by_reply = step.sender is None or step.sender.receives_replies
    ways = texts.ways(runtime.settings, token, by_reply=by_reply)
    return texts.cart_text(step.store, step.cart, step.contact, step.step, ways, offer)


def _hold(session: Session, loaded: Loaded, decided: _Decisions, now: datetime) -> None:
    """Put back what waits, and tell on the timeline what for."""
    busy = [*loaded.busy, *(step.claim for step in decided.busy)]
    later, lines = [Later(claim, now + BUSY_PAUSE, claim.reason) for claim in busy], []
    later += decided.in_line
    places = _places_in_line(session, decided.held)
    for step, answer in decided.held:
        reason, until = _why_held(step, answer, loaded.senders)
        if answer.closes_at is not None:
            until += spread.delay(places[step.claim.id], step.contact.id, answer.closes_at - until)
        later.append(Later(step.claim, until, reason))
        lines.append(_line(step, "held", now, reason, until))
    due.put_back_all(session, later)
    timeline.record_all(session, lines)


def _places_in_line(session: Session, held: Sequence[tuple[DueStep, Answer]]) -> dict[int, int]:
    """How many wait before each text that is held until hours open, by claim id; oldest carts first."""
    lines = defaultdict(list)
    for step, answer in held:
        if answer.closes_at is not None and answer.until is not None:
            lines[step.claim.lane, answer.until].append(step)
    places: dict[int, int] = {}
    for (lane, opens_at), steps in lines.items():
        before = spread.waiting(session, due.STEP, lane, opens_at)
        steps.sort(key=lambda step: (step.cart.activity_at, step.claim.id))
        places |= {step.claim.id: before + number for number, step in enumerate(steps)}
    return places


def _why_held(step: DueStep, answer: Answer, senders: Senders) -> tuple[str | None, datetime]:
    """Why there is no sender, where the provider is what keeps it from sending."""
    until = answer.until or step.situation.now + gates.RECHECK_PAUSE
    if answer.reason != "no_sender":
        return answer.reason, until
    obstacles = [senders.obstacle(sender.value, step.contact.country) for sender in step.wanted_senders]
    obstacle = next((one for one in obstacles if one is not None), None)
    if obstacle is None:
        return answer.reason, until
    reason = "provider_stopped" if obstacle.state == providers.STOPPED else "provider_busy"
    return reason, min(until, obstacle.until)


def _end(session: Session, ended: Sequence[tuple[DueStep, Answer]], now: datetime) -> None:
    """End enrollments, and the texts that waited to go again."""
    lines, groups = [], defaultdict(list)
    for step, answer in ended:
        group = (step.store.id, answer.reason or "", answer.held_by, step.flow.makes_offers)
        groups[group].append(step.enrollment.id)
        if answer.reason == "too_late" and step.cart.state == "open":
            step.cart.state = "expired"
        if step.message is not None:
            lines.append(_give_up(step, step.message, step.message.reason or answer.reason, now))
    timeline.record_all(session, lines)
    for (store_id, reason, held_by, with_codes), ids in groups.items():
        enrollment.end_enrollments(session, store_id, ids, reason, now, held_by, with_codes)
    due.finish(session, [step.claim for step, _ in ended])


def _give_up(step: DueStep, message: Message, reason: str | None, now: datetime) -> Line:
    """A text that never left has failed; one that left once, and may have gone again, did not arrive."""
    left = message.status != "sending"
    message.status, message.final_at = "undelivered" if left else "failed", now
    message.reason = reason
    return _line(step, message.status, now, reason, message_id=message.id)


def _pass_over(session: Session, decided: _Decisions, now: datetime) -> None:
    """Steps that are skipped, and those whose text was claimed by a worker that has died since."""
    timeline.record_all(session, [_line(step, "skipped", now, reason) for step, reason in decided.skipped])
    lost = [(step, message) for step, message in decided.in_doubt if message.status in OPEN_MESSAGE_STATUSES]
    doubts.suspect(session, [message for _, message in lost], now, now)
    due.finish(session, [step.claim for step, _ in decided.in_doubt])
    _drop_codes(session, [step for step, _ in decided.skipped if discounts.makes_offer(step)], now)
    done = [step for step, _ in decided.skipped]
    done += [step for step, message in decided.in_doubt if message.status not in OPEN_MESSAGE_STATUSES]
    done += [step for step, _ in decided.misdirected]
    progress.move_on(session, {step.enrollment.id: step.step.key for step in done}, now)


def _give_up_misdirected(session: Session, found: Sequence[tuple[DueStep, Message]], now: datetime) -> None:
    """Texts to a number that is the shopper's no more: no gate asks whether that one may be texted."""
    lines = [_give_up(step, message, "number_changed", now) for step, message in found]
    timeline.record_all(session, lines)
    _drop_codes(session, [step for step, _ in found if step.code is not None], now)
    due.finish(session, [step.claim for step, _ in found])


def _drop_codes(session: Session, steps: Sequence[DueStep], now: datetime) -> None:
    """Codes that were made for texts which never go."""
    for store_id in {step.store.id for step in steps}:
        ids = [step.enrollment.id for step in steps if step.store.id == store_id]
        discount_ends.end_of_enrollments(session, store_id, ids, "skipped", now)


def _line(
    step: DueStep,
    kind: str,
    now: datetime,
    reason: str | None = None,
    until: datetime | None = None,
    message_id: int | None = None,
) -> Line:
    cart, key = step.cart, step.step.key
    return Line(cart.store_id, cart.id, kind, now, reason, step_key=key, message_id=message_id, until=until)
