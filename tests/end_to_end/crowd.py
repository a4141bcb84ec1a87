"""Many shoppers whose first text is due at once, in stores of very different size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.models import Base, Cart, Consent, Contact, Due, Enrollment
from tests import factories
from tests.end_to_end.shops import flow

SIZES = (540, 240, 150, 110, 70, 50, 30, 10)
"""How many shoppers each store has: twelve hundred in all."""

SMALLER_SIZES = tuple(size * 2 // 3 for size in SIZES)

Row = dict[str, Any]


def gather(session: Session, now: datetime, sizes: Sequence[int]) -> None:
    """Each store has a sender of its own; each shopper a German mobile number that no other has."""
    for number, size in enumerate(sizes, 1):
        store = factories.make_store(
            session, sender=f"+1500555{number:04d}", country="DE", currency="EUR", timezone="Europe/Berlin"
        )
        one_step = factories.make_flow(session, store, flow("PT0S"))
        numbers = [f"+4915{number}{index:08d}" for index in range(size)]
        own = {"store_id": store.id}
        _add(session, Consent, ({**own, **_consent(phone, now)} for phone in numbers))
        contacts = _add(session, Contact, ({**own, **_contact(phone, now)} for phone in numbers))
        carts = _add(session, Cart, ({**own, **_cart(contact, now)} for contact in contacts))
        pairs = zip(contacts, carts, strict=True)
        enrolled = ({**own, **_enrollment(one_step.id, contact, cart, now)} for contact, cart in pairs)
        enrollments = _add(session, Enrollment, enrolled)
        _add(session, Due, ({**own, **_due(store.id, enrollment, now)} for enrollment in enrollments))


def _add(session: Session, model: type[Base], rows: Iterator[Row]) -> list[int]:
    """Insert many rows; their ids, in that order, where they have any."""
    values = list(rows)
    if not hasattr(model, "id"):
        session.execute(insert(model), values)
        return []
    statement = insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(session.scalars(statement, values))


def _consent(phone: str, now: datetime) -> Mapping[str, Any]:
    given = {"channel": "sms", "state": "given", "confirmed": True, "source": "shopify_checkout"}
    return {**given, "address": phone, "since": now, "updated_at": now}


def _contact(phone: str, now: datetime) -> Mapping[str, Any]:
    return {"phone": phone, "country": "DE", "created_at": now, "updated_at": now}


def _cart(contact: int, now: datetime) -> Mapping[str, Any]:
    """News of it came a moment ago, and will have for an hour: no platform is asked about an order."""
    item = {"title": "Canvas Tote", "quantity": 1, "product_id": "13", "unit_price": "24.00"}
    left_at = now - timedelta(minutes=5)
    return {
        "contact_id": contact,
        "items": [item],
        "currency": "EUR",
        "total": Decimal("24.00"),
        "country": "DE",
        "locale": "de-DE",
        "platform_updated_at": left_at,
        "activity_at": left_at,
        "event_at": now + timedelta(hours=1),
        "created_at": left_at,
        "updated_at": left_at,
    }


def _enrollment(flow_id: int, contact: int, cart: int, now: datetime) -> Mapping[str, Any]:
    names = {"flow_id": flow_id, "flow_version": 1, "contact_id": contact}
    return {**names, "subject_type": "cart", "subject_id": cart, "enrolled_at": now}


def _due(store_id: int, enrollment: int, now: datetime) -> Mapping[str, Any]:
    names = {"kind": "step", "subject": enrollment, "once_key": f"step:{enrollment}"}
    return {**names, "lane": str(store_id), "due_at": now, "created_at": now}
