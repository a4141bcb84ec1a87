"""Which tables hold personal data of shoppers, and what becomes of each column: told, erased, or kept.

The one map from which a person's data are exported and erased. A table or a column that it does not
know fails a test, so that nothing is stored about somebody which they cannot see and have deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, MetaData, and_, case, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import Text

from app import models as m


@dataclass(frozen=True, slots=True)
class Traces:
    """The rows of one person in one store, by what leads to them.

    ``phones`` are E.164. ``names`` are the words by which deliveries mention the person; by
    ``other_names`` only those are found that were applied, for others may have the e-mail too. ``hashes``
    are what an erased number is called in the ledger.
    """

    store_id: int
    contacts: tuple[int, ...]
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    customer_ids: tuple[str, ...]
    carts: tuple[int, ...]
    orders: tuple[int, ...]
    platform_orders: tuple[str, ...]
    names: tuple[str, ...]
    other_names: tuple[str, ...]
    hashes: Mapping[str, str]
    now: datetime

    @classmethod
    def of_time(cls, store_id: int, now: datetime) -> Traces:
        """Nobody's: what retention overwrites is found by its age."""
        return cls(store_id, (), (), (), (), (), (), (), (), (), {}, now)


Find = Callable[[Traces], ColumnElement[bool]]
Value = Callable[[Traces], Any]


@dataclass(frozen=True, slots=True)
class Held:
    """One table with rows about a person.

    ``kind`` is what the preference page calls it (``contact``, ``consent``, ``carts``, ``orders``,
    ``texts``). ``tells`` are the columns that an export tells; ``erases`` those that an erasure overwrites,
    with what; ``keeps`` those that name nobody and are of no use to the person. Where ``goes`` is set the
    whole row is deleted. A row of no store is found where ``of_no_store`` is set.
    """

    model: Any
    kind: str
    find: Find
    tells: tuple[str, ...]
    erases: Mapping[str, Value] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    goes: bool = False
    of_no_store: bool = False

    @property
    def name(self) -> str:
        return str(self.model.__tablename__)

    def rows(self, traces: Traces) -> ColumnElement[bool]:
        """The rows of that person, of that store alone."""
        if self.of_no_store:
            return self.find(traces)
        return and_(self.model.store_id == traces.store_id, self.find(traces))


def _nothing(*names: str) -> dict[str, Value]:
    return dict.fromkeys(names, lambda t: None)


def _nobody(contact_id: Any) -> Value:
    """What stands in place of a number; unique per contact, as numbers are."""
    return lambda t: func.concat("erased:", contact_id)


def _deliveries(t: Traces) -> ColumnElement[bool]:
    """What came in about the person: of the store, and of an SMS provider, which names no store.

    Of the latter only what was applied: what waits may be about another store of the same number.
    """
    event = m.InboundEvent
    done = and_(event.state != "pending", _mentions(t.other_names))
    of_store = and_(event.store_id == t.store_id, or_(_mentions(t.names), done))
    replied = and_(event.source.like("sms:%:reply"), event.subject.in_(t.phones))
    calls = select(m.Delivery.provider_id).where(m.Delivery.store_id == t.store_id, _calls(t))
    received = and_(event.source.like("sms:%:receipt"), event.subject.in_(calls))
    named = or_(replied, received, _mentions(t.names))
    of_no_store = and_(event.store_id.is_(None), event.state != "pending", named)
    return or_(of_store, of_no_store)


def _mentions(names: tuple[str, ...]) -> ColumnElement[bool]:
    return m.InboundEvent.mentions.op("&&")(array(names, type_=Text).cast(ARRAY(Text)))


def _texts(t: Traces) -> ColumnElement[bool]:
    return m.Message.contact_id.in_(t.contacts)


def _calls(t: Traces) -> ColumnElement[bool]:
    texts = select(m.Message.id).where(m.Message.store_id == t.store_id, _texts(t))
    return m.Delivery.message_id.in_(texts)


