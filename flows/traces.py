"""Finding everything that is stored about one person, by what somebody knows them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from app.models import Cart, Contact, Order, Store
from flows.held import Traces, hashed
from flows.mentions import digits, phone_forms
from flows.phones import Phone, read_phone


@dataclass(frozen=True, slots=True)
class Shopper:
    """By what somebody is known in the rows of a store. ``phone`` is E.164, ``email`` in lower case."""

    phone: str | None = None
    typed_phone: str | None = None
    email: str | None = None
    customer_id: str | None = None
    order_ids: tuple[str, ...] = ()

    @property
    def mentions(self) -> list[str]:
        """As ``Delivery.mentions`` names the person."""
        forms = list(phone_forms(self.phone)) if self.phone else []
        forms += [digits(self.typed_phone)] if self.typed_phone else []
        return [f"phone:{form}" for form in forms] + _names([self.email], [self.customer_id])


def read_shopper(
    store: Store,
    phone: str | None,
    email: str | None = None,
    customer_id: str | None = None,
    order_ids: tuple[str, ...] = (),
) -> Shopper:
    """A person as a platform or a merchant names them: the number as it was typed."""
    read = read_phone(phone, store.country) if phone else None
    return Shopper(
        phone=read.e164 if isinstance(read, Phone) else None,
        typed_phone=phone,
        email=email.lower() if email else None,
        customer_id=customer_id,
        order_ids=order_ids,
    )


def find(
    session: Session, hash_key: str, store: Store, shopper: Shopper, now: datetime, *, lock: bool = False
) -> Traces:
    """The rows of a shopper, by number, e-mail, customer id and orders; locked where they will be changed.

    What has the e-mail or the customer id of a contact that was found is the same person's, unless it
    belongs to another number.
    """
    contacts = _contacts(session, store, shopper, lock)
    ids = tuple(contact.id for contact in contacts)
    emails = _told(contact.email for contact in contacts)
    customer_ids = _told(contact.customer_id for contact in contacts)

    def theirs(model: Any) -> ColumnElement[bool]:
        strays = _stray(model, emails, customer_ids)
        return or_(model.contact_id.in_(ids), *_same(model, shopper), strays)

    carts = select(Cart.id).where(Cart.store_id == store.id, theirs(Cart)).order_by(Cart.id)
    named = or_(theirs(Order), Order.platform_order_id.in_(shopper.order_ids))
    orders = session.execute(
        select(Order.id, Order.platform_order_id).where(Order.store_id == store.id, named)
    ).all()
    phones = _told([*(contact.phone for contact in contacts), shopper.phone])
    return Traces(
        store_id=store.id,
        contacts=ids,
        phones=phones,
        emails=_told([*emails, shopper.email]),
        customer_ids=_told([*customer_ids, shopper.customer_id]),
        carts=tuple(session.scalars(carts.with_for_update() if lock else carts)),
        orders=tuple(id for id, _ in orders),
        platform_orders=tuple(name for _, name in orders),
        names=(*shopper.mentions, *(f"phone:{form}" for phone in phones for form in phone_forms(phone))),
        other_names=tuple(_names(emails, customer_ids)),
        hashes={phone: hashed(hash_key, store.domain, phone) for phone in phones},
        now=now,
    )


def _contacts(session: Session, store: Store, shopper: Shopper, lock: bool) -> Sequence[Contact]:
    known = or_(false(), *_same(Contact, shopper), Contact.phone == shopper.phone)
    query = select(Contact).where(Contact.store_id == store.id, Contact.erased_at.is_(None), known)
    return session.scalars(query.order_by(Contact.id).with_for_update() if lock else query).all()


def _same(model: Any, shopper: Shopper) -> list[ColumnElement[bool]]:
    """Rows of the e-mail or customer id that was asked for."""
    found = [model.email == shopper.email] if shopper.email else []
    return found + ([model.customer_id == shopper.customer_id] if shopper.customer_id else [])


def _stray(model: Any, emails: tuple[str, ...], customer_ids: tuple[str, ...]) -> ColumnElement[bool]:
    """Rows without a number that name the same e-mail or customer."""
    same = or_(model.email.in_(emails), model.customer_id.in_(customer_ids))
    return and_(model.contact_id.is_(None), same)


def _told(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _names(emails: Any, customer_ids: Any) -> list[str]:
    found = [f"email:{email.lower()}" for email in emails if email]
    return found + [f"customer:{customer_id}" for customer_id in customer_ids if customer_id]
