"""Which orders count as recovered, by a rule that a merchant can read.

An order is recovered when it is an order of the same cart, or uses the code that a text for that cart
told of, or is of the same contact within seven days of a person's click, and was placed after a text for
that cart was accepted by the provider. Test orders never count, nor do orders that were cancelled or
wholly refunded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import Click, Discount, Link, Message, Order, Recovery, Store
from flows import after_tap, stats, timeline

CLICK_COUNTS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Attribution:
    """What an order is owed to. ``rule``: ``cart`` or ``click``."""

    message_id: int
    cart_id: int
    rule: str
    clicked: bool


def attribute(session: Session, store: Store, order: Order, now: datetime) -> None:
    """Decide anew whether the order is recovered, after anything about it has changed."""
    earlier = session.scalar(
        select(Recovery)
        .where(Recovery.store_id == store.id, Recovery.order_id == order.id)
        .execution_options(populate_existing=True)
    )
    found = _find(session, order) if _counts(order) else None
    if found is None and earlier is None:
        return
    if found is None:
        session.execute(delete(Recovery).where(Recovery.store_id == store.id, Recovery.order_id == order.id))
    else:
        _keep(session, order, found)
        tap = _reach_the_order(session, store, order, found, now)
        if earlier is None:
            details = {"order": order.platform_order_id, "number": order.number, "rule": found.rule, **tap}
            timeline.record(session, store.id, found.cart_id, "recovered", now, details=details)
    _flag(session, store, order, earlier, found, now)


def _reach_the_order(
    session: Session, store: Store, order: Order, found: Attribution, now: datetime
) -> dict[str, str]:
    """The order is the last step after the tap. Tells the two devices if they were not the same."""
    if not found.clicked:
        return {}
    tap = after_tap.reach(session, store, found.cart_id, "ordered", order.placed_at, now)
    if tap is None or not after_tap.elsewhere(tap.device, order.device):
        return {}
    return {"opened_on": str(tap.device), "ordered_on": str(order.device)}


def _counts(order: Order) -> bool:
    wholly_refunded = order.status == "refunded" or order.refunded >= order.total > 0
    return not order.test and order.status != "cancelled" and not wholly_refunded


def _find(session: Session, order: Order) -> Attribution | None:
    own = _of_cart(session, order, order.cart_id)
    return own or _of_cart(session, order, _cart_of_code(session, order)) or _of_click(session, order)


def _cart_of_code(session: Session, order: Order) -> int | None:
    """The cart for which a code that the order uses was made; whoever used it, in whatever checkout."""
    codes = [code.lower() for code in order.discount_codes]
    if not codes:
        return None
    made = select(Discount.cart_id).where(Discount.store_id == order.store_id, Discount.code.in_(codes))
    return session.scalar(made.order_by(Discount.id).limit(1))


def _of_cart(session: Session, order: Order, cart_id: int | None) -> Attribution | None:
    """The last text for this cart that was accepted before the order."""
    if cart_id is None:
        return None
    rows = session.execute(
        select(Message.id, Message.clicked_at)
        .where(Message.store_id == order.store_id, Message.cart_id == cart_id)
        .where(_accepted_before(order))
        .order_by(Message.accepted_at.desc(), Message.id.desc())
    ).all()
    if not rows:
        return None
    clicked = any(clicked_at and clicked_at <= _latest(order) for _, clicked_at in rows)
    return Attribution(rows[0][0], cart_id, "cart", clicked)


def _of_click(session: Session, order: Order) -> Attribution | None:
    """The text whose link the same contact last opened before the order."""
    if order.contact_id is None:
        return None
    row = session.execute(
        select(Message.id, Link.cart_id)
        .join(Link, (Link.store_id == Message.store_id) & (Link.message_id == Message.id))
        .join(Click, (Click.store_id == Link.store_id) & (Click.link_id == Link.id))
        .where(Link.store_id == order.store_id, Link.contact_id == order.contact_id, Click.human)
        .where(Click.occurred_at <= _latest(order))
        .where(Click.occurred_at >= order.placed_at - CLICK_COUNTS_FOR)
        .where(_accepted_before(order))
        .order_by(Click.occurred_at.desc(), Click.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Attribution(row[0], row[1], "click", True)


def _accepted_before(order: Order) -> ColumnElement[bool]:
    return Message.accepted_at <= _latest(order)


def _latest(order: Order) -> datetime:
    return order.placed_at + after_tap.PLATFORM_PRECISION


def _keep(session: Session, order: Order, found: Attribution) -> None:
    told = {
        "cart_id": found.cart_id,
        "message_id": found.message_id,
        "rule": found.rule,
        "clicked": found.clicked,
        "recovered_at": order.placed_at,
    }
    row = insert(Recovery).values(store_id=order.store_id, order_id=order.id, **told)
    session.execute(row.on_conflict_do_update(index_elements=["store_id", "order_id"], set_=told))


def _flag(
    session: Session,
    store: Store,
    order: Order,
    earlier: Recovery | None,
    found: Attribution | None,
    now: datetime,
) -> None:
    """The day of the order, and the days of the texts that are said to have brought it."""
    carts = {one.cart_id for one in (earlier, found) if one is not None}
    texts = select(Message.accepted_at).where(
        Message.store_id == store.id, Message.cart_id.in_(carts), Message.accepted_at.is_not(None)
    )
    moments = [order.placed_at, *filter(None, session.scalars(texts))]
    moments += [earlier.recovered_at] if earlier is not None else []
    stats.flag(session, store.id, store.timezone, moments, now)
