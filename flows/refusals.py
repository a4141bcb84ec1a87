"""What follows when a provider refuses a text, or reports that it did not arrive, by category.

A refusal tells one of four things: a stop, a number that cannot be texted, a sender or an account that
may not send, or something about this text alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Contact, Message, Store
from app.models.message import OPEN_MESSAGE_STATUSES
from app.runtime import Runtime
from connectors.events import ConsentSignal, ConsentState
from connectors.sms import Category, Refused
from flows import consents, discount_ends, due, enrollment, progress, providers, retries, timeline
from flows.outgoing import Outgoing, answered, story

log = structlog.get_logger()

# The provider's hours are narrower than ours: somebody should look, and later it may be allowed.
QUIET_PAUSE = timedelta(hours=1)
# A receipt calls a number unknown whose handset is only off the network: believed the second time
# (Twilio 30005). A provider that refuses a number at once knows it.
UNREACHABLE_TWICE = 2
_NUMBER_PROBLEMS = frozenset({Category.INVALID_NUMBER, Category.NOT_MOBILE})


@dataclass(frozen=True, slots=True)
class Retry:
    """The text may go at ``at``; ``reason`` is told on the timeline."""

    at: datetime
    reason: str


def take(session: Session, runtime: Runtime, one: Outgoing, said: Refused, now: datetime) -> None:
    """A text that certainly did not leave: it is tried again, or it has failed and the flow goes on."""
    message, category = one.message, said.category
    about = (one.provider, one.text.sender, message.country)
    until = providers.take_note(session, *about, category, said.code, now, said.retry_after)
    retry = decide(said, one.attempt, now, until)
    answered(session, one, now, outcome="refused", category=category.value, code=said.code)
    heed(session, runtime, message, category, f"delivery:{one.delivery_id}", now)
    if retry is not None:
        timeline.record_all(session, story(message, "held", now, retry.reason, retry.at))
        change(session, message, reason=category.value)
        retries.plan(session, message, retry.at, now)
        due.finish(session, [one.claim])
        return
    fail(session, message, category, now)
    if message.enrollment_id is not None:
        discount_ends.end_of_enrollments(session, message.store_id, [message.enrollment_id], category, now)
    progress.go_on(session, [one], now)


def decide(said: Refused, attempt: int, now: datetime, until: datetime | None) -> Retry | None:
    """When a refused text is tried again; None: never.

    ``until``: as long as the sender or the account may not send.
    """
    if until is not None:
        slowed = said.category is Category.RATE
        return Retry(until, "provider_busy" if slowed else "provider_stopped")
    if said.category is Category.QUIET_HOURS:
        return Retry(now + QUIET_PAUSE, "quiet_hours")
    if said.retryable or said.category is Category.TEMPORARY:
        unreachable = said.category is Category.UNREACHABLE
        return Retry(now + retries.pause(attempt), "provider_unreachable" if unreachable else "provider_busy")
    return None


def fail(session: Session, message: Message, reason: str, now: datetime) -> None:
    """The text has come to its end: it never left, or one that left earlier did not arrive."""
    status = "failed" if message.status == "sending" else "undelivered"
    timeline.record_all(session, story(message, status, now, reason))
    change(session, message, status=status, reason=reason, final_at=now)


def change(session: Session, message: Message, **told: Any) -> None:
    """Change a text that is not final."""
    session.execute(
        update(Message)
        .where(Message.store_id == message.store_id, Message.id == message.id)
        .where(Message.status.in_(OPEN_MESSAGE_STATUSES))
        .values(**told)
    )


def heed(
    session: Session,
    runtime: Runtime,
    message: Message,
    category: Category | None,
    source: str,
    now: datetime,
    *,
    by_receipt: bool = False,
) -> None:
    """What a failure tells of the number: a stop, or that it cannot be texted.

    ``source`` names what told it, such as ``delivery:17``.
    """
    if category is Category.OPTED_OUT:
        _stop(session, runtime, message, source, now)
    elif category in _NUMBER_PROBLEMS:
        _mark(session, message, category, now, at_once=not by_receipt or category is Category.NOT_MOBILE)
    elif category is Category.QUIET_HOURS:
        log.error(
            "sms_hours_disagree", store_id=message.store_id, message_id=message.id, country=message.country
        )


def _stop(session: Session, runtime: Runtime, message: Message, source: str, now: datetime) -> None:
    """The provider blocks the number because its owner said stop, to us or to the provider alone."""
    store = session.get_one(Store, message.store_id)
    signal = ConsentSignal(ConsentState.WITHDRAWN, message.phone, "provider_opt_out", occurred_at=now)
    hash_key = runtime.settings.hash_key
    evidence = {"actor": "provider", "message": message.id}
    consents.record_signal(
        session, store, message.phone, signal, now, source, hash_key=hash_key, evidence=evidence
    )


def _mark(session: Session, message: Message, category: Category, now: datetime, *, at_once: bool) -> None:
    """The number cannot be texted: nothing more is sent to it."""
    contact = session.scalar(
        select(Contact)
        .where(Contact.store_id == message.store_id, Contact.id == message.contact_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if contact is None:
        return
    contact.unreachable_count += 1
    if at_once or contact.unreachable_count >= UNREACHABLE_TWICE:
        contact.unreachable_reason = category.value
        enrollment.end_for_contact(session, contact.store_id, contact.id, category.value, now)
