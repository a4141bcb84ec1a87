"""What the command line prints of stores, people and carts: plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    Cart,
    CartKey,
    Consent,
    ConsentEvent,
    Contact,
    Discount,
    Enrollment,
    Flow,
    InboundEvent,
    Message,
    Store,
    TimelineEntry,
)
from flows import catalogs, opt_in, texts
from flows.consent import Standing
from flows.language import Wishes, choose_language
from flows.phones import PhoneProblem, read_phone
from flows.zones import possible_zones

LISTED = 200


def find_store(session: Session, domain: str) -> Store:
    """The store with that domain. Raises click.ClickException."""
    store = session.scalar(select(Store).where(Store.domain == domain))
    if store is None:
        raise click.ClickException(f"no store {domain}: see warmcart store list")
    return store


def stores(session: Session) -> list[dict[str, Any]]:
    rows = session.scalars(select(Store).order_by(Store.domain))
    return [
        {
            "domain": row.domain,
            "platform": row.platform,
            "status": row.status,
            "public_id": row.public_id,
            "installed_at": _moment(row.installed_at),
        }
        for row in rows
    ]


def contacts(session: Session, store: Store, phones: Sequence[str]) -> list[dict[str, Any]]:
    """One object per number asked for, in that order, known or not."""
    return [_contact(session, store, raw) for raw in phones]


def _contact(session: Session, store: Store, raw: str) -> dict[str, Any]:
    phone = read_phone(raw, store.country)
    if isinstance(phone, PhoneProblem):
        return _unknown(raw) | {"problem": phone.reason}
    contact = session.scalar(select(Contact).where(Contact.store_id == store.id, Contact.phone == phone.e164))
    consent = session.get(Consent, (store.id, "sms", phone.e164))
    if contact is None:
        stranger = Wishes(number_country=phone.country, store_locale=store.locale, formality=store.formality)
        return _unknown(phone.e164) | {
            "consent": _standing(store, consent, phone.country),
            "consent_history": _consent_history(session, store, phone.e164),
            **_language(stranger),
            "zones": list(possible_zones(phone.e164, None, None)),
        }
    sent = session.scalars(
        select(Message)
        .where(Message.store_id == store.id, Message.contact_id == contact.id)
        .order_by(Message.created_at)
        .limit(LISTED)
    )
    country = contact.address_country or contact.country
    return {
        "phone": contact.phone,
        "consent": _standing(store, consent, contact.country),
        "confirmed": bool(consent and consent.confirmed),
        "stopped": bool(consent and consent.stopped),
        **_language(_wishes(session, store, contact)),
        "country": contact.country,
        "zones": list(possible_zones(contact.phone, country, contact.region, contact.postcode)),
        "problem": contact.unreachable_reason,
        "texts": [_text(message) for message in sent],
        "consent_history": _consent_history(session, store, contact.phone),
    }


def _standing(store: Store, consent: Consent | None, country: str | None) -> str:
    """given, withdrawn, pending, none. A yes that must still be confirmed lets nothing be sent: pending."""
    if consent is None:
        return Standing.NONE.value
    waits = consent.state == Standing.GIVEN and not consent.confirmed and opt_in.is_due(store, country)
    return Standing.PENDING.value if waits else consent.state


def _wishes(session: Session, store: Store, contact: Contact) -> Wishes:
    """Those of the contact's last cart, which the next text would follow."""
    last = select(Cart).where(Cart.store_id == store.id, Cart.contact_id == contact.id)
    cart = session.scalar(last.order_by(Cart.activity_at.desc(), Cart.id.desc()).limit(1))
    return texts.wishes(store, contact, cart or Cart())


def _language(wishes: Wishes) -> dict[str, str | None]:
    """The language that a first text would be in, and what decided."""
    choice = choose_language(wishes, catalogs.languages_with("sms.reminder"))
    return {
        "language": choice.tag if choice else None,
        "language_reason": choice.reason.value if choice else None,
    }


