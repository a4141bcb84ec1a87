"""How Alembic runs our migrations: one at a time, a transaction each, never waiting long for a lock."""

from __future__ import annotations

import time

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from app.models import Base

# Any constant will do, as long as nothing else takes the same advisory lock.
MIGRATION_LOCK = 7_265_113


def wait_for_lock(connection: Connection) -> None:
    """Ask again and again instead of waiting in the database: an index that is built concurrently waits
    for every statement that began before it, so the two would wait for each other."""
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK}):
        connection.commit()
        time.sleep(0.2)


def run() -> None:
    """Hold the advisory lock for the whole run: a second process waits, then finds nothing to do."""
    engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
    with engine.connect() as connection:
        wait_for_lock(connection)
        connection.execute(text("SET lock_timeout = '4s'"))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Base.metadata, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
