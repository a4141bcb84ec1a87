"""What became of provider calls, written in batches: accepted, refused, in doubt, or not made after all.

Cart rows are touched before due rows, and due rows before enrollments, as everywhere: two that lock in
the same order never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Message, SenderContact, Usage
from app.runtime import Runtime
from connectors.sms import FINAL, Accepted, InDoubt, Refused, SendResult, Status
from flows import bulk, discount_ends, doubts, due, progress, refusals, retries, stats, timeline
from flows.conflicts import again
from flows.offer_form import Rung
from flows.outgoing import Outgoing, answered, story


@dataclass(frozen=True, slots=True)
class Withheld:
    """We did not call the provider: something about the cart came in meanwhile. Look again at ``until``."""

    reason: str
    until: datetime


Result = SendResult | Withheld
Call = tuple[Outgoing, Result]
Taken = tuple[Outgoing, Accepted]


@again
def record(runtime: Runtime, calls: Sequence[Call], now: datetime) -> None:
    """Write down the results of many calls, in one transaction."""
    with runtime.database.session() as session:
        take_accepted(session, [(one, said) for one, said in calls if isinstance(said, Accepted)], now)
        for one, said in calls:
            if isinstance(said, Refused):
                refusals.take(session, runtime, one, said, now)
            elif isinstance(said, InDoubt):
                _take_doubtful(session, one, now)
            elif isinstance(said, Withheld):
                _take_withheld(session, one, said, now)


DELIVERIES = text(
    """
    UPDATE delivery SET outcome = 'accepted', provider_id = told.provider_id, status = told.status,
        answered_at = :now
    FROM unnest(CAST(:ids AS bigint[]), CAST(:provider_ids AS text[]), CAST(:statuses AS text[]))
        AS told(id, provider_id, status)
    WHERE delivery.id = told.id
    """
)
MESSAGES = text(
    """
    UPDATE message SET status = CASE WHEN message.status = 'sending' THEN told.status ELSE message.status END,
        accepted_at = coalesce(accepted_at, :at), reason = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:statuses AS text[])) AS told(id, status)
    WHERE message.id = told.id AND message.status IN ('sending', 'accepted', 'sent')
    """
)


def take_accepted(
    session: Session, taken: Sequence[Taken], now: datetime, accepted_at: datetime | None = None
) -> None:
    """The provider has these texts: what they cost, from whom they came, and the flows go on.

    ``accepted_at`` is when it took them, if that is not now.
    """
    if not taken:
        return
    at = accepted_at or now
    timeline.record_all(session, [line for one, _ in taken for line in story(one.message, "sent", now)])
    # What is final already comes as a receipt too, which tells more.
    statuses = [(Status.ACCEPTED if said.status in FINAL else said.status).value for _, said in taken]
    told = {
        "statuses": statuses,
        "provider_ids": [said.provider_id for _, said in taken],
        "now": now,
        "at": at,
    }
    session.execute(DELIVERIES, told | {"ids": [one.delivery_id for one, _ in taken]})
    session.execute(MESSAGES, told | {"ids": [one.message.id for one, _ in taken]})
    bulk.insert_all(session, Usage, [_usage(one, said, at) for one, said in taken], on_conflict="DO NOTHING")
    remember_senders(session, [(one.text.sender, one.message) for one, _ in taken], at)
    progress.go_on(session, [one for one, _ in taken], now)
    _replace_codes(session, [one for one, _ in taken], now)
    days = {(one.message.store_id, stats.local_day(at, one.timezone)) for one, _ in taken}
    stats.flag_days(session, days, now)


def _replace_codes(session: Session, texts: Sequence[Outgoing], now: datetime) -> None:
    """Not before the text is out: one that never goes must not take what an earlier one promised.

    Of a text that was in doubt nobody tells here whether it makes an offer.
    """
    for one in texts:
        message, makes_none = one.message, one.step is not None and one.step.step.offer is Rung.NONE
        if not makes_none and message.enrollment_id is not None and message.step_key is not None:
            store_id, enrollment_id = message.store_id, message.enrollment_id
            discount_ends.replace(session, store_id, enrollment_id, message.step_key, now)


def _usage(one: Outgoing, said: Accepted, at: datetime) -> dict[str, Any]:
    return {
        "store_id": one.message.store_id,
        "delivery_id": one.delivery_id,
        "provider": one.provider,
        "country": one.message.country,
        "segments": said.segments or one.message.segments,
        "price": said.price,
        "currency": said.currency if said.price is not None else None,
        "occurred_at": at,
    }


def remember_senders(session: Session, texted: Sequence[tuple[str, Message]], at: datetime) -> None:
    """From which of our senders a store texted a number, and when last: a reply finds its stores by this."""
    rows = {(sender, message.phone, message.store_id): message.contact_id for sender, message in texted}
    if not rows:
        return
    values = [
        {"sender": key[0], "phone": key[1], "store_id": key[2], "contact_id": rows[key], "texted_at": at}
        for key in sorted(rows)
    ]
    bulk.insert_all(session, SenderContact, values, on_conflict=TEXTED_AGAIN)


TEXTED_AGAIN = (
    "(sender, phone, store_id) DO UPDATE SET contact_id = excluded.contact_id,"
    " texted_at = greatest(sender_contact.texted_at, excluded.texted_at)"
)


def _take_doubtful(session: Session, one: Outgoing, now: datetime) -> None:
    """Nobody knows whether it left. The text stays ``sending`` until the provider was asked."""
    ask_at = now + doubts.PAUSE
    timeline.record_all(session, story(one.message, "held", now, "in_doubt", ask_at))
    answered(session, one, now, outcome="in_doubt")
    doubts.suspect(session, [one.message], ask_at, now)
    due.finish(session, [one.claim])


def _take_withheld(session: Session, one: Outgoing, said: Withheld, now: datetime) -> None:
    """It certainly did not leave, and may still go."""
    timeline.record_all(session, story(one.message, "held", now, said.reason, said.until))
    answered(session, one, now, outcome="refused", code=said.reason)
    retries.plan(session, one.message, said.until, now)
    due.finish(session, [one.claim])
