"""Two rows that proved to be one cart become one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.models import Cart, CartKey, Discount, Enrollment, Link, Message, Order, Recovery, TimelineEntry
from flows import due, enrollment

_POINTS_TO_A_CART = (CartKey, Discount, Link, Message, Order, Recovery, TimelineEntry)


def merge(session: Session, *, winner: Cart, loser: Cart, now: datetime) -> None:
    """Everything of ``loser`` becomes ``winner``'s, then ``loser`` is deleted.

    What the loser was enrolled in goes on for the winner, so that one cart never gets the same flow
    twice; where both were enrolled, the winner's goes on and the loser's ends.
    """
    session.flush()
    store_id = winner.store_id
    _join_enrollments(session, winner, loser, now)
    for kind in (due.CART_IDLE, due.CART_EXPIRY):
        due.cancel(session, store_id, kind, [loser.id])
    for model in _POINTS_TO_A_CART:
        session.execute(
            update(model)
            .where(model.store_id == store_id, model.cart_id == loser.id)
            .values(cart_id=winner.id)
        )
    winner.texts_sent += loser.texts_sent
    winner.activity_at = max(winner.activity_at, loser.activity_at)
    winner.event_at = max(winner.event_at, loser.event_at)
    winner.created_at = min(winner.created_at, loser.created_at)
    session.expunge(loser)
    session.execute(delete(Cart).where(Cart.store_id == store_id, Cart.id == loser.id))


def _join_enrollments(session: Session, winner: Cart, loser: Cart, now: datetime) -> None:
    of_carts = (Enrollment.store_id == winner.store_id, Enrollment.subject_type == "cart")
    flows = set(
        session.scalars(select(Enrollment.flow_id).where(*of_carts, Enrollment.subject_id == winner.id))
    )
    for row in session.scalars(select(Enrollment).where(*of_carts, Enrollment.subject_id == loser.id)).all():
        if row.flow_id in flows:
            enrollment.end_enrollments(session, winner.store_id, [row.id], "cart_emptied", now)
        else:
            row.subject_id = winner.id
    session.flush()
