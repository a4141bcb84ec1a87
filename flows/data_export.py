"""All that is stored about one person, as one JSON document. ``docs/data-rights.md`` says how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Contact, Store
from app.runtime import Runtime
from flows import catalogs, retention_rules, traces
from flows.held import Held, Traces
from flows.language import Wishes, choose_language
from flows.personal_data import HELD
from flows.traces import Shopper
from flows.zones import possible_zones

VERSION = 1
RULE_OF_KIND = {
    "contact": "contacts",
    "consent": "consent",
    "carts": "carts",
    "orders": "orders",
    "texts": "message_bodies",
}
"""The rule of retention by which each kind goes at the latest."""

Document = dict[str, Any]


def build(session: Session, runtime: Runtime, store: Store, shopper: Shopper, now: datetime) -> Document:
    """What is stored about the shopper in this store, by table, and what we concluded from it."""
    return tell(session, store, traces.find(session, runtime.settings.hash_key, store, shopper, now))


def tell(session: Session, store: Store, found: Traces) -> Document:
    """The rows that were found, in words that a program reads."""
    return {
        "version": VERSION,
        "made_at": found.now.isoformat(),
        "store": {"name": store.name, "domain": store.domain},
        "left_out": {"numbers": found.left_out, "names": found.nameless},
        "tables": {held.name: _table(session, held, found, store) for held in HELD},
        "derived": [_derived(contact, store) for contact in _contacts(session, found)],
    }


def is_empty(document: Document) -> bool:
    """Whether nothing but the request itself is stored."""
    told = {name: table for name, table in document["tables"].items() if name not in OF_REQUESTS}
    return not any(table["rows"] for table in told.values())


NAMES = frozenset({"email", "customer_id", "first_name", "region", "postcode", "evidence"})
"""Columns by which somebody could be known who typed the number; its holder need not be the one."""

OF_REQUESTS = {"compliance_request", "data_export", "inbound_event"}


def days(kind: str, *wishes: Mapping[str, int]) -> int:
    """For how many days at most data of a kind are kept."""
    return retention_rules.days(RULE_OF_KIND[kind], *wishes)


def schema() -> Document:
    """The document's JSON Schema (2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What Warmcart stores about one person in one store",
        "type": "object",
        "required": ["version", "made_at", "store", "left_out", "tables", "derived"],
        "properties": {
            "version": {"const": VERSION},
            "made_at": {"type": "string", "format": "date-time"},
            "store": {
                "type": "object",
                "required": ["name", "domain"],
                "properties": {"name": {"type": "string"}, "domain": {"type": "string"}},
            },
            "left_out": {
                "type": "object",
                "required": ["numbers", "names"],
                "properties": {
                    "numbers": {
                        "type": "integer",
                        "description": "phone numbers that others are known with, or nobody is",
                    },
                    "names": {
                        "type": "boolean",
                        "description": "who typed the number, for it was more than one person",
                    },
                },
            },
            "tables": {
                "type": "object",
                "required": [held.name for held in HELD],
                "properties": {held.name: _table_schema(held) for held in HELD},
                "additionalProperties": False,
            },
            "derived": {"type": "array", "items": {"type": "object", "required": list(DERIVED)}},
        },
    }


DERIVED = ("contact_id", "zones", "language", "language_reason")


def _table_schema(held: Held) -> Document:
    row = {"type": "object", "required": list(held.tells), "additionalProperties": False}
    return {
        "type": "object",
        "required": ["kind", "days", "rows"],
        "properties": {
            "kind": {"const": held.kind},
            "days": {"type": "integer", "description": "kept for at most"},
            "rows": {"type": "array", "items": row | {"properties": {name: {} for name in held.tells}}},
        },
    }


def _table(session: Session, held: Held, found: Traces, store: Store) -> Document:
    columns = [getattr(held.model, name) for name in held.tells]
    order = held.model.__table__.primary_key.columns
    rows = session.execute(select(*columns).where(held.rows(found)).order_by(*order))
    hidden = NAMES if found.nameless else frozenset()
    told = [
        {name: None if name in hidden else _plain(value) for name, value in zip(held.tells, row, strict=True)}
        for row in rows
    ]
    return {"kind": held.kind, "days": days(held.kind, store.retention), "rows": told}


def _contacts(session: Session, found: Traces) -> list[Contact]:
    query = select(Contact).where(Contact.store_id == found.store_id, Contact.id.in_(found.contacts))
    return list(session.scalars(query.order_by(Contact.id)))


def _derived(contact: Contact, store: Store) -> Document:
    """What we take a person to speak and where we take them to live."""
    country = contact.address_country or contact.country
    wishes = Wishes(
        customer_locale=contact.locale,
        country=contact.address_country,
        number_country=contact.country,
        store_locale=store.locale,
        formality=store.formality,
        chosen=contact.preferred_language,
    )
    choice = choose_language(wishes, catalogs.languages_with("sms.reminder"))
    return {
        "contact_id": contact.id,
        "zones": list(possible_zones(contact.phone, country, contact.region, contact.postcode)),
        "language": choice.tag if choice else None,
        "language_reason": choice.reason.value if choice else None,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value
