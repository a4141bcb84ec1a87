from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.models import (
    AuditEvent,
    Cart,
    ComplianceRequest,
    Consent,
    ConsentEvent,
    Contact,
    Credential,
    Due,
    Enrollment,
    InboundEvent,
    Link,
    Membership,
    Message,
    Order,
    Person,
    Reply,
    Store,
    StoreFlag,
    Suppression,
    TimelineEntry,
)
from app.runtime import Runtime
from connectors.events import (
    ComplianceRequested,
    ConnectionBroken,
    ConsentState,
    Key,
    RequestKind,
    ScopesChanged,
    StoreChanged,
    Uninstalled,
)
from flows import enrollment, installation
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.test_consents import record
from tests.flows.told import PHONE, minutes_ago, tick

SHOP_ID = "548380009"
OTHER_CART = Key("checkout_token", "checkout-2")


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, country="GB", platform_store_id=SHOP_ID)


def _store(runtime: Runtime, store: Store) -> Store:
    [row] = [row for row in told.rows(runtime, Store) if row.id == store.id]
    return row


def _fill(runtime: Runtime, store: Store) -> None:
    """Anna's cart with a text on its way, and all that hangs on it."""
    told.apply(runtime, store, told.cart(at=60, consent=tick(at=60)), told.order(at=5, keys=(), order_id="1"))
    with runtime.database.session() as session:
        contact = session.query(Contact).filter_by(store_id=store.id).one()
        cart = session.query(Cart).filter_by(store_id=store.id).one()
        flow = factories.make_flow(session, store)
        enrollment = factories.make_enrollment(session, store, flow, contact, cart)
        factories.make_credential(session, runtime, store, "shopify_tokens", {"access_token": "a"})
        message = Message(
            store_id=store.id,
            contact_id=contact.id,
            cart_id=cart.id,
            enrollment_id=enrollment.id,
            phone=PHONE,
            body="Hello Anna",
            language="en",
            encoding="GSM-7",
            segments=1,
            lane=str(store.id),
            created_at=NOW,
        )
        session.add(message)
        session.flush()
        link = {"message_id": message.id, "cart_id": cart.id, "contact_id": contact.id}
        later = NOW + timedelta(days=30)
        session.add(Link(store_id=store.id, token=f"t{store.id}", created_at=NOW, expires_at=later, **link))
        session.add(
            Reply(
                store_id=store.id,
                contact_id=contact.id,
                provider="sandbox",
                provider_id=f"r{store.id}",
                from_number=PHONE,
                to_number="+447400000000",
                body="Hi, it is Anna",
                intent="other",
                received_at=NOW,
            )
        )
        person = Person(external_id=f"person-{store.id}", name="Merchant", created_at=NOW)
        session.add(person)
        session.flush()
        session.add(Membership(store_id=store.id, person_id=person.id, created_at=NOW))


def test_what_the_platform_tells_of_a_store_is_taken_over_and_the_rest_stays(
    runtime: Runtime, store: Store
) -> None:
    told.apply(
        runtime,
        store,
        StoreChanged(
            platform_store_id=SHOP_ID, name="Totes & Tees", timezone="Europe/London", ships_to=("IE",)
        ),
    )
    row = _store(runtime, store)
    assert (row.name, row.timezone, row.ships_to) == ("Totes & Tees", "Europe/London", ["IE"])
    assert (row.currency, row.country) == ("USD", "GB")


def test_a_time_zone_that_nobody_knows_is_not_taken_over(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, StoreChanged(platform_store_id=SHOP_ID, timezone="Mars/Olympus"))
    assert _store(runtime, store).timezone == store.timezone


def test_the_version_that_a_store_tells_decides_its_links_later(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, StoreChanged(platform_store_id=SHOP_ID, platform_version="9.9.5"))
    assert _store(runtime, store).platform_version == "9.9.5"


