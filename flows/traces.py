"""Finding everything that is stored about one person, by what somebody knows them by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, union
from sqlalchemy.orm import Session

from app.models import Cart, ConsentEvent, Contact, Message, Order, Store
from flows import whose
from flows.held import Traces, hashed
from flows.mentions import digits, person, phone_forms
from flows.phones import Phone, read_phone
from flows.whose import Names, Share


@dataclass(frozen=True, slots=True)
class Shopper:
    """By what somebody is known in the rows of a store. ``phones`` are E.164, ``email`` in lower case.

    ``typed_phone`` is a number that cannot be read. ``vouched``: who asks says that the numbers are theirs;
    otherwise they were only typed beside the e-mail address (``flows.whose``).
    """

    phones: tuple[str, ...] = ()
    typed_phone: str | None = None
    email: str | None = None
    customer_id: str | None = None
    order_ids: tuple[str, ...] = ()
    vouched: bool = True

    @property
    def names(self) -> Names:
        return frozenset(person(self.email, self.customer_id))

    @property
    def mentions(self) -> list[str]:
        """As ``Delivery.mentions`` names the person."""
        forms = [form for phone in self.phones for form in phone_forms(phone)]
        forms += [digits(self.typed_phone)] if self.typed_phone else []
        return [f"phone:{form}" for form in forms] + sorted(self.names)


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
        phones=(read.e164,) if isinstance(read, Phone) else (),
        typed_phone=None if isinstance(read, Phone) else phone,
        email=email.lower() if email else None,
        customer_id=customer_id,
        order_ids=order_ids,
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers that somebody may be known with, and how much of each is theirs."""

    contacts: Sequence[Contact]
    beside: Mapping[str, Collection[Names]]
    shares: Mapping[str, Share]

    def is_theirs(self, phone: str) -> bool:
        return self.shares[phone] is not Share.OWN

    @property
    def theirs(self) -> list[Contact]:
        return [contact for contact in self.contacts if self.is_theirs(contact.phone)]

    @property
    def beside_theirs(self) -> tuple[str, ...]:
        """What is known beside numbers that are theirs and nobody else's."""
        alone = (names for phone, names in self.beside.items() if self._is_alone(phone))
        return tuple(sorted({name for names in alone for one in names for name in one}))

    def _is_alone(self, phone: str) -> bool:
        return self.is_theirs(phone) and whose.is_one_person(self.beside[phone])


def find(
    session: Session, hash_key: str, store: Store, shopper: Shopper, now: datetime, *, erase: bool = False
) -> Traces:
    """The rows of a shopper, by numbers, e-mail, customer id and orders, as far as they are theirs.

    To be erased they are locked, and what has the e-mail or the customer id of a number that is theirs is
    found too, where it belongs to no other number. That is nothing to show: anyone may have typed it.
    """
    numbers = _numbers(session, store, shopper, erase)
    ids = tuple(contact.id for contact in numbers.theirs)
    others = tuple(name for name in numbers.beside_theirs if name not in shopper.names) if erase else ()

    query = select(Cart.id, Cart.contact_id, Cart.erased_at).where(Cart.store_id == store.id)
    query = query.where(_theirs(Cart, ids, shopper.names, others)).order_by(Cart.id)
    carts = session.execute(query.with_for_update() if erase else query).all()
    named = or_(_theirs(Order, ids, shopper.names, others), Order.platform_order_id.in_(shopper.order_ids))
    orders = session.execute(
        select(Order.id, Order.platform_order_id, Order.contact_id, Order.erased_at)
        .where(Order.store_id == store.id, named)
        .order_by(Order.id)
    ).all()
    phones = tuple(phone for phone in numbers.shares if numbers.is_theirs(phone))
    typed = {row.contact_id for row in (*carts, *orders) if row.contact_id and row.erased_at is None}
    return Traces(
        store_id=store.id,
        now=now,
        contacts=ids,
        phones=phones,
        emails=(shopper.email,) if shopper.email else (),
        customer_ids=(shopper.customer_id,) if shopper.customer_id else (),
        carts=tuple(row.id for row in carts),
        orders=tuple(row.id for row in orders),
        platform_orders=tuple(row.platform_order_id for row in orders),
        names=tuple(replace(shopper, phones=phones).mentions),
        other_names=others,
        borrowed=_borrowed(numbers, shopper) if erase else (),
        own_carts=tuple(row.id for row in carts if row.contact_id not in ids) if erase else (),
        others=tuple(sorted(typed.union(contact.id for contact in numbers.contacts).difference(ids))),
        nameless=Share.NAMELESS in numbers.shares.values(),
        hashes={phone: hashed(hash_key, store.domain, phone) for phone in phones},
    )


