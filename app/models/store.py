"""A store, its keys, and the people who may open its pages."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Row, TenantRow, belongs_to, tenant

STORE_STATUSES = ("active", "paused", "reconnect", "uninstalled")
REGISTRATION_STATES = ("asked", "registered", "refused")


class Store(Row, Base):
    """One shop. ``domain`` names it everywhere: ``good.myshopify.com``, ``shop.example.com/boutique``.

    ``status``: ``active`` sends; ``paused`` holds texts, until ``paused_until`` if that is set;
    ``reconnect`` means that the platform refuses our keys, nothing is sent until the merchant opens the
    app; ``uninstalled`` ends everything. ``status_reason`` says why. ``interrupted_pause`` is the reason of
    the pause ('' without one) that goes on when a broken connection is mended; None: there was none.
    ``sender`` is its own number or short code, ``sender_name`` the name that stands above its texts where
    the country lets it. ``countries`` narrows where texts may go (None: own country and ``ships_to``).
    ``retention`` are days by kind that the merchant shortened; ``retained_at`` is when all that was too
    old had been erased last.
    ``double_opt_in_countries`` are those where the store asks for a confirmed consent beside those that
    require it; ``*`` is every country. ``name_products`` off makes texts say "your cart". ``formality``
    (formal, informal; None: what is usual) is the tone where a language has two. ``reserves_carts``: the
    store keeps the items of a left cart aside, and its second text may say so. ``economy_texts``: letters
    may lose their marks where that saves segments. No texts between ``quiet_from`` and ``quiet_to`` (over
    midnight too), nor on ``days_off`` (Monday 0), on the shopper's clock. ``avoided_hours`` are the local
    hours at which its shoppers opt out more often than at others (0 to 23), kept while ``avoids_hours``;
    ``flows.receptivity`` finds them. ``sale`` is the one of the whole store that its platform told at
    ``sale_read_at`` (name, percent, ends_at). ``sample`` marks made-up history. Carts whose last activity is
    before ``installed_at`` are never texted.
    """

    __tablename__ = "store"
    __table_args__ = (
        CheckConstraint(f"status IN {STORE_STATUSES!r}", name="status"),
        CheckConstraint("formality IN ('formal', 'informal')", name="formality"),
        UniqueConstraint("domain"),
        UniqueConstraint("public_id"),
    )

    public_id: Mapped[str]
    platform: Mapped[str]
    domain: Mapped[str]
    platform_store_id: Mapped[str | None]
    name: Mapped[str]
    url: Mapped[str]
    currency: Mapped[str] = mapped_column(default="EUR")
    country: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="UTC")
    locale: Mapped[str] = mapped_column(default="en")
    ships_to: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    countries: Mapped[list[str] | None]
    double_opt_in_countries: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    name_products: Mapped[bool] = mapped_column(default=True)
    formality: Mapped[str | None]
    reserves_carts: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    economy_texts: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    unnamed_products: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    sender: Mapped[str | None]
    sender_name: Mapped[str | None]
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    days_off: Mapped[list[int]] = mapped_column(
        ARRAY(SmallInteger), server_default=text("'{}'"), default=list
    )
    avoids_hours: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    avoided_hours: Mapped[list[int]] = mapped_column(
        ARRAY(SmallInteger), server_default=text("'{}'"), default=list
    )
    sale: Mapped[dict[str, Any] | None]
    sale_read_at: Mapped[datetime | None]
    sample: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default="active")
    status_reason: Mapped[str | None]
    paused_until: Mapped[datetime | None]
    interrupted_pause: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), default=list)
    platform_version: Mapped[str | None]
    installed_at: Mapped[datetime]
    uninstalled_at: Mapped[datetime | None]
    reconciled_at: Mapped[datetime | None]
    webhooks_checked_at: Mapped[datetime | None]
    webhooks_active: Mapped[int | None]
    setup_dismissed_at: Mapped[datetime | None]
    retention: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    retained_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SenderRegistration(TenantRow, Base):
    """What a merchant noted of a sender name in one country's register (ISO 3166-1 alpha-2).

    ``state``: asked, registered, refused. ``name`` may differ from the store's usual one: ``AD-KAMRA``.
    """

    __tablename__ = "sender_registration"
    __table_args__ = tenant(
        CheckConstraint(f"state IN {REGISTRATION_STATES!r}", name="state"),
        UniqueConstraint("store_id", "country"),
    )

    country: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    note: Mapped[str | None]
    changed_at: Mapped[datetime]


class Credential(Base):
    """A store's keys at its platform, encrypted JSON in one column so that a pair is saved whole.

    Kinds: ``shopify_tokens`` (access_token, refresh_token), ``woocommerce_keys`` (key, secret, method),
    ``webhook_secret`` (secret), ``woocommerce_plugin`` (secret, version: of the companion plugin).
    ``expires_at`` is the access token's end.
    """

    __tablename__ = "credential"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
    expires_at: Mapped[datetime | None]
    refresh_expires_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class PluginCall(Base):
    """What a shop's companion plugin asked lately: once for each nonce, and not without end.

    ``kind`` is ``connect``, or that of the question. Rows go after a quarter of an hour.
    """

    __tablename__ = "plugin_call"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    called_at: Mapped[datetime]


class Handshake(Row, Base):
    """One started WooCommerce key hand-over: its state is random, bound to one address, used once.

    ``store_id`` is set when a merchant reconnects from inside a login; only then may keys be replaced.
    """

    __tablename__ = "handshake"
    __table_args__ = (UniqueConstraint("state_digest"), Index(None, "expires_at"))

    state_digest: Mapped[str]
    store_url: Mapped[str]
    store_id: Mapped[int | None] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Person(Row, Base):
    """Somebody who opens pages. ``external_id`` is the platform's name for the person, if it has one."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("external_id"),)

    external_id: Mapped[str | None]
    name: Mapped[str]
    created_at: Mapped[datetime]


