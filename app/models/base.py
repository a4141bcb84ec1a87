"""What all tables share.

Every table of a tenant has ``store_id`` and a unique ``(store_id, id)``, so that foreign keys
between tenants' rows are composite: a row cannot point into another store, and row-level security
can be switched on without a change of the tables.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        Decimal: Numeric(16, 4),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(Text),
    }


class Row:
    """A generated 64-bit primary key."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)


class TenantRow(Row):
    """A row that belongs to one store. A table that adds constraints uses ``tenant(...)``."""

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"))


def tenant(*more: Any) -> tuple[Any, ...]:
    """Table arguments of a tenant's table: the composite key, and what the table adds."""
    return (UniqueConstraint("store_id", "id"), *more)


def belongs_to(table: str, column: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A composite foreign key ``(store_id, column)`` to another table of the same store.

    ``ondelete`` must not be SET NULL: that would null ``store_id`` as well.
    """
    return ForeignKeyConstraint(["store_id", column], [f"{table}.store_id", f"{table}.id"], ondelete=ondelete)