def test_a_new_time_zone_has_every_day_counted_anew(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        cart = factories.make_cart(session, store, contact_id=contact.id)
        factories.make_message(session, store, cart, status="accepted", accepted_at=NOW)
    told.apply(runtime, store, StoreChanged(platform_store_id=SHOP_ID, timezone="Pacific/Auckland"))
    with runtime.database.session() as session:
        flags = session.scalars(select(StoreFlag.name).where(StoreFlag.store_id == store.id)).all()
    assert "figures" in flags


def test_news_of_another_shop_changes_nothing(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, StoreChanged(platform_store_id="666", name="Evil"))
    assert _store(runtime, store).name == store.name


def test_a_shop_id_is_learnt_once(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        fresh = factories.make_store(session, platform_store_id=None)
    told.apply(runtime, fresh, StoreChanged(platform_store_id=SHOP_ID))
    assert _store(runtime, fresh).platform_store_id == SHOP_ID


def test_changed_scopes_are_kept_or_asked_for(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, ScopesChanged(("read_orders",)))
    assert _store(runtime, store).scopes == ["read_orders"]
    told.apply(runtime, store, ScopesChanged())
    assert told.row(runtime, StoreFlag).name == installation.SYNC_FLAG


@pytest.mark.parametrize(
    ("before", "after"), [("active", "reconnect"), ("paused", "reconnect"), ("uninstalled", "uninstalled")]
)
def test_a_broken_connection_stops_sending_until_it_is_mended(
    runtime: Runtime, store: Store, before: str, after: str
) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).status = before
    told.apply(runtime, store, ConnectionBroken("woocommerce_rest_cannot_view: Sorry"))
    assert _store(runtime, store).status == after


def test_a_store_that_leaves_keeps_no_keys_and_plans_nothing(runtime: Runtime, store: Store) -> None:
    _fill(runtime, store)
    told.apply(runtime, store, Uninstalled(SHOP_ID), Uninstalled(SHOP_ID))
    row = _store(runtime, store)
    assert (row.status, row.uninstalled_at) == ("uninstalled", NOW)
    assert told.rows(runtime, Credential) == []
    assert told.rows(runtime, Due) == []
    assert [row.reason for row in told.rows(runtime, Enrollment)] == ["uninstalled"]
    assert [line.reason for line in told.rows(runtime, TimelineEntry) if line.kind == "ended"] == [
        "uninstalled"
    ]
    assert len([line for line in told.rows(runtime, AuditEvent) if line.action == "uninstalled"]) == 1


def test_one_store_leaving_leaves_the_others_alone(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
    for one in (store, neighbour):
        _fill(runtime, one)
    told.apply(runtime, store, Uninstalled(SHOP_ID))
    assert [row.store_id for row in told.rows(runtime, Credential)] == [neighbour.id]
    assert {row.store_id: row.state for row in told.rows(runtime, Enrollment)}[neighbour.id] == "active"
    assert {row.store_id for row in told.rows(runtime, Due)} == {neighbour.id}


def test_a_store_that_comes_back_is_texted_only_about_what_is_left_from_then_on(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.cart(at=60), Uninstalled(SHOP_ID))
    with runtime.database.session() as session:
        installation.bring_in(session, "shopify", store.domain, store.url, minutes_ago(10))
    told.apply(runtime, store, told.cart(at=30, step="shipping"))
    enrollment.drain(runtime)
    assert [line.reason for line in told.rows(runtime, TimelineEntry)][-1] == "before_install"
    told.apply(runtime, store, told.cart(at=5, step="payment"))
    assert [row.kind for row in told.rows(runtime, Due)] == ["cart_idle"]


def asked(kind: RequestKind, **more: Any) -> ComplianceRequested:
    return ComplianceRequested(kind, platform_store_id=more.pop("shop_id", SHOP_ID), **more)


def test_a_data_request_waits_for_the_operator_with_its_deadline(runtime: Runtime, store: Store) -> None:
    request = asked(RequestKind.DATA_REQUEST, request_id="9999", phone=PHONE, customer_id="7")
    told.apply(runtime, store, request, request)
    row = told.row(runtime, ComplianceRequest)
    assert (row.kind, row.due_at, row.acted_at) == ("data_request", NOW + timedelta(days=30), None)
    assert row.request == {"request_id": "9999", "phone": PHONE, "customer_id": "7"}


BY = [{"phone": PHONE}, {"email": "Anna@example.com"}, {"customer_id": "7"}]


@pytest.mark.parametrize("person", BY, ids=["number", "e-mail", "customer"])
def test_a_person_is_erased_by_any_name(runtime: Runtime, store: Store, person: dict[str, str]) -> None:
    _fill(runtime, store)
    told.apply(runtime, store, asked(RequestKind.CUSTOMER_REDACT, **person))
    contact, cart, order = told.row(runtime, Contact), told.row(runtime, Cart), told.row(runtime, Order)
    assert (contact.email, contact.first_name, contact.customer_id) == (None, None, None)
    assert contact.erased_at == NOW and PHONE not in contact.phone
    assert (cart.email, cart.first_name, cart.restore_url, cart.contact_id) == (None, None, None, None)
    assert cart.state == "expired"
    assert (order.email, order.customer_id, order.status_url) == (None, None, None)
    message, reply = told.row(runtime, Message), told.row(runtime, Reply)
    assert (message.body, reply.body) == (None, None)
    assert PHONE not in message.phone + reply.from_number
    assert told.row(runtime, Link).ended_at == NOW
    assert told.row(runtime, Enrollment).state == "ended"
    assert (told.row(runtime, ComplianceRequest).acted_at, told.rows(runtime, Consent)) == (NOW, [])


def test_evidence_of_consent_outlives_the_person_without_naming_anybody(
    runtime: Runtime, store: Store
) -> None:
    _fill(runtime, store)
    told.apply(runtime, store, asked(RequestKind.CUSTOMER_REDACT, phone=PHONE))
    event = told.row(runtime, ConsentEvent)
    assert event.state == "given" and event.address.startswith("hash:") and PHONE not in event.address


def test_a_stop_outlives_the_person(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=60, consent=tick(at=60)))
    told.apply(runtime, store, record(ConsentState.WITHDRAWN, at=30))
    told.apply(runtime, store, asked(RequestKind.CUSTOMER_REDACT, phone=PHONE))
    assert told.row(runtime, Suppression).lifted_at is None
    told.apply(runtime, store, told.cart(at=0, keys=(OTHER_CART,), consent=tick(at=0)))
    assert told.row(runtime, Consent).state == "withdrawn"


def test_a_person_who_comes_back_can_be_erased_again(runtime: Runtime, store: Store) -> None:
    for at, key in ((60, told.CHECKOUT), (0, OTHER_CART)):
        told.apply(runtime, store, told.cart(at=at, keys=(key,), consent=tick(at=at)))
        told.apply(runtime, store, asked(RequestKind.CUSTOMER_REDACT, phone=PHONE, request_id=str(at)))
    assert [contact.erased_at for contact in told.rows(runtime, Contact)] == [NOW, NOW]
    assert {event.address[:5] for event in told.rows(runtime, ConsentEvent)} == {"hash:"}


def test_nobody_else_is_erased(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
        factories.make_contact(session, store, email="b@example.com", customer_id="8")
    for one in (store, neighbour):
        _fill_minimal(runtime, one)
    told.apply(runtime, store, asked(RequestKind.CUSTOMER_REDACT, phone=PHONE, email="anna@example.com"))
    left = [(row.store_id, row.email) for row in told.rows(runtime, Contact) if row.erased_at is None]
    assert sorted(left) == [(store.id, "b@example.com"), (neighbour.id, "anna@example.com")]


def _fill_minimal(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=60, consent=tick(at=60)))


def test_raw_deliveries_about_a_person_are_erased_too(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        for state in ("applied", "failed", "pending"):
            mentions = [f"phone:{PHONE[1:]}"]
            factories.make_inbound_event(session, store, state=state, mentions=mentions)
        factories.make_inbound_event(session, store, state="applied", mentions=["email:b@example.com"])
    told.apply(runtime, store, asked(RequestKind.CUSTOMER_REDACT, phone=PHONE))
    events = told.rows(runtime, InboundEvent)
    assert [event.body for event in events] == [None, None, None, b"{}"]
    assert [event.state for event in events] == ["applied", "failed", "ignored", "applied"]


def test_a_request_for_data_names_nobody_once_the_data_is_gone(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, asked(RequestKind.DATA_REQUEST, request_id="1", email="anna@example.com"))
    told.apply(runtime, store, asked(RequestKind.CUSTOMER_REDACT, email="Anna@example.com", request_id="2"))
    request = told.rows(runtime, ComplianceRequest)[0]
    assert request.request == {}


def test_a_store_that_has_left_is_erased_but_for_its_stops(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
    for one in (store, neighbour):
        _fill(runtime, one)
    told.apply(runtime, store, record(ConsentState.WITHDRAWN), Uninstalled(SHOP_ID))
    told.apply(runtime, store, asked(RequestKind.STORE_REDACT))
    assert [row.id for row in told.rows(runtime, Store)] == [neighbour.id]
    tables: list[Any] = [Cart, Contact, ConsentEvent, Order, Message, Link, Enrollment, TimelineEntry, Reply]
    for table in tables:
        assert {row.store_id for row in told.rows(runtime, table)} == {neighbour.id}, table
    assert [person.external_id for person in told.rows(runtime, Person)] == [f"person-{neighbour.id}"]
    assert told.row(runtime, Suppression).domain == store.domain


@pytest.mark.parametrize(
    ("status", "shop_id", "why"),
    [
        ("active", SHOP_ID, "the store is installed"),
        ("uninstalled", "666", "the request names another shop"),
    ],
)
def test_a_store_is_not_erased_while_it_is_installed_or_for_another_shops_request(
    runtime: Runtime, store: Store, status: str, shop_id: str, why: str
) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).status = status
    told.apply(runtime, store, asked(RequestKind.STORE_REDACT, shop_id=shop_id))
    request = told.row(runtime, ComplianceRequest)
    assert (request.acted_at, request.result) == (None, why)
    assert _store(runtime, store).id == store.id
