"""Migrations lead to the tables that the models say, back to nothing, and there again."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app.db import MIGRATIONS, current_revision, downgrade, head_revision, migrate, sqlalchemy_url
from app.models import Base
from app.runtime import Runtime

REVISIONS = sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
UNINDEXED = """
    SELECT conrelid::regclass || ': ' || conname FROM pg_constraint
    WHERE contype = 'f' AND confrelid <> ALL ('{store,person,inbound_event,flow}'::regclass[])
    AND NOT EXISTS (
        SELECT FROM pg_index
        WHERE indrelid = conrelid AND indpred IS NULL
        AND (indkey::int2[])[0:array_length(conkey, 1) - 1] @> conkey
    )
"""
"""Keys into what has few rows, or is never deleted row by row, need no index."""


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in rows} - {"alembic_version"}


def differences(url: str) -> list[Any]:
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_up_leads_to_what_the_models_say_and_every_step_can_be_taken_back(empty_database_url: str) -> None:
    for before, revision in pairwise([None, *REVISIONS]):
        known = tables(empty_database_url)
        migrate(empty_database_url, revision)
        downgrade(empty_database_url, before or "base")
        assert tables(empty_database_url) == known
        migrate(empty_database_url, revision)
    assert differences(empty_database_url) == []
    downgrade(empty_database_url)
    assert tables(empty_database_url) == set()


def test_each_step_back_leads_to_the_step_before(empty_database_url: str) -> None:
    migrate(empty_database_url, REVISIONS[0])
    before = tables(empty_database_url)
    migrate(empty_database_url)
    downgrade(empty_database_url, REVISIONS[0])
    assert tables(empty_database_url) == before
    migrate(empty_database_url)
    assert differences(empty_database_url) == []


def test_several_callers_at_once_migrate_once(empty_database_url: str) -> None:
    command = [sys.executable, "-c", f"from app.db import migrate; migrate({empty_database_url!r})"]
    callers = [subprocess.Popen(command) for _ in range(3)]
    assert [caller.wait(timeout=60) for caller in callers] == [0, 0, 0]
    assert differences(empty_database_url) == []


def test_what_an_interrupted_build_left_is_built_anew(empty_database_url: str) -> None:
    migrate(empty_database_url, REVISIONS[0])
    with psycopg.connect(empty_database_url.replace("//warmcart@", "//postgres@")) as connection:
        connection.execute("CREATE INDEX ix_link_store_id_message_id ON link (store_id, message_id)")
        connection.execute("ALTER INDEX ix_link_store_id_message_id OWNER TO warmcart")
        connection.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'ix_link_store_id_message_id'::regclass"
        )
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        query = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
        assert connection.execute(query).fetchall() == []


def test_the_newest_migration_is_the_one_that_the_code_asks_for(runtime: Runtime) -> None:
    assert REVISIONS[-1] == head_revision() == current_revision(runtime.database)
    assert [name[:4] for name in REVISIONS] == [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)]


def test_rows_that_are_deleted_find_what_belongs_to_them_by_an_index(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert [name for (name,) in connection.execute(UNINDEXED)] == []
