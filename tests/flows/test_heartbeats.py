"""Whoever works says so, and whoever stopped is missed."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from app.clock import FixedClock
from app.db import Database
from app.models import Heartbeat
from app.queue import QUEUES
from app.runtime import Runtime
from flows import heartbeats
from tests.waiting import wait_until


def beat(runtime: Runtime, *roles: str) -> None:
    with runtime.database.session() as session:
        for role in roles:
            heartbeats.beat(session, role, runtime.clock.now())


def missing(runtime: Runtime) -> list[str]:
    with runtime.database.session() as session:
        return heartbeats.missing_roles(session, runtime.clock.now())


def test_before_anybody_works_everybody_is_missing(runtime: Runtime) -> None:
    assert missing(runtime) == ["scheduler", *QUEUES]


def test_nobody_is_missing_while_all_of_them_beat(runtime: Runtime) -> None:
    beat(runtime, *heartbeats.ROLES)
    assert missing(runtime) == []


def test_a_role_is_missed_within_a_minute(runtime: Runtime, clock: FixedClock) -> None:
    beat(runtime, *heartbeats.ROLES)
    clock.advance(heartbeats.MISSING_AFTER)
    assert missing(runtime) == []
    clock.advance(timedelta(seconds=1))
    beat(runtime, "scheduler", "intake", "upkeep")
    assert missing(runtime) == ["dispatch"]
    assert timedelta(minutes=1) > heartbeats.MISSING_AFTER > 2 * heartbeats.EVERY


def test_a_process_that_beats_again_and_again_is_one_row(runtime: Runtime, clock: FixedClock) -> None:
    beat(runtime, "intake", "intake")
    clock.advance(heartbeats.EVERY)
    beat(runtime, "intake")
    with runtime.database.session() as session:
        [row] = session.scalars(select(Heartbeat))
        assert heartbeats.last_beats(session) == {"intake": clock.now()}
    assert row.process.endswith(f":{os.getpid()}")


def test_processes_of_the_past_are_forgotten(runtime: Runtime, clock: FixedClock) -> None:
    beat(runtime, "upkeep")
    clock.advance(heartbeats.FORGET_AFTER + timedelta(seconds=1))
    beat(runtime, "intake")
    with runtime.database.session() as session:
        assert session.scalars(select(Heartbeat.role)).all() == ["intake"]


def test_a_worker_beats_beside_its_work_until_it_is_stopped(runtime: Runtime) -> None:
    stopped = heartbeats.start_beating(runtime, "dispatch")
    [thread] = [thread for thread in threading.enumerate() if thread.name == "heartbeat-dispatch"]
    wait_until(lambda: "dispatch" not in missing(runtime))
    stopped.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_database_that_is_away_is_told_and_tried_again(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "EVERY", timedelta(milliseconds=1))
    away = Database("postgresql://nobody@/nothing?host=/no/such/folder")
    cut_off = replace(runtime, database=away)
    stopped = threading.Event()
    with capture_logs() as logs:
        thread = threading.Thread(target=heartbeats.keep_beating, args=(cut_off, "intake", stopped))
        thread.start()
        wait_until(lambda: len(logs) >= 2)
        stopped.set()
        thread.join(10)
    assert {(entry["event"], entry["role"]) for entry in logs} == {("heartbeat_failed", "intake")}
    away.close()
    with runtime.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Heartbeat)) == 0
