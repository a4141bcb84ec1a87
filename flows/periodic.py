"""What happens by the clock. The scheduler only ticks: it wakes workers, and claims the slots of tasks.

A task runs once per slot however many schedulers there are: the slot is a row. The scheduler writes it
and wakes upkeep; a worker takes it. A slot that nobody took is overtaken by the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import InboundEvent, PeriodicRun, Store, StoreFlag
from app.queue import DISPATCH, INTAKE, UPKEEP
from app.runtime import Runtime
from flows import (
    compliance,
    due,
    installation,
    pauses,
    receptivity,
    retention,
    rollups,
    sweeper,
    synchronization,
)

QUEUE_OF_KIND = {
    due.CART_IDLE: INTAKE,
    due.CART_EXPIRY: INTAKE,
    due.STEP: DISPATCH,
    due.RESEND: DISPATCH,
    due.OPT_IN: DISPATCH,
    due.IN_DOUBT: UPKEEP,
    due.CONSENT_SYNC: UPKEEP,
    due.DISCOUNT_END: UPKEEP,
}
MINUTE = timedelta(minutes=1)
RECONCILE_EVERY = timedelta(minutes=10)
CHECK_WEBHOOKS_EVERY = timedelta(minutes=5)
KEPT_FOR = timedelta(days=2)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """``run`` may be repeated at any time; ``every`` divides time into slots counted from ``EPOCH``."""

    name: str
    every: timedelta
    run: Callable[[Runtime, datetime], object]


def tick(runtime: Runtime, now: datetime) -> None:
    """Wake every queue that has work, and claim the slots that have begun."""
    with runtime.database.session() as session:
        queues = queues_with_work(session, now)
        if claim_slots(session, now):
            queues.add(UPKEEP)
    for name in sorted(queues):
        runtime.waker.wake(name)


def queues_with_work(session: Session, now: datetime) -> set[str]:
    """The queues for which something waits at this moment."""
    queues = {QUEUE_OF_KIND[kind] for kind, waits in due.waiting(session, now).items() if waits}
    pending = select(InboundEvent.id).where(
        InboundEvent.state == "pending",
        InboundEvent.retry_at.is_(None) | (InboundEvent.retry_at <= now),
    )
    if session.scalar(pending.limit(1)) is not None:
        queues.add(INTAKE)
    syncs = select(StoreFlag.store_id).where(
        StoreFlag.name == installation.SYNC_FLAG, StoreFlag.flagged_at <= now
    )
    if rollups.any_flagged(session) or session.scalar(syncs.limit(1)) is not None:
        queues.add(UPKEEP)
    return queues


def claim_slots(session: Session, now: datetime) -> bool:
    """Write down the present slot of every task; true if one of them is new."""
    rows = [{"task": task.name, "slot": slot_of(task, now), "started_at": now} for task in TASKS]
    statement = insert(PeriodicRun).values(rows).on_conflict_do_nothing()
    return session.execute(statement.returning(PeriodicRun.task)).first() is not None


def slot_of(task: Task, now: datetime) -> datetime:
    return EPOCH + (now - EPOCH) // task.every * task.every


def drain(runtime: Runtime, deadline: datetime) -> int:
    """Run the tasks whose slots are claimed and not finished; the number that ran."""
    count = 0
    for task in TASKS:
        now = runtime.clock.now()
        if now < deadline and _take(runtime, task, now):
            task.run(runtime, deadline)
            count += 1
    return count


def _take(runtime: Runtime, task: Task, now: datetime) -> bool:
    """Finish every open slot of the task at once: what was missed is not made up for several times."""
    with runtime.database.session() as session:
        rows = session.scalars(
            select(PeriodicRun)
            .where(PeriodicRun.task == task.name, PeriodicRun.finished_at.is_(None))
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.finished_at = now
        session.execute(
            delete(PeriodicRun).where(PeriodicRun.task == task.name, PeriodicRun.slot < now - KEPT_FOR)
        )
    return bool(rows)


def _each(
    stores: Callable[[Session, datetime], list[Store]], work: Callable[[Runtime, Store], bool]
) -> Callable[[Runtime, datetime], None]:
    def run(runtime: Runtime, deadline: datetime) -> None:
        with runtime.database.session() as session:
            found = stores(session, runtime.clock.now())
        for store in found:
            if runtime.clock.now() >= deadline:
                return
            work(runtime, store)

    return run


TASKS = (
    Task("sweep", MINUTE, sweeper.sweep),
    Task("pauses", MINUTE, pauses.end_over),
    Task(
        "reconcile",
        MINUTE,
        _each(
            lambda session, now: list(synchronization.stores_to_reconcile(session, now - RECONCILE_EVERY)),
            synchronization.reconcile,
        ),
    ),
    Task(
        "webhooks",
        MINUTE,
        _each(
            lambda session, now: list(synchronization.stores_to_check(session, now - CHECK_WEBHOOKS_EVERY)),
            synchronization.check_webhooks,
        ),
    ),
    Task(
        "tokens",
        timedelta(hours=1),
        _each(
            lambda session, now: list(synchronization.stores_with_idle_tokens(session, now)),
            synchronization.keep_token,
        ),
    ),
    Task("requests", timedelta(minutes=5), compliance.drain),
    Task("retention", timedelta(minutes=10), retention.run),
    Task("receptivity", timedelta(days=1), receptivity.learn),
)
