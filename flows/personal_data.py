"""Which tables hold personal data of shoppers, and what becomes of each column: told, erased, or kept.

The one map from which a person's data are exported and erased. A table or a column that it does not
know fails a test, so that nothing is stored about somebody which they cannot see and have deleted.
"""

from __future__ import annotations

from sqlalchemy import MetaData, case, func

from app import models as m
from flows.held import (
    PROOF,
    Held,
    calls_of,
    clicks_of,
    deliveries_of,
    exports_of,
    hashed_address,
    last_text_at,
    nobody,
    nothing,
    of_number_or_cart,
    own_contact,
    requests_of,
    texts_of,
)

HELD = (
    # Exports before the requests that lead to them, and those before what they are found by.
    Held(
        m.DataExport,
        "contact",
        exports_of,
        tells=("made_at", "fetched_at"),
        keeps=("request_id", "content"),
        goes=True,
    ),
    Held(
        m.ComplianceRequest,
        "contact",
        requests_of,
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
        deliveries_of,
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
            "last_text_at": last_text_at,
            # The number may come back and be erased again: its second events must not meet the first ones.
            "dedupe_key": lambda t: func.concat("erased:", m.ConsentEvent.id),
            "evidence": lambda t: PROOF,
            "address": hashed_address,
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
            "customer_id", "first_name", "phone_problem", "step", "device", "discount_codes", "activity_at",
            "ordered_at", "texts_sent", "created_at", "updated_at",
        ),
        erases={
            **nothing(
                "contact_id", "email", "customer_id", "first_name", "region", "postcode", "restore_url",
                "phone_problem", "waits_for", "device",
            ),
            "activity_print": lambda t: "",
            "state": lambda t: case((m.Cart.state == "open", "expired"), else_=m.Cart.state),
            # From now on nothing that the platform tells of it is taken over.
            "erased_at": lambda t: t.now,
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
        m.Discount,
        "carts",
        lambda t: m.Discount.contact_id.in_(t.contacts),
        tells=("cart_id", "step_key", "rung", "season", "kind", "value", "currency", "minimum", "products",
               "code", "state", "reason", "ends_at", "created_at", "ended_at"),
        keeps=("enrollment_id", "contact_id", "mark", "platform_id", "made_at", "withdrawn_at", "failure",
               "failure_told", "failed_at"),
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
            "fulfillment_updated_at", "device", "placed_at", "created_at", "updated_at",
        ),
        erases={
            **nothing("email", "customer_id", "status_url", "device"),
            # That it was of a number which is not theirs alone names them, too.
            "contact_id": own_contact,
            "erased_at": lambda t: t.now,
        },
        keeps=("cart_id", "test", "platform_updated_at"),
    ),
    Held(
        m.Click,
        "texts",
        clicks_of,
        tells=("link_id", "occurred_at", "human", "agent"),
        erases=nothing("agent"),
    ),
    Held(
        m.Link,
        "texts",
        lambda t: of_number_or_cart(m.Link, t),
        tells=("id", "message_id", "cart_id", "created_at", "expires_at", "ended_at", "previewed_at",
               "progress"),
        erases={"ended_at": lambda t: func.coalesce(m.Link.ended_at, t.now)},
        # Whoever opens it once more is told that no texts come.
        keeps=("token", "contact_id"),
    ),
    Held(
        m.Delivery,
        "texts",
        calls_of,
        tells=(
            "message_id", "attempt", "channel", "provider", "sender", "outcome", "status", "started_at",
            "answered_at",
        ),
        keeps=("provider_id", "category", "code"),
    ),
    Held(
        m.Message,
        "texts",
        texts_of,
        tells=(
            "id", "cart_id", "kind", "channel", "phone", "country", "language", "language_reason", "body",
            "segments", "sender", "status", "reason", "created_at", "accepted_at", "delivered_at",
            "clicked_at",
        ),
        erases={"phone": nobody(m.Message.contact_id), "body": lambda t: None},
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
        erases={"from_number": nobody(m.Reply.contact_id), "body": lambda t: None},
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
            **nothing(
                "email", "customer_id", "first_name", "locale", "address_country", "region", "postcode",
                "preferred_language", "quiet_from", "quiet_to",
            ),
            "kinds_off": lambda t: [],
            "phone": nobody(m.Contact.id),
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
    "plugin_call": "what a shop's plugin asked lately, without whom it was about",
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
