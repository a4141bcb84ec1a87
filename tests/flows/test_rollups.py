"""Roll-ups: whole days of the store's zone, flags that are never lost, and figures equal to the rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from app.clock import FixedClock
from app.models import DailyFigure, Message, Store, StoreFlag
from app.runtime import Runtime
from flows import rollups, stats
from flows.stats import Figures
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


# Random histories

LANGUAGES, COUNTRIES, STEPS = ("de", "sl"), ("SI", None), ("reminder", "last_call")


@dataclass(frozen=True)
class Text:
    hours_ago: int
    accepted: bool
    kind: str
    status: str
    clicked: bool
    segments: int
    step: str
    country: str | None
    language: str


@dataclass(frozen=True)
class Purchase:
    text: int
    hours_ago: int
    total: int
    refunded: int
    status: str
    currency: str
    test: bool
    clicked: bool
    uses_code: bool


texts = st.builds(
    Text,
    hours_ago=st.integers(0, 200),
    accepted=st.booleans(),
    kind=st.sampled_from(("marketing", "marketing", "service", "help")),
    status=st.sampled_from(("accepted", "delivered", "undelivered")),
    clicked=st.booleans(),
    segments=st.integers(1, 3),
    step=st.sampled_from(STEPS),
    country=st.sampled_from(COUNTRIES),
    language=st.sampled_from(LANGUAGES),
)
purchases = st.builds(
    Purchase,
    text=st.integers(0, 20),
    hours_ago=st.integers(0, 200),
    total=st.sampled_from((0, 10, 25)),
    refunded=st.sampled_from((0, 0, 5, 10)),
    status=st.sampled_from(("placed", "paid", "cancelled", "refunded")),
    currency=st.sampled_from(("EUR", "USD", "XXX")),
    test=st.booleans(),
    clicked=st.booleans(),
    uses_code=st.booleans(),
)
carts = st.lists(st.tuples(st.lists(texts, max_size=4), st.lists(purchases, max_size=2)), max_size=6)
charges = st.lists(
    st.tuples(
        st.integers(0, 200), st.sampled_from((None, "0.07", "0.10")), st.sampled_from((None, "EUR", "USD"))
    ),
    max_size=5,
)


def write_history(runtime: Runtime, store: Store, history: Any, costs: Any) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        flow = factories.make_flow(session, store)
        for number, (sent, bought) in enumerate(history):
            cart = factories.make_cart(session, store, contact, keys=[])
            enrollment = factories.make_enrollment(session, store, flow, contact, cart)
            code = f"back-of-{number}"
            factories.make_discount(session, enrollment, code=code, value=Decimal(20))
            messages = [
                factories.make_message(
                    session,
                    store,
                    cart,
                    accepted_at=NOW - timedelta(hours=one.hours_ago) if one.accepted else None,
                    clicked_at=NOW if one.clicked else None,
                    kind=one.kind,
                    status=one.status if one.accepted else "sending",
                    segments=one.segments,
                    step_key=one.step,
                    enrollment_id=enrollment.id,
                    country=one.country,
                    language=one.language,
                )
                for one in sent
            ]
            credited = [message for message in messages if message.accepted_at and message.kind != "help"]
            for one in bought if credited else []:
                order = factories.make_order(
                    session,
                    store,
                    total=Decimal(one.total),
                    refunded=Decimal(min(one.refunded, one.total)),
                    status=one.status,
                    currency=one.currency,
                    test=one.test,
                    discount_codes=[code.upper()] if one.uses_code else [],
                    placed_at=NOW - timedelta(hours=one.hours_ago),
                )
                message = credited[one.text % len(credited)]
                factories.make_recovery(session, store, order, message, clicked=one.clicked)
        for hours_ago, price, currency in costs:
            columns = {"price": price and Decimal(price), "currency": currency}
            factories.make_usage(session, store, occurred_at=NOW - timedelta(hours=hours_ago), **columns)


COUNTED_TEXTS = "m.store_id = :store AND m.accepted_at IS NOT NULL AND m.kind NOT LIKE '%help'"
COUNTED_ORDERS = """
    o.store_id = :store AND o.test IS FALSE AND o.currency <> 'XXX' AND o.status IN ('placed', 'paid')
    AND (o.total = 0 OR o.refunded < o.total)
