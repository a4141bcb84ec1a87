"""Many rows by one statement are the same rows as one by one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.models import Cart, Due, TimelineEntry, Usage
from app.runtime import Runtime
from flows import bulk
from tests import factories
from tests.factories import NOW

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=3650)).map(NOW.__add__)


@pytest.fixture
def cart(runtime: Runtime) -> Cart:
    with runtime.database.session() as session:
        return factories.make_cart(session, factories.make_store(session))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.none() | WORDS, MOMENTS, st.none() | st.integers(0, 2**62)), max_size=5))
def test_whatever_is_written_is_read_again(
    runtime: Runtime, cart: Cart, given: list[tuple[str | None, datetime, int | None]]
) -> None:
    rows = [
        {
            "store_id": cart.store_id,
            "cart_id": cart.id,
            "kind": "held",
            "reason": reason,
            "occurred_at": at,
            "message_id": number,
            "details": {"words": reason, "deep": [{"number": number}]},
        }
        for reason, at, number in given
    ]
    with runtime.database.session() as session:
        session.execute(delete(TimelineEntry))
        bulk.insert_all(session, TimelineEntry, rows)
        found = session.scalars(select(TimelineEntry).order_by(TimelineEntry.id)).all()
        assert [(row.reason, row.occurred_at, row.message_id) for row in found] == given
        assert [row.details for row in found] == [row["details"] for row in rows]


def test_exact_amounts_and_moments_of_other_zones_are_kept(runtime: Runtime, cart: Cart) -> None:
    at = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    row = {
        "store_id": cart.store_id,
        "delivery_id": 1,
        "provider": "sandbox",
        "segments": 2,
        "price": Decimal("0.0075"),
        "occurred_at": at,
    }
    with runtime.database.session() as session:
        ((usage_id,),) = bulk.insert_all(session, Usage, [row], returning="id")
        usage = session.get_one(Usage, usage_id)
        assert (usage.price, usage.occurred_at, usage.currency) == (Decimal("0.0075"), NOW, None)


def test_a_conflict_is_an_error_unless_it_is_said_what_to_do(runtime: Runtime, cart: Cart) -> None:
    row = {
        "store_id": cart.store_id,
        "kind": "step",
        "subject": 1,
        "lane": "1",
        "due_at": NOW,
        "once_key": "step:1",
        "attempts": 0,
        "created_at": NOW,
    }
    with runtime.database.session() as session:
        bulk.insert_all(session, Due, [row])
        assert bulk.insert_all(session, Due, [row], on_conflict="DO NOTHING", returning="id") == []
    with pytest.raises(IntegrityError), runtime.database.session() as session:
        bulk.insert_all(session, Due, [row])


def test_no_rows_are_nothing(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        assert bulk.insert_all(session, Due, [], returning="id") == []
        assert session.scalars(select(Due)).all() == []


def test_what_no_column_holds_is_refused(runtime: Runtime, cart: Cart) -> None:
    with runtime.database.session() as session, pytest.raises(TypeError, match="set is no column's value"):
        bulk.insert_all(session, Due, [{"store_id": {1}}])