def _clicks(t: Traces) -> ColumnElement[bool]:
    links = select(m.Link.id).where(m.Link.store_id == t.store_id, m.Link.contact_id.in_(t.contacts))
    return m.Click.link_id.in_(links)


def _requests(t: Traces) -> ColumnElement[bool]:
    """Requests that name the person."""
    asked = m.ComplianceRequest.request
    named = (("phone", t.phones), ("email", t.emails), ("customer_id", t.customer_ids))
    return or_(*(asked[name].astext.in_(values) for name, values in named))


def _exports(t: Traces) -> ColumnElement[bool]:
    requests = select(m.ComplianceRequest.id).where(m.ComplianceRequest.store_id == t.store_id, _requests(t))
    return m.DataExport.request_id.in_(requests)


def _hashed(t: Traces) -> Any:
    """The number's keyed hash: what was said stays provable to whoever brings the number."""
    event = m.ConsentEvent
    named = [(event.address == phone, hashed) for phone, hashed in t.hashes.items()]
    return case(*named, else_=event.address) if named else event.address


def _last_text(t: Traces) -> Any:
    """From when on the evidence is kept: nobody can tell by the hash when the last text left."""
    return (
        select(func.max(m.Message.created_at))
        .where(m.Message.store_id == t.store_id, _texts(t))
        .scalar_subquery()
    )


PROOF: ColumnElement[Any] = literal_column(
    "(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(consent_event.evidence)"
    " WHERE key IN ('actor', 'keyword', 'wording_sha256', 'wording_version', 'zone'))"
)
"""The part of the evidence that names nobody."""