"""
WITH_CODE = "cardinality(o.discount_codes) > 0"


def straight_from_the_rows(runtime: Runtime, store: Store) -> Figures:
    """The same figures by other queries: over all time at once, without days or keys."""
    joined = f'recovery r JOIN "order" o ON o.id = r.order_id AND {COUNTED_ORDERS}'
    queries = {
        "texts": f"SELECT count(*) FROM message m WHERE {COUNTED_TEXTS}",
        "delivered": f"SELECT count(*) FROM message m WHERE {COUNTED_TEXTS} AND m.status = 'delivered'",
        "clicked": f"SELECT count(m.clicked_at) FROM message m WHERE {COUNTED_TEXTS}",
        "converted": f"SELECT count(DISTINCT r.message_id) FROM {joined}",
        "segments": f"SELECT coalesce(sum(m.segments), 0) FROM message m WHERE {COUNTED_TEXTS}",
        "carts_texted": f"SELECT count(DISTINCT m.cart_id) FROM message m WHERE {COUNTED_TEXTS}",
        "carts_recovered": f"SELECT count(DISTINCT r.cart_id) FROM {joined}",
        "orders": f"SELECT count(*) FROM {joined}",
        "orders_clicked": f"SELECT count(*) FROM {joined} WHERE r.clicked",
        "offered": f"SELECT count(*) FROM message m WHERE {COUNTED_TEXTS} AND m.step_key = 'last_call'",
        "orders_with_code": f"SELECT count(*) FROM {joined} WHERE {WITH_CODE}",
        "unpriced": "SELECT count(*) FROM usage WHERE store_id = :store AND price IS NULL",
    }
    revenue = f"SELECT o.currency, sum(o.total - o.refunded) FROM {joined}"
    cost = "SELECT currency, coalesce(sum(price), 0) FROM usage WHERE store_id = :store AND currency <> ''"
    found = Figures()
    with runtime.database.session() as session:
        for name, query in queries.items():
            setattr(found, name, int(session.scalar(text(query), {"store": store.id})))
        found.revenue = sums(session, f"{revenue} GROUP BY 1", store)
        found.revenue_clicked = dict.fromkeys(found.revenue, Decimal(0))
        found.revenue_clicked |= sums(session, f"{revenue} WHERE r.clicked GROUP BY 1", store)
        nothing = dict.fromkeys(found.revenue, Decimal(0))
        found.revenue_with_code = nothing | sums(session, f"{revenue} WHERE {WITH_CODE} GROUP BY 1", store)
        # All codes take off a fifth: a quarter of what is left.
        given = f"SELECT o.currency, sum(o.total) / 4 FROM {joined} WHERE {WITH_CODE} GROUP BY 1"
        found.given_away = nothing | sums(session, given, store)
        found.cost = sums(session, f"{cost} GROUP BY 1", store)
    return found


def sums(session: Session, query: str, store: Store) -> dict[str, Decimal]:
    return {currency: amount for currency, amount in session.execute(text(query), {"store": store.id})}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=carts, costs=charges, timezone=st.sampled_from(("Asia/Kolkata", "America/St_Johns")))
def test_roll_ups_equal_the_rows_whatever_happened(
    runtime: Runtime, history: Any, costs: Any, timezone: str
) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, timezone=timezone)
    write_history(runtime, store, history, costs)

    rollups.rebuild_all(runtime, store)
    with runtime.database.session() as session:
        found = stats.overview(session, store.id, TODAY - timedelta(days=20), TODAY + timedelta(days=1))

    assert found.total == straight_from_the_rows(runtime, store)
    for parts in (found.by_step, found.by_country, found.by_language):
        assert sum(part.texts for part in parts.values()) == found.total.texts
        assert sum(part.carts_recovered for part in parts.values()) == found.total.carts_recovered
        assert sum(part.orders for part in parts.values()) == found.total.orders
    assert found.total.carts_recovered <= found.total.carts_texted
    assert found.total.converted <= found.total.texts
