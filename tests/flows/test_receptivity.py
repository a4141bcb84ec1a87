"""Which hours a store learns to avoid, and from what."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import FixedClock
from app.models import AuditEvent, HourFigure, Message, Store
from app.runtime import Runtime
from flows import receptivity
from flows.receptivity import LEAST_TEXTS, hours_to_avoid
from tests import factories
from tests.factories import NOW
from tests.flows.scenes import fresh

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OPEN_HOURS = range(8, 20)


def evenly(texts: int, stops: int, **others: tuple[int, int]) -> tuple[dict[int, int], dict[int, int]]:
    """A store with the same in every open hour, but for the hours named ``at_<hour>``."""
    by_hour = {hour: (texts, stops) for hour in OPEN_HOURS}
    by_hour |= {int(name.removeprefix("at_")): pair for name, pair in others.items()}
    return {hour: pair[0] for hour, pair in by_hour.items()}, {
        hour: pair[1] for hour, pair in by_hour.items()
    }


def test_an_hour_with_many_more_stops_than_the_others_is_avoided() -> None:
    assert hours_to_avoid(*evenly(500, 5, at_8=(500, 30))) == (8,)


def test_nothing_is_learnt_from_few_texts_few_stops_or_a_small_difference() -> None:
    assert hours_to_avoid({}, {}) == ()
    assert hours_to_avoid(*evenly(500, 0)) == ()
    assert hours_to_avoid(*evenly(500, 5)) == ()
    assert hours_to_avoid(*evenly(500, 5, at_8=(LEAST_TEXTS - 1, 50))) == (), "too few texts"
    assert hours_to_avoid(*evenly(500, 5, at_8=(500, 10))) == (), "not twice the store's"
    assert hours_to_avoid(*evenly(2000, 4, at_8=(200, 1))) == (), "one stop may be chance"


def test_of_many_bad_hours_a_third_of_all_is_avoided_the_worst_ones() -> None:
    worse = {f"at_{hour}": (300, 20 + hour) for hour in range(8, 13)}
    assert hours_to_avoid(*evenly(5000, 5, **worse)) == (9, 10, 11, 12)


shares = st.dictionaries(st.integers(0, 23), st.tuples(st.integers(0, 5000), st.floats(0, 0.2)), max_size=24)


@settings(max_examples=100)
@given(shares)
def test_at_most_a_third_of_the_hours_is_avoided_and_each_for_a_reason(
    found: dict[int, tuple[int, float]],
) -> None:
    texts = {hour: count for hour, (count, _) in found.items()}
    stops = {hour: int(count * share) for hour, (count, share) in found.items()}
    avoided = hours_to_avoid(texts, stops)
    assert len(avoided) * 3 <= sum(count > 0 for count in texts.values())
    for hour in avoided:
        assert texts[hour] >= 200
        assert stops[hour] / texts[hour] > 2 * sum(stops.values()) / sum(texts.values())


def send(
    session: Session, store: Store, hour: int | None, said: timedelta | None = None, **columns: object
) -> None:
    """A text of five days ago, and a stop that long after it."""
    at = NOW - 5 * DAY
    contact = factories.make_contact(session, store)
    cart = factories.make_cart(session, store, contact)
    values = {"phone": contact.phone, "created_at": at, "accepted_at": at, "local_hour": hour} | columns
    factories.make_message(session, store, cart, **values)
    if said is not None:
        factories.make_consent_event(
            session, store, contact.phone, state="withdrawn", source="keyword_stop", occurred_at=at + said
        )


def counted(session: Session, store: Store) -> dict[int, tuple[int, int]]:
    rows = session.scalars(select(HourFigure).where(HourFigure.store_id == store.id))
    return {row.hour: (row.texts, row.stops) for row in rows}


def test_a_stop_counts_for_the_hour_of_the_last_text_before_it(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session)
        send(session, store, 9)
        send(session, store, 9, said=2 * HOUR)
        send(session, store, 9, said=8 * DAY)
        send(session, store, 9, said=-HOUR)
        send(session, store, 10, accepted_at=None, status="failed")
        send(session, store, None, said=HOUR)
        send(session, store, 9, kind="help", said=HOUR)
        contact = factories.make_contact(session, store)
        cart = factories.make_cart(session, store, contact)
        for hour, age in ((11, 4 * DAY), (12, 3 * DAY)):
            factories.make_message(
                session, store, cart, phone=contact.phone, local_hour=hour, created_at=NOW - age
            )
        factories.make_consent_event(
            session,
            store,
            contact.phone,
            state="withdrawn",
            source="provider_opt_out",
            occurred_at=NOW - 2 * DAY,
        )
        for _ in range(2):
            receptivity.count_hours(session, store.id, NOW)
        assert counted(session, store) == {9: (4, 1), 11: (1, 0), 12: (1, 1)}


def test_a_night_teaches_a_store_and_half_a_year_makes_it_forget(runtime: Runtime, clock: FixedClock) -> None:
    with runtime.database.session() as session:
        store, other = factories.make_store(session), factories.make_store(session)
        for hour in range(8, 14):
            stops = 40 if hour == 8 else 2
            session.add(
                HourFigure(store_id=store.id, day=(NOW - 20 * DAY).date(), hour=hour, texts=400, stops=stops)
            )
    assert receptivity.learn(runtime, NOW + HOUR) == 1
    assert (fresh(runtime, store).avoided_hours, fresh(runtime, other).avoided_hours) == ([8], [])
    assert receptivity.learn(runtime, NOW + HOUR) == 0
    clock.advance(161 * DAY)
    assert receptivity.learn(runtime, clock.now() + HOUR) == 1
    assert fresh(runtime, store).avoided_hours == []
    with runtime.database.session() as session:
        told = session.execute(select(AuditEvent.action, AuditEvent.details).order_by(AuditEvent.id)).all()
        assert told == [("hours_learnt", {"hours": ["08:00"]}), ("hours_learnt", {"hours": []})]
        assert session.scalars(select(Message.id)).all() == []
