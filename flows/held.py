"""How the rows of one person are found in a table, and what an erasure leaves in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import Text

from app import models as m
from app.crypto import keyed_hash

HASHED = "hash:"
"""Begins what an erased number is called: what was said of it stays provable, and texts nobody."""


def hashed(hash_key: str, domain: str, phone: str) -> str:
    """What the number is called once it is erased, in the ledger of the store of that domain."""
    return f"{HASHED}{keyed_hash(hash_key, domain, phone)}"


@dataclass(frozen=True, slots=True)
class Traces:
    """The rows of one person in one store, by what leads to them.

    ``contacts`` and ``phones`` (E.164) are numbers that are theirs, ``emails`` and ``customer_ids`` what
    they asked by. ``names`` are the words by which deliveries mention the person; by ``other_names``, which
    stood beside their numbers, only those are found that were applied, for they may be others' too.
    ``others`` are contacts whose number is not theirs though rows of theirs have it; ``borrowed`` those of
    them that last told their names, ``own_carts`` their carts under such a number: both are looked for to
    erase them. ``nameless``: who else typed the number is not told. ``hashes`` are what an erased number is
    called in the ledger.
    """

    store_id: int
    now: datetime
    contacts: tuple[int, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    customer_ids: tuple[str, ...] = ()
    carts: tuple[int, ...] = ()
    orders: tuple[int, ...] = ()
    platform_orders: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    others: tuple[int, ...] = ()
    borrowed: tuple[int, ...] = ()
    own_carts: tuple[int, ...] = ()
    nameless: bool = False
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        """How many numbers are not theirs."""
        return len(self.others)

    @classmethod
    def of_time(cls, store_id: int, now: datetime) -> Traces:
        """Nobody's: what retention overwrites is found by its age."""
        return cls(store_id, now)


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


def nothing(*names: str) -> dict[str, Value]:
    return dict.fromkeys(names, lambda t: None)


def nobody(contact_id: Any) -> Value:
    """What stands in place of a number; unique per contact, as numbers are."""
    return lambda t: func.concat("erased:", contact_id)


def own_contact(t: Traces) -> Any:
    return case((m.Order.contact_id.in_(t.contacts), m.Order.contact_id), else_=None)


def deliveries_of(t: Traces) -> ColumnElement[bool]:
    """What came in about the person: of the store, and of an SMS provider, which names no store.

    Of the latter only what was applied: what waits may be about another store of the same number.
    """
    event = m.InboundEvent
    done = and_(event.state != "pending", _mentions(t.other_names))
    of_store = and_(event.store_id == t.store_id, or_(_mentions(t.names), done))
    replied = and_(event.source.like("sms:%:reply"), event.subject.in_(t.phones))
    calls = select(m.Delivery.provider_id).where(m.Delivery.store_id == t.store_id, calls_of(t))
    received = and_(event.source.like("sms:%:receipt"), event.subject.in_(calls))
    named = or_(replied, received, _mentions(t.names))
    of_no_store = and_(event.store_id.is_(None), event.state != "pending", named)
    return or_(of_store, of_no_store)


def _mentions(names: tuple[str, ...]) -> ColumnElement[bool]:
    return m.InboundEvent.mentions.op("&&")(array(names, type_=Text).cast(ARRAY(Text)))


def texts_of(t: Traces) -> ColumnElement[bool]:
    return of_number_or_cart(m.Message, t)


def of_number_or_cart(model: Any, t: Traces) -> ColumnElement[bool]:
    """What was sent to their numbers, or for a cart of theirs to somebody else's."""
    return or_(model.contact_id.in_(t.contacts), model.cart_id.in_(t.own_carts))


def calls_of(t: Traces) -> ColumnElement[bool]:
    texts = select(m.Message.id).where(m.Message.store_id == t.store_id, texts_of(t))
    return m.Delivery.message_id.in_(texts)


def clicks_of(t: Traces) -> ColumnElement[bool]:
    links = select(m.Link.id).where(m.Link.store_id == t.store_id, m.Link.contact_id.in_(t.contacts))
    return m.Click.link_id.in_(links)


def requests_of(t: Traces) -> ColumnElement[bool]:
    """Requests that name the person; those by a name beside their number once they are answered."""
    answered = m.ComplianceRequest.acted_at.is_not(None)
    return or_(_asked_by(t), and_(_asked_by_others(t), answered))


def exports_of(t: Traces) -> ColumnElement[bool]:
    """The files that tell of the person. One that waits to be fetched is made again, of what is left."""
    asked = or_(_asked_by(t), _asked_by_others(t))
    requests = select(m.ComplianceRequest.id).where(m.ComplianceRequest.store_id == t.store_id, asked)
    return m.DataExport.request_id.in_(requests)


def _asked_by(t: Traces) -> ColumnElement[bool]:
    asked = m.ComplianceRequest.request
    named = (("phone", t.phones), ("email", t.emails), ("customer_id", t.customer_ids))
    return or_(*(asked[name].astext.in_(values) for name, values in named))


def _asked_by_others(t: Traces) -> ColumnElement[bool]:
    asked = m.ComplianceRequest.request
    email, customer = func.concat("email:", asked["email"].astext), asked["customer_id"].astext
    return or_(email.in_(t.other_names), func.concat("customer:", customer).in_(t.other_names))


def said_for_others(t: Traces) -> ColumnElement[bool]:
    """What the person said for numbers of others: as their customer, or by the box of a cart of theirs."""
    event = m.ConsentEvent
    phones = select(m.Contact.phone).where(m.Contact.store_id == t.store_id, m.Contact.id.in_(t.others))
    boxes = (
        select(key.id)
        .where(key.store_id == t.store_id, owner.in_(ids))
        .where(func.starts_with(event.dedupe_key, func.concat("box:", key.kind, ":", key.value, ":")))
        .exists()
        for key, owner, ids in (
            (m.CartKey, m.CartKey.cart_id, t.carts),
            (m.OrderKey, m.OrderKey.order_id, t.orders),
        )
    )
    as_customer = event.evidence["customer"].astext.in_(t.customer_ids)
    return and_(event.channel == "sms", event.address.in_(phones), or_(as_customer, *boxes))


def hashed_address(t: Traces) -> Any:
    """The number's keyed hash: what was said stays provable to whoever brings the number."""
    event = m.ConsentEvent
    named = [(event.address == phone, hashed) for phone, hashed in t.hashes.items()]
    return case(*named, else_=event.address) if named else event.address


def last_text_at(t: Traces) -> Any:
    """From when on the evidence is kept: nobody can tell by the hash when the last text left."""
    return (
        select(func.max(m.Message.created_at))
        .where(m.Message.store_id == t.store_id, texts_of(t))
        .scalar_subquery()
    )


PROOF: ColumnElement[Any] = literal_column(
    "(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(consent_event.evidence)"
    " WHERE key IN ('actor', 'keyword', 'wording_sha256', 'wording_version', 'zone'))"
)
"""The part of the evidence that names nobody."""
