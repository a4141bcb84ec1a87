"""Reading carts for pages: one page of the list, and everything about one cart.

The number of queries does not depend on the number of carts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.admin import story
from app.admin.paging import Page, Place, read_page, read_place
from app.admin.story import Standing
from app.models import (
    Cart,
    Consent,
    Contact,
    Due,
    Enrollment,
    Flow,
    Message,
    Order,
    Recovery,
    TimelineEntry,
)
from flows import due
from flows.reasons import REASONS

LONGEST_STORY = 500


@dataclass(frozen=True)
class Filter:
    """Which carts are listed. What is not known is as if it were not asked for."""

    state: str | None = None
    reason: str | None = None
    after: Place | None = None


@dataclass(frozen=True)
class Listed:
    cart: Cart
    contact: Contact | None
    standing: Standing


@dataclass(frozen=True)
class Whole:
    """Everything that a cart's own page shows.

    ``next_step_at`` is when its flow goes on. ``lines`` are the newest first; a text stands beside the
    line with which it began.
    """

    cart: Cart
    contact: Contact | None
    consent: Consent | None
    standing: Standing
    next_step_at: datetime | None
    lines: Sequence[tuple[story.Line, Message | None]]
    enrollments: Sequence[tuple[Enrollment, str]]
    orders: Sequence[tuple[Order, Recovery | None]]


def read_filter(arguments: Mapping[str, str]) -> Filter:
    """The filter in an address."""
    state, reason = arguments.get("state"), arguments.get("reason")
    return Filter(
        state if state in story.STATES else None,
        reason if reason in REASONS else None,
        read_place(arguments.get("after", "")),
    )


def page(session: Session, store_id: int, wanted: Filter) -> Page[Listed]:
    """The carts of a store that the filter asks for."""
    found = read_page(session, _query(store_id, wanted), Cart.activity_at, wanted.after)
    ids = [cart.id for cart, _ in found.rows]
    enrollments = _enrollments(session, store_id, ids)
    deciding = _deciding(session, store_id, ids)
    recovered = _recovered(session, store_id, ids)
    rows = [
        Listed(
            cart,
            contact,
            story.stand(cart, enrollments.get(cart.id), deciding.get(cart.id), cart.id in recovered),
        )
        for cart, contact in found.rows
    ]
    return Page(rows, found.next)


def _query(store_id: int, wanted: Filter) -> Select[Cart, Contact]:
    query = _carts(store_id)
    if wanted.state == "recovered":
        query = query.where(exists().where(Recovery.store_id == Cart.store_id, Recovery.cart_id == Cart.id))
    elif wanted.state:
        query = query.where(Cart.state == wanted.state)
    if wanted.reason:
        of_cart = (TimelineEntry.store_id == Cart.store_id) & (TimelineEntry.cart_id == Cart.id)
        query = query.where(exists().where(of_cart, TimelineEntry.reason == wanted.reason))
    return query


def _carts(store_id: int) -> Select[Cart, Contact]:
    its_contact = (Contact.store_id == Cart.store_id) & (Contact.id == Cart.contact_id)
    return select(Cart, Contact).outerjoin(Contact, its_contact).where(Cart.store_id == store_id)


def _enrollments(session: Session, store_id: int, ids: Sequence[int]) -> dict[int, Enrollment]:
    """The latest enrollment of each cart."""
    query = (
        select(Enrollment)
        .where(
            Enrollment.store_id == store_id,
            Enrollment.subject_type == "cart",
            Enrollment.subject_id.in_(ids),
        )
        .order_by(Enrollment.id)
    )
    return {row.subject_id: row for row in session.scalars(query)}


def _deciding(session: Session, store_id: int, ids: Sequence[int]) -> dict[int, TimelineEntry]:
    """The last line of each cart that says how it stands."""
    query = (
        select(TimelineEntry)
        .ext(distinct_on(TimelineEntry.cart_id))
        .where(
            TimelineEntry.store_id == store_id,
            TimelineEntry.cart_id.in_(ids),
            TimelineEntry.kind.in_(story.DECIDING),
        )
        .order_by(TimelineEntry.cart_id, TimelineEntry.occurred_at.desc(), TimelineEntry.id.desc())
    )
    return {entry.cart_id: entry for entry in session.scalars(query)}


def _recovered(session: Session, store_id: int, ids: Sequence[int]) -> set[int]:
    query = select(Recovery.cart_id).where(Recovery.store_id == store_id, Recovery.cart_id.in_(ids))
    return set(session.scalars(query))


def whole(session: Session, store_id: int, cart_id: int) -> Whole | None:
    """One cart of this store with all that happened to it."""
    found = session.execute(_carts(store_id).where(Cart.id == cart_id)).one_or_none()
    if found is None:
        return None
    cart, contact = found
    entries = _timeline(session, cart)
    enrollments = _with_flows(session, cart)
    orders = _orders(session, cart)
    deciding = next((entry for entry in entries if entry.kind in story.DECIDING), None)
    latest = enrollments[-1][0] if enrollments else None
    recovered = any(recovery for _, recovery in orders)
    return Whole(
        cart=cart,
        contact=contact,
        consent=session.get(Consent, (store_id, "sms", contact.phone)) if contact else None,
        standing=story.stand(cart, latest, deciding, recovered),
        next_step_at=_next_step_at(session, latest) if latest else None,
        lines=_with_texts(entries, _messages(session, cart)),
        enrollments=enrollments,
        orders=orders,
    )


def _timeline(session: Session, cart: Cart) -> Sequence[TimelineEntry]:
    query = (
        select(TimelineEntry)
        .where(TimelineEntry.store_id == cart.store_id, TimelineEntry.cart_id == cart.id)
        .order_by(TimelineEntry.occurred_at.desc(), TimelineEntry.id.desc())
        .limit(LONGEST_STORY)
    )
    return session.scalars(query).all()


def _messages(session: Session, cart: Cart) -> dict[int, Message]:
    query = select(Message).where(Message.store_id == cart.store_id, Message.cart_id == cart.id)
    return {message.id: message for message in session.scalars(query)}


def _with_texts(
    entries: Sequence[TimelineEntry], messages: Mapping[int, Message]
) -> list[tuple[story.Line, Message | None]]:
    """The entries, newest first, in words; each text once, at the oldest line about it."""
    first = {entry.message_id: entry.id for entry in entries}
    return [
        (
            story.tell(entry),
            messages.get(entry.message_id or 0) if first[entry.message_id] == entry.id else None,
        )
        for entry in entries
    ]


def _with_flows(session: Session, cart: Cart) -> list[tuple[Enrollment, str]]:
    query = (
        select(Enrollment, Flow.name)
        .join(Flow, (Flow.store_id == Enrollment.store_id) & (Flow.id == Enrollment.flow_id))
        .where(
            Enrollment.store_id == cart.store_id,
            Enrollment.subject_type == "cart",
            Enrollment.subject_id == cart.id,
        )
        .order_by(Enrollment.id)
    )
    return [(enrollment, name) for enrollment, name in session.execute(query)]


def _next_step_at(session: Session, enrollment: Enrollment) -> datetime | None:
    query = select(Due.due_at).where(
        Due.store_id == enrollment.store_id, Due.kind == due.STEP, Due.subject == enrollment.id
    )
    return session.scalar(query.limit(1))


def _orders(session: Session, cart: Cart) -> list[tuple[Order, Recovery | None]]:
    its_recovery = (Recovery.store_id == Order.store_id) & (Recovery.order_id == Order.id)
    of_cart = (Order.cart_id == cart.id) | (Recovery.cart_id == cart.id)
    query = (
        select(Order, Recovery)
        .outerjoin(Recovery, its_recovery)
        .where(Order.store_id == cart.store_id, of_cart)
        .order_by(Order.placed_at, Order.id)
    )
    return [(order, recovery) for order, recovery in session.execute(query)]
