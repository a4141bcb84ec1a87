"""The scheduler: wakes workers when something comes due. It holds no plan of its own; rows do."""

from __future__ import annotations

import signal
import threading

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import configure_mappers

import app.models  # noqa: F401
from app.config import Settings
from app.ops.garbage import keep_what_is_loaded
from app.runtime import make_runtime
from flows import heartbeats, periodic

log = structlog.get_logger()

TICK_SECONDS = 0.5


def schedule(settings: Settings) -> None:
    """Tick until a signal comes. Two schedulers do no harm: every periodic task is claimed by its slot."""
    configure_mappers()
    runtime = make_runtime(settings, pool_size=2)
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    keep_what_is_loaded()
    beating = heartbeats.start_beating(runtime, heartbeats.SCHEDULER)
    while not stopped.wait(TICK_SECONDS):
        try:
            periodic.tick(runtime, runtime.clock.now())
        except OperationalError as error:
            log.warning("database_unreachable", error=type(error.orig).__name__)
    beating.set()
    runtime.close()
