"""A cart whose first text is due right now, with everything that its gates ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    Cart,
    Contact,
    Delivery,
    Due,
    Enrollment,
    Flow,
    Message,
    Store,
    TimelineEntry,
)
from app.runtime import Runtime
from flows import due
from tests import factories
from tests.factories import NOW

ACTIVITY = NOW - timedelta(minutes=31)


@dataclass(frozen=True)
class Scene:
    store: Store
    flow: Flow
    contact: Contact
    cart: Cart
    enrollment: Enrollment


def make_british_store(session: Session, **columns: Any) -> Store:
    """Open for texts at the moment where the tests' clocks stand."""
    british = {"country": "GB", "currency": "GBP", "timezone": "Europe/London"}
    return factories.make_store(session, **(british | columns))


def make_scene(
    session: Session,
    store: Store | None = None,
    flow: Flow | None = None,
    contact: dict[str, Any] | None = None,
    **cart: Any,
) -> Scene:
    """News of the cart came in just now, so its platform is not asked unless a test says otherwise."""
    store = store or make_british_store(session)
    flow = flow or factories.make_flow(session, store)
    person = factories.make_contact(session, store, **(contact or {}))
    factories.make_consent(session, store, person.phone)
    filled = factories.make_cart(session, store, person, **({"activity_at": ACTIVITY} | cart))
    enrollment = factories.make_enrollment(session, store, flow, person, filled)
    plan_step(session, enrollment)
    return Scene(store, flow, person, filled, enrollment)


def plan_step(session: Session, enrollment: Enrollment, due_at: datetime = NOW) -> None:
    due.schedule(
        session,
        store_id=enrollment.store_id,
        kind=due.STEP,
        subject=enrollment.id,
        due_at=due_at,
        once_key=due.once_key(due.STEP, enrollment.id),
        now=NOW,
    )


def fresh(runtime: Runtime, row: Any) -> Any:
    """The row as it is in the database now."""
    with runtime.database.session() as session:
        return session.get_one(type(row), row.id)


def messages(runtime: Runtime) -> Sequence[Message]:
    with runtime.database.session() as session:
        return session.scalars(select(Message).order_by(Message.id)).all()


def message(runtime: Runtime) -> Message:
    """The only text that there is."""
    (only,) = messages(runtime)
    return only


def calls(runtime: Runtime) -> Sequence[Delivery]:
    with runtime.database.session() as session:
        return session.scalars(select(Delivery).order_by(Delivery.id)).all()


def planned(runtime: Runtime) -> dict[str, datetime]:
    """What is planned for the shopper's phone, by once_key: what the platform is told is another matter."""
    with runtime.database.session() as session:
        planned = session.scalars(select(Due).where(Due.kind != due.CONSENT_SYNC))
        return {row.once_key: row.due_at for row in planned}


def story(runtime: Runtime, cart: Cart) -> list[tuple[str, str | None]]:
    """Kind and reason of each line of the cart's timeline."""
    with runtime.database.session() as session:
        lines = session.scalars(
            select(TimelineEntry).where(TimelineEntry.cart_id == cart.id).order_by(TimelineEntry.id)
        )
        return [(line.kind, line.reason) for line in lines]
