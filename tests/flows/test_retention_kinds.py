"""Every kind of data goes when its time is over, not a day sooner, store by store, and it is written down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.clock import FixedClock
from app.models import (
    AuditEvent,
    Cart,
    Click,
    ComplianceRequest,
    ConsentEvent,
    Contact,
    DataExport,
    Enrollment,
    Message,
    Order,
    Reply,
    RetentionRun,
    Store,
    Suppression,
)
from app.runtime import Runtime
from flows import retention, retention_kinds
from flows.retention_rules import days, rules
from tests import factories
from tests.factories import NOW
from tests.flows.whole_person import Whole, make_whole_person, naming

PHONE = "+38640123467"
LATER = timedelta(minutes=1)


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, country="SI", domain="lanena.example")


@pytest.fixture
def zora(runtime: Runtime, store: Store) -> Whole:
    with runtime.database.session() as session:
        zora = make_whole_person(session, runtime, store, "zora-q", PHONE)
        session.add(AuditEvent(store_id=store.id, actor="operator", action="x", occurred_at=NOW))
        session.execute(update(Cart).values(state="expired"))
        session.execute(update(Enrollment).values(state="completed"))
        return zora


def night(runtime: Runtime) -> None:
    retention.run(runtime, runtime.clock.now() + LATER)


def reports(runtime: Runtime) -> dict[str, int]:
    with runtime.database.session() as session:
        return {run.kind: run.erased for run in session.scalars(select(RetentionRun))}


def value(runtime: Runtime, column: Any) -> set[Any]:
    with runtime.database.session() as session:
        return set(session.scalars(select(column)))


KINDS: dict[str, Any] = {
    "message_bodies": Message.body,
    "replies": Reply.body,
    "clicks": Click.agent,
    "carts": Cart.email,
    "orders": Order.email,
    "audit": AuditEvent.action,
    "exports": DataExport.content,
}


def test_every_kind_of_the_table_is_erased_by_somebody() -> None:
    done_elsewhere = {"applied_bodies", "failed_bodies"}
    assert {kind for kind, _ in retention_kinds.KINDS} | done_elsewhere == set(rules())


@pytest.mark.usefixtures("zora")
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_goes_when_its_time_is_over_and_not_sooner(
    runtime: Runtime, clock: FixedClock, kind: str
) -> None:
    with runtime.database.session() as session:
        session.execute(update(Contact).values(updated_at=NOW + timedelta(days=3_000)))
    clock.advance(timedelta(days=days(kind)) - LATER)
    night(runtime)
    assert value(runtime, KINDS[kind]) - {None}
    clock.advance(timedelta(days=1))
    night(runtime)
    assert value(runtime, KINDS[kind]) - {None} == set()
    assert reports(runtime)[kind] >= 1


def test_a_merchant_s_shorter_time_counts_for_that_store_alone(
    runtime: Runtime, clock: FixedClock, store: Store, zora: Whole
) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session)
        make_whole_person(session, runtime, other, "jaka-w", "+38640765432")
        session.get_one(Store, store.id).retention = {"message_bodies": 30}
    clock.advance(timedelta(days=31))
    night(runtime)
    with runtime.database.session() as session:
        bodies = {
            message.store_id: message.body for message in session.scalars(select(Message)) if message.body
        }
    assert set(bodies) == {other.id}


def test_somebody_who_is_silent_for_long_is_erased_like_one_who_asked(
    runtime: Runtime, clock: FixedClock, zora: Whole
) -> None:
    clock.advance(timedelta(days=731))
    night(runtime)
    with runtime.database.session() as session:
        assert naming(session, *zora.marks) == {}
        assert session.get_one(Contact, zora.contact.id).erased_at == clock.now()
        assert len(session.scalars(select(ConsentEvent)).all()) == 2
        assert session.scalars(select(Suppression.lifted_at)).all() == [None]


RECENT = {
    "a cart": (Cart, "activity_at"),
    "an order": (Order, "placed_at"),
    "a reply": (Reply, "received_at"),
}


@pytest.mark.parametrize("name", RECENT)
def test_somebody_of_whom_something_was_heard_stays(
    runtime: Runtime, clock: FixedClock, zora: Whole, name: str
) -> None:
    model, column = RECENT[name]
    clock.advance(timedelta(days=731))
    with runtime.database.session() as session:
        owned = update(model).where(model.contact_id == zora.contact.id)
        session.execute(owned.values({column: clock.now() - timedelta(days=10)}))
    night(runtime)
    with runtime.database.session() as session:
        assert session.get_one(Contact, zora.contact.id).erased_at is None


@pytest.mark.usefixtures("zora")
def test_the_evidence_goes_five_years_after_the_last_text(runtime: Runtime, clock: FixedClock) -> None:
    clock.advance(timedelta(days=1_000))
    night(runtime)
    with runtime.database.session() as session:
        session.execute(update(ConsentEvent).values(last_text_at=NOW + timedelta(days=500)))
    clock.advance(timedelta(days=500 + 1826 - 1_000))
    night(runtime)
    assert len(value(runtime, ConsentEvent.id)) == 2
    clock.advance(timedelta(days=1))
    night(runtime)
    assert value(runtime, ConsentEvent.id) == set()
    assert value(runtime, Suppression.domain) == {"lanena.example"}


@pytest.mark.usefixtures("zora")
def test_an_answered_request_forgets_its_name_first_and_goes_after_three_years(
    runtime: Runtime, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        session.execute(update(Contact).values(updated_at=NOW + timedelta(days=3_000)))
    clock.advance(timedelta(days=31))
    night(runtime)
    assert list(value(runtime, ComplianceRequest.result)) == ["handed to the merchant"]
    with runtime.database.session() as session:
        assert session.scalars(select(ComplianceRequest.request)).all() == [{}]
    clock.advance(timedelta(days=1_095 - 30))
    night(runtime)
    assert value(runtime, ComplianceRequest.id) == set()


def test_a_store_is_done_once_a_day_and_the_next_run_takes_up_what_is_left(
    runtime: Runtime, clock: FixedClock, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert retention.erase_old(runtime, clock.now() + LATER) == 1
    assert retention.erase_old(runtime, clock.now() + LATER) == 0
    clock.advance(timedelta(days=1))
    assert retention.erase_old(runtime, clock.now()) == 0
    assert value(runtime, Store.retained_at) == {NOW}
    assert retention.erase_old(runtime, clock.now() + LATER) == 1


def test_more_than_one_batch_is_erased_in_one_run(
    runtime: Runtime, clock: FixedClock, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        cart = factories.make_cart(session, store, contact)
        for _ in range(5):
            factories.make_message(session, store, cart, body="x")
    clock.advance(timedelta(days=366))
    night(runtime)
    assert reports(runtime)["message_bodies"] == 5


def test_a_cart_that_is_still_in_a_flow_waits(runtime: Runtime, clock: FixedClock, store: Store) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        cart = factories.make_cart(session, store, contact, email="a@example.com")
        factories.make_enrollment(session, store, factories.make_flow(session, store), contact, cart)
    clock.advance(timedelta(days=181))
    night(runtime)
    assert value(runtime, Cart.email) == {"a@example.com"}


def test_the_limit_of_a_kind_is_that_of_the_store(runtime: Runtime, store: Store) -> None:
    limits: dict[str, datetime] = retention.limits(store, NOW)
    assert limits["consent"] == NOW - timedelta(days=1826)
