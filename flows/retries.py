"""When a text that certainly did not leave is tried again.

The text keeps its row and its words; every call is a delivery of its own. Its gates are asked again
each time, and end it when its hours or its cart do.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models import Message
from flows import due, opt_in

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 900))
"""After the first call, the second, ...; further calls keep to the last pause."""

AFTER_TEMPORARY_FAILURE = timedelta(minutes=45)
"""A network's temporary failure is over within 30 to 60 minutes, or lasts."""


def pause(attempt: int) -> timedelta:
    """How long to wait after the call with this number, counted from 1."""
    return PAUSES[min(max(attempt, 1), len(PAUSES)) - 1]


ANSWER = "answer"
"""The mark of due rows whose text is an answer to a shopper's own: it has no cart and other gates."""

REQUEST = "request"
"""The mark of due rows whose text asks to confirm a consent."""


def plan(session: Session, message: Message, at: datetime, now: datetime) -> None:
    """Call the provider for this text at that moment, if its gates pass then."""
    due.schedule(
        session,
        store_id=message.store_id,
        kind=due.RESEND,
        subject=message.id,
        due_at=at,
        once_key=due.once_key(due.RESEND, message.id),
        now=now,
        lane=message.lane,
        reason=_mark(message),
    )


def _mark(message: Message) -> str | None:
    if message.kind == opt_in.KIND:
        return REQUEST
    return ANSWER if message.enrollment_id is None else None
