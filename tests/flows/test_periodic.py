from datetime import timedelta

import redis
import rq
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.models import PeriodicRun, StoreFlag
from app.queue import DISPATCH, INTAKE, UPKEEP
from app.runtime import Runtime
from flows import due, installation, periodic, rollups
from tests.factories import NOW, make_due, make_inbound_event, make_store

HOUR = timedelta(hours=1)


def queued(runtime: Runtime) -> set[str]:
    client = redis.Redis.from_url(runtime.settings.redis_url)
    with client:
        return {
            name
            for name in (INTAKE, DISPATCH, UPKEEP)
            if len(rq.Queue(name, connection=client, serializer=JSONSerializer))
        }


def work(runtime: Runtime) -> set[str]:
    with runtime.database.session() as session:
        return periodic.queues_with_work(session, NOW)


def test_nothing_to_do_wakes_nobody(runtime):
    assert work(runtime) == set()


def test_a_pending_event_wakes_intake_unless_it_waits_for_its_next_try(runtime):
    with runtime.database.session() as session:
        make_inbound_event(session, None, retry_at=NOW + HOUR)
    assert work(runtime) == set()

    with runtime.database.session() as session:
        make_inbound_event(session, None)
    assert work(runtime) == {INTAKE}


def test_each_kind_of_due_row_wakes_its_queue_when_its_moment_comes(runtime):
    with runtime.database.session() as session:
        store = make_store(session)
        for kind, at in ((due.STEP, NOW), (due.IN_DOUBT, NOW), (due.CART_IDLE, NOW + HOUR)):
            make_due(session, store, kind=kind, due_at=at)

    assert work(runtime) == {DISPATCH, UPKEEP}


def test_a_store_that_came_in_and_a_day_to_count_wake_upkeep(runtime):
    with runtime.database.session() as session:
        store = make_store(session)
        installation.flag_sync(session, store, NOW)
    assert work(runtime) == {UPKEEP}

    with runtime.database.session() as session:
        session.query(StoreFlag).delete()
        rollups.flag_figures(session, store.id, NOW.date(), NOW)
    assert work(runtime) == {UPKEEP}


def test_a_tick_puts_one_job_on_each_queue_that_has_work(runtime):
    with runtime.database.session() as session:
        make_inbound_event(session, None)

    periodic.tick(runtime, NOW)
    periodic.tick(runtime, NOW)

    assert queued(runtime) == {INTAKE, UPKEEP}


def test_a_task_runs_once_per_slot_however_many_schedulers_tick(runtime, clock, monkeypatch):
    ran: list[str] = []
    tasks = (periodic.Task("sweep", HOUR, lambda *_: ran.append("sweep")),)
    monkeypatch.setattr(periodic, "TASKS", tasks)

    for moment in (NOW, NOW, NOW + timedelta(minutes=10)):
        periodic.tick(runtime, moment)
        periodic.drain(runtime, NOW + HOUR)

    assert ran == ["sweep"]


def test_slots_that_nobody_took_are_made_up_for_once(runtime, clock, monkeypatch):
    ran: list[str] = []
    monkeypatch.setattr(periodic, "TASKS", (periodic.Task("sweep", HOUR, lambda *_: ran.append("sweep")),))
    for hours in range(3):
        periodic.tick(runtime, NOW + hours * HOUR)
    clock.advance(3 * HOUR)

    count = periodic.drain(runtime, clock.now() + HOUR)

    assert (count, ran) == (1, ["sweep"])
    with runtime.database.session() as session:
        assert session.scalars(select(PeriodicRun.slot).where(PeriodicRun.finished_at.is_(None))).all() == []


def test_old_slots_are_forgotten(runtime, clock, monkeypatch):
    monkeypatch.setattr(periodic, "TASKS", (periodic.Task("sweep", HOUR, lambda *_: None),))
    periodic.tick(runtime, NOW)
    clock.advance(timedelta(days=3))
    periodic.tick(runtime, clock.now())

    periodic.drain(runtime, clock.now() + HOUR)

    with runtime.database.session() as session:
        assert len(session.scalars(select(PeriodicRun.slot)).all()) == 1


def test_every_task_has_a_name_of_its_own(runtime):
    names = [task.name for task in periodic.TASKS]

    assert len(names) == len(set(names))
