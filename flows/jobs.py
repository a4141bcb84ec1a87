"""The RQ entry points: thin, without arguments, and fit to run again at any time.

A job works until nothing is left or its time is up. What it could not finish is found by the next
wake-up, at the latest by the scheduler's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

import structlog
from sqlalchemy.exc import OperationalError

from app.config import read_settings
from app.queue import DISPATCH, INTAKE, UPKEEP
from app.runtime import Runtime, make_runtime
from flows import (
    compliance,
    consent_sync,
    discount_ends,
    dispatch,
    enrollment,
    inbox,
    periodic,
    rollups,
    rules,
    sweeper,
    synchronization,
)

log = structlog.get_logger()

Drain = Callable[[Runtime, datetime], int]

LONGEST = timedelta(seconds=60)
"""Well below RQ's limit for a job (``app.queue.JOB_SECONDS``), so that a job always ends by itself."""

LONGEST_DISPATCH = timedelta(seconds=5)
"""Shorter than the grace of a stop: a deploy lets calls in flight come back instead of killing them."""

INTAKE_POOL, DISPATCH_POOL, UPKEEP_POOL = 2, 4, 2


def drain_intake() -> None:
    """Apply what came in, and enroll the carts that are idle long enough."""
    _drain(INTAKE, (inbox.drain, enrollment.drain), INTAKE_POOL)


def drain_dispatch() -> None:
    """Send what is due."""
    _drain(DISPATCH, (dispatch.drain,), DISPATCH_POOL, LONGEST_DISPATCH)


def drain_upkeep() -> None:
    """Figures, texts in doubt, stores that just came in, codes that are over, and the periodic tasks."""
    before = (rollups.drain, sweeper.drain, consent_sync.drain, synchronization.drain)
    after = (discount_ends.drain, compliance.drain, periodic.drain)
    _drain(UPKEEP, (*before, *after), UPKEEP_POOL)


def _drain(queue: str, drains: tuple[Drain, ...], pool_size: int, longest: timedelta = LONGEST) -> None:
    runtime = _runtime(pool_size)
    deadline = runtime.clock.now() + longest
    count, again = 0, True
    try:
        while again and runtime.clock.now() < deadline:
            done = [drain(runtime, deadline) for drain in drains]
            count, again = count + sum(done), any(done)
    except OperationalError as error:
        # The database is away, or a lock was not had in time. The rows wait; so does the next wake-up.
        log.warning("work_interrupted", queue=queue, error=type(error.orig).__name__)
        return
    if again:
        runtime.waker.wake(queue)
    log.info("worked", queue=queue, count=count)


@lru_cache
def _runtime(pool_size: int) -> Runtime:
    """One per process, so that the next job finds its connections and statements."""
    settings = read_settings(os.environ)
    rules.use(settings.rules)
    return make_runtime(settings, pool_size=pool_size)
