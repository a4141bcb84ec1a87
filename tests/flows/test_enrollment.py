from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Cart, Contact, Due, Enrollment, Flow, Store, TimelineEntry
from app.runtime import Runtime
from connectors.events import ConsentState, Key
from flows import due, enrollment, registry
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.test_consents import record
from tests.flows.told import ANNA, NOBODY, minutes_ago, tick
from tests.queries import reads, statements

IDLE = timedelta(minutes=30)


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB", currency="GBP")
        factories.make_flow(session, store)
    return store


def _due(runtime: Runtime) -> dict[str, datetime]:
    return {row.kind: row.due_at for row in told.rows(runtime, Due)}


def _told(runtime: Runtime) -> list[tuple[str, str | None]]:
    return [(line.kind, line.reason) for line in told.rows(runtime, TimelineEntry)]


def _left(runtime: Runtime, store: Store, at: float = 40, **changes: Any) -> None:
    """Anna left her cart, with her consent, so long ago that it is idle."""
    told.apply(runtime, store, told.cart(at=at, **{"consent": tick(at=at), **changes}))


def test_an_idle_cart_with_number_and_consent_is_enrolled(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    assert enrollment.drain(runtime) == 1
    row, cart = told.row(runtime, Enrollment), told.row(runtime, Cart)
    assert (row.subject_type, row.subject_id, row.contact_id) == ("cart", cart.id, cart.contact_id)
    assert (row.state, row.flow_version, row.step_index, row.round) == ("active", 1, 0, 0)
    assert _due(runtime) == {"step": minutes_ago(40) + IDLE}
    assert _told(runtime) == [("seen", None), ("enrolled", None)]


def test_a_cart_that_is_not_idle_yet_is_not_looked_at(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    _left(runtime, store, at=29)
    assert enrollment.drain(runtime) == 0
    clock.advance(timedelta(minutes=1))
    assert enrollment.drain(runtime) == 1


def _switch(runtime: Runtime, store: Store, active: bool) -> None:
    with runtime.database.session() as session:
        flow = session.scalars(select(Flow).where(Flow.store_id == store.id)).one()
        registry.switch(session, store, flow.id, active, "owner", runtime.clock.now())


def test_with_no_flow_switched_on_a_cart_waits_and_enters_the_flow_that_is(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
        factories.make_flow(session, neighbour)
    for shop in (store, neighbour):
        _switch(runtime, shop, active=False)
        _left(runtime, shop)
    enrollment.drain(runtime)
    assert told.rows(runtime, Enrollment) == []
    assert {cart.waits_for for cart in told.rows(runtime, Cart)} == {"no_active_flow"}

    clock.advance(timedelta(hours=1))
    _switch(runtime, store, active=True)
    assert enrollment.drain(runtime) == 1
    assert told.row(runtime, Enrollment).store_id == store.id
    assert {cart.waits_for for cart in told.rows(runtime, Cart)} == {"no_active_flow", None}


def test_a_flow_that_is_switched_on_too_late_takes_no_cart(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    _switch(runtime, store, active=False)
    _left(runtime, store)
    enrollment.drain(runtime)
    clock.advance(timedelta(days=4))
    _switch(runtime, store, active=True)
    enrollment.drain(runtime)
    assert told.rows(runtime, Enrollment) == []
    assert _told(runtime)[-1] == ("ended", "too_late")


def test_the_first_step_waits_for_the_flows_delay(runtime: Runtime, store: Store) -> None:
    steps = [{"key": "reminder", "delay": "PT2H", "texts": {}}]
    with runtime.database.session() as session:
        registry.import_definition(session, store, factories.DEFINITION | {"steps": steps}, "system", NOW)
    _left(runtime, store)
    enrollment.drain(runtime)
    assert _due(runtime) == {"step": minutes_ago(40) + IDLE + timedelta(hours=2)}


def test_a_cart_is_enrolled_once_whatever_happens(runtime: Runtime, store: Store, clock: FixedClock) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    with runtime.database.session() as session:
        row = session.scalar(select(Enrollment))
        assert row is not None
        row.state, row.sent = "completed", 1
    told.apply(runtime, store, told.cart(at=-1, step="payment"))
    clock.advance(timedelta(days=1))
    enrollment.drain(runtime)
    assert len(told.rows(runtime, Enrollment)) == 1


def test_two_workers_enroll_a_cart_once(runtime: Runtime, store: Store) -> None:
    for number in range(20):
        keys = (Key("checkout_token", f"checkout-{number}"),)
        _left(runtime, store, keys=keys, consent=tick(at=40))
    workers = [threading.Thread(target=enrollment.drain, args=(runtime,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    subjects = [row.subject_id for row in told.rows(runtime, Enrollment)]
    assert sorted(subjects) == sorted(cart.id for cart in told.rows(runtime, Cart))


def test_running_enrollments_keep_the_version_they_began_with(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    quick = {"type": "cart_abandoned", "idle": "PT5M", "cutoff": "P1D"}
    with runtime.database.session() as session:
        registry.import_definition(session, store, factories.DEFINITION | {"trigger": quick}, "system", NOW)
    told.apply(runtime, store, told.cart(at=10, step="payment", consent=tick(at=40)))
    assert told.row(runtime, Enrollment).flow_version == 1
    assert _due(runtime) == {"step": minutes_ago(10) + IDLE}


def test_activity_before_the_first_text_moves_it(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    told.apply(runtime, store, told.cart(at=5, step="payment", consent=tick(at=40)))
    assert _due(runtime) == {"step": minutes_ago(5) + IDLE}


def test_activity_after_the_first_text_moves_nothing(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    with runtime.database.session() as session:
        row = session.scalar(select(Enrollment))
        assert row is not None
        row.sent, row.step_index = 1, 1
    before = _due(runtime)
    told.apply(runtime, store, told.cart(at=5, step="payment", consent=tick(at=40)))
    assert _due(runtime) == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shopper": NOBODY, "consent": None}, "no_number"),
        ({"consent": None}, "no_consent"),
    ],
)
def test_what_is_missing_is_waited_for_and_told(
    runtime: Runtime, store: Store, changes: dict[str, Any], reason: str
) -> None:
    _left(runtime, store, **changes)
    enrollment.drain(runtime)
    assert told.rows(runtime, Enrollment) == []
    assert told.row(runtime, Cart).waits_for == reason
    [_, line] = told.rows(runtime, TimelineEntry)
    deadline = minutes_ago(40) + timedelta(days=4)
    assert (line.kind, line.reason, line.until) == ("waited", reason, deadline)
    assert _due(runtime) == {"cart_expiry": deadline}


def test_an_american_number_waits_for_a_confirmed_consent(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).ships_to = ["US"]
    american = replace(ANNA, phones=("+14235550123",), country="US")
    _left(runtime, store, shopper=american, consent=tick("+14235550123", at=40))
    enrollment.drain(runtime)
    assert told.row(runtime, Cart).waits_for == "no_double_opt_in"
    told.apply(runtime, store, record(ConsentState.GIVEN, at=1, phone="+14235550123", confirmed=True))
    enrollment.drain(runtime)
    assert told.row(runtime, Enrollment).state == "active"


def test_a_cart_is_enrolled_when_the_missing_number_comes(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    _left(runtime, store, shopper=NOBODY, consent=None)
    enrollment.drain(runtime)
    told.apply(runtime, store, told.cart(at=0, consent=tick()))
    assert _due(runtime)["cart_idle"] == NOW + IDLE
    clock.advance(IDLE)
    enrollment.drain(runtime)
    assert told.row(runtime, Cart).waits_for is None
    assert _due(runtime) == {"step": NOW + IDLE}


def test_a_cart_that_waited_too_long_has_expired(runtime: Runtime, store: Store, clock: FixedClock) -> None:
    _left(runtime, store, consent=None)
    enrollment.drain(runtime)
    clock.advance(timedelta(days=4))
    enrollment.drain(runtime)
    assert (told.row(runtime, Cart).state, told.row(runtime, Cart).waits_for) == ("expired", None)
    assert _told(runtime)[-1] == ("ended", "too_late")
    assert _due(runtime) == {}


def test_a_shopper_who_comes_back_to_an_expired_cart_begins_anew(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    _left(runtime, store, consent=None)
    enrollment.drain(runtime)
    clock.advance(timedelta(days=5))
    enrollment.drain(runtime)
    back = timedelta(days=5).total_seconds() / 60
    told.apply(runtime, store, told.cart(at=-back, step="payment"))
    assert told.row(runtime, Cart).state == "open"
    assert _due(runtime) == {"cart_idle": clock.now() + IDLE}


def test_a_cart_that_fills_again_goes_on_with_its_one_enrollment(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    told.apply(runtime, store, told.cart(at=20, items=(), consent=tick(at=40)))
    ended = told.row(runtime, Enrollment)
    assert (ended.state, ended.reason, _due(runtime)) == ("ended", "cart_emptied", {})
    told.apply(runtime, store, told.cart(at=10, consent=tick(at=40)))
    again = told.row(runtime, Enrollment)
    assert (again.id, again.state, again.reason, again.ended_at) == (ended.id, "active", None, None)
    assert _due(runtime) == {"step": minutes_ago(10) + IDLE}


def test_a_cart_that_was_texted_and_emptied_stays_out(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    with runtime.database.session() as session:
        row = session.scalar(select(Enrollment))
        assert row is not None
        row.sent, row.step_index = 1, 1
    told.apply(runtime, store, told.cart(at=20, items=()), told.cart(at=10))
    assert told.row(runtime, Enrollment).state == "ended"
    assert _due(runtime) == {}


def test_a_corrected_number_is_the_one_that_will_be_texted(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    corrected = replace(ANNA, phones=("+447400999999",))
    told.apply(runtime, store, told.cart(at=5, shopper=corrected, consent=tick("+447400999999", at=5)))
    with runtime.database.session() as session:
        contact = session.get_one(Contact, told.row(runtime, Enrollment).contact_id)
        assert contact.phone == "+447400999999"


def test_whoever_ordered_meanwhile_is_not_enrolled(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    told.apply(runtime, store, told.order(at=5, keys=()))
    enrollment.drain(runtime)
    assert told.rows(runtime, Enrollment) == []
    assert _told(runtime)[-1] == ("ended", "ordered")
    assert _due(runtime) == {}


def test_an_order_by_e_mail_alone_counts_too(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    told.apply(runtime, store, told.order(at=5, keys=(), shopper=replace(NOBODY, email="anna@EXAMPLE.com")))
    enrollment.drain(runtime)
    assert _told(runtime)[-1] == ("ended", "ordered")


def test_an_order_from_before_the_last_activity_does_not_count(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.order(at=90, keys=()))
    _left(runtime, store)
    enrollment.drain(runtime)
    assert told.row(runtime, Enrollment).state == "active"


def test_an_order_in_another_store_does_not_count(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
    _left(runtime, store)
    told.apply(runtime, neighbour, told.order(at=5, keys=()))
    enrollment.drain(runtime)
    assert told.row(runtime, Enrollment).state == "active"


@pytest.mark.parametrize(
    "mention",
    [
        "checkout_token:checkout-1",
        "cart_token:token-1",
        "phone:447400123456",
        "phone:07400123456",
        "email:anna@example.com",
        "customer:7",
    ],
)
def test_news_that_is_not_read_yet_is_waited_for(runtime: Runtime, store: Store, mention: str) -> None:
    _left(runtime, store)
    with runtime.database.session() as session:
        factories.make_inbound_event(session, store, mentions=["phone:1", mention])
    enrollment.drain(runtime)
    assert told.rows(runtime, Enrollment) == []
    assert _told(runtime)[-1] == ("held", "event_pending")
    assert _due(runtime)["cart_idle"] > NOW


def test_news_of_others_is_not_waited_for(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
        factories.make_inbound_event(session, neighbour, mentions=["phone:447400123456"])
        factories.make_inbound_event(session, store, mentions=["phone:447400999999"])
        factories.make_inbound_event(session, store, mentions=["customer:7"], state="applied")
    _left(runtime, store)
    enrollment.drain(runtime)
    assert told.row(runtime, Enrollment).state == "active"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"status": "paused"}, "store_paused"),
        ({"status": "reconnect"}, "store_inactive"),
    ],
)
def test_a_store_that_may_not_send_holds_its_carts(
    runtime: Runtime, store: Store, columns: dict[str, str], reason: str
) -> None:
    _left(runtime, store)
    with runtime.database.session() as session:
        for name, value in columns.items():
            setattr(session.get_one(Store, store.id), name, value)
    for _ in range(2):
        enrollment.drain(runtime)
    assert _told(runtime) == [("seen", None), ("held", reason)]


def test_a_country_that_is_switched_off_ends_before_it_began(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).countries = ["DE"]
    _left(runtime, store)
    enrollment.drain(runtime)
    assert _told(runtime)[-1] == ("ended", "country_off")


def test_a_landline_ends_before_it_began(runtime: Runtime, store: Store) -> None:
    _left(runtime, store, shopper=replace(ANNA, phones=("020 7946 0958",)))
    enrollment.drain(runtime)
    assert _told(runtime)[-1] == ("ended", "not_mobile")


def test_a_stopped_number_ends_before_it_began(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    told.apply(runtime, store, record(ConsentState.WITHDRAWN, at=1))
    enrollment.drain(runtime)
    assert _told(runtime)[-1] == ("ended", "stopped")


def test_a_cart_left_before_the_install_is_kept_and_never_enrolled(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).installed_at = minutes_ago(10)
    _left(runtime, store)
    enrollment.drain(runtime)
    assert told.row(runtime, Cart).state == "open"
    assert told.rows(runtime, Enrollment) == []
    assert _told(runtime)[-1] == ("ended", "before_install")


def test_a_shopper_who_comes_back_to_a_cart_from_before_the_install_counts(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).installed_at = minutes_ago(10)
    _left(runtime, store)
    enrollment.drain(runtime)
    told.apply(runtime, store, told.cart(at=2, step="payment", consent=tick(at=40)))
    clock.advance(IDLE)
    enrollment.drain(runtime)
    assert told.row(runtime, Enrollment).state == "active"


def test_without_an_active_flow_nobody_is_enrolled(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        flow = session.scalar(select(Flow))
        assert flow is not None
        flow.active = False
    _left(runtime, store)
    enrollment.drain(runtime)
    assert told.rows(runtime, Enrollment) == []


def test_a_cart_that_somebody_is_changing_is_looked_at_a_moment_later(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    _left(runtime, store)
    with runtime.database.session() as session:
        session.scalars(select(Cart).with_for_update()).all()
        enrollment.drain(runtime)
    assert told.rows(runtime, Enrollment) == []
    clock.advance(enrollment.LOCKED_PAUSE)
    enrollment.drain(runtime)
    assert told.row(runtime, Enrollment).state == "active"


def test_activity_that_comes_while_a_cart_is_being_looked_at_wins(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    claims = due.claim(runtime.database, "cart_idle", 10, NOW, enrollment.LEASE)
    told.apply(runtime, store, told.cart(at=0, step="payment", consent=tick(at=40)))
    enrollment._look(runtime, claims, NOW)
    assert told.rows(runtime, Enrollment) == []
    assert _due(runtime) == {"cart_idle": NOW + IDLE}


def test_a_drain_stops_at_its_deadline(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    assert enrollment.drain(runtime, deadline=NOW) == 0


def test_many_carts_are_read_with_as_many_queries_as_one(runtime: Runtime, store: Store) -> None:
    counts = []
    for carts in (range(1), range(1, 31)):
        for number in carts:
            _left(runtime, store, keys=(Key("checkout_token", f"checkout-{number}"),), consent=None)
        with statements(runtime) as sent:
            enrollment.drain(runtime)
        counts.append(reads(sent))
    assert counts[0] == counts[1] > 0


def test_the_end_of_a_contact_is_the_end_of_all_its_enrollments(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    contact_id = told.row(runtime, Enrollment).contact_id
    with runtime.database.session() as session:
        assert enrollment.end_for_contact(session, store.id, contact_id, "stopped", NOW) == 1
        assert enrollment.end_for_contact(session, store.id, contact_id, "stopped", NOW) == 0
    row = told.row(runtime, Enrollment)
    assert (row.state, row.reason, row.ended_at) == ("ended", "stopped", NOW)
    assert (_due(runtime), _told(runtime)[-1]) == ({}, ("ended", "stopped"))


def test_another_stores_enrollment_with_the_same_ids_is_not_ended(runtime: Runtime, store: Store) -> None:
    _left(runtime, store)
    enrollment.drain(runtime)
    row = told.row(runtime, Enrollment)
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
        assert enrollment.end_for_cart(session, neighbour.id, row.subject_id, "ordered", NOW) == 0
        assert enrollment.end_for_contact(session, neighbour.id, row.contact_id, "stopped", NOW) == 0
        enrollment.end_for_store(session, neighbour.id, "uninstalled", NOW)
    assert told.row(runtime, Enrollment).state == "active"
