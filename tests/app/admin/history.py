"""What happened in a store, as rows: texts, clicks, orders, stories, and the roll-ups of days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.models import (
    Cart,
    Contact,
    DailyCost,
    DailyFigure,
    Enrollment,
    Flow,
    Heartbeat,
    Message,
    Order,
    Recovery,
    Store,
    TimelineEntry,
)
from flows.heartbeats import ROLES
from tests import factories
from tests.factories import NOW

TODAY = date(2026, 11, 21)


def figures(session: Session, store: Store, days_ago: int = 0, currency: str = "", **counts: Any) -> None:
    """A row of a day's roll-up; parts default to the first step, to Slovenia and Slovenian."""
    parts = {"step_key": "reminder", "country": "SI", "language": "sl"}
    day = TODAY - timedelta(days=days_ago)
    session.add(DailyFigure(store_id=store.id, day=day, currency=currency, **(parts | counts)))
    session.flush()


def cost(session: Session, store: Store, amount: str, currency: str, days_ago: int = 0, **more: Any) -> None:
    day = TODAY - timedelta(days=days_ago)
    values = {"provider": "twilio", "cost": Decimal(amount), "currency": currency, "day": day} | more
    session.add(DailyCost(store_id=store.id, **values))
    session.flush()


def line(session: Session, cart: Cart, kind: str, at: datetime = NOW, **more: Any) -> TimelineEntry:
    entry = TimelineEntry(store_id=cart.store_id, cart_id=cart.id, kind=kind, occurred_at=at, **more)
    session.add(entry)
    session.flush()
    return entry


def text(session: Session, cart: Cart, contact: Contact, at: datetime = NOW, **more: Any) -> Message:
    """A delivered text about a cart, with the lines that tell of it."""
    values = {
        "store_id": cart.store_id,
        "cart_id": cart.id,
        "contact_id": contact.id,
        "step_key": "reminder",
        "phone": contact.phone,
        "country": contact.country,
        "language": "sl",
        "language_reason": "checkout",
        "body": "Lumen & Loom: shranili smo vam košarico.\nhttps://warmcart.example.com/r/x7Kq2mT9bLw4",
        "encoding": "UCS-2",
        "segments": 2,
        "lane": str(cart.store_id),
        "status": "delivered",
        "created_at": at,
        "accepted_at": at,
    }
    message = Message(**(values | more))
    session.add(message)
    session.flush()
    for kind in ("sending", "sent", "delivered"):
        line(session, cart, kind, at, step_key=message.step_key, message_id=message.id)
    cart.texts_sent += 1
    return message


def recovered(session: Session, store: Store, cart: Cart, message: Message, **columns: Any) -> Order:
    """An order of the cart that counts as recovered."""
    order = factories.make_order(session, store, cart_id=cart.id, **columns)
    session.add(
        Recovery(
            store_id=store.id,
            order_id=order.id,
            cart_id=cart.id,
            message_id=message.id,
            rule="cart",
            clicked=True,
            recovered_at=order.placed_at,
        )
    )
    cart.state, cart.ordered_at = "ordered", order.placed_at
    for kind in ("ordered", "recovered"):
        line(session, cart, kind, order.placed_at, details={"number": order.number})
    return order


def story(session: Session, store: Store, phone: str, name: str, flow: Flow) -> tuple[Cart, Enrollment]:
    """A cart that was left, texted and bought, with everything that leaves a trace."""
    contact = factories.make_contact(session, store, phone=phone, first_name=name, country="SI")
    factories.make_consent(session, store, phone)
    cart = factories.make_cart(session, store, contact, first_name=name)
    enrollment = factories.make_enrollment(session, store, flow, contact, cart, sent=1)
    line(session, cart, "seen", NOW - timedelta(hours=3), details={"items": 2, "step": "contact"})
    line(session, cart, "enrolled", NOW - timedelta(hours=2), details={"flow": flow.name})
    message = text(session, cart, contact, NOW - timedelta(hours=2), enrollment_id=enrollment.id)
    recovered(session, store, cart, message, number=f"#{cart.id}")
    return cart, enrollment


def everybody_works(session: Session) -> None:
    for role in ROLES:
        session.add(Heartbeat(process=f"{role}@here", role=role, beat_at=NOW))
