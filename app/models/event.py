"""The inbox: everything that came from outside, as it came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Row

INBOUND_STATES = ("pending", "applied", "ignored", "failed")


class InboundEvent(Row, Base):
    """One delivery from a platform or an SMS provider.

    ``source`` is ``shopify``, ``woocommerce``, ``demo``, ``sms:twilio:receipt``, ``sms:twilio:reply``, ...;
    ``dedupe_key`` is unique per source (it holds the store's public id where the platform's own key is
    unique per store only). Events of one ``subject`` are applied in the order they came. ``mentions``
    are the keys by which a waiting text asks whether an event about it is still unapplied.
    ``headers`` keep only what the connector needs. ``body`` is erased 14 days after it was applied.
    """

    __tablename__ = "inbound_event"
    __table_args__ = (
        CheckConstraint(f"state IN {INBOUND_STATES!r}", name="state"),
        UniqueConstraint("source", "dedupe_key"),
        UniqueConstraint("store_id", "id"),
        Index("ix_inbound_event_pending", "id", postgresql_where=text("state = 'pending'")),
        Index(
            "ix_inbound_event_subject",
            "source",
            "subject",
            "id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_inbound_event_mentions",
            "mentions",
            postgresql_using="gin",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_inbound_event_failed", "received_at", postgresql_where=text("state = 'failed'")),
        Index("ix_inbound_event_erasable", "received_at", postgresql_where=text("body IS NOT NULL")),
    )

    source: Mapped[str]
    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"))
    topic: Mapped[str]
    subject: Mapped[str]
    dedupe_key: Mapped[str]
    mentions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    headers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(server_default=text("'pending'"), default="pending")
    attempts: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    error: Mapped[str | None]
    retry_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    triggered_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
