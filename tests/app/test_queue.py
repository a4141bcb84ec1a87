"""Waking workers: once, without waiting for Redis, and without minding that it is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import redis
import rq
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from app.queue import DISPATCH, ENTRY_POINTS, INTAKE, QUEUES, Waker, connect, connect_worker
from tests.waiting import wait_until

NO_REDIS = "unix:///no/such/socket"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url) as client:
        yield client


def jobs(client: redis.Redis, name: str) -> list[rq.job.Job]:
    return rq.Queue(name, connection=client, serializer=JSONSerializer).jobs


def test_one_job_waits_however_often_a_queue_is_woken(client: redis.Redis) -> None:
    waker = Waker(client)
    assert [waker.wake(INTAKE) for _ in range(3)] == [True] * 3
    [job] = jobs(client, INTAKE)
    assert job.func_name == ENTRY_POINTS[INTAKE]
    assert job.retries_left
    assert jobs(client, DISPATCH) == []


@pytest.mark.parametrize("name", QUEUES)
def test_what_is_enqueued_can_be_called(client: redis.Redis, name: str) -> None:
    Waker(client).wake(name)
    [job] = jobs(client, name)
    assert callable(job.func)


def test_nobody_waits_for_a_wake_up(client: redis.Redis) -> None:
    waker = Waker(client)
    for _ in range(100):
        waker.soon(DISPATCH)
    wait_until(lambda: len(jobs(client, DISPATCH)) == 1, what="a job waits")


def test_after_closing_no_thread_is_left_that_uses_the_client(client: redis.Redis) -> None:
    before = set(threading.enumerate())
    waker = Waker(client)
    for name in QUEUES:
        waker.soon(name)
    assert set(threading.enumerate()) - before
    waker.close()
    waker.soon(INTAKE)
    assert set(threading.enumerate()) == before


def test_without_redis_it_says_so_and_goes_on() -> None:
    with connect(NO_REDIS) as away, capture_logs() as logs:
        assert Waker(away).wake(INTAKE) is False
    assert [(entry["event"], entry["queue"]) for entry in logs] == [("queue_unreachable", INTAKE)]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", NO_REDIS])
def test_a_worker_connects_by_every_kind_of_address(url: str) -> None:
    with connect_worker(url) as client, pytest.raises(redis.ConnectionError):
        client.ping()
