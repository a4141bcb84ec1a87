"""Our own double opt-in: who ticked the box is asked once, by text, and the answer confirms the consent.

It is due where a rule of the country says so (``rules/countries.csv``) and where the store wishes it.
A platform that reports a confirmed consent has asked already. The request is no marketing, but nobody
waits for it either: it keeps the hours and leaves alone who has bought, stopped or emptied the cart
(``gates.may_ask``). It goes when it is all that a reminder still lacks, never for its own sake.

An answer counts for ``OPEN_FOR``: where carriers ask for the double opt-in, a cart may be texted about
for 48 hours (``rules/countries.csv``), so that a later yes would bring nothing. Then the request is over;
the same number is asked again only after ``AGAIN_AFTER``, or for a tick in a later checkout. For one tick
nobody is asked twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.models import ConsentEvent, Contact, Message, Store
from connectors.events import ConsentState
from flows import due
from flows.countries import country_rule

KIND = "opt_in_request"
EVERYWHERE = "*"

# A platform's own confirmation, and a number that is corrected while it is typed, arrive within it.
PAUSE = timedelta(minutes=2)
OPEN_FOR = timedelta(hours=48)
AGAIN_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Tick:
    """What a consent rests on: the event's id, and when its checkout was created, if it has one."""

    event_id: int
    checkout_created_at: datetime | None


def is_due(store: Store, country: str | None) -> bool:
    """Whether a consent for numbers of ``country`` must be confirmed: by rule, or by the store's wish."""
    return country_rule(country).double_opt_in or wished(store, country)


def wished(store: Store, country: str | None) -> bool:
    """Whether the store asks for it there, whatever the rules say."""
    return EVERYWHERE in store.double_opt_in_countries or country in store.double_opt_in_countries


def may_ask_again(asked_at: datetime | None, tick: Tick, now: datetime) -> bool:
    """Whether somebody who was asked at ``asked_at`` may be asked now; pure."""
    if asked_at is None:
        return True
    if now < asked_at + OPEN_FOR:
        return False
    ticked = tick.checkout_created_at
    return (ticked is not None and ticked > asked_at) or now >= asked_at + AGAIN_AFTER


def once_key(contact: Contact, tick: Tick) -> str:
    """For one tick one request."""
    return f"opt-in:{contact.id}:{tick.event_id}"


def plan(session: Session, store_id: int, contact_id: int, at: datetime, now: datetime) -> None:
    """Look at ``at`` whether this contact is to be asked, unless that is planned already."""
    due.schedule_once(
        session,
        store_id=store_id,
        kind=due.OPT_IN,
        subject=contact_id,
        due_at=at,
        once_key=due.once_key(due.OPT_IN, contact_id),
        now=now,
    )


def open_request(session: Session, contact: Contact, at: datetime) -> Message | None:
    """The request that this contact may answer at that moment."""
    sent_at = func.coalesce(Message.accepted_at, Message.created_at)
    return session.scalar(
        select(Message)
        .where(Message.store_id == contact.store_id, Message.contact_id == contact.id)
        .where(Message.kind == KIND, Message.status != "failed")
        .where(sent_at > at - OPEN_FOR, Message.created_at <= at)
        .order_by(Message.created_at.desc())
        .limit(1)
    )


def asked_at(session: Session, contacts: Sequence[Contact]) -> dict[int, datetime]:
    """When these contacts were last asked, by contact id. What certainly never left does not count."""
    ids = [(contact.store_id, contact.id) for contact in contacts]
    sent_at = func.max(func.coalesce(Message.accepted_at, Message.created_at))
    rows = session.execute(
        select(Message.contact_id, sent_at)
        .where(tuple_(Message.store_id, Message.contact_id).in_(ids), Message.kind == KIND)
        .where((Message.status != "failed") | (Message.reason == "in_doubt"))
        .group_by(Message.contact_id)
    )
    return {contact_id: at for contact_id, at in rows}


def ticks(session: Session, contacts: Sequence[Contact]) -> dict[int, Tick]:
    """The newest yes of each contact, by contact id; a contact without any is left out."""
    names = {(contact.store_id, contact.phone): contact.id for contact in contacts}
    rows = session.scalars(
        select(ConsentEvent)
        .where(tuple_(ConsentEvent.store_id, ConsentEvent.address).in_(names), ConsentEvent.channel == "sms")
        .where(ConsentEvent.state == ConsentState.GIVEN)
    )
    newest: dict[int, ConsentEvent] = {}
    for event in sorted(rows, key=lambda event: (_moment(event), event.id)):
        newest[names[event.store_id, event.address]] = event
    return {contact_id: Tick(event.id, event.checkout_created_at) for contact_id, event in newest.items()}


def _moment(event: ConsentEvent) -> datetime:
    """A tick is as new as its checkout: an old one that is told again is no fresh one."""
    return event.checkout_created_at or event.occurred_at or datetime.min.replace(tzinfo=UTC)