def _theirs(
    model: Any, contacts: tuple[int, ...], names: Iterable[str], others: Iterable[str]
) -> ColumnElement[bool]:
    """Rows of their numbers, rows that name them, and rows without a number of what stood beside theirs."""
    strays = and_(model.contact_id.is_(None), or_(false(), *_named(model, others)))
    return or_(model.contact_id.in_(contacts), *_named(model, names), strays)


def _numbers(session: Session, store: Store, shopper: Shopper, erase: bool) -> _Numbers:
    """All numbers that were asked for, or whose contact last had the e-mail or the customer id asked for."""
    known = or_(Contact.phone.in_(shopper.phones), *_named(Contact, shopper.names))
    query = select(Contact).where(Contact.store_id == store.id, Contact.erased_at.is_(None), known)
    contacts = session.scalars(query.order_by(Contact.id).with_for_update() if erase else query).all()
    beside: dict[str, set[Names]] = {phone: set() for phone in shopper.phones}
    beside |= {one.phone: {frozenset(person(one.email, one.customer_id))} for one in contacts}
    phones = {contact.id: contact.phone for contact in contacts}
    for contact_id, email, customer_id in _rows_beside(session, store, phones):
        beside[phones[contact_id]].add(frozenset(person(email, customer_id)))
    unknown = [phone for phone in shopper.phones if phone not in phones.values()]
    for phone, customer_id in _words_of(session, store, unknown):
        beside[phone].add(frozenset(person(None, customer_id)))
    shares = {phone: _share(shopper, phone, rows, erase) for phone, rows in beside.items()}
    return _Numbers(contacts, beside, shares)


def _share(shopper: Shopper, phone: str, beside: Collection[Names], erase: bool) -> Share:
    if erase:
        return whose.to_erase(shopper.names, beside)
    return whose.to_show(shopper.names, beside, vouched=shopper.vouched and phone in shopper.phones)


def _rows_beside(session: Session, store: Store, contact_ids: Iterable[int]) -> Iterable[Any]:
    """Who is named beside these numbers in carts and orders; of a text whose cart was erased, nobody."""
    ids = list(contact_ids)
    rows = [
        select(model.contact_id, model.email, model.customer_id).where(
            model.store_id == store.id, model.contact_id.in_(ids), model.erased_at.is_(None)
        )
        for model in (Cart, Order)
    ]
    texts = (
        select(Message.contact_id, Cart.email, Cart.customer_id)
        .join(Cart, (Cart.store_id == Message.store_id) & (Cart.id == Message.cart_id))
        .where(Message.store_id == store.id, Message.contact_id.in_(ids), Message.body.is_not(None))
    )
    return session.execute(union(*rows, texts)).all() if ids else ()


def _words_of(session: Session, store: Store, phones: Collection[str]) -> Iterable[Any]:
    """Whose consent is written down for numbers that have no contact."""
    event = ConsentEvent
    words = select(event.address, event.evidence["customer"].astext).distinct()
    query = words.where(event.store_id == store.id, event.address.in_(phones))
    return session.execute(query).all() if phones else ()


def _borrowed(numbers: _Numbers, shopper: Shopper) -> tuple[int, ...]:
    """Contacts of others whose last order, or cart, was theirs."""
    others = (contact for contact in numbers.contacts if not numbers.is_theirs(contact.phone))
    named = (one.id for one in others if shopper.names.intersection(person(one.email, one.customer_id)))
    return tuple(named)


def _named(model: Any, names: Iterable[str]) -> list[ColumnElement[bool]]:
    """Rows of one of these e-mails or customer ids, named as in ``flows.whose``."""
    columns = {"email": model.email, "customer": model.customer_id}
    parts = [name.partition(":") for name in names]
    return [columns[kind] == value for kind, _, value in parts]
