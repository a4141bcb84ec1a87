"""Texts that are claimed for sending: the rows that make each of them happen once.

They are committed before the provider is called. A worker that dies in between leaves them as
``sending``, and nobody sends such a text again (``flows.doubts``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text, update
from sqlalchemy.orm import Session

from app.models import Delivery, Link, Message, MessageOnce
from app.runtime import Runtime
from connectors.sms import OutgoingText
from flows import bulk, links, providers, timeline
from flows.compose import Composed
from flows.due import Claim
from flows.facts import DueStep
from flows.gates import StepKind
from flows.timeline import Line
from flows.timing import LEAST_VALIDITY
from flows.zones import local_hour


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text that is claimed for sending: its committed rows, and what the provider is told.

    ``step`` is None for an answer to a shopper's own text. ``timezone`` is the store's.
    """

    claim: Claim
    message: Message
    delivery_id: int
    attempt: int
    provider: str
    timezone: str
    text: OutgoingText
    step: DueStep | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """A step that may go now, until ``until``, in these words; ``sender`` sends it."""

    step: DueStep
    sender: str
    until: datetime
    token: str
    composed: Composed


@dataclass(frozen=True, slots=True)
class Repeated:
    """A text that certainly did not leave, or did not arrive, and may go now, until ``until``."""

    step: DueStep
    message: Message
    sender: str
    until: datetime


Ready = Fresh | Repeated


@dataclass(frozen=True, slots=True)
class Planned:
    """A provider call that is about to begin, and the last one for the same text."""

    claim: Claim
    message: Message
    sender: str
    until: datetime
    timezone: str
    last_call: Delivery | None
    step: DueStep | None = None


def claim(session: Session, runtime: Runtime, ready: Sequence[Ready], now: datetime) -> list[Outgoing]:
    """Write down that the texts of these steps are being sent now."""
    fresh = [one for one in ready if isinstance(one, Fresh)]
    messages = _insert_messages(session, fresh, now)
    _keep_once(session, fresh, messages, now)
    repeated = [one for one in ready if isinstance(one, Repeated)]
    for one in repeated:
        one.message.sender, one.message.validity_until = one.sender, one.until
    pairs: list[tuple[Ready, Message]] = list(zip(fresh, messages, strict=True))
    pairs += [(one, one.message) for one in repeated]
    planned = [
        Planned(
            claim=one.step.claim,
            message=message,
            sender=one.sender,
            until=one.until,
            timezone=one.step.store.timezone,
            last_call=one.step.last_call,
            step=one.step,
        )
        for one, message in pairs
    ]
    return begin(session, runtime, planned, now)


def begin(session: Session, runtime: Runtime, planned: Sequence[Planned], now: datetime) -> list[Outgoing]:
    """Write down the provider calls that are about to begin."""
    calls = [_call(runtime, one, now) for one in planned]
    inserted = bulk.insert_all(session, Delivery, calls, returning="message_id, id, attempt, provider")
    by_message = {call.message_id: call for call in inserted}
    return [of_call(runtime, one, by_message[one.message.id], now) for one in planned]


def _call(runtime: Runtime, one: Planned, now: datetime) -> dict[str, Any]:
    return {
        "store_id": one.message.store_id,
        "message_id": one.message.id,
        "attempt": one.last_call.attempt + 1 if one.last_call else 1,
        "channel": one.message.channel,
        "provider": runtime.settings.sms_provider,
        "sender": one.sender,
        "outcome": "calling",
        "started_at": now,
    }


def of_call(
    runtime: Runtime, one: Planned, call: Delivery | Row[*tuple[Any, ...]], now: datetime
) -> Outgoing:
    """A text and the provider call that is, or was, made for it."""
    return Outgoing(
        claim=one.claim,
        message=one.message,
        delivery_id=call.id,
        attempt=call.attempt,
        provider=call.provider,
        timezone=one.timezone,
        text=_text(runtime, one, now),
        step=one.step,
    )


def _text(runtime: Runtime, one: Planned, now: datetime) -> OutgoingText:
    """What the provider is told. It must not deliver after ``until``: the hours end, or the cart does."""
    validity = max(one.until - now, LEAST_VALIDITY)
    return OutgoingText(
        to=one.message.phone,
        body=one.message.body or "",
        sender=one.sender,
        reference=str(one.message.id),
        receipt_url=providers.receipt_url(runtime.settings, runtime.settings.sms_provider),
        validity=int(validity.total_seconds()),
        link_token=one.message.link_token,
    )