HELD = (
    # Exports before the requests that lead to them, and those before what they are found by.
    Held(
        m.DataExport,
        "contact",
        _exports,
        tells=("made_at", "fetched_at"),
        keeps=("request_id", "content"),
        goes=True,
    ),
    Held(
        m.ComplianceRequest,
        "contact",
        _requests,
        tells=("kind", "origin", "received_at", "due_at", "acted_at", "result"),
        erases={
            "result": lambda t: case(
                (m.ComplianceRequest.acted_at.is_(None), "erased before it was answered"),
                else_=m.ComplianceRequest.result,
            ),
            "acted_at": lambda t: func.coalesce(m.ComplianceRequest.acted_at, t.now),
            "request": lambda t: {},
        },
        keeps=("dedupe_key", "inbound_event_id"),
    ),
    Held(
        m.InboundEvent,
        "carts",
        _deliveries,
        tells=("source", "topic", "received_at"),
        erases={
            "body": lambda t: None,
            "mentions": lambda t: [],
            "headers": lambda t: {},
            "subject": lambda t: "",
            "state": lambda t: func.replace(m.InboundEvent.state, "pending", "ignored"),
        },
        keeps=("store_id", "dedupe_key", "attempts", "error", "retry_at", "triggered_at", "applied_at"),
        of_no_store=True,
    ),
    Held(
        m.ConsentEvent,
        "consent",
        lambda t: m.ConsentEvent.address.in_(t.phones),
        tells=(
            "channel", "address", "state", "confirmed", "source", "occurred_at", "checkout_created_at",
            "recorded_at", "wording", "language", "evidence",
        ),
        erases={
            "last_text_at": _last_text,
            # The number may come back and be erased again: its second events must not meet the first ones.
            "dedupe_key": lambda t: func.concat("erased:", m.ConsentEvent.id),
            "evidence": lambda t: PROOF,
            "address": _hashed,
        },
    ),
    Held(
        m.Consent,
        "consent",
        lambda t: m.Consent.address.in_(t.phones),
        tells=("channel", "address", "state", "confirmed", "stopped", "source", "since", "updated_at"),
        goes=True,
    ),
    Held(
        m.SenderContact,
        "contact",
        lambda t: m.SenderContact.contact_id.in_(t.contacts),
        tells=("sender", "phone", "texted_at"),
        keeps=("contact_id",),
        goes=True,
    ),
    Held(
        m.ProofAttempt,
        "contact",
        lambda t: m.ProofAttempt.contact_id.in_(t.contacts),
        tells=("day", "attempts"),
        keeps=("contact_id",),
        goes=True,
    ),
    Held(
        m.Cart,
        "carts",
        lambda t: m.Cart.id.in_(t.carts),
        tells=(
            "id", "state", "waits_for", "currency", "total", "presentment_currency", "presentment_total",
            "items", "locale", "storefront_locale", "country", "region", "postcode", "email",
            "customer_id", "first_name", "phone_problem", "step", "activity_at", "ordered_at",
            "texts_sent", "created_at", "updated_at",
        ),
        erases={
            **_nothing(
                "contact_id", "email", "customer_id", "first_name", "region", "postcode", "restore_url",
                "phone_problem", "waits_for",
            ),
            "activity_print": lambda t: "",
            "state": lambda t: case((m.Cart.state == "open", "expired"), else_=m.Cart.state),
            "updated_at": lambda t: t.now,
        },
        keeps=("platform_created_at", "platform_updated_at", "items_at", "event_at"),
    ),
    Held(
        m.CartKey,
        "carts",
        lambda t: m.CartKey.cart_id.in_(t.carts),
        tells=("cart_id", "kind", "value"),
        keeps=("in_use",),
    ),
    Held(
        m.TimelineEntry,
        "carts",
        lambda t: m.TimelineEntry.cart_id.in_(t.carts),
        tells=("cart_id", "occurred_at", "kind", "reason", "step_key", "message_id", "until", "details"),
    ),
    Held(
        m.Enrollment,
        "carts",
        lambda t: m.Enrollment.contact_id.in_(t.contacts),
        tells=("subject_id", "state", "reason", "sent", "enrolled_at", "ended_at"),
        keeps=("flow_id", "flow_version", "contact_id", "subject_type", "round", "step_index"),
    ),
    Held(
        m.OrderKey, "orders", lambda t: m.OrderKey.order_id.in_(t.orders), ("order_id", "kind", "value")
    ),
    Held(
        m.Refund,
        "orders",
        lambda t: m.Refund.platform_order_id.in_(t.platform_orders),
        tells=("platform_order_id", "currency", "amount", "refunded_at"),
        keeps=("platform_refund_id",),
    ),
    Held(
        m.Fulfillment,
        "orders",
        lambda t: m.Fulfillment.platform_order_id.in_(t.platform_orders),
        tells=("platform_order_id", "status", "platform_updated_at"),
        keeps=("platform_fulfillment_id",),
    ),
    Held(
        m.Recovery,
        "orders",
        lambda t: m.Recovery.order_id.in_(t.orders),
        tells=("order_id", "cart_id", "message_id", "rule", "clicked", "recovered_at"),
    ),
    Held(
        m.Order,
        "orders",
        lambda t: m.Order.id.in_(t.orders),
        tells=(
            "id", "platform_order_id", "number", "status", "currency", "total", "presentment_currency",
            "presentment_total", "refunded", "email", "customer_id", "discount_codes", "fulfillment_status",
            "fulfillment_updated_at", "placed_at", "created_at", "updated_at",
        ),
        erases=_nothing("email", "customer_id", "status_url"),
        keeps=("cart_id", "contact_id", "test", "platform_updated_at"),
    ),
    Held(
        m.Click,
        "texts",
        _clicks,
        tells=("link_id", "occurred_at", "human", "agent"),
        erases=_nothing("agent"),
    ),
    Held(
        m.Link,
        "texts",
        lambda t: m.Link.contact_id.in_(t.contacts),
        tells=("id", "message_id", "cart_id", "created_at", "expires_at", "ended_at", "previewed_at"),
        erases={"ended_at": lambda t: func.coalesce(m.Link.ended_at, t.now)},
        # Whoever opens it once more is told that no texts come.
        keeps=("token", "contact_id"),
    ),
    Held(
        m.Delivery,
        "texts",
        _calls,
        tells=(
            "message_id", "attempt", "channel", "provider", "sender", "outcome", "status", "started_at",
            "answered_at",
        ),
        keeps=("provider_id", "category", "code"),
    ),
    Held(
        m.Message,
        "texts",
        _texts,
        tells=(
            "id", "cart_id", "kind", "channel", "phone", "country", "language", "language_reason", "body",
            "segments", "sender", "status", "reason", "created_at", "accepted_at", "delivered_at",
            "clicked_at",
        ),
        erases={"phone": _nobody(m.Message.contact_id), "body": lambda t: None},
        keeps=(
            "contact_id", "enrollment_id", "flow_id", "step_key", "encoding", "lane", "local_hour",
            "link_token", "validity_until", "final_at",
        ),
    ),
    Held(
        m.Reply,
        "texts",
        lambda t: m.Reply.contact_id.in_(t.contacts),
        tells=("from_number", "to_number", "body", "intent", "received_at", "settled_at", "settled_as"),
        erases={"from_number": _nobody(m.Reply.contact_id), "body": lambda t: None},
        keeps=("contact_id", "provider", "provider_id", "answered", "needs_person"),
    ),
    # Last: by its number and its address the others are found.
    Held(
        m.Contact,
        "contact",
        lambda t: m.Contact.id.in_(t.contacts),
        tells=(
            "id", "phone", "country", "address_country", "region", "postcode", "email", "customer_id",
            "first_name", "locale", "preferred_language", "quiet_from", "quiet_to", "kinds_off",
            "unreachable_reason", "texted_at", "sender", "created_at", "updated_at",
        ),
        erases={
            **_nothing(
                "email", "customer_id", "first_name", "locale", "address_country", "region", "postcode",
                "preferred_language", "quiet_from", "quiet_to",
            ),
            "kinds_off": lambda t: [],
            "phone": _nobody(m.Contact.id),
            "erased_at": lambda t: t.now,
            "updated_at": lambda t: t.now,
        },
        keeps=("unreachable_count",),
    ),
)  # fmt: skip

