"""Texts of which nobody knows whether they left: the provider is asked, and they are never sent again.

A call that timed out, or whose worker died, leaves its text open. Its provider is asked twice, five
minutes apart, whether it holds the text; if not, the text has failed as ``in_doubt``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models import Message
from flows import due

# Between the call and the first asking, and between the two askings: lists of providers lag behind.
PAUSE = timedelta(minutes=5)


def suspect(session: Session, messages: Iterable[Message], at: datetime, now: datetime) -> None:
    """Have the provider asked from ``at`` on what became of these texts."""
    for message in messages:
        due.schedule_once(
            session,
            store_id=message.store_id,
            kind=due.IN_DOUBT,
            subject=message.id,
            due_at=at,
            once_key=due.once_key(due.IN_DOUBT, message.id),
            now=now,
        )
