from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.models import Cart, Store, TimelineEntry
from app.runtime import Runtime
from flows import timeline
from tests import factories
from tests.factories import NOW


def _cart(runtime: Runtime) -> tuple[Store, Cart]:
    with runtime.database.session() as session:
        store = factories.make_store(session)
        return store, factories.make_cart(session, store)


def _lines(runtime: Runtime, cart: Cart) -> list[TimelineEntry]:
    with runtime.database.session() as session:
        query = select(TimelineEntry).where(TimelineEntry.cart_id == cart.id).order_by(TimelineEntry.id)
        return list(session.scalars(query))


def test_a_line_keeps_everything_it_is_given(runtime: Runtime) -> None:
    store, cart = _cart(runtime)
    with runtime.database.session() as session:
        timeline.record(
            session,
            store.id,
            cart.id,
            "skipped",
            NOW,
            reason="no_offer",
            step_key="reminder",
            details={"a": 1},
        )
    [line] = _lines(runtime, cart)
    assert (line.kind, line.reason, line.step_key, line.details) == (
        "skipped",
        "no_offer",
        "reminder",
        {"a": 1},
    )
    assert line.occurred_at == NOW


def test_a_hold_that_goes_on_moves_its_moment_instead_of_repeating_itself(runtime: Runtime) -> None:
    store, cart = _cart(runtime)
    for hour in (1, 2, 3):
        with runtime.database.session() as session:
            until = NOW + timedelta(hours=hour)
            timeline.record(session, store.id, cart.id, "held", NOW, reason="quiet_hours", until=until)
    assert [line.until for line in _lines(runtime, cart)] == [NOW + timedelta(hours=3)]


def test_another_reason_or_step_is_another_line(runtime: Runtime) -> None:
    store, cart = _cart(runtime)
    for reason, step in (("no_number", None), ("no_consent", None), ("no_consent", "reminder")):
        with runtime.database.session() as session:
            timeline.record(session, store.id, cart.id, "waited", NOW, reason=reason, step_key=step)
    assert len(_lines(runtime, cart)) == 3


def test_a_wait_after_something_else_happened_is_told_again(runtime: Runtime) -> None:
    store, cart = _cart(runtime)
    for minute, kind in enumerate(("waited", "changed", "waited")):
        with runtime.database.session() as session:
            reason = "no_number" if kind == "waited" else None
            timeline.record(session, store.id, cart.id, kind, NOW + timedelta(minutes=minute), reason=reason)
    assert [line.kind for line in _lines(runtime, cart)] == ["waited", "changed", "waited"]


def test_two_sends_with_the_same_reason_are_two_lines(runtime: Runtime) -> None:
    store, cart = _cart(runtime)
    for _ in range(2):
        with runtime.database.session() as session:
            timeline.record(session, store.id, cart.id, "sent", NOW, step_key="reminder")
    assert len(_lines(runtime, cart)) == 2


def test_many_carts_are_written_in_order_and_apart(runtime: Runtime) -> None:
    store, first = _cart(runtime)
    with runtime.database.session() as session:
        second = factories.make_cart(session, store)
    lines = [timeline.Line(store.id, cart.id, "held", NOW, "cap") for cart in (first, second)]
    for _ in range(2):
        with runtime.database.session() as session:
            timeline.record_all(session, lines)
    assert [len(_lines(runtime, cart)) for cart in (first, second)] == [1, 1]
