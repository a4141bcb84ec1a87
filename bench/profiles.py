"""Where the time goes: the processor's time by function, and the time of each SQL statement."""

from __future__ import annotations

import cProfile
import pstats
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from bench.figures import Figure

ROOT = Path(__file__).resolve().parent.parent
LINES = 8
LONGEST_STATEMENT = 90


def explained(found: Figure, profile: Callable[[], list[str]]) -> Figure:
    """The figure as it is; if it misses its target, with the profile that says why."""
    return replace(found, profile=tuple(profile())) if found.is_missed else found


@contextmanager
def profiled() -> Iterator[list[str]]:
    """Profiles the Python code of all threads and all statements.

    The list is filled at the end: the processor's share by function, of itself and (for functions of
    ours) with all that it calls; then the most costly statements, with the time that was waited for them.
    """
    lines: list[str] = []
    with _by_function() as functions, _by_statement() as statements:
        yield lines
    lines += functions + statements


@contextmanager
def _by_function() -> Iterator[list[str]]:
    lines: list[str] = []
    profilers: list[tuple[threading.Thread, cProfile.Profile]] = []

    def begin(*_: Any) -> None:
        profiler = cProfile.Profile(time.thread_time)
        profilers.append((threading.current_thread(), profiler))
        profiler.enable()

    # A profiler sees one thread: each new thread begins with its own.
    threading.setprofile(begin)
    begin()
    (own, ours), began_at = profilers[0], time.perf_counter()
    try:
        yield lines
    finally:
        ours.disable()
        threading.setprofile(None)
        # Threads that run on look after themselves, not after this work.
        ended = [profiler for thread, profiler in profilers if thread is own or not thread.is_alive()]
        lines += _shares(pstats.Stats(*ended), time.perf_counter() - began_at)


def _shares(stats: pstats.Stats, seconds: float) -> list[str]:
    itself, below = Counter[str](), Counter[str]()
    for (file, _, function), (_, _, own_time, whole_time, _) in stats.stats.items():  # type: ignore[attr-defined]
        itself[f"{Path(file).name}:{function}"] += own_time
        if Path(file).is_relative_to(ROOT) and not {".venv", "bench"} & set(Path(file).parts):
            below[f"{Path(file).relative_to(ROOT)}:{function}"] = whole_time
    total = sum(itself.values())
    return [
        f"{total:.2f} s of processor time in {seconds:.2f} s; of it",
        *(f"{spent / total:4.0%} in {name}" for name, spent in itself.most_common(LINES)),
        *(f"{spent / total:4.0%} below {name}" for name, spent in below.most_common(LINES)),
    ]


@contextmanager
def _by_statement() -> Iterator[list[str]]:
    lines: list[str] = []
    seconds, calls = Counter[str](), Counter[str]()

    def before(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        connection.info["began_at"] = time.perf_counter()

    def after(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        name = " ".join(statement.split())[:LONGEST_STATEMENT]
        seconds[name] += time.perf_counter() - connection.info["began_at"]
        calls[name] += 1

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield lines
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)
        lines += [
            f"{spent / calls[name] * 1000:.2f} ms x {calls[name]} {name}"
            for name, spent in seconds.most_common(LINES)
        ]
