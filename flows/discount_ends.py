"""The end of codes: no link takes them along any more, and the platform loses them.

A code ends with its last day, with the order, with a stop, and one of a sum with its shop's currency. One
that no text has told of ends with whatever ends its enrollment; one that was told is a promise, and stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session, aliased

from app.models import Discount, Due, Message, Store
from app.runtime import Runtime
from connectors.discounts import DiscountKind, DiscountMaker
from connectors.platform import ConnectorError
from flows import bulk, discount_failures, due, timeline
from flows.conflicts import again
from flows.due import Claim, Later
from flows.platform_calls import NotAsked, call_makers
from flows.timeline import Line

log = structlog.get_logger()

BATCH = 100
LEASE = timedelta(minutes=2)
BUDGET_SECONDS = 20.0
# The shop was at work on other codes of ours.
NEXT_TURN = timedelta(minutes=1)
# The code has been over for so long that it lowers nothing; what keeps its platform from answering, lasts.
GIVEN_UP_AFTER = timedelta(days=7)
FINAL = frozenset({"ordered", "stopped"})
"""What ends also the codes of which a text has told."""

NOT_MADE, NOT_TOLD = "not_made", "not_told"
# The platform may still be at work on a call that we no longer wait for, or that is under way.
AFTER_LOST_CALL = timedelta(minutes=3)


def end_of_carts(session: Session, store_id: int, carts: Sequence[int], reason: str, now: datetime) -> None:
    _end_with(session, store_id, bulk.among(Discount.cart_id, carts), reason, now)


def end_of_contacts(
    session: Session, store_id: int, contacts: Sequence[int], reason: str, now: datetime
) -> None:
    _end_with(session, store_id, bulk.among(Discount.contact_id, contacts), reason, now)


def end_of_enrollments(
    session: Session, store_id: int, enrollments: Sequence[int], reason: str, now: datetime
) -> None:
    _end_with(session, store_id, bulk.among(Discount.enrollment_id, enrollments), reason, now)


def end_before(
    session: Session, store_id: int, contacts: Sequence[int], placed_at: datetime, now: datetime
) -> None:
    """Whoever has bought needs no code that was made before, whichever cart it was for."""
    which = bulk.among(Discount.contact_id, contacts) & (Discount.created_at <= placed_at)
    _end(session, store_id, which, "ordered", now)


def replace(session: Session, store_id: int, enrollment_id: int, step_key: str, now: datetime) -> None:
    """A later text has told of its code, if it has one: no link takes the cart's earlier ones any more."""
    later = aliased(Discount)
    told = exists().where(
        later.store_id == store_id,
        later.enrollment_id == enrollment_id,
        later.step_key == step_key,
        later.state == "made",
    )
    which = (Discount.enrollment_id == enrollment_id) & (Discount.step_key != step_key) & told
    _end(session, store_id, which, "replaced", now)


def end_of_currency(session: Session, store_id: int, currency: str, now: datetime) -> None:
    """The shop reckons in ``currency`` now: a sum in another one is not what its text has promised."""
    in_money = (Discount.kind == DiscountKind.AMOUNT) | Discount.minimum.is_not(None)
    _end(session, store_id, in_money & (Discount.currency != currency), "currency_changed", now)


def give_up(session: Session, store_id: int, ids: Sequence[int], now: datetime) -> None:
    """The texts of these codes go without them; the platform may have made some all the same.

    Not what another worker has made meanwhile, having taken our work for that of a dead one.
    """
    _end(session, store_id, bulk.among(Discount.id, ids) & (Discount.state == "wanted"), NOT_MADE, now)


def drop(session: Session, store_id: int, ids: Sequence[int], now: datetime) -> None:
    """No text will tell of these codes; one of which another worker's text tells, having taken our work for
    that of a dead one, stands."""
    _end(session, store_id, bulk.among(Discount.id, ids) & ~_was_told(), NOT_TOLD, now)


def withdraw_now(session: Session, store_id: int, discount_id: int, now: datetime) -> None:
    """The platform has a code that is over already."""
    due.schedule(
        session,
        store_id=store_id,
        kind=due.DISCOUNT_END,
        subject=discount_id,
        due_at=now,
        once_key=due.once_key(due.DISCOUNT_END, discount_id),
        now=now,
    )


def end_of_store(session: Session, store_id: int, reason: str, now: datetime) -> None:
    """The store's keys are gone: its codes end by themselves, at their last second."""
    session.execute(
        update(Discount)
        .where(Discount.store_id == store_id, Discount.state != "ended")
        .values(state="ended", reason=reason, ended_at=now)
    )


def _end_with(
    session: Session, store_id: int, which: ColumnElement[bool], reason: str, now: datetime
) -> None:
    if reason not in FINAL:
        which, reason = which & ~_was_told(), NOT_TOLD
    _end(session, store_id, which, reason, now)


def _was_told() -> ColumnElement[bool]:
    return exists().where(
        Message.store_id == Discount.store_id,
        Message.enrollment_id == Discount.enrollment_id,
        Message.step_key == Discount.step_key,
        Message.status != "failed",
    )


