"""Connections that the server closed in silence, as it does when it restarts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.db import Database, current_revision, head_revision, once_more
from tests.conftest import Servers


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@once_more
def ask(database: Database, statement: str = "SELECT 7") -> int | None:
    with database.autocommit.connect() as connection:
        answer: int | None = connection.scalar(text(statement))
        return answer


@once_more
def do_alone(database: Database, statement: str = "SELECT %(number)s::int") -> None:
    database.execute_alone(statement, {"number": 7})


def restart(servers: Servers) -> None:
    servers.postgres.halt()
    servers.postgres.launch()


def test_a_single_statement_survives_a_restart(database: Database, servers: Servers) -> None:
    assert ask(database) == 7
    restart(servers)
    assert ask(database) == 7


def test_a_statement_of_the_driver_s_own_survives_however_many_connections_went(
    database: Database, servers: Servers
) -> None:
    together = [database.autocommit.connect() for _ in range(3)]
    for connection in together:
        connection.close()
    restart(servers)
    do_alone(database)


def test_what_is_wrong_with_a_statement_of_the_driver_s_own_is_told_as_of_any_other(
    database: Database, servers: Servers
) -> None:
    with pytest.raises(ProgrammingError):
        do_alone(database, "SELECT nothing")
    do_alone(database)
    servers.postgres.halt()
    with pytest.raises(OperationalError):
        do_alone(database)
    servers.postgres.launch()


def test_a_session_survives_a_restart(database: Database, servers: Servers) -> None:
    for _ in range(2):
        with database.session() as session:
            assert session.scalar(text("SELECT 7")) == 7
        restart(servers)


def test_the_revision_is_known_after_a_restart(database: Database, servers: Servers) -> None:
    assert current_revision(database) == head_revision()
    restart(servers)
    assert current_revision(database) == head_revision()


def test_a_statement_that_is_wrong_is_not_repeated(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        ask(database, "SELECT nothing")


def test_a_database_that_stays_away_is_told(database: Database, servers: Servers) -> None:
    assert ask(database) == 7
    servers.postgres.halt()
    try:
        with pytest.raises(OperationalError):
            ask(database)
        assert not database.reachable()
    finally:
        servers.postgres.launch()
