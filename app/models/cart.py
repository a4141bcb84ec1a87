"""Carts, their keys, what happened to them, and the orders that end them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, belongs_to, tenant

CART_STATES = ("open", "emptied", "ordered", "expired")


class Cart(TenantRow, Base):
    """A cart or checkout as the platform last described it.

    ``activity_at`` is the shopper's last activity (items, contact, checkout step); ``activity_print``
    is the digest by which activity is told from a platform's own update. ``restore_url`` and the
    order's ``status_url`` are encrypted: whoever holds them sees what the shopper typed.
    ``locale`` is the checkout's, ``storefront_locale`` that of the pages before it, where a platform
    tells them apart. ``waits_for`` names why an un-enrolled cart is not enrolled (``no_number``,
    ``no_consent``, ...).
    ``device`` is the kind of device on which it was filled (``phone``, ``tablet``, ``computer``), where the
    platform tells it.
    ``discount_codes`` are those that the shopper, or a link, has put into it.
    ``platform_updated_at`` is that of the newest full description; ``items_at`` that of the newest items,
    which Shopify also tells by themselves (None: the same).
    ``erased_at`` is when it was made nobody's: nothing that the platform tells of it fills it again.
    """

    __tablename__ = "cart"
    __table_args__ = tenant(
        CheckConstraint(f"state IN {CART_STATES!r}", name="state"),
        belongs_to("contact", "contact_id"),
        Index(None, "store_id", "activity_at", "id"),
        Index(None, "store_id", "contact_id"),
    )

    contact_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="open")
    waits_for: Mapped[str | None]
    currency: Mapped[str | None]
    total: Mapped[Decimal | None]
    presentment_currency: Mapped[str | None]
    presentment_total: Mapped[Decimal | None]
    items: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"), default=list)
    locale: Mapped[str | None]
    storefront_locale: Mapped[str | None]
    country: Mapped[str | None]
    region: Mapped[str | None]
    postcode: Mapped[str | None]
    email: Mapped[str | None]
    customer_id: Mapped[str | None]
    first_name: Mapped[str | None]
    phone_problem: Mapped[str | None]
    step: Mapped[str] = mapped_column(default="cart")
    device: Mapped[str | None]
    discount_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    restore_url: Mapped[str | None]
    platform_created_at: Mapped[datetime | None]
    platform_updated_at: Mapped[datetime]
    items_at: Mapped[datetime | None]
    activity_at: Mapped[datetime]
    activity_print: Mapped[str] = mapped_column(default="")
    event_at: Mapped[datetime]
    texts_sent: Mapped[int] = mapped_column(default=0)
    ordered_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CartKey(TenantRow, Base):
    """A name under which the platform knows a cart, unique among open carts; an order frees it."""

    __tablename__ = "cart_key"
    __table_args__ = tenant(
        belongs_to("cart", "cart_id", ondelete="CASCADE"),
        Index("uq_cart_key_open", "store_id", "kind", "value", unique=True, postgresql_where=text("in_use")),
        Index(None, "store_id", "kind", "value"),
        Index(None, "store_id", "cart_id"),
    )

    cart_id: Mapped[int]
    kind: Mapped[str]
    value: Mapped[str]
    in_use: Mapped[bool] = mapped_column(default=True)


class TimelineEntry(TenantRow, Base):
    """One line of a cart's story: every event, text, click, and every reason why nothing was sent.

    ``kind``: seen, changed, emptied, enrolled, waited, held, skipped, ended, sending, sent, delivered,
    undelivered, failed, clicked, bot_clicked, replied, asked, not_asked, confirmed, ordered, recovered,
    refunded, cancelled, offered, no_offer, withdrawn.
    ``reason`` is a gate's named reason. ``until`` is when a held step is looked at again.
    """

    __tablename__ = "timeline_entry"
    __table_args__ = tenant(
        belongs_to("cart", "cart_id", ondelete="CASCADE"),
        Index(None, "store_id", "cart_id", "occurred_at", "id"),
    )

    cart_id: Mapped[int]
    kind: Mapped[str]
    reason: Mapped[str | None]
    step_key: Mapped[str | None]
    message_id: Mapped[int | None]
    until: Mapped[datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    occurred_at: Mapped[datetime]


class Order(TenantRow, Base):
    """An order as the platform last described it. ``status``: placed, paid, cancelled, refunded.

    ``device`` is the kind of device on which it was placed, where the platform tells it. ``erased_at`` is
    when it, or the cart that it was, was made nobody's: who bought it is not written down again.
    """

    __tablename__ = "order"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "platform_order_id"),
        belongs_to("cart", "cart_id"),
        belongs_to("contact", "contact_id"),
        Index(None, "store_id", "contact_id", "placed_at"),
        Index(None, "store_id", "email", "placed_at"),
        Index(None, "store_id", "customer_id", "placed_at"),
        Index(None, "store_id", "cart_id"),
        Index(None, "store_id", "placed_at"),
    )

    platform_order_id: Mapped[str]
    cart_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    number: Mapped[str | None]
    status: Mapped[str]
    currency: Mapped[str]
    total: Mapped[Decimal]
    presentment_currency: Mapped[str | None]
    presentment_total: Mapped[Decimal | None]
    refunded: Mapped[Decimal] = mapped_column(server_default=text("0"), default=Decimal(0))
    email: Mapped[str | None]
    customer_id: Mapped[str | None]
    status_url: Mapped[str | None]
    device: Mapped[str | None]
    discount_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    fulfillment_status: Mapped[str | None]
    fulfillment_updated_at: Mapped[datetime | None]
    test: Mapped[bool] = mapped_column(default=False)
    placed_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    platform_updated_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OrderKey(TenantRow, Base):
    """A name under which the platform knows the cart of an order, also where no cart was ever seen: news
    of that cart that comes after its order finds the order here."""

    __tablename__ = "order_key"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "order_id", "kind", "value"),
        belongs_to("order", "order_id", ondelete="CASCADE"),
        Index(None, "store_id", "kind", "value"),
    )

    order_id: Mapped[int]
    kind: Mapped[str]
    value: Mapped[str]


class Refund(TenantRow, Base):
    """One refund, kept apart so that a repeated delivery adds nothing."""

    __tablename__ = "refund"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "platform_refund_id"), Index(None, "store_id", "platform_order_id")
    )

    platform_refund_id: Mapped[str]
    platform_order_id: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[Decimal]
    refunded_at: Mapped[datetime]


class Fulfillment(TenantRow, Base):
    """One parcel as the platform last described it; it may be told of before its order."""

    __tablename__ = "fulfillment"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "platform_fulfillment_id"), Index(None, "store_id", "platform_order_id")
    )

    platform_fulfillment_id: Mapped[str]
    platform_order_id: Mapped[str]
    status: Mapped[str]
    platform_updated_at: Mapped[datetime]


class Recovery(TenantRow, Base):
    """An order that counts as recovered, and by which rule.

    ``rule``: ``cart`` (an order of the same cart, or with its code, after a text for it was accepted) or
    ``click`` (an order of the same contact within 7 days of a human click). ``clicked`` tells the two kinds
    of recovered orders apart on pages.
    """

    __tablename__ = "recovery"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "order_id"),
        belongs_to("order", "order_id", ondelete="CASCADE"),
        belongs_to("cart", "cart_id"),
        Index(None, "store_id", "recovered_at"),
        Index(None, "store_id", "cart_id"),
    )

    order_id: Mapped[int]
    cart_id: Mapped[int]
    message_id: Mapped[int]
    rule: Mapped[str]
    clicked: Mapped[bool]
    recovered_at: Mapped[datetime]
