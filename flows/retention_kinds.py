"""How each kind of data goes when its time is over: one batch of one store, and how many rows it was.

What is erased of a row is what the erasure of a person erases of it (``flows.personal_data``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from app.models import (
    AuditEvent,
    Cart,
    Click,
    ComplianceRequest,
    Consent,
    ConsentEvent,
    Contact,
    DataExport,
    Enrollment,
    Message,
    Order,
    Reply,
)
from flows import erasure
from flows.erasure import UNTOLD
from flows.held import HASHED, Traces
from flows.incoming import Incoming
from flows.personal_data import HELD
from flows.traces import Shopper

PEOPLE_AT_ONCE = 50
_OF_TABLE = {held.model: held for held in HELD}


def message_bodies(incoming: Incoming, before: datetime, limit: int) -> int:
    return _blank(incoming, Message, (Message.created_at < before) & Message.body.is_not(None), limit)


def replies(incoming: Incoming, before: datetime, limit: int) -> int:
    return _blank(incoming, Reply, (Reply.received_at < before) & Reply.body.is_not(None), limit)


def clicks(incoming: Incoming, before: datetime, limit: int) -> int:
    return _blank(incoming, Click, (Click.occurred_at < before) & Click.agent.is_not(None), limit)


def carts(incoming: Incoming, before: datetime, limit: int) -> int:
    """Carts that were never ordered, and are in no flow any more."""
    in_flow = exists().where(
        Enrollment.store_id == Cart.store_id,
        Enrollment.subject_type == "cart",
        Enrollment.subject_id == Cart.id,
        Enrollment.state == "active",
    )
    old = (Cart.activity_at < before) & (Cart.state != "ordered") & _names_somebody(Cart, "restore_url")
    return _blank(incoming, Cart, old & ~in_flow, limit)


def orders(incoming: Incoming, before: datetime, limit: int) -> int:
    """Orders, and then the carts that became them."""
    old = (Order.placed_at < before) & _names_somebody(Order, "status_url")
    count = _blank(incoming, Order, old, limit)
    if count:
        return count
    ordered = (Cart.activity_at < before) & (Cart.state == "ordered") & _names_somebody(Cart, "restore_url")
    return _blank(incoming, Cart, ordered, limit)


def contacts(incoming: Incoming, before: datetime, limit: int) -> int:
    """People from whom nothing was heard, and to whom nothing was said: erased like those who ask for it."""
    silent = select(Contact.phone).where(
        Contact.store_id == incoming.store.id,
        Contact.erased_at.is_(None),
        Contact.updated_at < before,
        or_(Contact.texted_at.is_(None), Contact.texted_at < before),
        ~_since(Cart, Cart.activity_at >= before),
        ~_since(Order, Order.placed_at >= before),
        ~_since(Reply, Reply.received_at >= before),
        ~exists().where(
            ConsentEvent.store_id == Contact.store_id,
            ConsentEvent.address == Contact.phone,
            ConsentEvent.recorded_at >= before,
        ),
    )
    phones = incoming.session.scalars(silent.order_by(Contact.id).limit(PEOPLE_AT_ONCE)).all()
    for phone in phones:
        erasure.erase_person(incoming, Shopper(phones=(phone,)), deliveries=False)
    return limit if len(phones) == PEOPLE_AT_ONCE else len(phones)


def consent(incoming: Incoming, before: datetime, limit: int) -> int:
    """Evidence of numbers that are nobody's any more; that of a contact stays as long as the contact."""
    of_contact = exists().where(
        Contact.store_id == ConsentEvent.store_id, Contact.phone == ConsentEvent.address
    )
    old = select(ConsentEvent.id).where(
        ConsentEvent.store_id == incoming.store.id,
        ConsentEvent.recorded_at < before,
        or_(ConsentEvent.last_text_at.is_(None), ConsentEvent.last_text_at < before),
        or_(ConsentEvent.address.like(f"{HASHED}%"), ~of_contact),
    )
    gone = delete(ConsentEvent).where(ConsentEvent.id.in_(old.limit(limit))).returning(ConsentEvent.address)
    addresses = list(incoming.session.scalars(gone.execution_options(**UNTOLD)))
    state = delete(Consent).where(Consent.store_id == incoming.store.id, Consent.address.in_(addresses))
    incoming.session.execute(state.execution_options(**UNTOLD))
    return len(addresses)


def audit(incoming: Incoming, before: datetime, limit: int) -> int:
    return _delete(incoming, AuditEvent, AuditEvent.occurred_at < before, limit)


def exports(incoming: Incoming, before: datetime, limit: int) -> int:
    """The files, and in requests that were answered whom they were about."""
    answered = (ComplianceRequest.acted_at < before) & (ComplianceRequest.request != {})
    nameless = update(ComplianceRequest).where(ComplianceRequest.store_id == incoming.store.id, answered)
    incoming.session.execute(nameless.values(request={}).execution_options(**UNTOLD))
    return _delete(incoming, DataExport, DataExport.made_at < before, limit)


def requests(incoming: Incoming, before: datetime, limit: int) -> int:
    return _delete(incoming, ComplianceRequest, ComplianceRequest.acted_at < before, limit)


KINDS: tuple[tuple[str, Callable[[Incoming, datetime, int], int]], ...] = (
    ("message_bodies", message_bodies),
    ("replies", replies),
    ("clicks", clicks),
    ("carts", carts),
    ("orders", orders),
    ("contacts", contacts),
    ("consent", consent),
    ("audit", audit),
    ("exports", exports),
    ("requests", requests),
)


def _since(model: Any, recent: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the contact has a row of that table since then."""
    return exists().where(model.store_id == Contact.store_id, model.contact_id == Contact.id, recent)


def _names_somebody(model: Any, sealed: str) -> ColumnElement[bool]:
    names = ("contact_id", "email", "customer_id", sealed)
    return or_(*(getattr(model, name).is_not(None) for name in names))


def _blank(incoming: Incoming, model: Any, old: ColumnElement[bool], limit: int) -> int:
    """Overwrite what names somebody in a batch of rows, as an erasure would; rows in use wait a day."""
    nobody = Traces.of_time(incoming.store.id, incoming.now)
    values = {name: value(nobody) for name, value in _OF_TABLE[model].erases.items()}
    batch = (
        select(model.id)
        .where(model.store_id == incoming.store.id, old)
        .order_by(model.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = incoming.session.scalars(batch).all()
    blank = update(model).where(model.store_id == incoming.store.id, model.id.in_(ids)).values(**values)
    incoming.session.execute(blank.execution_options(**UNTOLD))
    return len(ids)


def _delete(incoming: Incoming, model: Any, old: ColumnElement[bool], limit: int) -> int:
    batch = select(model.id).where(model.store_id == incoming.store.id, old).limit(limit)
    gone = delete(model).where(model.store_id == incoming.store.id, model.id.in_(batch)).returning(model.id)
    return len(incoming.session.scalars(gone.execution_options(**UNTOLD)).all())
