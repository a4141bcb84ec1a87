"""Erasing a person, or a whole store.

What outlives it: the suppression hashes, so that a stop holds for ever, and the evidence of consent
under the keyed hash of its number; and figures, which name nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import Text

from app.crypto import keyed_hash
from app.models import (
    Cart,
    ComplianceRequest,
    Consent,
    ConsentEvent,
    Contact,
    InboundEvent,
    Link,
    Membership,
    Message,
    Order,
    Person,
    Reply,
    SenderContact,
    Store,
)
from connectors.platform import ComplianceRequested
from flows import enrollment
from flows.incoming import Incoming
from flows.mentions import digits, phone_forms
from flows.phones import Phone, read_phone

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shopper:
    """By what somebody is known in the rows of a store. ``phone`` is E.164."""

    phone: str | None
    typed_phone: str | None
    email: str | None
    customer_id: str | None
    order_ids: tuple[str, ...]

    @property
    def mentions(self) -> list[str]:
        """As ``Delivery.mentions`` names the person."""
        forms = list(phone_forms(self.phone)) if self.phone else []
        forms += [digits(self.typed_phone)] if self.typed_phone else []
        found = [f"phone:{form}" for form in forms]
        found += [f"email:{self.email}"] if self.email else []
        return found + ([f"customer:{self.customer_id}"] if self.customer_id else [])


def read_person(incoming: Incoming, asked: ComplianceRequested) -> Shopper:
    phone = read_phone(asked.phone, incoming.store.country) if asked.phone else None
    return Shopper(
        phone=phone.e164 if isinstance(phone, Phone) else None,
        typed_phone=asked.phone,
        email=asked.email.lower() if asked.email else None,
        customer_id=asked.customer_id,
        order_ids=asked.order_ids,
    )


def erase_person(incoming: Incoming, shopper: Shopper) -> int:
    """Erase what we know of a shopper, by number, e-mail and customer id; says how many contacts."""
    session, store_id = incoming.session, incoming.store.id
    known = or_(false(), *_same(Contact, shopper), Contact.phone == shopper.phone)
    query = select(Contact).where(Contact.store_id == store_id, Contact.erased_at.is_(None), known)
    contacts = session.scalars(query.with_for_update()).all()
    for contact in contacts:
        _erase_contact(incoming, contact)
    ids = [contact.id for contact in contacts]
    _erase_carts(incoming, or_(Cart.contact_id.in_(ids), *_same(Cart, shopper)))
    bought = or_(
        Order.contact_id.in_(ids), Order.platform_order_id.in_(shopper.order_ids), *_same(Order, shopper)
    )
    _erase(incoming, Order, bought, email=None, customer_id=None, status_url=None)
    _erase_requests(incoming, shopper)
    _erase_deliveries(incoming, shopper)
    return len(contacts)


def _same(model: Any, shopper: Shopper) -> list[ColumnElement[bool]]:
    """Rows of the same e-mail or customer id."""
    found = [model.email == shopper.email] if shopper.email else []
    return found + ([model.customer_id == shopper.customer_id] if shopper.customer_id else [])


def _erase(incoming: Incoming, model: Any, which: ColumnElement[bool], **values: Any) -> None:
    incoming.session.execute(update(model).where(model.store_id == incoming.store.id, which).values(**values))


def _erase_contact(incoming: Incoming, contact: Contact) -> None:
    session, store, phone = incoming.session, incoming.store, contact.phone
    enrollment.end_for_contact(session, store.id, contact.id, "stopped", incoming.now)
    _hash_evidence(incoming, phone)
    nobody = f"erased:{contact.id}"
    _erase(incoming, Message, Message.contact_id == contact.id, phone=nobody, body=None)
    _erase(incoming, Reply, Reply.contact_id == contact.id, from_number=nobody, body=None)
    _erase(incoming, Link, Link.contact_id == contact.id, ended_at=func.coalesce(Link.ended_at, incoming.now))
    session.execute(
        delete(SenderContact).where(
            SenderContact.store_id == store.id, SenderContact.contact_id == contact.id
        )
    )
    for name in ("email", "customer_id", "first_name", "locale", "address_country", "region", "postcode"):
        setattr(contact, name, None)
    contact.phone, contact.erased_at, contact.updated_at = nobody, incoming.now, incoming.now
    session.flush()


def _hash_evidence(incoming: Incoming, phone: str) -> None:
    """What was said stays provable to whoever brings the number; the number itself is gone."""
    store = incoming.store
    hashed = f"hash:{keyed_hash(incoming.runtime.settings.hash_key, store.domain, phone)}"
    _erase(
        incoming,
        ConsentEvent,
        ConsentEvent.address == phone,
        address=hashed,
        # The number may come back and be erased again: its second events must not meet the first ones.
        dedupe_key=func.concat(ConsentEvent.dedupe_key, ":", ConsentEvent.id),
        evidence={},
    )
    incoming.session.execute(delete(Consent).where(Consent.store_id == store.id, Consent.address == phone))


def _erase_carts(incoming: Incoming, which: ColumnElement[bool]) -> None:
    for cart in incoming.session.scalars(
        select(Cart).where(Cart.store_id == incoming.store.id, which).with_for_update()
    ).all():
        enrollment.end_for_cart(incoming.session, cart.store_id, cart.id, "stopped", incoming.now)
        for name in ("email", "customer_id", "first_name", "region", "postcode", "restore_url"):
            setattr(cart, name, None)
        cart.contact_id = cart.phone_problem = cart.waits_for = None
        cart.activity_print, cart.updated_at = "", incoming.now
        cart.state = "expired" if cart.state == "open" else cart.state
    incoming.session.flush()


def _erase_requests(incoming: Incoming, shopper: Shopper) -> None:
    """Requests for the data of somebody whose data is gone name nobody any more."""
    wanted = {"phone": shopper.typed_phone, "email": shopper.email, "customer_id": shopper.customer_id}
    same = [ComplianceRequest.request[name].astext == value for name, value in wanted.items() if value]
    _erase(incoming, ComplianceRequest, or_(false(), *same), request={})


def _erase_deliveries(incoming: Incoming, shopper: Shopper) -> None:
    """Raw bodies hold what was just erased. One that was not applied yet would bring it back.

    Texts and replies in the inbox belong to no store: of those only the applied ones are erased.
    """
    names = shopper.mentions
    if not names:
        return
    of_store = InboundEvent.store_id == incoming.store.id
    of_no_store = and_(
        InboundEvent.store_id.is_(None),
        InboundEvent.source.like("sms:%"),
        InboundEvent.state != "pending",
    )
    about = InboundEvent.mentions.op("&&")(array(names, type_=Text).cast(ARRAY(Text)))
    incoming.session.execute(
        update(InboundEvent)
        .where(or_(of_store, of_no_store), about)
        .values(
            body=None,
            mentions=[],
            headers={},
            state=func.replace(InboundEvent.state, "pending", "ignored"),
        )
    )


def erase_store(incoming: Incoming) -> None:
    """Delete the store and every row of it. The request itself stays in the inbox, naming no store."""
    session, store_id = incoming.session, incoming.store.id
    session.flush()
    session.execute(delete(ComplianceRequest).where(ComplianceRequest.store_id == store_id))
    if incoming.event_id is not None:
        request = update(InboundEvent).where(InboundEvent.id == incoming.event_id)
        session.execute(request.values(store_id=None, body=None))
    _erase_people(incoming)
    for row in list(session):
        if row is incoming.store or getattr(row, "store_id", None) == store_id:
            session.expunge(row)
    session.execute(delete(Store).where(Store.id == store_id))
    log.info("store_erased", store_id=store_id)


def _erase_people(incoming: Incoming) -> None:
    """Those who open pages of this store and of no other."""
    here = select(Membership.person_id).where(Membership.store_id == incoming.store.id)
    elsewhere = select(Membership.person_id).where(Membership.store_id != incoming.store.id)
    incoming.session.execute(delete(Person).where(Person.id.in_(here), Person.id.not_in(elsewhere)))
