"""Codes are written down before their platforms are asked: which of them, and as what."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Discount, Enrollment
from app.runtime import Runtime
from flows import bulk, discount_facts, due, offers
from flows.conflicts import again
from flows.facts import DueStep
from flows.offers import Offer

CODE_PREFIX, CODE_LENGTH, MARK_PREFIX = "back-", 8, "wc"
CODE_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
"""No letters or digits that are taken for one another."""
WITHDRAWN_WITHIN = 1800
"""Seconds after its end in which a code is withdrawn: no link takes it along by then."""


@again
def write_down(
    runtime: Runtime, steps: Sequence[DueStep], decided: Mapping[int, offers.Decision], now: datetime
) -> dict[int, Discount]:
    """The codes to be made, by claim id. Of two carts of one shopper only one gets an offer, so all their
    numbers are locked and asked about once more; so is the store, where its season gives so many only. What
    an order or a stop has ended meanwhile gets none: they wait for us, and we for them."""
    with runtime.database.session() as session:
        going = [step for step in steps if isinstance(decided.get(step.claim.id), Offer)]
        if not going:
            return {}
        going = _still_active(session, discount_facts.within_seasons(session, going))
        discount_facts.lock_shoppers(session, going)
        last = discount_facts.last_offers(session, going)
        rows = {
            step.claim.id: _row(step, decided[step.claim.id], now)
            for step in _one_a_shopper(going)
            if not _too_soon(step, last.get(step.enrollment.id), now)
        }
        session.add_all(rows.values())
        session.flush()
        due.schedule_all(session, [_plan(row, now) for row in rows.values()])
        session.expunge_all()
    return rows


def _still_active(session: Session, steps: Sequence[DueStep]) -> list[DueStep]:
    ids = [step.enrollment.id for step in steps]
    active = select(Enrollment.id).where(bulk.among(Enrollment.id, ids), Enrollment.state == "active")
    locked = set(session.scalars(active.order_by(Enrollment.id).with_for_update(read=True)))
    return [step for step in steps if step.enrollment.id in locked]


def _one_a_shopper(steps: Sequence[DueStep]) -> list[DueStep]:
    """Of a shopper with several numbers the first: what this batch offers is not written down yet."""
    taken: set[tuple[int, str, str]] = set()
    kept = []
    for step in steps:
        names = (("email", step.contact.email), ("customer", step.contact.customer_id))
        shopper = {(step.store.id, name, value) for name, value in names if value}
        if not step.offers.once_in or taken.isdisjoint(shopper):
            taken |= shopper
            kept.append(step)
    return kept


def _too_soon(step: DueStep, last_offer_at: datetime | None, now: datetime) -> bool:
    return last_offer_at is not None and now < last_offer_at + step.offers.once_in


def _row(step: DueStep, decision: offers.Decision, now: datetime) -> Discount:
    if not isinstance(decision, Offer):
        raise TypeError("only an offer has a code")
    return Discount(
        store_id=step.store.id,
        enrollment_id=step.enrollment.id,
        cart_id=step.cart.id,
        contact_id=step.contact.id,
        step_key=step.step.key,
        rung=step.step.offer.value,
        season=step.season.mark if step.season else None,
        kind=decision.kind.value,
        value=decision.value,
        currency=decision.currency,
        minimum=decision.minimum,
        products=None if decision.products is None else list(decision.products),
        code=_random_code(),
        mark=f"{MARK_PREFIX}{secrets.token_hex(6)}",
        state="wanted",
        ends_at=decision.ends_at,
        created_at=now,
    )


def _random_code() -> str:
    """39 bits: nobody guesses one of a shop's few open codes."""
    return CODE_PREFIX + "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def _plan(row: Discount, now: datetime) -> due.Plan:
    """Codes end with the day, many in one second. They are withdrawn over a while: platforms count calls."""
    return {
        "store_id": row.store_id,
        "kind": due.DISCOUNT_END,
        "subject": row.id,
        "due_at": row.ends_at + row.id % WITHDRAWN_WITHIN * timedelta(seconds=1),
        "once_key": due.once_key(due.DISCOUNT_END, row.id),
        "now": now,
    }


@again
def rename(runtime: Runtime, rows: Sequence[Discount]) -> None:
    """The shop has other discounts of these names."""
    with runtime.database.session() as session:
        for row in rows:
            row.code = _random_code()
            session.execute(update(Discount).where(Discount.id == row.id).values(code=row.code))