NOBODY = {
    "audit_event": "what merchants and operators did; of shoppers it names row numbers only",
    "credential": "keys of the store, encrypted",
    "daily_cost": "sums",
    "daily_figure": "sums",
    "due": "row numbers",
    "flow": "the store's own rules",
    "flow_version": "the store's own rules",
    "handshake": "how a store was connected",
    "heartbeat": "our processes",
    "hour_figure": "sums",
    "login_link": "people of the merchant, as digests",
    "login_session": "people of the merchant, as digests",
    "membership": "people of the merchant",
    "message_once": "row numbers",
    "periodic_run": "our processes",
    "person": "people of the merchant, who go with their store",
    "provider_state": "our senders",
    "retention_run": "sums of what was erased",
    "sender_pace": "our senders",
    "sender_registration": "our senders",
    "store": "the shop itself",
    "store_flag": "days to be counted anew",
    "suppression": "a keyed hash that nobody can turn back into a number; it keeps a stop for ever",
    "usage": "sums per text, without a number",
}
"""The tables that hold no personal data of a shopper, and what they hold instead."""

LOOKS_PERSONAL = {
    "body", "phone", "email", "first_name", "last_name", "customer_id", "postcode", "region", "birthday",
    "ip", "agent", "user_agent", "address", "from_number", "number", "contact_id", "cart_id",
}  # fmt: skip
"""Columns that a table of ``NOBODY`` must not have."""


def unknown(metadata: MetaData) -> list[str]:
    """What the map does not know: tables, columns of its tables, personal columns where none should be."""
    known = {held.name: held for held in HELD}
    found = []
    for table in metadata.sorted_tables:
        columns = set(table.columns.keys())
        if table.name in known:
            held = known[table.name]
            declared = {*held.tells, *held.erases, *held.keeps, "id", "store_id"}
            found += [f"{table.name}.{name}" for name in sorted(columns - declared)]
        elif table.name in NOBODY:
            found += [f"{table.name}.{name}" for name in sorted(columns & LOOKS_PERSONAL)]
        else:
            found.append(table.name)
    return found
