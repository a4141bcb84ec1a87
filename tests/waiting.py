"""Waiting for what another process does: for a condition, with a deadline, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
"""Seconds. What is asked for costs processor time too, which the one that is waited for needs."""


def wait_until(condition: Callable[[], T], seconds: float = 30.0, what: str = "") -> T:
    """Ask until ``condition()`` is true, and return what it gave. Raises AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Still not after {seconds:g} s: {what or condition}")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return result
