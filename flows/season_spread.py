"""First texts of a season go spread over some time after they come due, so that a shop is not overrun.

When a text goes is always the same for a contact. It is put off once, never out of the hours that are open
now, beyond the cart's deadline, or beyond the season itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from flows import gates
from flows.facts import DueStep
from flows.gates import Answer, Outcome
from flows.in_season import ends_at, spread_over
from flows.timing import LEAST_VALIDITY

SPREAD = "season_spread"
SECOND = timedelta(seconds=1)


def moments(
    session: Session, going: Sequence[tuple[DueStep, Answer]], now: datetime
) -> Mapping[int, datetime]:
    """When those go that are put off, by claim id; ``going`` is what nothing else speaks against."""
    found = {}
    for step, answer in going:
        moment = now + _delay(step, answer, now)
        if moment >= now + SECOND and _may_go(step, moment):
            found[step.claim.id] = moment
    done = _put_off_before(session, [step for step, _ in going if step.claim.id in found])
    return {claim_id: moment for claim_id, moment in found.items() if claim_id not in done}


def _delay(step: DueStep, answer: Answer, now: datetime) -> timedelta:
    first = step.message is None and step.enrollment.step_index == 0
    if step.season is None or not first or step.claim.reason == SPREAD:
        return timedelta(0)
    over = ends_at(step.season, step.situation.zones)
    until = min(answer.until or step.situation.deadline, over) - LEAST_VALIDITY
    return spread_over(step.contact.id, step.season.season.spread, until - now)


def _may_go(step: DueStep, moment: datetime) -> bool:
    return gates.may_send(replace(step.situation, now=moment)).outcome is Outcome.GO


PUT_OFF = text(
    """
    SELECT claim_id
    FROM unnest(CAST(:claims AS bigint[]), CAST(:stores AS bigint[]), CAST(:carts AS bigint[]),
        CAST(:keys AS text[]), CAST(:since AS timestamptz[]))
        AS wanted(claim_id, store_id, cart_id, key, since)
    WHERE EXISTS (
        SELECT FROM timeline_entry line
        WHERE line.store_id = wanted.store_id AND line.cart_id = wanted.cart_id
            AND line.occurred_at >= wanted.since AND line.reason = :reason AND line.step_key = wanted.key
    )
    """
)


def _put_off_before(session: Session, steps: Sequence[DueStep]) -> frozenset[int]:
    """The claims whose text was put off before, and then held for something else."""
    if not steps:
        return frozenset()
    values = {
        "claims": [step.claim.id for step in steps],
        "stores": [step.store.id for step in steps],
        "carts": [step.cart.id for step in steps],
        "keys": [step.step.key for step in steps],
        "since": [step.enrollment.enrolled_at for step in steps],
        "reason": SPREAD,
    }
    return frozenset(session.scalars(PUT_OFF, values))
