"""The ground that all tests stand on: what is written here would otherwise make others fail oddly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
import requests

from tests.conftest import NetworkForbiddenError

PROCESS_CLOCK = Path(__file__).parent / "process_clock"


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_begins_with_empty_tables_and_an_empty_queue(
    turn: int, database_url: str, redis_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM heartbeat").fetchone() == (0,)
        connection.execute("INSERT INTO heartbeat VALUES ('somebody', 'intake', '2026-11-21 18:00Z')")
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("somebody", turn)


def test_a_database_for_migrations_has_no_tables(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,)


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://shop.example.com/"])
def test_no_test_reaches_the_network(url: str) -> None:
    with pytest.raises(NetworkForbiddenError):
        requests.get(url, timeout=1)


def test_the_clock_of_a_whole_process_can_be_set() -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROCESS_CLOCK), "TEST_CLOCK": "2027-03-01T09:30:00+00:00"}
    question = "import datetime; print(datetime.datetime.now(datetime.UTC).isoformat())"
    answer = subprocess.run(
        [sys.executable, "-c", question], env=environment, check=True, capture_output=True, text=True
    )
    assert answer.stdout.startswith("2027-03-01T09:3")