class Membership(TenantRow, Base):
    """What a person may do in a store: ``owner`` or ``member``."""

    __tablename__ = "membership"
    __table_args__ = tenant(UniqueConstraint("store_id", "person_id"), Index(None, "person_id"))

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(default="owner")
    created_at: Mapped[datetime]


class LoginLink(TenantRow, Base):
    """A one-time way in for a person, short-lived, kept as a digest. ``session_life``: how long what it opens
    stays open.
    """

    __tablename__ = "login_link"
    __table_args__ = tenant(UniqueConstraint("token_digest"))

    token_digest: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    session_life: Mapped[timedelta] = mapped_column(server_default=text("'14 days'"))


class LoginSession(Row, Base):
    """A person who is logged in at the standalone door. Which store is in the address, not here."""

    __tablename__ = "login_session"
    __table_args__ = (UniqueConstraint("token_digest"), Index(None, "expires_at"))

    token_digest: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AuditEvent(TenantRow, Base):
    """What somebody did that touches sending rules or personal data.

    ``actor``: ``person:<id>``, ``operator``, ``platform``, ``system``, or ``woocommerce:<id>``, a user of the
    shop who used WordPress's own tools.
    """

    __tablename__ = "audit_event"
    __table_args__ = tenant(Index(None, "store_id", "occurred_at"))

    actor: Mapped[str]
    action: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    occurred_at: Mapped[datetime]


class ComplianceRequest(TenantRow, Base):
    """Somebody asked for their data or to be erased. ``due_at`` is the earliest deadline of any law.

    ``kind``: data_request, customer_redact, store_redact. ``origin``: who asked us, ``platform`` (Shopify,
    or WooCommerce's own tools), ``page`` (the shopper), ``merchant``, ``operator``. ``request`` names the
    person, until the person is erased. ``result`` is what was done, or why not yet.
    """

    __tablename__ = "compliance_request"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "kind", "dedupe_key"),
        belongs_to("inbound_event", "inbound_event_id"),
        Index(None, "due_at", postgresql_where=text("acted_at IS NULL")),
    )

    kind: Mapped[str]
    origin: Mapped[str] = mapped_column(server_default=text("'platform'"), default="platform")
    dedupe_key: Mapped[str]
    inbound_event_id: Mapped[int | None]
    request: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    acted_at: Mapped[datetime | None]
    result: Mapped[str | None]


class DataExport(TenantRow, Base):
    """All that is stored about one person, for the merchant to hand on: encrypted JSON, kept for a while."""

    __tablename__ = "data_export"
    __table_args__ = tenant(
        UniqueConstraint("store_id", "request_id"),
        belongs_to("compliance_request", "request_id", ondelete="CASCADE"),
    )

    request_id: Mapped[int]
    content: Mapped[str]
    made_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]


class RetentionRun(Base):
    """How many rows of one kind were erased in a store on one day (UTC) because their time was over."""

    __tablename__ = "retention_run"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    erased: Mapped[int]
    finished_at: Mapped[datetime]
