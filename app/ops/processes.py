"""Child processes under one roof: started together, restarted when they die, stopped in order.

No child outlives its parent, not even one that is killed with ``kill -9``: the kernel is asked to
end it (``PR_SET_PDEATHSIG``, prctl(2)). That request survives ``exec`` but not ``fork``, so what
forks children of its own (gunicorn) calls ``die_with_parent`` in each of them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

log = structlog.get_logger()

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
GRACE_SECONDS = 8.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
PORTS_TO_TRY = 100

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(with_signal: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Have the kernel send ``with_signal`` to this process when its parent ends, in whatever way.

    To be called right after a fork. With the parent's process id given it also works when the
    parent ended before the call. Only Linux can do this; elsewhere it does nothing.
    """
    if sys.platform != "linux":
        return
    if _libc.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), with_signal)


def spawn(
    command: Sequence[str], death_signal: int = signal.SIGKILL, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child that dies with this process; ``options`` are those of subprocess.Popen.

    It gets a session of its own, so that Ctrl-C reaches only us and the order of stopping is ours.
    The kernel watches the thread that starts a child, hence only the main thread may.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Child processes are started from the main thread: they die with their thread.")
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603 - the commands are our own, no shell, no input of others
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(death_signal, parent),
        **options,
    )


class CannotStartError(Exception):
    """A child cannot start; the message says why and what to do."""


class Child(Protocol):
    """What ``run_together`` looks after: one of our own programs, or an embedded server."""

    name: str
    stop_signal: int
    process: subprocess.Popen[bytes] | None

    def launch(self) -> None:
        """Start it, for the first time or again; sets ``process``. Raises CannotStartError."""


@dataclass
class Program:
    """One of our own programs. ``environment`` is the whole environment it gets."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        self.process = spawn(self.command, env=self.environment)


def is_running(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


def run_together(*stages: Sequence[Child]) -> None:
    """Run all children until SIGINT, SIGTERM or SIGHUP, then stop them stage by stage.

    The stages are in stopping order: the web first, then workers and scheduler, then the servers.
    Children that run already (the servers) are not started again. One that dies is restarted after
    a pause that grows while it keeps dying.
    """
    watches = [_Watch(child) for stage in stages for child in stage]
    with _signals() as wait:
        try:
            for watch in watches:
                watch.begin()
            while not STOP_SIGNALS & wait(_seconds_to_next_restart(watches)):
                for watch in watches:
                    watch.look()
        finally:
            for stage in stages:
                stop_together(stage)


def stop_together(children: Sequence[Child], grace: float = GRACE_SECONDS) -> None:
    """Ask all of them to stop at once; kill those that still run after ``grace`` seconds."""
    running = [(child, child.process) for child in children if child.process and is_running(child)]
    for child, process in running:
        process.send_signal(child.stop_signal)
    deadline = time.monotonic() + grace
    for child, process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("process_killed", process=child.name, after_seconds=grace)
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a child made by ``spawn``, and what it forked into its process group, at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def restart_pause(deaths: int) -> float:
    """Seconds to wait before the restart after that many deaths in a row: 0.5, 1, 2, ... 30."""
    return float(min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(deaths - 1, 10)))


@dataclass
class _Watch:
    child: Child
    deaths: int = 0
    started: float = field(default_factory=time.monotonic)
    restart_at: float | None = None

    def begin(self) -> None:
        if not is_running(self.child):
            self.child.launch()

    def look(self) -> None:
        now = time.monotonic()
        if self.restart_at is None and not is_running(self.child):
            code = self.child.process.returncode if self.child.process else None
            pause = self._plan_restart(now)
            log.warning("process_died", process=self.child.name, exit_code=code, restart_in_seconds=pause)
        elif self.restart_at is not None and now >= self.restart_at:
            self._restart(now)

    def _restart(self, now: float) -> None:
        self.restart_at, self.started = None, now
        try:
            self.child.launch()
        except (CannotStartError, OSError) as error:
            pause = self._plan_restart(now)
            log.warning(
                "process_does_not_start",
                process=self.child.name,
                error=str(error),
                restart_in_seconds=pause,
            )
        else:
            log.info("process_restarted", process=self.child.name)

    def _plan_restart(self, now: float) -> float:
        steady = now - self.started >= STEADY_SECONDS
        self.deaths = 1 if steady else self.deaths + 1
        pause = restart_pause(self.deaths)
        self.restart_at = now + pause
        return pause


def _seconds_to_next_restart(watches: Sequence[_Watch]) -> float | None:
    moments = [watch.restart_at for watch in watches if watch.restart_at is not None]
    return max(0.0, min(moments) - time.monotonic()) if moments else None


@contextmanager
def _signals() -> Iterator[Callable[[float | None], set[int]]]:
    """Gives ``wait(seconds)``: the signals that came meanwhile, of a child's end or for us to stop.

    A wake-up socket rather than sigwait, because a signal may be delivered to any thread.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    handlers = {number: signal.signal(number, lambda *_: None) for number in (*STOP_SIGNALS, signal.SIGCHLD)}
    earlier = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def wait(seconds: float | None) -> set[int]:
        ready, _, _ = select.select([reader], [], [], seconds)
        return set(reader.recv(4096)) if ready else set()

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(earlier)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """``wanted``, or the next port above it that nobody listens on; a warning tells of the change.

    Raises OSError when there is none, or when the system forbids the port (below 1024).
    """
    for port in range(wanted, min(wanted + PORTS_TO_TRY, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
        if port != wanted:
            log.warning("port_taken", wanted=wanted, instead=port)
        return port
    raise OSError(errno.EADDRINUSE, f"no free port on {host} from {wanted} on: give another with --port")


def main() -> None:
    """``python -m app.ops.processes COMMAND ...``: run it so that it stops when its caller, make, ends."""
    command = sys.argv[1:]
    die_with_parent(signal.SIGTERM)
    os.execv(Path(command[0]), command)  # noqa: S606 - the command comes from our own Makefile


if __name__ == "__main__":
    main()