def _end(session: Session, store_id: int, which: ColumnElement[bool], reason: str, now: datetime) -> None:
    """A code that its platform has not confirmed is looked for a while later: it may just be made."""
    ended = session.execute(
        update(Discount)
        .where(Discount.store_id == store_id, Discount.state != "ended", which)
        .values(state="ended", reason=reason, ended_at=now)
        .returning(Discount.id, Discount.cart_id, Discount.step_key, Discount.platform_id)
        .execution_options(synchronize_session=False)
    ).all()
    known = [row.id for row in ended if row.platform_id is not None]
    _hasten(session, store_id, known, now)
    _hasten(session, store_id, [row.id for row in ended if row.platform_id is None], now + AFTER_LOST_CALL)
    if ended and reason != NOT_MADE:
        lines = [_line(store_id, row.cart_id, row.step_key, reason, now) for row in ended]
        timeline.record_all(session, lines)


def _hasten(session: Session, store_id: int, ids: Sequence[int], due_at: datetime) -> None:
    if not ids:
        return
    names = [due.once_key(due.DISCOUNT_END, discount_id) for discount_id in ids]
    session.execute(
        update(Due)
        .where(Due.store_id == store_id, Due.once_key.in_(names))
        .values(due_at=due_at, lease=None, attempts=0)
    )


def _line(store_id: int, cart_id: int, step_key: str, reason: str, now: datetime) -> Line:
    return Line(store_id, cart_id, "withdrawn", now, reason, step_key=step_key)


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    claim: Claim
    store: Store
    discount: Discount


def drain(runtime: Runtime, deadline: datetime) -> int:
    """Withdraw codes that are over from their platforms, until none is left; says how many were looked at."""
    count = 0
    while (now := runtime.clock.now()) < deadline:
        claims = due.claim(runtime.database, due.DISCOUNT_END, BATCH, now, LEASE)
        if not claims:
            break
        _note(runtime, claims, _withdraw(runtime, _over(runtime, claims, now)), now)
        count += len(claims)
    return count


@again
def _over(runtime: Runtime, claims: Sequence[Claim], now: datetime) -> list[_Withdrawal]:
    """The codes of these claims, which end now by their last day if nothing ended them before."""
    by_id = {claim.subject: claim for claim in claims}
    with runtime.database.session() as session:
        rows = session.execute(
            select(Discount, Store)
            .join(Store, Store.id == Discount.store_id)
            .where(bulk.among(Discount.id, by_id))
            .order_by(Discount.id)
            .with_for_update(of=Discount)
        ).all()
        found = [(discount, store) for discount, store in rows if by_id[discount.id].store_id == store.id]
        ending = [discount for discount, _ in found if discount.state != "ended"]
        for discount in ending:
            discount.state, discount.reason, discount.ended_at = "ended", "over", now
        timeline.record_all(
            session, [_line(row.store_id, row.cart_id, row.step_key, "over", now) for row in ending]
        )
        session.flush()
        session.expunge_all()
    return [_Withdrawal(by_id[discount.id], store, discount) for discount, store in found]


def _withdraw(runtime: Runtime, wanted: Sequence[_Withdrawal]) -> dict[int, ConnectorError | None]:
    """Ask the platforms; by the codes' ids, why they are still there, None for those that are gone."""
    rows = {one.discount.id: one.discount for one in wanted}
    stores = {one.discount.id: one.store for one in wanted}
    answers = call_makers(
        runtime, stores, lambda maker, name: _withdraw_one(maker, rows[name]), BUDGET_SECONDS
    )
    for name, error in answers.items():
        if error is not None and not isinstance(error, NotAsked):
            log.info("code_not_withdrawn", store_id=stores[name].id, error=str(error))
    return answers


def _withdraw_one(maker: DiscountMaker, row: Discount) -> None:
    maker.withdraw_discount(row.code, row.mark, row.platform_id)


@again
def _note(
    runtime: Runtime, claims: Sequence[Claim], failures: Mapping[int, ConnectorError | None], now: datetime
) -> None:
    with runtime.database.session() as session:
        ours = due.hold(session, claims)
        held = [claim for claim in claims if claim.id in ours]
        rows = session.scalars(
            select(Discount).where(bulk.among(Discount.id, [claim.subject for claim in held]))
        )
        by_id = {row.id: row for row in rows}
        later = []
        for claim in held:
            row = by_id.get(claim.subject)
            if row is None or row.id not in failures:
                continue
            failure = failures[row.id]
            if failure is None:
                row.withdrawn_at = now
            elif isinstance(failure, NotAsked):
                later.append(Later(claim, now + NEXT_TURN, claim.reason))
            elif row.ends_at > now - GIVEN_UP_AFTER:
                reason = discount_failures.reason(failure)
                later.append(Later(claim, now + discount_failures.AGAIN_AFTER, reason))
            else:
                log.warning("code_left_at_shop", store_id=row.store_id, discount_id=row.id)
        kept = due.put_back_all(session, later)
        due.finish(session, [claim for claim in held if claim.id not in kept])
