"""PostgreSQL: the engine, sessions, and migrations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import psycopg
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

if TYPE_CHECKING:  # only migrations need it, and no serving process should carry it
    import alembic.config

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def sqlalchemy_url(libpq_url: str) -> str:
    """The same address for SQLAlchemy with psycopg 3 underneath."""
    return "postgresql+psycopg://" + libpq_url.split("://", 1)[1]


def _engine(url: str, pool_size: int, **more: Any) -> Engine:
    return create_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=5,
        connect_args={"connect_timeout": 3, "options": "-c timezone=UTC -c lock_timeout=10s"},
        **more,
    )


P = ParamSpec("P")
R = TypeVar("R")


def once_more(statement: Callable[P, R]) -> Callable[P, R]:
    """Decorator for a function that is one statement: done again where its connection was dead already."""

    @wraps(statement)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return statement(*args, **kwargs)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return statement(*args, **kwargs)

    return done


class Database:
    """Two pools of connections, and the two ways to use them.

    ``session()`` is one transaction: it commits at the end and rolls back on an error.
    ``autocommit`` is for the single statements of the webhook doors and short links, which need no
    BEGIN and COMMIT; its connections are always in that mode, for switching one over and back costs
    half as much as the statement itself.
    A server that restarts closes connections in silence. Those of sessions are tried before each use;
    a single statement is not worth that, and is done once more instead (``once_more``).
    A connection must never be shared between two processes: a forked child begins without any.
    ``pool_size`` is how many threads use it at once: what is opened beyond that is closed after each use,
    and to open a connection costs more than most transactions.
    """

    def __init__(self, url: str, pool_size: int = 8) -> None:
        self.engine = _engine(url, pool_size, pool_pre_ping=True)
        self.autocommit = _engine(url, pool_size, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        os.register_at_fork(after_in_child=self._forget_connections)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self._sessions.begin() as session:
            yield session

    def execute_alone(self, statement: str, values: dict[str, Any]) -> None:
        """One statement that may be repeated, in psycopg's words; SQLAlchemy's way to the same cursor costs a
        tenth of a webhook. What fails is done again in that way, which knows all about broken connections and
        raises DBAPIError."""
        try:
            pooled = self.autocommit.raw_connection()
            try:
                pooled.cursor().execute(statement, values)
            finally:
                pooled.close()
        except psycopg.Error:
            with self.autocommit.connect() as connection:
                connection.exec_driver_sql(statement, values)

    def _forget_connections(self) -> None:
        self.engine.dispose(close=False)
        self.autocommit.dispose(close=False)

    def close(self) -> None:
        self.engine.dispose()
        self.autocommit.dispose()

    def reachable(self) -> bool:
        try:
            with self.autocommit.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError:
            return False
        return True


def _alembic(database_url: str) -> alembic.config.Config:
    import alembic.config

    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = sqlalchemy_url(database_url)
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema up to ``revision``. One at a time: an advisory lock keeps a second caller waiting."""
    import alembic.command

    alembic.command.upgrade(_alembic(database_url), revision)


def downgrade(database_url: str, revision: str = "base") -> None:
    """Take the schema back to ``revision``."""
    import alembic.command

    alembic.command.downgrade(_alembic(database_url), revision)


def head_revision() -> str:
    """The revision that this code was written for."""
    return (MIGRATIONS / "head.txt").read_text().strip()


@once_more
def current_revision(database: Database) -> str | None:
    """The revision that the database has; None before the first migration."""
    with database.autocommit.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision
