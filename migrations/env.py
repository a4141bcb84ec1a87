"""How Alembic runs our migrations: one at a time, a transaction each, never waiting long for a lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app.models import Base

# Any constant will do, as long as nothing else takes the same advisory lock.
MIGRATION_LOCK = 7_265_113


def run() -> None:
    """Hold the advisory lock for the whole run: a second process waits, then finds nothing to do."""
    engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.execute(text("SET lock_timeout = '4s'"))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Base.metadata, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
