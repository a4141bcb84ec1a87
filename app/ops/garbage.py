"""Garbage collection: seldom, and never through what a process loaded at its start.

That is some 300,000 objects which stay until the end. Looking through them again and again took a
quarter of the processor time of a start and a stop, and it unshares the memory of forked processes
(Python's documentation of ``gc.freeze``).
"""

from __future__ import annotations

import atexit
import gc

OBJECTS_BETWEEN = 50_000


def collect_seldom() -> None:
    """To be called before anything large is imported. What ends leaves its garbage to the system."""
    gc.set_threshold(OBJECTS_BETWEEN, 20, 20)
    atexit.register(gc.freeze)


def keep_what_is_loaded() -> None:
    """To be called when a long-running process is ready, before it forks."""
    gc.freeze()
