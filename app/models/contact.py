"""People: one number of one store, their consent, and the numbers that must never be texted."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Row, TenantRow, belongs_to, tenant


class Contact(TenantRow, Base):
    """One E.164 number of one store. E-mail and customer ids are attributes and never merge two numbers.

    ``country`` is the number's own; ``region`` and ``postcode`` are those of the last address.
    ``unreachable_reason`` (``not_mobile``, ``invalid_number``) comes from a provider.
    ``texted_at`` is when the last marketing text was claimed, over all flows: the cap is O(1).
    What the shopper chose: ``preferred_language`` (a catalog's tag), hours without texts in local time
    (``quiet_from`` to ``quiet_to``, over midnight too), and ``kinds_off`` (``marketing``, ``service``).
    """

    __tablename__ = "contact"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "phone"),
        Index(None, "store_id", "email"),
        Index(None, "store_id", "customer_id"),
    )

    phone: Mapped[str]
    country: Mapped[str | None]
    address_country: Mapped[str | None]
    region: Mapped[str | None]
    postcode: Mapped[str | None]
    email: Mapped[str | None]
    customer_id: Mapped[str | None]
    first_name: Mapped[str | None]
    locale: Mapped[str | None]
    unreachable_reason: Mapped[str | None]
    unreachable_count: Mapped[int] = mapped_column(default=0)
    texted_at: Mapped[datetime | None]
    sender: Mapped[str | None]
    preferred_language: Mapped[str | None]
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    kinds_off: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ProofAttempt(Base):
    """How often somebody tried, on one day (UTC), to prove that a number is theirs: guessing has an end."""

    __tablename__ = "proof_attempt"
    __table_args__ = (belongs_to("contact", "contact_id", ondelete="CASCADE"),)

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"), default=0)


class ConsentEvent(TenantRow, Base):
    """Append-only. One thing that somebody said about being texted; the current state is derived.

    ``state``: given, withdrawn, pending. ``source`` such as ``shopify_checkout``, ``keyword_stop``,
    ``keyword_start``, ``provider_opt_out``. ``occurred_at`` None: undated. ``last_text_at`` is written when
    the number is erased: the evidence is kept from then on.
    """

    __tablename__ = "consent_event"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "channel", "address", "dedupe_key"),
    )

    channel: Mapped[str] = mapped_column(default="sms")
    address: Mapped[str]
    state: Mapped[str]
    confirmed: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str]
    dedupe_key: Mapped[str]
    occurred_at: Mapped[datetime | None]
    checkout_created_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    wording: Mapped[str | None]
    language: Mapped[str | None]
    last_text_at: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)


class Consent(Base):
    """The current state of one address, derived from its events; it can be rebuilt at any time."""

    __tablename__ = "consent"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    confirmed: Mapped[bool] = mapped_column(default=False)
    stopped: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str | None]
    since: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Suppression(Row, Base):
    """A number that said stop, as a keyed hash with the store's domain: it outlives erasure and reinstall."""

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("domain", "channel", "number_hash"),)

    domain: Mapped[str]
    channel: Mapped[str] = mapped_column(default="sms")
    number_hash: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class SenderContact(Base):
    """Which stores texted a number from one of our senders, and when last: a reply finds its stores here."""

    __tablename__ = "sender_contact"
    __table_args__ = (
        belongs_to("contact", "contact_id", ondelete="CASCADE"),
        Index(None, "store_id", "contact_id"),
    )

    sender: Mapped[str] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int]
    texted_at: Mapped[datetime]


class Reply(Row, Base):
    """A text from a shopper. ``intent``: stop, start, help, confirm, other.

    No store when nobody texted the number.

    ``needs_person``: somebody should read it. ``settled_at`` is when somebody did, ``settled_as`` what
    came of it: ``settled``, ``kept`` (a stop that stays), ``undone`` (a text that was no stop after all).
    """

    __tablename__ = "reply"
    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        belongs_to("contact", "contact_id", ondelete="CASCADE"),
        Index(None, "store_id", "contact_id"),
        Index(None, "store_id", "received_at"),
        Index(
            "ix_reply_needs_person",
            "store_id",
            "received_at",
            "id",
            postgresql_where=text("needs_person"),
        ),
        Index(
            "ix_reply_open",
            "store_id",
            "contact_id",
            "received_at",
            postgresql_where=text("needs_person AND settled_at IS NULL"),
        ),
    )

    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None]
    provider: Mapped[str]
    provider_id: Mapped[str]
    from_number: Mapped[str]
    to_number: Mapped[str]
    body: Mapped[str | None]
    intent: Mapped[str]
    answered: Mapped[bool] = mapped_column(default=False)
    needs_person: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_as: Mapped[str | None]
