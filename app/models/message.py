"""Texts: what was sent, each provider call, what it cost, and the way back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, belongs_to, tenant

MESSAGE_STATUSES = ("sending", "accepted", "sent", "delivered", "undelivered", "failed")
OPEN_MESSAGE_STATUSES = ("sending", "accepted", "sent")


class Message(TenantRow, Base):
    """An outgoing text of any kind.

    ``kind``: marketing, service, stop_confirmation, start_confirmation, help, opt_in_request,
    opt_in_confirmation. ``status`` only moves forward: sending (committed, the provider may have it) ->
    accepted (the provider has it) -> sent (the network has it) -> delivered | undelivered | failed.
    ``failed`` carries a ``reason`` such as ``in_doubt``. ``local_hour`` is the hour on the shopper's
    clock at which it was claimed, None where several clocks are possible. ``lane`` as in ``Due``.
    ``encoding`` is ``GSM-7`` or ``UCS-2``.
    """

    __tablename__ = "message"
    __table_args__ = tenant(
        CheckConstraint(f"status IN {MESSAGE_STATUSES!r}", name="status"),
        belongs_to("contact", "contact_id"),
        belongs_to("cart", "cart_id"),
        belongs_to("enrollment", "enrollment_id"),
        Index(None, "store_id", "cart_id"),
        Index(None, "store_id", "enrollment_id"),
        Index(None, "store_id", "contact_id", "created_at"),
        Index(None, "store_id", "accepted_at"),
        Index(None, "store_id", "created_at", "id"),
        Index("ix_message_open", "created_at", postgresql_where=text("status = 'sending'")),
    )

    contact_id: Mapped[int]
    cart_id: Mapped[int | None]
    enrollment_id: Mapped[int | None]
    flow_id: Mapped[int | None]
    step_key: Mapped[str | None]
    kind: Mapped[str] = mapped_column(default="marketing")
    channel: Mapped[str] = mapped_column(default="sms")
    phone: Mapped[str]
    country: Mapped[str | None]
    language: Mapped[str]
    language_reason: Mapped[str | None]
    body: Mapped[str | None]
    encoding: Mapped[str]
    segments: Mapped[int]
    sender: Mapped[str | None]
    lane: Mapped[str]
    link_token: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="sending")
    reason: Mapped[str | None]
    clicked_at: Mapped[datetime | None]
    validity_until: Mapped[datetime | None]
    local_hour: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]


class MessageOnce(Base):
    """Makes a text happen once: ``step:<enrollment>:<step key>:<round>``, ``stop-confirmation:<reply>``."""

    __tablename__ = "message_once"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    once_key: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[int]
    created_at: Mapped[datetime]


class Delivery(TenantRow, Base):
    """One provider call for a message; a second one only after the first certainly did not leave.

    ``outcome``: calling, accepted, refused, in_doubt. ``status`` is the provider's own word.
    """

    __tablename__ = "delivery"
    __table_args__ = tenant(
        UniqueConstraint("provider", "provider_id"),
        UniqueConstraint("store_id", "message_id", "attempt"),
        belongs_to("message", "message_id", ondelete="CASCADE"),
    )

    message_id: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=1)
    channel: Mapped[str] = mapped_column(default="sms")
    provider: Mapped[str]
    sender: Mapped[str]
    provider_id: Mapped[str | None]
    outcome: Mapped[str] = mapped_column(default="calling")
    status: Mapped[str | None]
    category: Mapped[str | None]
    code: Mapped[str | None]
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Usage(TenantRow, Base):
    """Append-only, one per accepted text; no personal data. Price is per text in ``currency``."""

    __tablename__ = "usage"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "delivery_id"), Index(None, "store_id", "occurred_at")
    )

    delivery_id: Mapped[int] = mapped_column(BigInteger)
    provider: Mapped[str]
    country: Mapped[str | None]
    segments: Mapped[int]
    price: Mapped[Decimal | None]
    currency: Mapped[str | None]
    occurred_at: Mapped[datetime]


class Link(TenantRow, Base):
    """A short link ``/r/<token>``. After ``ended_at`` or ``expires_at`` it leads to the shop's front page.

    ``previewed_at`` is when a bot or a link previewer first opened it: the cart's timeline tells it once.
    ``progress``: which steps of the checkout (``contact``, ``shipping``, ``payment``, ``ordered``) were first
    told when, after a person opened it; None before the first.
    """

    __tablename__ = "link"
    __table_args__ = tenant(
        UniqueConstraint("token"),
        belongs_to("message", "message_id", ondelete="CASCADE"),
        belongs_to("cart", "cart_id", ondelete="CASCADE"),
        Index(None, "store_id", "message_id"),
        Index(None, "store_id", "cart_id"),
        Index(None, "store_id", "contact_id"),
    )

    token: Mapped[str]
    message_id: Mapped[int]
    cart_id: Mapped[int]
    contact_id: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    previewed_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Click(TenantRow, Base):
    """One opening of a short link. ``human`` is false for bots and link previewers."""

    __tablename__ = "click"
    __table_args__ = tenant(
        belongs_to("link", "link_id", ondelete="CASCADE"),
        Index(None, "store_id", "link_id", "occurred_at"),
        Index("ix_click_agent", "store_id", "occurred_at", postgresql_where=text("agent IS NOT NULL")),
    )

    link_id: Mapped[int]
    human: Mapped[bool]
    agent: Mapped[str | None]
    occurred_at: Mapped[datetime]


class SenderPace(Base):
    """How far a sender's time is taken: every text takes up its segments' share.

    ``free_at`` is the next turn that nobody has been promised, ``busy_until`` the end of what has left.
    """

    __tablename__ = "sender_pace"

    provider: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(primary_key=True)
    free_at: Mapped[datetime]
    busy_until: Mapped[datetime | None]


class ProviderState(Base):
    """What keeps an SMS account or a sender from being used, until ``until``; then it is tried again.

    ``sender`` is empty for the whole account, ``country`` for every country. ``state``: ``stopped`` or
    ``slowed``; ``reason`` is the category of the provider's refusal, ``code`` the provider's own.
    """

    __tablename__ = "provider_state"

    provider: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(primary_key=True, default="")
    country: Mapped[str] = mapped_column(primary_key=True, default="")
    state: Mapped[str]
    reason: Mapped[str | None]
    code: Mapped[str | None]
    until: Mapped[datetime]
    changed_at: Mapped[datetime]
