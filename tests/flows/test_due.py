"""Due rows: planned once, claimed once, finished by the one who holds the lease, fair to all lanes."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.models import Due, Store
from app.runtime import Runtime
from flows import due
from tests.factories import NOW, make_store

LEASE = timedelta(seconds=60)


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return make_store(session)


def plan(runtime: Runtime, store: Store, subject: int, due_at: datetime = NOW, kind: str = due.STEP) -> None:
    with runtime.database.session() as session:
        due.schedule(
            session,
            store_id=store.id,
            kind=kind,
            subject=subject,
            due_at=due_at,
            once_key=due.once_key(kind, subject),
            now=NOW,
        )


def claim(runtime: Runtime, limit: int = 100, now: datetime = NOW, kind: str = due.STEP) -> list[due.Claim]:
    return due.claim(runtime.database, kind, limit, now, LEASE)


def rows(runtime: Runtime) -> list[Due]:
    with runtime.database.session() as session:
        return list(session.scalars(select(Due).order_by(Due.id)))


def test_a_row_is_claimed_when_it_is_due_and_not_before(runtime: Runtime, store: Store) -> None:
    plan(runtime, store, 1, NOW + timedelta(seconds=1))
    assert claim(runtime) == []
    (taken,) = claim(runtime, now=NOW + timedelta(seconds=1))
    assert (taken.store_id, taken.kind, taken.subject, taken.attempts) == (store.id, due.STEP, 1, 1)
    assert taken.due_at == NOW + timedelta(seconds=1)
    assert taken.lane == str(store.id)


def test_a_claimed_row_comes_due_again_when_its_lease_has_run_out(runtime: Runtime, store: Store) -> None:
    plan(runtime, store, 1)
    (first,) = claim(runtime)
    assert claim(runtime, now=NOW + LEASE - timedelta(seconds=1)) == []
    (second,) = claim(runtime, now=NOW + LEASE)
    assert second.attempts == 2
    with runtime.database.session() as session:
        assert due.finish(session, [first]) == set()
        assert due.hold(session, [first]) == set()
        assert due.put_back(session, first, NOW) is False
        assert due.finish(session, [second]) == {second.id}
    assert rows(runtime) == []


def test_a_row_that_is_put_back_waits_with_its_reason(runtime: Runtime, store: Store) -> None:
    plan(runtime, store, 1)
    (taken,) = claim(runtime)
    with runtime.database.session() as session:
        assert due.put_back(session, taken, NOW + timedelta(hours=1), "quiet_hours") is True
    assert claim(runtime, now=NOW + timedelta(minutes=59)) == []
    (again,) = claim(runtime, now=NOW + timedelta(hours=1))
    assert again.reason == "quiet_hours"


def test_planning_again_moves_the_row_and_takes_it_from_its_holder(runtime: Runtime, store: Store) -> None:
    plan(runtime, store, 1)
    (taken,) = claim(runtime)
    plan(runtime, store, 1, NOW + timedelta(hours=2))
    with runtime.database.session() as session:
        assert due.finish(session, [taken]) == set()
    (row,) = rows(runtime)
    assert (row.due_at, row.lease, row.attempts) == (NOW + timedelta(hours=2), None, 0)


def test_planning_once_leaves_what_is_planned_as_it_is(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        for due_at, fresh in ((NOW, True), (NOW + timedelta(hours=1), False)):
            planned = due.schedule_once(
                session,
                store_id=store.id,
                kind=due.RESEND,
                subject=7,
                due_at=due_at,
                once_key="resend:7",
                now=NOW,
                lane=f"{store.id}:+15005550006",
                reason="rate",
            )
            assert planned is fresh
    (row,) = rows(runtime)
    assert (row.due_at, row.lane, row.reason) == (NOW, f"{store.id}:+15005550006", "rate")


def test_a_cancelled_row_cannot_be_finished_any_more(runtime: Runtime, store: Store) -> None:
    plan(runtime, store, 1)
    plan(runtime, store, 2)
    taken = claim(runtime)
    with runtime.database.session() as session:
        assert due.cancel(session, store.id, due.STEP, [1, 3]) == 1
        assert due.cancel(session, store.id, due.STEP, []) == 0
    with runtime.database.session() as session:
        assert due.hold(session, taken) == {one.id for one in taken if one.subject == 2}


def test_one_store_cannot_cancel_what_another_one_planned(runtime: Runtime, store: Store) -> None:
    plan(runtime, store, 1)
    with runtime.database.session() as session:
        stranger = make_store(session)
        assert due.cancel(session, stranger.id, due.STEP, [1]) == 0
    assert len(rows(runtime)) == 1


def test_a_claim_takes_no_other_kind(runtime: Runtime, store: Store) -> None:
    plan(runtime, store, 1, kind=due.CART_IDLE)
    assert claim(runtime) == []
    with runtime.database.session() as session:
        waiting = due.waiting(session, NOW)
    assert waiting == {kind: kind == due.CART_IDLE for kind in due.KINDS}


def test_many_claimers_never_get_the_same_row(runtime: Runtime, store: Store) -> None:
    for subject in range(60):
        plan(runtime, store, subject)
    taken: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(timeout=10)
        while claims := claim(runtime, limit=7):
            taken.extend(one.subject for one in claims)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == list(range(60))


def test_a_claim_is_shared_out_over_the_lanes_that_have_work(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        big, *small = (make_store(session) for _ in range(4))
    for subject in range(100):
        plan(runtime, big, subject, NOW - timedelta(days=1))
    for number, one in enumerate(small):
        for subject in range(5):
            plan(runtime, one, 1000 + 10 * number + subject)
    shares = Counter(one.store_id for one in claim(runtime, limit=40))
    assert shares == {big.id: 25, small[0].id: 5, small[1].id: 5, small[2].id: 5}


@pytest.mark.parametrize("limit", [1, 8, 20])
def test_every_lane_gets_its_turn_however_long_another_one_is(runtime: Runtime, limit: int) -> None:
    with runtime.database.session() as session:
        big, *small = (make_store(session) for _ in range(12))
    for subject in range(200):
        plan(runtime, big, subject, NOW - timedelta(days=1))
    for number, one in enumerate(small):
        plan(runtime, one, 1000 + number)
    taken: Counter[int] = Counter()
    for _ in range(2 * 12 // max(1, limit // due.ROWS_PER_LANE)):
        taken.update(one.store_id for one in claim(runtime, limit))
    assert all(taken[one.id] == 1 for one in small)


def test_a_claim_finds_the_oldest_row_behind_many_lanes_without_work(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "LANES_PER_CLAIM", 2)
    with runtime.database.session() as session:
        stores = [make_store(session) for _ in range(8)]
    for number, one in enumerate(stores):
        plan(runtime, one, number, NOW + timedelta(days=1))
    for subject in range(100, 120):
        plan(runtime, stores[4], subject)
    while claims := claim(runtime, limit=5):
        assert {one.store_id for one in claims} == {stores[4].id}
    assert sum(row.lease is not None for row in rows(runtime)) == 20
