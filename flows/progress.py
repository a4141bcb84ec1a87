"""How an enrollment goes on: from a step that is done, in whatever way, to the next one or to the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from app.models import Enrollment
from flows import bulk, due, registry
from flows.due import Plan
from flows.outgoing import Outgoing

_Standing = Row[int, int, int, int, int]
"""An active enrollment: its id, store, flow, the flow's version, and at which step it stands."""

ADVANCE = text(
    """
    UPDATE enrollment SET step_index = enrollment.step_index + 1,
        state = CASE WHEN done THEN 'completed' ELSE state END,
        ended_at = CASE WHEN done THEN :now ELSE ended_at END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:indexes AS bigint[]), CAST(:done AS boolean[]))
        AS moved(id, step_index, done)
    WHERE enrollment.id = moved.id AND enrollment.step_index = moved.step_index
        AND enrollment.state = 'active'
    RETURNING enrollment.id
    """
)


def go_on(session: Session, texts: Sequence[Outgoing], now: datetime) -> None:
    """These texts were accepted, or will never be: their due rows are done, and their flows go on."""
    steps = {
        one.message.enrollment_id: one.message.step_key
        for one in texts
        if one.message.enrollment_id is not None and one.message.step_key is not None
    }
    moved = move_on(session, steps, now)
    # The due row of a step that moved on is the next step's now.
    claims = [
        one.claim for one in texts if one.claim.kind != due.STEP or one.message.enrollment_id not in moved
    ]
    due.finish(session, claims)


def move_on(session: Session, finished: Mapping[int, str], now: datetime) -> set[int]:
    """Steps (by enrollment id, the step's key) are done: plan the next ones, from ``now``.

    An enrollment that has ended meanwhile, or is past that step already, stays as it is; returns the ids
    of the others. Due rows are locked before enrollments, as everywhere.
    """
    if not finished:
        return set()
    rows = _standing_at(session, finished)
    versions = registry.versions(session, {(row.store_id, row.flow_id, row.flow_version) for row in rows})
    plans: dict[int, Plan] = {}
    done: dict[int, _Standing] = {}
    for row in rows:
        flow = versions[row.store_id, row.flow_id, row.flow_version]
        if flow.steps[row.step_index].key != finished[row.id]:
            continue
        done[row.id] = row
        if row.step_index + 1 < len(flow.steps):
            plans[row.id] = _plan(row, now + flow.steps[row.step_index + 1].delay, now)
    due.schedule_all(session, list(plans.values()))
    _cancel(session, [row for row in done.values() if row.id not in plans])
    values = {
        "ids": list(done),
        "indexes": [row.step_index for row in done.values()],
        "done": [row.id not in plans for row in done.values()],
    }
    moved = set(session.scalars(ADVANCE, {**values, "now": now})) if done else set()
    _cancel(session, [row for row in done.values() if row.id not in moved])
    return moved


def _standing_at(session: Session, finished: Mapping[int, str]) -> Sequence[_Standing]:
    columns = (Enrollment.id, Enrollment.store_id, Enrollment.flow_id, Enrollment.flow_version)
    active = select(*columns, Enrollment.step_index).where(
        bulk.among(Enrollment.id, finished), Enrollment.state == "active"
    )
    return session.execute(active).all()


def _plan(row: _Standing, due_at: datetime, now: datetime) -> Plan:
    return {
        "store_id": row.store_id,
        "kind": due.STEP,
        "subject": row.id,
        "due_at": due_at,
        "once_key": due.once_key(due.STEP, row.id),
        "now": now,
    }


def _cancel(session: Session, rows: Collection[_Standing]) -> None:
    for store_id in sorted({row.store_id for row in rows}):
        due.cancel(session, store_id, due.STEP, [row.id for row in rows if row.store_id == store_id])
