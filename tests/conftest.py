"""Real servers for all tests, one PostgreSQL and one Valkey per test process, and no way to the network."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from itertools import count
from typing import Any

import psycopg
import pytest
import redis
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache
from psycopg import sql
from sqlalchemy import Engine

from app import db
from app.clock import FixedClock
from app.db import migrate
from app.ops.embedded import EmbeddedServer, start_postgres, start_valkey
from app.runtime import Runtime, make_runtime
from tests.factories import NOW, make_settings

pytest_plugins = ["tests.scheduling"]

# How long an example takes depends on the machine and its neighbours: no test may fail for that.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@dataclass(frozen=True)
class Servers:
    """The servers of this test process. Tests may ``halt()`` and ``launch()`` them, not ``stop()`` them."""

    postgres: EmbeddedServer
    valkey: EmbeddedServer


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    postgres = start_postgres(folder / "postgres", fast=True)
    valkey = start_valkey(folder / "valkey", fast=True)
    yield Servers(postgres, valkey)
    valkey.stop()
    postgres.stop()


@pytest.fixture(scope="session")
def _emptying(servers: Servers) -> sql.Composed:
    """Migrates the database; gives the statements that empty all tables but those the migrations fill.

    DELETE, because TRUNCATE takes 60 ms and more for so many tables.
    """
    migrate(servers.postgres.url)
    with psycopg.connect(servers.postgres.url) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
        tables = [sql.Identifier(name) for (name,) in rows]
        empty = [table for table in tables if not _has_rows(connection, table)]
    return sql.SQL("").join(sql.SQL("DELETE FROM {}; ").format(table) for table in empty)


def _has_rows(connection: psycopg.Connection[Any], table: sql.Identifier) -> bool:
    return connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(table)).fetchone() is not None


def pytest_configure() -> None:
    """Hardly anything that collecting tests makes is garbage; looking for some only takes time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What is there by now stays; from now on garbage is collected, but less often than usual."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Statements and templates are compiled once, and connections kept, for all tests of this process."""
    make_engine = cache(db._engine)
    compiled = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_engine", lambda *address, **more: _kept(make_engine(*address, **more)))
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": compiled})
        yield


def _kept(engine: Engine) -> Engine:
    """A copy with listeners of its own, whose connections stay when it is closed."""
    copy = engine.execution_options()
    patched: Any = copy
    patched.dispose = lambda close=True: None if close else engine.dispose(close=False)
    return copy


class Sweep:
    """Empties the database over one connection that has planned the statements: to do so takes far longer."""

    def __init__(self, url: str, emptying: sql.Composed) -> None:
        self._url, self._emptying = _as_superuser(url), emptying
        self._connect()

    def _connect(self) -> None:
        """As a replica, that is without triggers, so that the order does not matter."""
        options = "-c lock_timeout=10s -c session_replication_role=replica"
        self._connection = psycopg.connect(self._url, autocommit=True, options=options)
        body = sql.Literal(f"BEGIN {self._emptying.as_string(self._connection)} END")
        function = sql.SQL("CREATE FUNCTION pg_temp.sweep() RETURNS void LANGUAGE plpgsql AS {}")
        self._connection.execute(function.format(body))

    def __call__(self) -> None:
        try:
            self._sweep()
        except psycopg.OperationalError:
            if not self._connection.broken:
                raise
            self._connect()
            self._sweep()

    def _sweep(self) -> None:
        self._connection.execute("SELECT pg_temp.sweep()")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="session")
def _sweep(servers: Servers, _emptying: sql.Composed) -> Iterator[Sweep]:
    sweep = Sweep(servers.postgres.url, _emptying)
    yield sweep
    sweep.close()


@pytest.fixture
def database_url(servers: Servers, _sweep: Sweep) -> str:
    """A migrated database whose tables are empty. The address is the same for every test."""
    _sweep()
    return servers.postgres.url


@pytest.fixture(scope="session")
def _valkey(servers: Servers) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(servers.valkey.url) as client:
        yield client


@pytest.fixture
def redis_url(servers: Servers, _valkey: redis.Redis) -> str:
    """An empty Valkey."""
    _valkey.flushall()
    return servers.valkey.url


_numbers = count(1)


@pytest.fixture
def empty_database_url(servers: Servers) -> Iterator[str]:
    """A database of its own without any tables: for tests of the migrations."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield servers.postgres.url.replace("/warmcart?", f"/{name}?")
    # As its superuser: autovacuum may be at work in it, which nobody else may end.
    with psycopg.connect(_as_superuser(servers.postgres.url), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _as_superuser(url: str) -> str:
    return url.replace("//warmcart@", "//postgres@")


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at a Saturday evening in Europe, midday in the United States."""
    return FixedClock(NOW)


@pytest.fixture
def runtime(database_url: str, redis_url: str, clock: FixedClock) -> Iterator[Runtime]:
    """What a process works with, on the test servers and the standing clock."""
    runtime = make_runtime(make_settings(database_url, redis_url), clock)
    yield runtime
    runtime.close()


class NetworkForbiddenError(Exception):
    """A test reached for the network. No OSError, so that no retry and no error handling hides it."""


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Sockets lead to this machine only, and only names of this machine are looked up."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


def _guarded(method: Any) -> Any:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        address = arguments[-1]
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise NetworkForbiddenError(f"{method.__name__} to {address[0]}")
        return method(self, *arguments)

    return guarded


def _guarded_lookup(lookup: Any) -> Any:
    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        if host is not None and not _is_loopback(host):
            raise NetworkForbiddenError(f"look-up of {host}")
        return lookup(host, *arguments, **options)

    return guarded


def _is_loopback(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {"", "localhost"} or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