def _insert_messages(session: Session, fresh: Sequence[Fresh], now: datetime) -> list[Message]:
    """The texts, as rows of this session's transaction but not of its identity map."""
    rows = [_message(one, now) for one in fresh]
    inserted = bulk.insert_all(session, Message, rows, returning="link_token, id")
    ids = {token: message_id for token, message_id in inserted}
    return [Message(id=ids[row["link_token"]], **row) for row in rows]


def _message(one: Fresh, now: datetime) -> dict[str, Any]:
    step, words = one.step, one.composed
    return {
        "store_id": step.store.id,
        "contact_id": step.contact.id,
        "cart_id": step.cart.id,
        "enrollment_id": step.enrollment.id,
        "flow_id": step.enrollment.flow_id,
        "step_key": step.step.key,
        "kind": step.step.kind,
        "channel": step.step.channel,
        "phone": step.contact.phone,
        "country": step.contact.country,
        "language": words.language,
        "language_reason": words.language_reason.value,
        "body": words.body,
        "encoding": words.measure.encoding.value,
        "segments": words.measure.segments,
        "sender": one.sender,
        "lane": step.claim.lane,
        "link_token": one.token,
        "status": "sending",
        "validity_until": one.until,
        "local_hour": local_hour(now, step.situation.zones),
        "created_at": now,
    }


def _keep_once(session: Session, fresh: Sequence[Fresh], messages: Sequence[Message], now: datetime) -> None:
    """What makes a step's text happen once, its link, and the counts that caps and limits read."""
    pairs = list(zip(fresh, messages, strict=True))
    bulk.insert_all(session, MessageOnce, [_once(one, message, now) for one, message in pairs])
    bulk.insert_all(session, Link, [_link(one, message, now) for one, message in pairs])
    _count(session, fresh, now)
    timeline.record_all(session, [line for message in messages for line in story(message, "sending", now)])


def _once(one: Fresh, message: Message, now: datetime) -> dict[str, Any]:
    return {
        "store_id": message.store_id,
        "once_key": one.step.once_key,
        "message_id": message.id,
        "created_at": now,
    }


def _link(one: Fresh, message: Message, now: datetime) -> dict[str, Any]:
    cutoff = one.step.flow.trigger.cutoff
    return {
        "store_id": message.store_id,
        "token": one.token,
        "message_id": message.id,
        "cart_id": message.cart_id,
        "contact_id": message.contact_id,
        "created_at": now,
        "expires_at": links.link_end(one.step.cart.activity_at, cutoff),
    }


COUNT = (
    text("UPDATE cart SET texts_sent = texts_sent + 1 WHERE id = ANY(CAST(:carts AS bigint[]))"),
    text("UPDATE enrollment SET sent = sent + 1 WHERE id = ANY(CAST(:enrollments AS bigint[]))"),
    text(
        """
        UPDATE contact SET sender = known.sender,
            texted_at = CASE WHEN known.marketing THEN :now ELSE texted_at END
        FROM unnest(CAST(:contacts AS bigint[]), CAST(:senders AS text[]), CAST(:marketing AS boolean[]))
            AS known(id, sender, marketing)
        WHERE contact.id = known.id
        """
    ),
)


def _count(session: Session, fresh: Sequence[Fresh], now: datetime) -> None:
    """Claimed texts count, not only delivered ones. One batch has one text for a contact at most."""
    if not fresh:
        return
    steps = [one.step for one in fresh]
    values = {
        "carts": [step.cart.id for step in steps],
        "enrollments": [step.enrollment.id for step in steps],
        "contacts": [step.contact.id for step in steps],
        "senders": [one.sender for one in fresh],
        "marketing": [step.step.kind == StepKind.MARKETING for step in steps],
        "now": now,
    }
    for statement in COUNT:
        session.execute(statement, values)


def story(
    message: Message,
    kind: str,
    now: datetime,
    reason: str | None = None,
    until: datetime | None = None,
) -> list[Line]:
    """What a text has to tell on its cart's timeline; an answer to a shopper's own text has no cart."""
    if message.cart_id is None:
        return []
    return [
        Line(
            message.store_id,
            message.cart_id,
            kind,
            now,
            reason,
            step_key=message.step_key,
            message_id=message.id,
            until=until,
        )
    ]


def answered(session: Session, one: Outgoing, now: datetime, **told: str | None) -> None:
    """Write down what the provider call came to."""
    session.execute(
        update(Delivery)
        .where(Delivery.store_id == one.message.store_id, Delivery.id == one.delivery_id)
        .values(answered_at=now, **told)
    )
