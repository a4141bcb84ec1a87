"""Warmcart as it runs in life: web, workers and scheduler as processes of their own.

They use servers of the tests with a database of their own, and the clock of the test's own process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
import time_machine

from app.config import PREFIX, Settings, read_settings
from app.ops.embedded import EmbeddedServer, start_valkey
from app.ops.processes import free_port, is_running, kill, spawn, stop_together
from app.runtime import Runtime, make_runtime
from tests.factories import ENCRYPTION_KEY
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
PROCESS_CLOCK = ROOT / "tests" / "process_clock"

WEB, SCHEDULER = ("web", "--processes", "1"), ("scheduler",)
INTAKE, DISPATCH, UPKEEP = ("worker", "intake"), ("worker", "dispatch"), ("worker", "upkeep")

LOWEST_PORT = 20_000
"""Below the ports that the system gives to clients: nobody takes one between our look and our use."""

LONGEST_LOG = 20_000
SIGNS_OF_TROUBLE = ("Traceback", "ERROR", "CRITICAL")


@dataclass
class Process:
    """One process of ours; ``arguments`` are those of ``warmcart``. It can be started again."""

    name: str
    arguments: Sequence[str]
    stack: Stack
    stop_signal: int = 15
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.stack.folder / f"{self.name}.log"

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = spawn(
                [sys.executable, "-m", "app.ops", *self.arguments],
                cwd=ROOT,
                env=self.stack.environment(),
                stdout=log,
                stderr=log,
            )

    @property
    def id(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        assert self.process is not None
        kill(self.process)


def clock_environment() -> dict[str, str]:
    """What sets the clock of another process to that of this one."""
    shift = time.time() - time_machine.escape_hatch.time.time()
    return {"PYTHONPATH": str(PROCESS_CLOCK), "TEST_CLOCK_SHIFT": str(shift)}


class Stack:
    """Processes by name on a database, and on a Valkey of their own.

    ``settings`` are those of ``app.config``, as text, beside the ones that every stack needs.
    """

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self.folder = folder
        self.processes: dict[str, Process] = {}
        self._closing = ExitStack()
        self.valkey: EmbeddedServer = start_valkey(folder / "valkey", fast=True)
        self._closing.callback(self.valkey.stop)
        self.url = f"http://127.0.0.1:{free_port(LOWEST_PORT + os.getpid() % 100 * 50)}"
        usual = {
            "database_url": database_url,
            "redis_url": self.valkey.url,
            "public_url": self.url,
            "secret_key": "s" * 32,
            "hash_key": "h" * 32,
            "encryption_keys": ENCRYPTION_KEY,
        }
        self._settings = usual | settings

    def environment(self) -> dict[str, str]:
        """What a process gets that starts now, and nothing else."""
        named = {PREFIX + name.upper(): value for name, value in self._settings.items()}
        return {"PATH": os.environ["PATH"], **clock_environment(), **named}

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self.environment())

    @cached_property
    def runtime(self) -> Runtime:
        """What a process of this stack works with, here in the test."""
        runtime = make_runtime(self.settings)
        self._closing.callback(runtime.close)
        return runtime

    def start(self, *programs: Sequence[str]) -> list[Process]:
        """Start programs side by side; a web server is waited for."""
        started = [self._process(arguments) for arguments in programs]
        for process in started:
            process.launch()
        if WEB in programs:
            wait_until(self.is_ready, 60, what=f"{self.url} is ready")
        return started

    def _process(self, program: Sequence[str]) -> Process:
        kind = program[1] if program[0] == "worker" else program[0]
        same = sum(name.startswith(kind) for name in self.processes)
        name = f"{kind}-{same + 1}"
        more = ("--port", self.url.rpartition(":")[2]) if kind == "web" else ()
        self.processes[name] = Process(name, [*program, *more], self)
        return self.processes[name]

    def is_ready(self) -> bool:
        self.raise_for_the_dead()
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def raise_for_the_dead(self) -> None:
        """A process that could not start is told at once, not by a wait that ends."""
        dead = [process.name for process in self.processes.values() if not is_running(process)]
        assert not dead, f"{dead} ended: {self.logs(dead)}"

    def start_again_what_died(self) -> None:
        """What the supervisor does in life."""
        for process in self.processes.values():
            if not is_running(process):
                process.launch()

    def wait(self, condition: Callable[[], object], seconds: float = 60.0, what: str = "") -> None:
        """Until the condition is true; what dies meanwhile is started again, as in life."""

        def is_true() -> bool:
            self.start_again_what_died()
            return bool(condition())

        wait_until(is_true, seconds, what)

    def warmcart(self, *arguments: str) -> str:
        """Run a command of the command line in a process of its own; what it printed."""
        ran = self.run(*arguments)
        assert ran.returncode == 0, f"{arguments} ended with {ran.returncode}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """The same however it ends; ``settings`` take the place of the stack's own."""
        command = [sys.executable, "-m", "app.ops", *arguments]
        environment = self.environment() | {PREFIX + name.upper(): text for name, text in settings.items()}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)

    def show_cart(self, domain: str, key: str) -> dict[str, Any]:
        """What ``warmcart cart show --json`` says."""
        cart: dict[str, Any] = json.loads(self.warmcart("cart", "show", domain, key, "--json"))
        return cart

    def stop(self, names: Iterable[str] | None = None) -> None:
        stop_together([self.processes[name] for name in (names or self.processes)])

    def close(self) -> None:
        self.stop()
        self._closing.close()

    def troubles(self) -> list[str]:
        """The lines by which processes told that something went wrong which nobody foresaw."""
        lines = (line for process in self.processes.values() for line in process.log.read_text().splitlines())
        return [line for line in lines if line.startswith(SIGNS_OF_TROUBLE) or '"level": "error"' in line]

    def logs(self, names: Iterable[str] | None = None) -> str:
        """What the processes wrote, the end of it."""
        chosen = [self.processes[name] for name in (names or self.processes)]
        texts = [(process.name, process.log.read_text(errors="replace")) for process in chosen]
        return "\n".join(f"--- {name}\n{text[-LONGEST_LOG:]}" for name, text in texts if text)
