"""Roll-ups: whole days of the store's zone, and flags that are never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text

from app.clock import FixedClock
from app.models import DailyFigure, Message, Store, StoreFlag
from app.runtime import Runtime
from flows import rollups
from tests import factories
from tests.factories import NOW

TODAY = date(2026, 11, 21)
moments = st.integers(0, 5 * 366 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, currency="EUR", timezone="Pacific/Auckland")


def add_text(runtime: Runtime, store: Store, **columns: Any) -> Message:
    with runtime.database.session() as session:
        cart = factories.make_cart(session, store, factories.make_contact(session, store))
        return factories.make_message(session, store, cart, **columns)


def add_flag(runtime: Runtime, store: Store, day: date) -> None:
    with runtime.database.session() as session:
        rollups.flag_figures(session, store.id, day, runtime.clock.now())


def flags(runtime: Runtime) -> int:
    with runtime.database.session() as session:
        return session.scalar(select(func.count()).select_from(StoreFlag)) or 0


def texts_by_day(runtime: Runtime, store: Store) -> dict[date, int]:
    with runtime.database.session() as session:
        rows = session.execute(
            select(DailyFigure.day, DailyFigure.texts).where(DailyFigure.store_id == store.id)
        )
        return {day: texts for day, texts in rows}


# Days


@given(moment=moments, timezone=st.sampled_from(sorted(available_timezones())))
def test_every_moment_lies_within_its_day(moment: datetime, timezone: str) -> None:
    begins, ends = rollups.day_bounds(rollups.local_day(moment, timezone), timezone)

    assert begins <= moment < ends
    assert timedelta(hours=22) < ends - begins < timedelta(hours=26)


@given(moment=moments, timezone=st.sampled_from(sorted(available_timezones())))
def test_a_day_begins_where_the_one_before_ends(moment: datetime, timezone: str) -> None:
    day = rollups.local_day(moment, timezone)

    assert rollups.day_bounds(day - timedelta(days=1), timezone)[1] == rollups.day_bounds(day, timezone)[0]


@pytest.mark.parametrize("timezone", ["", "Atlantis/Capital", "Europe", "../etc/passwd", "UTC+2"])
def test_a_zone_that_nobody_knows_counts_in_utc(timezone: str) -> None:
    assert rollups.local_day(datetime(2026, 11, 21, 23, 59, tzinfo=UTC), timezone) == TODAY


def test_a_text_late_in_the_evening_is_one_of_tomorrow_on_the_other_side_of_the_world(
    runtime: Runtime, store: Store
) -> None:
    add_text(runtime, store, accepted_at=NOW)

    rollups.rebuild_all(runtime, store)

    assert texts_by_day(runtime, store) == {TODAY + timedelta(days=1): 1}
    assert rollups.day_of(store, NOW) == TODAY + timedelta(days=1)


def test_a_store_that_moved_to_another_zone_is_counted_anew_as_a_whole(
    runtime: Runtime, store: Store
) -> None:
    add_text(runtime, store, accepted_at=NOW)
    rollups.rebuild_all(runtime, store)
    with runtime.database.session() as session:
        moved = session.get_one(Store, store.id)
        moved.timezone = "America/Los_Angeles"
        rollups.flag_all(session, moved, NOW)

    rollups.drain(runtime)

    assert texts_by_day(runtime, store) == {TODAY: 1}


def test_counting_all_of_a_store_without_rows_is_nothing(runtime: Runtime, store: Store) -> None:
    assert rollups.rebuild_all(runtime, store) == 0


# Flags


def test_a_flagged_day_is_counted_anew_and_its_flags_are_gone(runtime: Runtime, store: Store) -> None:
    add_text(runtime, store, accepted_at=NOW)
    with runtime.database.session() as session:
        rollups.flag(session, store.id, store.timezone, [NOW, NOW], NOW)
        rollups.flag_days(session, [(store.id, TODAY)], NOW)

    assert rollups.drain(runtime) == 2

    assert texts_by_day(runtime, store) == {TODAY + timedelta(days=1): 1}
    assert flags(runtime) == 0
    assert rollups.drain(runtime) == 0


def test_counting_twice_changes_nothing(runtime: Runtime, store: Store) -> None:
    add_text(runtime, store, accepted_at=NOW)
    for _ in range(2):
        add_flag(runtime, store, TODAY + timedelta(days=1))
        rollups.drain(runtime)

    assert texts_by_day(runtime, store) == {TODAY + timedelta(days=1): 1}


def test_no_flags_are_no_work(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        rollups.flag(session, 1, "UTC", [], NOW)
        assert not rollups.any_flagged(session)


def test_the_day_flagged_longest_is_counted_first(runtime: Runtime, store: Store, clock: FixedClock) -> None:
    for days_ago in (1, 3, 2):
        add_text(runtime, store, accepted_at=NOW - timedelta(days=days_ago))
        add_flag(runtime, store, rollups.day_of(store, NOW - timedelta(days=days_ago)))
        clock.advance(timedelta(seconds=1))

    with counting_stops_the_clock(runtime, clock):
        assert rollups.drain(runtime, deadline=clock.now() + timedelta(seconds=1)) == 1

    assert texts_by_day(runtime, store) == {TODAY: 1}
    assert flags(runtime) == 2


@contextmanager
def counting_stops_the_clock(runtime: Runtime, clock: FixedClock) -> Iterator[None]:
    """Counting one day takes a second."""
    with while_counting(runtime, lambda: clock.advance(timedelta(seconds=1))):
        yield


@contextmanager
def while_counting(runtime: Runtime, act: Any) -> Iterator[None]:
    """Act right before a day's last statement, when its texts are counted already."""

    def before(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "INSERT INTO daily_cost" in statement:
            act()

    event.listen(runtime.database.engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(runtime.database.engine, "before_cursor_execute", before)


def test_a_flag_that_comes_while_its_day_is_counted_is_still_there_afterwards(
    runtime: Runtime, store: Store
) -> None:
    day = rollups.day_of(store, NOW)
    add_flag(runtime, store, day)
    late = [NOW]

    def change_once() -> None:
        while late:
            add_text(runtime, store, accepted_at=late.pop())
            add_flag(runtime, store, day)

    with while_counting(runtime, change_once):
        assert rollups.drain(runtime) == 2

    assert texts_by_day(runtime, store) == {day: 1}
    assert flags(runtime) == 0


def test_what_is_not_committed_yet_is_counted_when_it_is(runtime: Runtime, store: Store) -> None:
    day = rollups.day_of(store, NOW)
    with runtime.database.session() as session:
        cart = factories.make_cart(session, store, factories.make_contact(session, store))
        factories.make_message(session, store, cart, accepted_at=NOW)
        rollups.flag_figures(session, store.id, day, NOW)
        add_flag(runtime, store, day)

        assert rollups.drain(runtime) == 1
        assert texts_by_day(runtime, store) == {}

    assert rollups.drain(runtime) == 1
    assert texts_by_day(runtime, store) == {day: 1}


def test_a_day_that_another_worker_counts_is_left_to_it(runtime: Runtime, store: Store) -> None:
    add_flag(runtime, store, TODAY)
    add_flag(runtime, store, TODAY - timedelta(days=1))

    with runtime.database.session() as session:
        rollups.rebuild(session, store, TODAY)
        assert rollups.drain(runtime) == 1

    assert flags(runtime) == 1
    assert rollups.drain(runtime) == 1


def test_two_transactions_that_change_the_same_day_do_not_wait_for_each_other(
    runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as one, runtime.database.session() as other:
        for session in (one, other):
            session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            rollups.flag_figures(session, store.id, TODAY, NOW)

    assert flags(runtime) == 2


def test_several_writers_and_workers_at_once_lose_nothing(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        stores = [factories.make_store(session, timezone="Europe/Madrid") for _ in range(2)]
    written = threading.Event()

    def write(number: int) -> None:
        for turn in range(15):
            store, at = stores[(number + turn) % 2], NOW - timedelta(days=turn % 3)
            with runtime.database.session() as session:
                cart = factories.make_cart(session, store, factories.make_contact(session, store))
                factories.make_message(session, store, cart, accepted_at=at)
                rollups.flag(session, store.id, store.timezone, [at], NOW)

    def work() -> None:
        while not written.is_set():
            rollups.drain(runtime)

    with ThreadPoolExecutor(5) as pool:
        workers = [pool.submit(work) for _ in range(2)]
        for writer in [pool.submit(write, number) for number in range(3)]:
            writer.result()
        written.set()
        for worker in workers:
            worker.result()
    rollups.drain(runtime)

    counted = [texts_by_day(runtime, store) for store in stores]
    assert sum(sum(days.values()) for days in counted) == 45
    assert [set(days) for days in counted] == [{TODAY - timedelta(days=days) for days in range(3)}] * 2
    assert flags(runtime) == 0
