"""What the three open addresses say, and what they never say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.clock import FixedClock
from app.db import head_revision
from app.ops.metrics import METRICS
from app.runtime import Runtime
from app.web import EXTENSION
from flows import heartbeats
from tests import factories

NO_DATABASE = "postgresql://nobody@/nothing?host=/no/such/folder"


@pytest.fixture
def make_client(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the application with this one room, on the given servers."""
    monkeypatch.setattr("app.ROOMS", ("ops",))
    made: list[Flask] = []

    def make(database_url: str, redis_url: str) -> FlaskClient:
        made.append(create_app(factories.make_settings(database_url, redis_url), clock))
        return made[-1].test_client()

    yield make
    for application in made:
        application.extensions[EXTENSION].close()


@pytest.fixture
def client(make_client: Any, database_url: str, redis_url: str) -> FlaskClient:
    client: FlaskClient = make_client(database_url, redis_url)
    return client


def runtime_of(client: FlaskClient) -> Runtime:
    runtime: Runtime = client.application.extensions[EXTENSION]
    return runtime


def test_a_process_that_answers_is_healthy_whatever_else_is_wrong(make_client: Any) -> None:
    answer = make_client(NO_DATABASE, "redis://127.0.0.1:1/0").get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_with_all_its_parts_it_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    told = answer.get_json()
    assert (answer.status_code, told["status"]) == (200, "ready")
    assert (told["database"], told["migrations"], told["redis"]) == ("ok", "ok", "ok")


def test_without_a_database_it_is_not_ready(make_client: Any, redis_url: str) -> None:
    answer = make_client(NO_DATABASE, redis_url).get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "not ready")
    assert answer.get_json()["database"] == "unreachable"


def test_without_redis_it_is_ready_and_says_what_is_missing(make_client: Any, database_url: str) -> None:
    answer = make_client(database_url, "redis://127.0.0.1:1/0").get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["redis"].startswith("unreachable")


def test_a_database_of_another_version_is_not_ready(client: FlaskClient) -> None:
    database = runtime_of(client).database
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000_older'"))
    answer = client.get("/readyz")
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head_revision()})
    assert answer.status_code == 503
    assert head_revision() in answer.get_json()["migrations"]
    assert client.get("/readyz").status_code == 200


def test_a_database_without_tables_is_not_ready(
    make_client: Any, empty_database_url: str, redis_url: str
) -> None:
    client = make_client(empty_database_url, redis_url)
    assert client.get("/readyz").status_code == 503
    runtime_of(client).database.close()


def test_missing_workers_are_named_and_keep_it_ready(client: FlaskClient) -> None:
    runtime = runtime_of(client)
    with runtime.database.session() as session:
        for role in ("scheduler", "intake", "upkeep"):
            heartbeats.beat(session, role, runtime.clock.now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["missing"]) == (200, ["dispatch"])


def test_what_waits_is_counted(client: FlaskClient, clock: FixedClock) -> None:
    with runtime_of(client).database.session() as session:
        store = factories.make_store(session)
        factories.make_inbound_event(session, store)
        factories.make_inbound_event(session, store, state="failed", error="KeyError")
    clock.advance(timedelta(seconds=5))
    told = client.get("/readyz").get_json()
    assert (told["pending_events"], told["failed_events"]) == (1, 1)
    assert told["oldest_pending_event_seconds"] == 5.0


def test_the_metrics_hold_every_figure_and_nobodys_name(client: FlaskClient) -> None:
    with runtime_of(client).database.session() as session:
        store = factories.make_store(session, domain="secret-shop.myshopify.com", name="Secret Shop")
        contact = factories.make_contact(session, store, phone="+447400123456")
        factories.make_cart(session, store, contact, keys=[("checkout_token", "secret-token")])
        factories.make_inbound_event(session, store)
        heartbeats.beat(session, "intake", factories.NOW)
    page = client.get("/metrics")
    assert page.content_type.startswith("text/plain")
    assert "warmcart_pending_events 1.0" in page.text
    assert 'warmcart_heartbeat_age_seconds{role="intake"} 0.0' in page.text
    assert [name for name in METRICS if f"# HELP {name}" not in page.text] == []
    for secret in ("ecret", "447400123456"):
        assert secret not in page.text


def test_metrics_without_a_database_are_unavailable_and_no_error_of_ours(
    make_client: Any, redis_url: str
) -> None:
    assert make_client(NO_DATABASE, redis_url).get("/metrics").status_code == 503
