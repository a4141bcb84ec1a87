"""What dead workers and silent providers leave behind: found every minute, and settled.

Claims whose lease has run out come back by themselves. Texts do not, for nobody may send them again:
a call that timed out, or whose worker died, leaves its text open until the provider was asked twice,
five minutes apart, whether it holds it; if not, the text has failed as ``in_doubt``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from app.models import Delivery, Due, Enrollment, Message, Store
from app.models.message import OPEN_MESSAGE_STATUSES
from app.runtime import Runtime
from connectors.sms import Accepted, Provider, ProviderUnreachable, Question, Receipt, Status
from flows import (
    dispatch,
    doubts,
    due,
    facts,
    outcomes,
    outgoing,
    progress,
    providers,
    receipts,
    refusals,
    retries,
)
from flows.conflicts import again
from flows.due import Claim, Later
from flows.outgoing import Outgoing, Planned

log = structlog.get_logger()

BATCH = 100
ASKED_AT_ONCE = 8
LEASE = timedelta(minutes=10)
UNREACHABLE_PAUSE = timedelta(minutes=1)
# The mark of a due row whose provider was asked once already.
ASKED = "asked_once"

Answer = list[Receipt] | None
"""What the provider holds that may be the text; None: it could not be asked."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A text in doubt, with the call of which nobody knows what came of it."""

    claim: Claim
    message: Message
    call: Delivery
    timezone: str


def sweep(runtime: Runtime, deadline: datetime) -> None:
    """Find the texts that a dead worker left as ``sending`` with nothing planned for them."""
    while runtime.clock.now() < deadline and _pick_up(runtime, runtime.clock.now()) == BATCH:
        pass


@again
def _pick_up(runtime: Runtime, now: datetime) -> int:
    with runtime.database.session() as session:
        lost = session.scalars(_lost(now)).all()
        calls = facts.last_calls(session, [message.id for message in lost])
        for message in lost:
            call = calls.get(message.id)
            if call is not None and call.outcome in facts.UNKNOWN_OUTCOMES:
                doubts.suspect(session, [message], now, now)
            elif ended := _end_of(session, message):
                refusals.fail(session, message, ended, now)
            else:
                retries.plan(session, message, now, now)
    if lost:
        log.warning("texts_picked_up", count=len(lost))
    return len(lost)


def _lost(now: datetime) -> Select[Message]:
    planned = exists().where(
        Due.once_key.in_([func.concat(f"{kind}:", Message.id) for kind in (due.RESEND, due.IN_DOUBT)])
    )
    return (
        select(Message)
        .where(Message.status == "sending", Message.created_at < now - dispatch.LEASE, ~planned)
        .order_by(Message.created_at)
        .limit(BATCH)
    )


def _end_of(session: Session, message: Message) -> str | None:
    """Why a text that waited to go again has nothing to wait for; None if it has."""
    if message.enrollment_id is None:
        return None
    query = select(Enrollment.reason).where(
        Enrollment.store_id == message.store_id,
        Enrollment.id == message.enrollment_id,
        Enrollment.state == "ended",
    )
    return session.scalar(query)


def drain(runtime: Runtime, deadline: datetime | None = None) -> int:
    """Settle texts in doubt whose time has come, until none is left or ``deadline``; says how many."""
    provider = providers.provider(runtime)
    count = 0
    while deadline is None or runtime.clock.now() < deadline:
        now = runtime.clock.now()
        claims = due.claim(runtime.database, due.IN_DOUBT, BATCH, now, LEASE)
        if not claims:
            break
        open_doubts = _load(runtime, claims)
        _settle(runtime, claims, open_doubts, _ask(provider, open_doubts), runtime.clock.now())
        count += len(claims)
    return count


def _load(runtime: Runtime, claims: Sequence[Claim]) -> list[Doubt]:
    with runtime.database.session() as session:
        return _doubts(session, claims)


