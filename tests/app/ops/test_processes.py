from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.ops.processes import Program, free_port, is_running, restart_pause, spawn, stop_together
from tests.process_tree import descendants, is_gone
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import os, signal, sys
name, journal = sys.argv[1:]
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
def note(what):
    with open(journal, "a") as file:
        file.write(f"{what} {name} {os.getpid()}\\n")
note("began")
signal.sigwait({signal.SIGTERM})
note("ended")
"""
"""Notes its beginning and its orderly end in a journal."""

FORKING = """
import os, signal
from app.ops.processes import die_with_parent
if os.fork() == 0:
    die_with_parent()
while True:
    signal.pause()
"""
"""Like gunicorn and RQ: forks a child that must not outlive it."""

SUPERVISOR = """
import json, os, sys
from app.ops.processes import Program, run_together
stages = json.load(sys.stdin)
run_together(*[[Program(name, command, os.environ) for name, command in stage] for stage in stages])
"""


def noting(name: str, journal: Path) -> tuple[str, list[str]]:
    return name, [sys.executable, "-S", "-c", PROGRAM, name, str(journal)]


@contextmanager
def supervised(*stages: list[tuple[str, list[str]]]) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own."""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with supervisor:
        assert supervisor.stdin
        supervisor.stdin.write(json.dumps(stages))
        supervisor.stdin.close()
        try:
            yield supervisor
        finally:
            supervisor.kill()


def notes(journal: Path, what: str) -> list[list[str]]:
    """Name and process id of each ``began`` or ``ended``, in order."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [line.split()[1:] for line in lines if line.startswith(what) and len(line.split()) == 3]


def wait_for_line(supervisor: subprocess.Popen[str], *words: str) -> None:
    assert supervisor.stdout
    lines = iter(supervisor.stdout.readline, "")
    assert any(all(word in line for word in words) for line in lines), words


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_stage_by_stage(tmp_path: Path, by: int) -> None:
    journal = tmp_path / "journal"
    stages = [[noting("web", journal)], [noting("worker", journal), noting("scheduler", journal)]]
    with supervised(*stages) as supervisor:
        wait_until(lambda: len(notes(journal, "began")) == 3)
        supervisor.send_signal(by)
        assert supervisor.wait(20) == 0
    ended = [name for name, _ in notes(journal, "ended")]
    assert ended[0] == "web"
    assert set(ended[1:]) == {"worker", "scheduler"}


def test_a_child_that_dies_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with supervised([noting("worker", journal)]) as supervisor:
        wait_until(lambda: notes(journal, "began"))
        os.kill(int(notes(journal, "began")[0][1]), signal.SIGKILL)
        wait_until(lambda: len(notes(journal, "began")) == 2)
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.stdout
        said = supervisor.stdout.read()
    assert "process_died" in said
    assert "process_restarted" in said
    assert len(notes(journal, "ended")) == 1


def test_a_child_that_keeps_dying_or_cannot_come_back_does_not_end_the_others(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    once = tmp_path / "once"
    once.write_text('#!/bin/sh\nrm "$0"\n')
    once.chmod(0o755)
    broken = [("broken", ["/bin/false"]), ("once", [str(once)])]
    with supervised(broken, [noting("worker", journal)]) as supervisor:
        wait_until(lambda: notes(journal, "began"))
        wait_for_line(supervisor, "process_died", "broken", "restart_in_seconds=1.0")
        wait_for_line(supervisor, "process_does_not_start", "once", "No such file")
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(20) == 0
    assert len(notes(journal, "ended")) == 1


def test_a_program_that_is_not_there_ends_the_start_with_its_name(tmp_path: Path) -> None:
    stages = [[noting("worker", tmp_path / "journal")], [("nothing", ["/no/such/program"])]]
    with supervised(*stages) as supervisor:
        assert supervisor.wait(20) == 1
        assert supervisor.stderr
        assert "/no/such/program" in supervisor.stderr.read()


def test_a_supervisor_that_is_killed_leaves_no_child_and_no_grandchild() -> None:
    with supervised([("web", [sys.executable, "-c", FORKING])]) as supervisor:
        wait_until(lambda: len(descendants(supervisor.pid)) == 2)
        below = descendants(supervisor.pid)
        supervisor.kill()
        supervisor.wait()
    for process in below:
        wait_until(partial(is_gone, process), what=f"{process} is gone")


def test_what_make_starts_ends_with_make(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    command = [sys.executable, "-m", "app.ops.processes", *noting("demo", journal)[1]]
    make = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    with subprocess.Popen([sys.executable, "-c", make, *command], cwd=ROOT) as caller:
        wait_until(lambda: notes(journal, "began"))
        caller.kill()
    wait_until(lambda: notes(journal, "ended"))


def test_a_child_that_does_not_listen_is_killed() -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    child = Program("deaf", [sys.executable, "-S", "-c", deaf], os.environ)
    child.process = spawn(child.command, stdout=subprocess.PIPE)
    with child.process:
        assert child.process.stdout
        child.process.stdout.readline()
        with capture_logs() as logs:
            stop_together([child], grace=0.05)
    assert not is_running(child)
    assert [entry["event"] for entry in logs] == ["process_killed"]


def test_only_the_main_thread_starts_children() -> None:
    errors: list[Exception] = []

    def start() -> None:
        try:
            spawn(["/bin/true"])
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_the_pause_before_a_restart_grows_to_half_a_minute() -> None:
    assert [restart_pause(deaths) for deaths in (1, 2, 3, 7, 8, 1000)] == [0.5, 1, 2, 30, 30, 30]


def test_a_free_port_is_taken_as_wished() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with capture_logs() as logs:
        assert free_port(port) == port
    assert logs == []


def test_instead_of_a_taken_port_the_next_one_is_picked_and_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, capture_logs() as logs:
        taken = other.getsockname()[1]
        port = free_port(taken)
    assert port > taken
    assert logs == [{"event": "port_taken", "wanted": taken, "instead": port, "log_level": "warning"}]
