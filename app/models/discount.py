"""Codes that texts offer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, belongs_to, tenant

DISCOUNT_STATES = ("wanted", "made", "ended")


class Discount(TenantRow, Base):
    """The code of one step of one cart, used once and until ``ends_at``.

    ``state`` only moves forward: wanted (the platform may have it) -> made (the platform has it) -> ended
    (no link takes it along any more; ``reason``: over, ordered, stopped, not_told, not_made, replaced,
    currency_changed, uninstalled). ``withdrawn_at`` is when the platform had it no more. ``rung`` is that of
    the ladder (small, best), ``season`` the one that ran. ``kind`` (percent, amount, free_shipping),
    ``value`` and ``currency`` say what it gives. ``mark`` names it at the platform as ours, which calls it
    ``platform_id``.
    ``products`` are the only ones that it lowers, None: all. ``minimum``: the lowest sum of goods.
    ``failure`` is why it was not made when that was tried last (``flows.discount_failures``), at
    ``failed_at``, and ``failure_told`` what the platform, or the way to it, said; nothing once it was made.
    """

    __tablename__ = "discount"
    __table_args__ = tenant(
        CheckConstraint(f"state IN {DISCOUNT_STATES!r}", name="state"),
        UniqueConstraint("store_id", "enrollment_id", "step_key"),
        UniqueConstraint("store_id", "code"),
        belongs_to("enrollment", "enrollment_id", ondelete="CASCADE"),
        belongs_to("cart", "cart_id", ondelete="CASCADE"),
        belongs_to("contact", "contact_id", ondelete="CASCADE"),
        Index(None, "store_id", "cart_id"),
        Index(None, "store_id", "contact_id", "created_at"),
        Index(None, "store_id", "season"),
        Index("ix_discount_not_made", "store_id", "ended_at", postgresql_where=text("reason = 'not_made'")),
        Index("ix_discount_failed", "failed_at", postgresql_where=text("failure IS NOT NULL")),
    )

    enrollment_id: Mapped[int]
    cart_id: Mapped[int]
    contact_id: Mapped[int]
    step_key: Mapped[str]
    rung: Mapped[str]
    season: Mapped[str | None]
    kind: Mapped[str]
    value: Mapped[Decimal | None]
    currency: Mapped[str]
    minimum: Mapped[Decimal | None]
    products: Mapped[list[Any] | None] = mapped_column(JSONB)
    code: Mapped[str]
    mark: Mapped[str]
    platform_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="wanted")
    reason: Mapped[str | None]
    ends_at: Mapped[datetime]
    created_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    failure_told: Mapped[str | None]
    failed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