def _doubts(session: Session, claims: Sequence[Claim]) -> list[Doubt]:
    """Those of the claims whose texts are in doubt still."""
    rows = session.execute(
        select(Message, Store.timezone)
        .join(Store, Store.id == Message.store_id)
        .where(Message.id.in_([claim.subject for claim in claims]))
        .where(Message.status.in_(OPEN_MESSAGE_STATUSES))
        .order_by(Message.id)
        .with_for_update(of=Message)
        .execution_options(populate_existing=True)
    )
    texts = {message.id: (message, timezone) for message, timezone in rows}
    calls = facts.last_calls(session, list(texts))
    return [
        Doubt(claim, texts[claim.subject][0], calls[claim.subject], texts[claim.subject][1])
        for claim in claims
        if claim.subject in calls and calls[claim.subject].outcome in facts.UNKNOWN_OUTCOMES
    ]


def _ask(provider: Provider, open_doubts: Sequence[Doubt]) -> dict[int, Answer]:
    """What the provider holds, by text; outside any transaction."""
    with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="ask") as threads:
        asked = {doubt.message.id: threads.submit(_find, provider, doubt) for doubt in open_doubts}
    return {message_id: answer.result() for message_id, answer in asked.items()}


def _find(provider: Provider, doubt: Doubt) -> Answer:
    message, call = doubt.message, doubt.call
    if not provider.capabilities.find:
        return []
    question = Question(
        to=message.phone,
        body=message.body or "",
        sender=call.sender,
        sent_at=call.started_at,
        link_token=message.link_token,
    )
    try:
        return list(provider.find(question))
    except ProviderUnreachable as error:
        log.warning("provider_not_asked", provider=provider.name, error=str(error))
        return None


@again
def _settle(
    runtime: Runtime,
    claims: Sequence[Claim],
    asked: Sequence[Doubt],
    answers: Mapping[int, Answer],
    now: datetime,
) -> None:
    """The rows may have changed while the provider was asked: only what is in doubt still is settled."""
    with runtime.database.session() as session:
        ours = due.hold(session, claims)
        open_doubts = _doubts(session, [doubt.claim for doubt in asked if doubt.claim.id in ours])
        unknown = _unknown_of_ours(session, answers)
        later: list[Later] = []
        for doubt in open_doubts:
            answer = unknown[doubt.message.id]
            if answer:
                _found(session, runtime, doubt, answer[0], now)
            elif answer is None:
                later.append(Later(doubt.claim, now + UNREACHABLE_PAUSE, doubt.claim.reason))
            elif doubt.claim.reason == ASKED:
                _give_up(session, runtime, doubt, now)
            else:
                later.append(Later(doubt.claim, now + doubts.PAUSE, ASKED))
        waiting = due.put_back_all(session, later)
        due.finish(session, [claim for claim in claims if claim.id not in waiting])


def _unknown_of_ours(session: Session, answers: Mapping[int, Answer]) -> dict[int, Answer]:
    """The answers without what other texts of ours are known by: the same words may have gone before."""
    found = [receipt.provider_id for answer in answers.values() for receipt in answer or []]
    known = set(session.scalars(select(Delivery.provider_id).where(Delivery.provider_id.in_(found))))
    return {
        message_id: answer and [receipt for receipt in answer if receipt.provider_id not in known]
        for message_id, answer in answers.items()
    }


def _found(session: Session, runtime: Runtime, doubt: Doubt, receipt: Receipt, now: datetime) -> None:
    """The text left: it counts from the moment of its call."""
    said = Accepted(receipt.provider_id, Status.ACCEPTED, receipt.segments, receipt.price, receipt.currency)
    one = _outgoing(runtime, doubt, now)
    outcomes.take_accepted(session, [(one, said)], now, accepted_at=doubt.call.started_at)
    receipts.take(session, runtime, doubt.call.provider, receipt, now)


def _give_up(session: Session, runtime: Runtime, doubt: Doubt, now: datetime) -> None:
    one = _outgoing(runtime, doubt, now)
    outgoing.answered(session, one, now, outcome="in_doubt")
    refusals.fail(session, doubt.message, "in_doubt", now)
    progress.go_on(session, [one], now)


def _outgoing(runtime: Runtime, doubt: Doubt, now: datetime) -> Outgoing:
    """The call as it was made."""
    until = doubt.message.validity_until or now
    planned = Planned(doubt.claim, doubt.message, doubt.call.sender, until, doubt.timezone, doubt.call)
    return outgoing.of_call(runtime, planned, doubt.call, now)