def _consent_history(session: Session, store: Store, phone: str) -> list[dict[str, Any]]:
    """What was said of this number, as the ledger keeps it."""
    rows = session.scalars(
        select(ConsentEvent)
        .where(
            ConsentEvent.store_id == store.id, ConsentEvent.channel == "sms", ConsentEvent.address == phone
        )
        .order_by(ConsentEvent.id)
        .limit(LISTED)
    )
    return [
        {
            "at": _moment(row.occurred_at),
            "recorded_at": _moment(row.recorded_at),
            "channel": row.channel,
            "state": row.state,
            "confirmed": row.confirmed,
            "source": row.source,
            "checkout_created_at": _moment(row.checkout_created_at),
            "wording": row.wording,
            "language": row.language,
            "evidence": row.evidence,
        }
        for row in rows
    ]


def _unknown(phone: str) -> dict[str, Any]:
    return {
        "phone": phone,
        "consent": "none",
        "language": None,
        "language_reason": None,
        "zones": [],
        "texts": [],
        "consent_history": [],
    }


def _text(message: Message) -> dict[str, Any]:
    return {
        "at": _moment(message.created_at),
        "kind": message.kind,
        "step": message.step_key,
        "status": message.status,
        "reason": message.reason,
        "language": message.language,
        "segments": message.segments,
        "body": message.body,
    }


def cart(session: Session, store: Store, key: str) -> dict[str, Any]:
    """The cart with that key, the one in use first. Raises click.ClickException."""
    found = session.scalar(
        select(Cart)
        .join(CartKey, (CartKey.store_id == Cart.store_id) & (CartKey.cart_id == Cart.id))
        .where(CartKey.store_id == store.id, CartKey.value == key)
        .order_by(CartKey.in_use.desc(), CartKey.id.desc())
        .limit(1)
    )
    if found is None:
        raise click.ClickException(f"{store.domain} has no cart with the key {key}")
    return {
        "state": found.state,
        "waits_for": found.waits_for,
        "activity_at": _moment(found.activity_at),
        "total": f"{found.total} {found.currency}" if found.total is not None else None,
        "enrollments": _enrollments(session, found),
        "offers": _offers(session, found),
        "timeline": _timeline(session, found),
    }


def _enrollments(session: Session, cart: Cart) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Enrollment, Flow.name)
        .join(Flow, (Flow.store_id == Enrollment.store_id) & (Flow.id == Enrollment.flow_id))
        .where(
            Enrollment.store_id == cart.store_id,
            Enrollment.subject_type == "cart",
            Enrollment.subject_id == cart.id,
        )
        .order_by(Enrollment.id)
    )
    return [
        {
            "flow": name,
            "version": row.flow_version,
            "state": row.state,
            "reason": row.reason,
            "step": row.step_index,
            "sent": row.sent,
            "enrolled_at": _moment(row.enrolled_at),
            "ended_at": _moment(row.ended_at),
        }
        for row, name in rows
    ]


def _offers(session: Session, cart: Cart) -> list[dict[str, Any]]:
    """The codes that its texts tell of, and how each of them stands."""
    rows = session.scalars(
        select(Discount)
        .where(Discount.store_id == cart.store_id, Discount.cart_id == cart.id)
        .order_by(Discount.id)
    )
    return [
        {
            "step": row.step_key,
            "kind": row.kind,
            "value": None if row.value is None else f"{row.value.normalize():f}",
            "currency": row.currency if row.kind == "amount" else None,
            "code": row.code,
            "state": row.state,
            "reason": row.reason,
            "ends_at": _moment(row.ends_at),
            "withdrawn_at": _moment(row.withdrawn_at),
            "failure": row.failure_told,
        }
        for row in rows
    ]


def _timeline(session: Session, cart: Cart) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.store_id == cart.store_id, TimelineEntry.cart_id == cart.id)
        .order_by(TimelineEntry.occurred_at, TimelineEntry.id)
        .limit(LISTED)
    )
    return [
        {
            "at": _moment(row.occurred_at),
            "kind": row.kind,
            "reason": row.reason,
            "step": row.step_key,
            "until": _moment(row.until),
        }
        for row in rows
    ]


def failed_events(session: Session) -> list[tuple[Any, ...]]:
    rows = session.scalars(
        select(InboundEvent)
        .where(InboundEvent.state == "failed")
        .order_by(InboundEvent.received_at.desc())
        .limit(LISTED)
    )
    return [(row.id, _moment(row.received_at), row.source, row.topic, row.error) for row in rows]


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
