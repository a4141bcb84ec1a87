"""A crowd that waits for one moment leaves in a line."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Due, Store
from app.runtime import Runtime
from flows import dispatch, due, providers, spread
from flows.spread import AT_ONCE, LONGEST, PER_SECOND, delay
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import make_british_store, make_scene

HOUR, SECOND, MINUTE = timedelta(hours=1), timedelta(seconds=1), timedelta(minutes=1)


def test_few_texts_go_at_the_very_moment() -> None:
    assert {delay(place, place, 8 * HOUR) for place in range(AT_ONCE)} == {timedelta(0)}


def test_ten_thousand_texts_take_a_quarter_of_an_hour_ten_a_second_in_their_order() -> None:
    line = [delay(place, 7_000_000 + place, 8 * HOUR) for place in range(10_000)]
    assert 16 * MINUTE < max(line) < 17 * MINUTE
    per_second = [int(one / SECOND) for one in line[AT_ONCE:]]
    assert max(per_second.count(second) for second in set(per_second)) <= 2 * PER_SECOND
    assert all(later - earlier > -SECOND for earlier, later in pairwise(line)), (
        "only the jitter changes places"
    )


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 2**63 - 1), st.timedeltas(timedelta(0), 24 * HOUR))
def test_nobody_is_put_off_beyond_the_first_half_of_the_hours(
    place: int, contact_id: int, room: timedelta
) -> None:
    waits = delay(place, contact_id, room)
    assert timedelta(0) <= waits <= min(LONGEST, room / 2)
    assert waits == delay(place, contact_id, room)


@pytest.fixture
def _short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "AT_ONCE", 2)
    monkeypatch.setattr(spread, "PER_SECOND", 1)


def lineup(runtime: Runtime) -> list[timedelta]:
    with runtime.database.session() as session:
        return [one - NOW for one in session.scalars(select(Due.due_at).order_by(Due.due_at))]


def rhode_islander(number: int) -> dict[str, str]:
    return {"phone": f"+1401555010{number}", "country": "US", "address_country": "US", "region": "RI"}


@pytest.mark.usefixtures("_short_line")
def test_texts_that_night_holds_leave_in_a_line_oldest_cart_first(
    runtime: Runtime, clock: FixedClock
) -> None:
    """Rhode Island has closed; the younger cart comes due first, and others have been held before."""
    provider = PocketProvider()
    providers.use(runtime, provider)
    clock.advance(6 * HOUR)
    left = clock.now() - HOUR
    with runtime.database.session() as session:
        store = factories.make_store(session)
        flow = factories.make_flow(session, store)
        carts = [
            make_scene(
                session, store, flow, contact=rhode_islander(number), activity_at=left - number * MINUTE
            )
            for number in range(5)
        ]
    dispatch.drain(runtime)
    assert provider.texts == []
    opens = datetime.fromisoformat("2026-11-22T15:00:00+00:00")
    held = scenes.planned(runtime)
    waits = [held[f"step:{one.enrollment.id}"] - opens for one in reversed(carts)]
    assert [int(one / SECOND) for one in waits] == [0, 0, 0, 1, 2]
    assert waits[:2] == [timedelta(0)] * 2
    clock.advance(opens + 3 * SECOND - clock.now())
    dispatch.drain(runtime)
    assert len(provider.texts) == 5


@pytest.mark.usefixtures("_short_line")
def test_what_waited_for_a_flow_or_a_pause_comes_due_in_a_line_and_nothing_later_than_planned(
    runtime: Runtime,
) -> None:
    with runtime.database.session() as session:
        store = make_british_store(session)
        for subject in range(6):
            planned = NOW + (2 * SECOND if subject == 5 else HOUR)
            factories.make_due(session, store, kind=due.CART_EXPIRY, due_at=planned, reason="no_active_flow")
        due.hasten(session, store.id, "no_active_flow", NOW)
    assert lineup(runtime) == [0 * SECOND, 0 * SECOND, 0 * SECOND, 1 * SECOND, 2 * SECOND, 2 * SECOND]


def test_only_the_store_s_own_lane_and_the_coming_hour_count(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        stores: list[Store] = [make_british_store(session) for _ in range(2)]
        for at in (NOW, NOW + 59 * MINUTE, NOW + HOUR):
            factories.make_due(session, stores[0], due_at=at)
        factories.make_due(session, stores[1])
        assert spread.waiting(session, due.STEP, str(stores[0].id), NOW) == 2
