"""Which cart enters a flow, and what takes it out again.

A cart is looked at once it has been idle for the flow's waiting time (``cart_idle`` in the due table;
activity moves it), again when something that it waited for arrives, and a last time when it gets too
old (``cart_expiry``). It is enrolled at most once, whatever happens afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import Cart, Discount, Due, Enrollment
from app.runtime import Runtime
from flows import candidates, discount_ends, due, gates, opt_in, registry, timeline
from flows.candidates import Candidate
from flows.conflicts import again
from flows.definition import DEFAULT_CART_FLOW, FlowDefinition
from flows.due import Claim, Later
from flows.gates import Answer, Outcome
from flows.timeline import Line

BATCH = 200
LEASE = timedelta(minutes=2)
# A cart that somebody else is changing is another cart in a moment.
LOCKED_PAUSE = timedelta(seconds=1)


def consider(session: Session, cart: Cart, now: datetime, *, moved: bool) -> None:
    """An open cart has changed; ``moved``: by the shopper's doing.

    Not enrolled: it is looked at once it is idle. Enrolled and not texted yet: the first step waits
    for the cart to be idle again; what ended because the cart was emptied goes on.
    """
    rows = _enrollments_of(session, cart) if cart.contact_id is not None else []
    if not rows and (moved or cart.waits_for is not None):
        _look_when_idle(session, cart, now)
    for row in rows:
        emptied = row.state == "ended" and row.reason == "cart_emptied"
        if row.sent == 0 and row.step_index == 0 and (emptied or (moved and row.state == "active")):
            _begin_again(session, cart, row, now)


def _enrollments_of(session: Session, cart: Cart) -> Sequence[Enrollment]:
    return session.scalars(
        select(Enrollment).where(
            Enrollment.store_id == cart.store_id,
            Enrollment.subject_type == "cart",
            Enrollment.subject_id == cart.id,
        )
    ).all()


def _look_when_idle(session: Session, cart: Cart, now: datetime) -> None:
    flow = registry.active_flow(session, cart.store_id)
    idle = (flow.definition if flow else DEFAULT_CART_FLOW).trigger.idle
    _look_at(session, cart, cart.activity_at + idle, now)


def _look_at(session: Session, cart: Cart, at: datetime, now: datetime) -> None:
    due.schedule(
        session,
        store_id=cart.store_id,
        kind=due.CART_IDLE,
        subject=cart.id,
        due_at=at,
        once_key=due.once_key(due.CART_IDLE, cart.id),
        now=now,
    )


def _begin_again(session: Session, cart: Cart, row: Enrollment, now: datetime) -> None:
    name = (row.store_id, row.flow_id, row.flow_version)
    definition = registry.versions(session, [name])[name]
    if row.state == "ended":
        row.state, row.reason, row.ended_at = "active", None, None
        timeline.record(session, cart.store_id, cart.id, "enrolled", now)
    _schedule_first_step(session, cart, row.id, definition, now)


def _schedule_first_step(
    session: Session, cart: Cart, enrollment_id: int, definition: FlowDefinition, now: datetime
) -> None:
    due.schedule(
        session,
        store_id=cart.store_id,
        kind=due.STEP,
        subject=enrollment_id,
        due_at=cart.activity_at + definition.trigger.idle + definition.steps[0].delay,
        once_key=due.once_key(due.STEP, enrollment_id),
        now=now,
    )


def follow_contact(session: Session, cart: Cart) -> None:
    """The shopper corrected the number: what is on its way goes to the right one, with its open codes."""
    if cart.contact_id is None:
        return
    session.execute(
        update(Enrollment)
        .where(Enrollment.store_id == cart.store_id, Enrollment.subject_type == "cart")
        .where(Enrollment.subject_id == cart.id, Enrollment.state == "active")
        .values(contact_id=cart.contact_id)
    )
    session.execute(
        update(Discount)
        .where(Discount.store_id == cart.store_id, Discount.cart_id == cart.id, Discount.state != "ended")
        .values(contact_id=cart.contact_id)
    )


def look_again(session: Session, store_id: int, contact_id: int, now: datetime) -> None:
    """Something that the carts of this contact may have waited for has arrived."""
    query = select(Cart).where(
        Cart.store_id == store_id,
        Cart.contact_id == contact_id,
        Cart.state == "open",
        Cart.waits_for.is_not(None),
    )
    for cart in session.scalars(query).all():
        _look_at(session, cart, now, now)


def end_for_cart(session: Session, store_id: int, cart_id: int, reason: str, now: datetime) -> int:
    """End what the cart is enrolled in, and look at it no more; says how many enrollments that were."""
    for kind in (due.CART_IDLE, due.CART_EXPIRY):
        due.cancel(session, store_id, kind, [cart_id])
    of_cart = (Enrollment.subject_type == "cart") & (Enrollment.subject_id == cart_id)
    ended = _end(session, store_id, of_cart, reason, now)
    discount_ends.end_of_carts(session, store_id, [cart_id], reason, now)
    return ended


def end_for_contact(session: Session, store_id: int, contact_id: int, reason: str, now: datetime) -> int:
    """End everything that the contact is enrolled in; says how many enrollments that were."""
    ended = _end(session, store_id, Enrollment.contact_id == contact_id, reason, now)
    discount_ends.end_of_contacts(session, store_id, [contact_id], reason, now)
    return ended


def end_enrollments(
    session: Session,
    store_id: int,
    ids: Sequence[int],
    reason: str,
    now: datetime,
    held_by: str | None = None,
    with_codes: bool = True,
) -> int:
    """End these enrollments; ``held_by`` is what held them until it was too late. ``with_codes`` is off
    where it is certain that they have none."""
    if not ids:
        return 0
    ended = _end(session, store_id, Enrollment.id.in_(ids), reason, now, held_by)
    if with_codes:
        discount_ends.end_of_enrollments(session, store_id, ids, reason, now)
    return ended


def _end(
    session: Session,
    store_id: int,
    which: ColumnElement[bool],
    reason: str,
    now: datetime,
    held_by: str | None = None,
) -> int:
    """Due rows first, as dispatch takes them: two that lock in the same order never wait for each other.

    Codes last: whoever writes one down holds its enrollment, so the row is there once ours are changed.
    """
    active = (Enrollment.store_id == store_id) & (Enrollment.state == "active")
    ids = session.scalars(select(Enrollment.id).where(active, which)).all()
    if not ids:
        return 0
    due.cancel(session, store_id, due.STEP, ids)
    ended = session.execute(
        update(Enrollment)
        .where(active, Enrollment.id.in_(ids))
        .values(state="ended", reason=reason, ended_at=now)
        .returning(Enrollment.subject_id)
    ).scalars()
    details = {"held_by": held_by} if held_by else {}
    lines = [Line(store_id, cart_id, "ended", now, reason, details=details) for cart_id in ended]
    timeline.record_all(session, lines)
    return len(ids)


END_STORE = text(
    """
    WITH ended AS (
        UPDATE enrollment SET state = 'ended', reason = :reason, ended_at = :now
        WHERE store_id = :store_id AND state = 'active'
        RETURNING subject_id
    )
    INSERT INTO timeline_entry (store_id, cart_id, kind, reason, occurred_at)
    SELECT :store_id, subject_id, 'ended', :reason, :now FROM ended
    """
)


def end_for_store(session: Session, store_id: int, reason: str, now: datetime) -> None:
    """End every enrollment of the store and plan nothing more: a statement for each kind of row."""
    planned = set(due.KINDS) - {due.IN_DOUBT}
    session.execute(delete(Due).where(Due.store_id == store_id, Due.kind.in_(planned)))
    session.execute(END_STORE, {"store_id": store_id, "reason": reason, "now": now})
    discount_ends.end_of_store(session, store_id, reason, now)


def drain(runtime: Runtime, deadline: datetime | None = None) -> int:
    """Look at every cart that is due for it, until none is left or at ``deadline``; says how many."""
    count = 0
    for kind in (due.CART_IDLE, due.CART_EXPIRY):
        while deadline is None or runtime.clock.now() < deadline:
            now = runtime.clock.now()
            claims = due.claim(runtime.database, kind, BATCH, now, LEASE)
            if not claims:
                break
            _look(runtime, claims, now)
            count += len(claims)
    return count


@again
def _look(runtime: Runtime, claims: Sequence[Claim], now: datetime) -> None:
    """One batch in one transaction. A claim whose lease is gone was planned anew meanwhile: not now."""
    lines: list[Line] = []
    later: list[Later] = []
    with runtime.database.session() as session:
        found = candidates.load(session, runtime, {(claim.store_id, claim.subject) for claim in claims}, now)
        by_cart = {candidate.cart.id: candidate for candidate in found}
        ours = due.hold(session, claims)
        for claim in (claim for claim in claims if claim.id in ours):
            candidate = by_cart.get(claim.subject)
            if candidate is None:
                later.append(Later(claim, now + LOCKED_PAUSE))
            elif not candidate.enrolled:
                answer = gates.may_enroll(candidate.situation)
                lines += _follow(session, candidate, answer, now)
                if answer.outcome is Outcome.HOLD and answer.until is not None:
                    later.append(Later(claim, answer.until, answer.reason))
        timeline.record_all(session, lines)
        put_back = due.put_back_all(session, later)
        due.finish(session, [claim for claim in claims if claim.id not in put_back])


def _follow(session: Session, candidate: Candidate, answer: Answer, now: datetime) -> list[Line]:
    """Do what the gates answered; the lines that tell it."""
    cart = candidate.cart
    if answer.outcome is Outcome.GO:
        return _enroll(session, candidate, now)
    kind = {Outcome.WAIT: "waited", Outcome.HOLD: "held"}.get(answer.outcome, "ended")
    if answer.outcome is Outcome.WAIT:
        cart.waits_for = answer.reason
        _look_a_last_time(session, cart, answer, now)
        if candidate.situation.lacks_confirmation and cart.contact_id is not None:
            opt_in.plan(session, cart.store_id, cart.contact_id, now, now)
    elif answer.outcome is Outcome.END:
        cart.waits_for = None
        cart.state = "expired" if answer.reason == "too_late" and cart.state == "open" else cart.state
        due.cancel(session, cart.store_id, due.CART_EXPIRY, [cart.id])
    details = {"held_by": answer.held_by} if answer.held_by else {}
    until = answer.until
    return [Line(cart.store_id, cart.id, kind, now, answer.reason, until=until, details=details)]


def _look_a_last_time(session: Session, cart: Cart, answer: Answer, now: datetime) -> None:
    if answer.until is None:
        return
    due.schedule(
        session,
        store_id=cart.store_id,
        kind=due.CART_EXPIRY,
        subject=cart.id,
        due_at=answer.until,
        once_key=due.once_key(due.CART_EXPIRY, cart.id),
        now=now,
        reason=answer.reason,
    )


def _enroll(session: Session, candidate: Candidate, now: datetime) -> list[Line]:
    """The unique key of the enrollment makes it happen once, whoever else is at it."""
    cart, flow = candidate.cart, candidate.flow
    if flow is None or cart.contact_id is None:
        raise ValueError("a cart without a flow or a contact cannot be enrolled")
    row = insert(Enrollment).values(
        store_id=cart.store_id,
        flow_id=flow.id,
        flow_version=flow.version,
        contact_id=cart.contact_id,
        subject_type="cart",
        subject_id=cart.id,
        enrolled_at=now,
    )
    enrollment_id = session.scalar(row.on_conflict_do_nothing().returning(Enrollment.id))
    if enrollment_id is None:
        return []
    cart.waits_for = None
    due.cancel(session, cart.store_id, due.CART_EXPIRY, [cart.id])
    _schedule_first_step(session, cart, enrollment_id, flow.definition, now)
    return [Line(cart.store_id, cart.id, "enrolled", now, details={"flow": flow.definition.name})]
