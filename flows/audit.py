"""The trail of what merchants, operators and we ourselves did that touches sending rules or personal data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.models import AuditEvent

OPERATOR, PLATFORM = "operator", "platform"


def record(
    session: Session, store_id: int, actor: str, action: str, now: datetime, **details: object
) -> None:
    """Write down what somebody did. ``details`` name shoppers by the numbers of their rows only."""
    session.add(AuditEvent(store_id=store_id, actor=actor, action=action, details=details, occurred_at=now))
