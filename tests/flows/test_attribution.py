"""Which orders count as recovered: the rule that merchants read, case by case."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import Cart, Click, Contact, Message, Order, Recovery, Store, StoreFlag
from app.runtime import Runtime
from flows import attribution
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.scenes import Scene, make_scene

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def text_of(session: Session, scene: Scene, cart: Cart | None = None, **columns: Any) -> Message:
    return factories.make_message(session, scene.store, cart or scene.cart, **columns)


def click(session: Session, scene: Scene, message: Message, at: datetime, human: bool = True) -> None:
    link = factories.make_link(session, scene.store, message)
    session.add(Click(store_id=scene.store.id, link_id=link.id, human=human, occurred_at=at))
    if human:
        message.clicked_at = at
    session.flush()


def order(session: Session, scene: Scene, at: datetime, **columns: Any) -> Order:
    values = {"cart_id": scene.cart.id, "contact_id": scene.contact.id, "placed_at": at}
    placed = factories.make_order(session, scene.store, **(values | columns))
    attribution.attribute(session, scene.store, placed, at)
    return placed


def again(runtime: Runtime, placed: Order, **changes: Any) -> None:
    with runtime.database.session() as session:
        row = session.get_one(Order, placed.id)
        for name, value in changes.items():
            setattr(row, name, value)
        session.flush()
        attribution.attribute(session, session.get_one(Store, row.store_id), row, NOW)


def recoveries(runtime: Runtime) -> list[Recovery]:
    with runtime.database.session() as session:
        return list(session.scalars(select(Recovery).order_by(Recovery.order_id)))


def test_an_order_of_the_same_cart_after_its_text_is_recovered(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        message = text_of(session, scene)
        placed = order(session, scene, NOW + MINUTE)
    (recovery,) = recoveries(runtime)
    assert (recovery.order_id, recovery.cart_id, recovery.message_id) == (
        placed.id,
        scene.cart.id,
        message.id,
    )
    assert (recovery.rule, recovery.clicked, recovery.recovered_at) == ("cart", False, NOW + MINUTE)
    assert scenes.story(runtime, scene.cart) == [("recovered", None)]


def test_the_last_text_before_the_order_gets_the_credit(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        text_of(session, scene, accepted_at=NOW - DAY)
        second = text_of(session, scene, accepted_at=NOW)
        text_of(session, scene, accepted_at=NOW + DAY)
        order(session, scene, NOW + MINUTE)
    assert [recovery.message_id for recovery in recoveries(runtime)] == [second.id]


@pytest.mark.parametrize("accepted_at", [None, NOW + timedelta(minutes=5)])
def test_an_order_before_the_text_was_accepted_is_not_recovered(
    runtime: Runtime, scene: Scene, accepted_at: datetime | None
) -> None:
    with runtime.database.session() as session:
        text_of(session, scene, accepted_at=accepted_at, status="sending")
        order(session, scene, NOW + MINUTE)
    assert recoveries(runtime) == []


def test_an_order_of_the_very_second_of_the_text_counts(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        text_of(session, scene, accepted_at=NOW + timedelta(milliseconds=400))
        order(session, scene, NOW)
    assert len(recoveries(runtime)) == 1


def test_an_order_after_a_click_is_told_apart(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        click(session, scene, text_of(session, scene), NOW + MINUTE)
        order(session, scene, NOW + 2 * MINUTE)
    (recovery,) = recoveries(runtime)
    assert (recovery.rule, recovery.clicked) == ("cart", True)


def test_a_click_after_the_order_brought_nothing(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        click(session, scene, text_of(session, scene), NOW + 5 * MINUTE)
        order(session, scene, NOW + 2 * MINUTE)
    (recovery,) = recoveries(runtime)
    assert recovery.clicked is False


@pytest.mark.parametrize(("after", "recovered"), [(7 * DAY, True), (7 * DAY + MINUTE, False)])
def test_another_cart_of_the_contact_counts_for_seven_days_after_a_click(
    runtime: Runtime, scene: Scene, after: timedelta, recovered: bool
) -> None:
    with runtime.database.session() as session:
        message = text_of(session, scene)
        click(session, scene, message, NOW + MINUTE)
        contact = session.get_one(Contact, scene.contact.id)
        other = factories.make_cart(session, scene.store, contact)
        order(session, scene, NOW + MINUTE + after, cart_id=other.id)
    found = [(one.rule, one.clicked, one.cart_id, one.message_id) for one in recoveries(runtime)]
    assert found == ([("click", True, scene.cart.id, message.id)] if recovered else [])


def test_an_order_without_a_cart_counts_after_a_click_only(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        message = text_of(session, scene)
        order(session, scene, NOW + MINUTE, cart_id=None)
        click(session, scene, message, NOW + 2 * MINUTE, human=False)
        order(session, scene, NOW + 3 * MINUTE, cart_id=None)
        click(session, scene, message, NOW + 4 * MINUTE)
        counted = order(session, scene, NOW + 5 * MINUTE, cart_id=None)
    assert [recovery.order_id for recovery in recoveries(runtime)] == [counted.id]


def test_a_text_to_another_contact_brings_nothing(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        click(session, scene, text_of(session, scene), NOW)
        stranger = factories.make_contact(session, scene.store)
        order(session, scene, NOW + MINUTE, cart_id=None, contact_id=stranger.id)
    assert recoveries(runtime) == []


def test_a_test_order_never_counts(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        text_of(session, scene)
        order(session, scene, NOW + MINUTE, test=True)
    assert recoveries(runtime) == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled"},
        {"status": "refunded", "refunded": Decimal("48.00")},
        {"refunded": Decimal("48.00")},
        {"test": True},
    ],
)
def test_an_order_that_comes_to_nothing_loses_its_recovery(
    runtime: Runtime, scene: Scene, change: dict[str, Any]
) -> None:
    with runtime.database.session() as session:
        text_of(session, scene)
        placed = order(session, scene, NOW + MINUTE)
    again(runtime, placed, **change)
    assert recoveries(runtime) == []


def test_an_order_that_is_refunded_in_part_stays_recovered_and_is_counted_anew(
    runtime: Runtime, scene: Scene
) -> None:
    with runtime.database.session() as session:
        text_of(session, scene)
        placed = order(session, scene, NOW + MINUTE)
        session.execute(delete(StoreFlag))
    again(runtime, placed, refunded=Decimal("10.00"))
    assert len(recoveries(runtime)) == 1
    with runtime.database.session() as session:
        assert session.scalars(select(StoreFlag)).all() != []
    assert scenes.story(runtime, scene.cart) == [("recovered", None)]


def test_the_days_of_the_order_and_of_its_texts_are_counted_anew(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        text_of(session, scene, accepted_at=NOW - DAY)
        text_of(session, scene, accepted_at=NOW)
        order(session, scene, NOW + 2 * DAY)
        flags = session.scalars(select(StoreFlag.value)).all()
    assert {value.partition("#")[0] for value in flags} == {"2026-11-20", "2026-11-21", "2026-11-23"}


def test_one_store_never_earns_what_another_one_texted(runtime: Runtime, scene: Scene) -> None:
    with runtime.database.session() as session:
        other = make_scene(session, contact={"phone": scene.contact.phone})
        click(session, scene, text_of(session, scene), NOW)
        order(session, other, NOW + MINUTE)
    assert recoveries(runtime) == []
