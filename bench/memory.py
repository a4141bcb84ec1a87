"""Memory: what the web server's and the workers' processes hold while they work."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import requests
from sqlalchemy import text

from app import logins
from app.models import Store
from app.ops.processes import Program
from app.queue import DISPATCH, INTAKE
from app.runtime import Runtime
from bench import dispatch, history, intake, load
from bench.figures import Figure, Target, at_most
from bench.rows import add_store
from bench.stage import Stage, Web, say

TITLE = "Memory"
METHOD = """
The web server as in production gets 2,000 requests, three quarters of them signed deliveries and one
quarter overview pages of a logged-in merchant with 10,000 texts; then each of its processes is looked at. A
worker of each kind is looked at every 50 ms while it works: intake on the 1,500 deliveries, dispatch on
1,500 due texts with a provider that takes 200 ms. A figure is the resident memory (RSS) of the largest
process at its peak; what is shared counts in full for each; what only the tests' extra brings is hidden
from it. PSS, beside it, divides what is shared by the number of processes that share it
(`/proc/<process>/smaps_rollup`).
"""
WEB, WORKER = at_most(120), at_most(150)
DELIVERIES, PAGES = 1500, 500
TEXTS_SHOWN = 10_000
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 120.0


def measure(stage: Stage) -> list[Figure]:
    url = stage.new_database("memory")
    environment = stage.environment(url)
    with stage.runtime(url) as runtime:
        store = add_store(runtime, intake.DOMAIN)
        history.write(runtime, store, TEXTS_SHOWN)
        with stage.web(environment) as web:
            _use(web, _log_in(runtime, store, web), stage.folder)
            seen = _Memory()
            seen.look(web.program)
        figures = [seen.figure("Web process", WEB)]
        with stage.worker(INTAKE, environment) as worker:
            runtime.waker.wake(INTAKE)
            seen = _watch(worker, lambda: _inbox_is_empty(runtime))
        figures.append(seen.figure("Intake worker", WORKER))
    with dispatch.opened(stage, dispatch.SLOW_MS, "memory_dispatch") as scene:
        scene.make_due()
        with stage.worker(DISPATCH, scene.environment) as worker:
            scene.wake()
            seen = _watch(worker, scene.is_done)
    return [*figures, seen.figure("Dispatch worker", WORKER)]


def _log_in(runtime: Runtime, store: Store, web: Web) -> str:
    """The cookie of a merchant who is logged in."""
    now = runtime.clock.now()
    with runtime.database.session() as session:
        token = logins.make_login_link(session, store, logins.store_owner(session, store, now), now)
    with requests.Session() as session:
        session.post(f"{web.url}/login/{token}", timeout=30).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in session.cookies.items())


def _use(web: Web, cookie: str, folder: Path) -> None:
    page = f"GET /app?shop={intake.DOMAIN} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    every = DELIVERIES // PAGES
    wanted = [
        one
        for number in range(DELIVERIES)
        for one in [intake.http_request(intake.ADDRESS), *([page] if number % every == 0 else [])]
    ]
    answers = load.send(web.port, wanted, folder)
    if answers.statuses != {"200": DELIVERIES + PAGES}:
        raise RuntimeError(f"The web server answered {answers.statuses}")


def _inbox_is_empty(runtime: Runtime) -> bool:
    with runtime.database.session() as session:
        pending = session.scalar(text("SELECT EXISTS (SELECT FROM inbound_event WHERE state = 'pending')"))
    return not pending


@dataclass
class _Memory:
    """The peaks of a program and what it forked, in MB by process id."""

    resident: dict[int, float] = field(default_factory=dict)
    proportional: dict[int, float] = field(default_factory=dict)

    def look(self, program: Program) -> None:
        assert program.process is not None
        for process in (program.process.pid, *_children(program.process.pid)):
            with suppress(FileNotFoundError, ProcessLookupError):
                rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
                for name, peaks in (("Rss", self.resident), ("Pss", self.proportional)):
                    peaks[process] = max(peaks.get(process, 0.0), _megabytes(rollup, name))

    def figure(self, name: str, target: Target) -> Figure:
        largest = max(self.resident.values())
        pairs = ", ".join(
            f"{resident:.0f} MB ({self.proportional[process]:.0f} MB PSS)"
            for process, resident in sorted(self.resident.items())
        )
        say(f"  {name}: {pairs}")
        return Figure(f"{name}, largest", largest, largest, largest, "MB", target, f"by process: {pairs}")


def _watch(program: Program, is_done: Callable[[], bool]) -> _Memory:
    seen, pause = _Memory(), Event()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{program.name} is not through after {PATIENCE_SECONDS:.0f} s.")
        seen.look(program)
        pause.wait(PAUSE_SECONDS)
    return seen


def _children(process: int) -> list[int]:
    with suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def _megabytes(rollup: str, name: str) -> float:
    line = next((line for line in rollup.splitlines() if line.startswith(f"{name}:")), "x 0 kB")
    return int(line.split()[1]) * 1024 / 1e6
