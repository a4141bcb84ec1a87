"""A process that sends what is due, as a worker does, and is killed over it."""

from __future__ import annotations

from datetime import datetime

from app.clock import FixedClock
from app.config import Settings
from app.runtime import make_runtime
from flows import dispatch


def send(settings: Settings, now: datetime) -> None:
    dispatch.drain(make_runtime(settings, FixedClock(now)))
