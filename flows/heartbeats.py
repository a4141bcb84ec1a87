"""Who is alive: every worker and scheduler says so every ten seconds, in the database.

Pages and ``/readyz`` read it, because "nothing to do" and "nobody works" look the same in a queue.
"""

from __future__ import annotations

import os
import socket
import threading
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.models import Heartbeat
from app.queue import QUEUES
from app.runtime import Runtime

log = structlog.get_logger()

EVERY = timedelta(seconds=10)
MISSING_AFTER = timedelta(seconds=45)
FORGET_AFTER = timedelta(days=1)
SCHEDULER = "scheduler"
ROLES = (SCHEDULER, *QUEUES)


def beat(session: Session, role: str, now: datetime) -> None:
    """Say that this process lives."""
    process = f"{role}@{socket.gethostname()}:{os.getpid()}"
    statement = insert(Heartbeat).values(process=process, role=role, beat_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["process"], set_={"beat_at": now}))
    session.execute(delete(Heartbeat).where(Heartbeat.beat_at < now - FORGET_AFTER))


def last_beats(session: Session) -> dict[str, datetime]:
    """The latest sign of life per role."""
    rows = session.execute(select(Heartbeat.role, func.max(Heartbeat.beat_at)).group_by(Heartbeat.role))
    return {role: beat_at for role, beat_at in rows}


def missing_roles(session: Session, now: datetime) -> list[str]:
    """The roles nobody fills: ``scheduler`` and the names of the queues."""
    beats = last_beats(session)
    return [role for role in ROLES if role not in beats or beats[role] < now - MISSING_AFTER]


def keep_beating(runtime: Runtime, role: str, stopped: threading.Event) -> None:
    """Beat until stopped; a database that is away for a while is reported and tried again."""
    while True:
        try:
            with runtime.database.session() as session:
                beat(session, role, runtime.clock.now())
        except OperationalError:
            log.warning("heartbeat_failed", role=role)
        if stopped.wait(EVERY.total_seconds()):
            return


def start_beating(runtime: Runtime, role: str) -> threading.Event:
    """Beat in a thread of its own; set the returned event to stop it."""
    stopped = threading.Event()
    threading.Thread(
        target=keep_beating, args=(runtime, role, stopped), daemon=True, name=f"heartbeat-{role}"
    ).start()
    return stopped
