"""Flows, their versions, who is in them, and everything that happens later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, belongs_to, tenant

ENROLLMENT_STATES = ("active", "completed", "ended")


class Flow(TenantRow, Base):
    """A flow by name; one active flow per store and trigger type."""

    __tablename__ = "flow"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "name"),
        Index("uq_flow_active", "store_id", "trigger_type", unique=True, postgresql_where=text("active")),
    )

    name: Mapped[str]
    trigger_type: Mapped[str]
    active: Mapped[bool] = mapped_column(default=False)
    current_version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class FlowVersion(TenantRow, Base):
    """One version of a flow in its JSON form; never changed after it is written."""

    __tablename__ = "flow_version"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "flow_id", "version"), belongs_to("flow", "flow_id", ondelete="CASCADE")
    )

    flow_id: Mapped[int]
    version: Mapped[int]
    definition: Mapped[dict[str, Any]]
    actor: Mapped[str]
    created_at: Mapped[datetime]


class Enrollment(TenantRow, Base):
    """A subject in a flow, once per round, with the flow version it began with.

    ``step_index`` is the next step, 0-based. ``state``: active, completed (all steps done), ended
    (``reason`` says why). ``sent`` counts the texts that were claimed for it.
    """

    __tablename__ = "enrollment"
    __table_args__ = tenant(
        CheckConstraint(f"state IN {ENROLLMENT_STATES!r}", name="state"),
        UniqueConstraint("flow_id", "subject_type", "subject_id", "round"),
        belongs_to("flow", "flow_id"),
        belongs_to("contact", "contact_id"),
        Index(None, "store_id", "subject_type", "subject_id"),
        Index("ix_enrollment_contact", "store_id", "contact_id"),
    )

    flow_id: Mapped[int]
    flow_version: Mapped[int]
    contact_id: Mapped[int]
    subject_type: Mapped[str] = mapped_column(default="cart")
    subject_id: Mapped[int]
    round: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="active")
    reason: Mapped[str | None]
    step_index: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    enrolled_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Due(TenantRow, Base):
    """Something that happens later. One table and one claimer for all of it.

    ``kind``: ``cart_idle`` (may the cart be enrolled? subject: cart), ``step`` (subject: enrollment),
    ``cart_expiry`` (subject: cart), ``resend`` (subject: message), ``in_doubt`` (subject: message),
    ``opt_in`` (is the consent to be confirmed? subject: contact), ``consent_sync`` (subject: contact),
    ``discount_end`` (subject: discount).
    ``lane`` is ``<store>`` or ``<store>:<sender>``; claims rotate over lanes. Claiming moves ``due_at``
    to the end of the lease and sets ``lease``, so that a claim whose worker died comes due by itself
    and only the holder of the lease can finish the row. Done rows are deleted. ``once_key`` is
    ``<kind>:<subject>``: the way to find what is planned for a subject. Every index is written at
    every claim, so there are no more of them than claiming needs; nothing points to these rows.
    """

    __tablename__ = "due"
    __table_args__ = (
        UniqueConstraint("once_key"),
        Index(None, "kind", "lane", "due_at", "id"),
        Index(None, "kind", "due_at"),
    )

    kind: Mapped[str]
    subject: Mapped[int]
    lane: Mapped[str]
    due_at: Mapped[datetime]
    lease: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    once_key: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]
    created_at: Mapped[datetime]


class PeriodicRun(Base):
    """One time slot of a periodic task that somebody has begun: two schedulers run it once."""

    __tablename__ = "periodic_run"

    task: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Heartbeat(Base):
    """When a process last said that it lives: pages warn when no worker or scheduler runs."""

    __tablename__ = "heartbeat"

    process: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    beat_at: Mapped[datetime]


class StoreFlag(Base):
    """A small per-store mark that upkeep works off, such as a day whose figures must be rebuilt."""

    __tablename__ = "store_flag"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    flagged_at: Mapped[datetime]
