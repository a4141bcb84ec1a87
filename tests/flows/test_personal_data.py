"""Whatever is stored about somebody is told to them and erased: nothing is forgotten, nobody else touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Text, select

from app.models import Base, Cart, ComplianceRequest, ConsentEvent, Order, Store, Suppression
from app.runtime import Runtime
from connectors.events import RequestKind
from flows import compliance, data_export, erasure, traces
from flows.incoming import Incoming
from flows.personal_data import HELD, NOBODY, unknown
from flows.traces import Shopper
from tests import factories
from tests.factories import NOW
from tests.flows.whole_person import Whole, make_whole_person, naming

PHONE, OTHER = "+38640123467", "+38640765432"
SCHEMA = Path(__file__).parents[2] / "docs" / "data-export.schema.json"


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, country="SI", locale="sl", domain="lanena.example")


@pytest.fixture
def zora(runtime: Runtime, store: Store) -> Whole:
    with runtime.database.session() as session:
        return make_whole_person(session, runtime, store, "zora-q", PHONE)


@pytest.fixture
def others(runtime: Runtime, store: Store, zora: Whole) -> dict[str, list[str]]:
    """Somebody else in the same store, and the same number in another store: their rows as they are."""
    with runtime.database.session() as session:
        make_whole_person(session, runtime, store, "jaka-w", OTHER)
        neighbour = factories.make_store(session, country="SI", domain="other.example")
        make_whole_person(session, runtime, neighbour, "neighbour-v", "+38640222333")
        session.flush()
        return naming(session, "jaka-w", OTHER, "neighbour-v")


def incoming(session: Any, runtime: Runtime, store: Store) -> Incoming:
    return Incoming(session, runtime, session.get_one(Store, store.id), NOW, NOW, dedupe_key="x")


BY = {
    "number": Shopper(phones=(PHONE,)),
    "e-mail": Shopper(email="zora-q@mail.example"),
    "customer": Shopper(customer_id="zora-q-customer"),
}


def test_the_map_knows_every_table_and_every_column() -> None:
    assert unknown(Base.metadata) == []


def test_the_map_names_nothing_that_is_not_there() -> None:
    for held in HELD:
        columns = set(held.model.__table__.columns.keys())
        assert {*held.tells, *held.erases, *held.keeps} <= columns, held.name
    names = {table.name for table in Base.metadata.sorted_tables}
    assert names == {held.name for held in HELD} | set(NOBODY)
    assert len(names) == len(HELD) + len(NOBODY)


def test_what_the_map_does_not_know_is_noticed() -> None:
    metadata = MetaData()
    for table in Base.metadata.sorted_tables:
        table.to_metadata(metadata)
    metadata.tables["cart"].append_column(Column("birthday", Text))
    metadata.tables["usage"].append_column(Column("phone", Text))
    Table("wish_list", metadata, Column("id", Text, primary_key=True))
    assert sorted(unknown(metadata)) == ["cart.birthday", "usage.phone", "wish_list"]


OF_HER_ADDRESS = ["data_export", "compliance_request"]
"""She asked by her e-mail address, and an order that knows it alone was recovered."""


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(
    ("shopper", "untold"),
    [
        (BY["number"], [*OF_HER_ADDRESS, "recovery"]),
        (BY["e-mail"], []),
        (BY["customer"], OF_HER_ADDRESS),
    ],
    ids=BY,
)
def test_an_export_tells_every_table_and_nobody_elses_rows(
    runtime: Runtime, store: Store, zora: Whole, shopper: Shopper, untold: list[str]
) -> None:
    with runtime.database.session() as session:
        document = data_export.build(session, runtime, store, shopper, NOW)
    assert [name for name, table in document["tables"].items() if not table["rows"]] == untold
    told = json.dumps(document)
    assert "jaka-w" not in told and "neighbour-v" not in told
    assert zora.contact.phone in told and "zora-q-postcode" in told and "Dear zora-q" in told
    assert document["derived"] == [
        {
            "contact_id": zora.contact.id,
            "zones": ["Europe/Ljubljana"],
            "language": "sl",
            "language_reason": "chosen",
        }
    ]
    jsonschema.validate(document, data_export.schema())


def test_the_schema_of_the_export_is_published_as_it_is() -> None:
    assert json.loads(SCHEMA.read_text()) == data_export.schema()


@pytest.mark.parametrize("shopper", BY.values(), ids=BY)
def test_an_erasure_leaves_nothing_of_the_person_and_everything_of_others(
    runtime: Runtime, store: Store, zora: Whole, others: dict[str, list[str]], shopper: Shopper
) -> None:
    with runtime.database.session() as session:
        assert len(erasure.erase_person(incoming(session, runtime, store), shopper).contacts) == 1
    with runtime.database.session() as session:
        assert naming(session, *zora.marks) == {}
        assert naming(session, "jaka-w", OTHER, "neighbour-v") == others
        assert {
            cart.restore_url for cart in session.scalars(select(Cart).where(Cart.contact_id.is_(None)))
        } == {None}
        found = traces.find(session, runtime.settings.hash_key, store, shopper, NOW)
        assert (found.contacts, found.carts, found.orders) == ((), (), ())


def test_what_the_law_asks_for_stays_under_the_hash_of_the_number(
    runtime: Runtime, store: Store, zora: Whole
) -> None:
    with runtime.database.session() as session:
        erasure.erase_person(incoming(session, runtime, store), BY["number"])
    with runtime.database.session() as session:
        events = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id)).all()
        stopped = session.scalars(select(Suppression)).one()
    assert [event.state for event in events] == ["given", "withdrawn"]
    assert {event.address for event in events} == {f"hash:{stopped.number_hash}"}
    assert [sorted(event.evidence) for event in events] == [["actor", "zone"], ["actor", "zone"]]
    assert {event.last_text_at for event in events} == {NOW}
    assert {event.occurred_at for event in events} == {NOW - timedelta(days=3), NOW - timedelta(days=2)}


@pytest.mark.usefixtures("zora")
def test_an_order_of_the_same_e_mail_but_another_number_is_not_taken_along(
    runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        other = factories.make_contact(session, store, phone=OTHER)
        email = "zora-q@mail.example"
        order_id = factories.make_order(session, store, contact_id=other.id, email=email).id
        erasure.erase_person(incoming(session, runtime, store), BY["number"])
    with runtime.database.session() as session:
        assert session.get_one(Order, order_id).email == email


def test_a_request_is_answered_by_an_export_that_only_the_key_opens(
    runtime: Runtime, store: Store, zora: Whole
) -> None:
    with runtime.database.session() as session:
        name = compliance.ask(
            incoming(session, runtime, store), RequestKind.DATA_REQUEST, BY["number"], "merchant", "m-1"
        )
    assert compliance.drain(runtime, NOW + timedelta(minutes=1)) == 1
    assert compliance.drain(runtime, NOW + timedelta(minutes=1)) == 0
    with runtime.database.session() as session:
        request = session.get_one(ComplianceRequest, name)
        export = compliance.export_of(session, request)
        assert export is not None and PHONE not in export.content
        document = runtime.cipher.decrypt_json(export.content)
        assert (request.result, request.acted_at) == ("the export is ready", None)
        compliance.fetched(request, export, NOW)
        assert (request.acted_at, export.fetched_at) == (NOW, NOW)
    assert document["tables"]["contact"]["rows"][0]["phone"] == PHONE


def test_a_request_that_cannot_be_answered_keeps_no_other_back(
    runtime: Runtime, store: Store, zora: Whole
) -> None:
    with runtime.database.session() as session:
        ask = incoming(session, runtime, store)
        broken = compliance.ask(ask, RequestKind.DATA_REQUEST, BY["number"], "merchant", "m-1")
        session.get_one(ComplianceRequest, broken).request = {"phone": ["no", "number"]}
        sound = compliance.ask(ask, RequestKind.DATA_REQUEST, BY["number"], "merchant", "m-2")
    compliance.drain(runtime, NOW + timedelta(minutes=1))
    with runtime.database.session() as session:
        exports = {
            name: compliance.export_of(session, session.get_one(ComplianceRequest, name))
            for name in (broken, sound)
        }
    assert exports[broken] is None and exports[sound] is not None


def test_a_request_about_a_stranger_is_answered_at_once_and_names_nobody(
    runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        ask = incoming(session, runtime, store)
        name = compliance.ask(ask, RequestKind.DATA_REQUEST, BY["e-mail"], "merchant", "m-1")
    compliance.drain(runtime, NOW + timedelta(minutes=1))
    with runtime.database.session() as session:
        request = session.get_one(ComplianceRequest, name)
        assert (request.result, request.request) == ("nothing is stored", {})
        assert request.acted_at == NOW


def test_a_request_that_nobody_answers_becomes_overdue(runtime: Runtime, store: Store, zora: Whole) -> None:
    with runtime.database.session() as session:
        session.execute(ComplianceRequest.__table__.delete())
        ask = incoming(session, runtime, store)
        compliance.ask(ask, RequestKind.DATA_REQUEST, BY["number"], "page", "p-1")
    with runtime.database.session() as session:
        assert compliance.overdue(session, NOW + timedelta(days=29)) == 0
        assert compliance.overdue(session, NOW + timedelta(days=30)) == 1
        assert compliance.open_count(session, store.id) == 1


@pytest.mark.usefixtures("zora")
def test_a_store_that_goes_leaves_nothing_but_its_stops(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
        session.get_one(Store, store.id).status = "uninstalled"
        erasure.erase_store(incoming(session, runtime, store))
    with runtime.database.session() as session:
        assert naming(session, "zora-q", PHONE, PHONE[4:]) == {}
        left = {name: rows for name, rows in naming(session, "").items() if rows}
        stop = session.scalars(select(Suppression)).one()
    assert stop.domain == store.domain
    assert set(left) == {"store", "suppression", "inbound_event"}
    assert len(left["store"]) == 1 and neighbour.domain in left["store"][0]
    assert all("b'" not in row for row in left["inbound_event"])


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 12, 21, tzinfo=UTC)),
        (datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 30, tzinfo=UTC)),
    ],
)
def test_the_earliest_deadline_counts(asked: datetime, due: datetime) -> None:
    assert compliance.due_at(asked) == due


@given(st.integers(0, 5_000_000))
def test_no_deadline_is_later_than_any_law_allows(minutes: int) -> None:
    asked = NOW + timedelta(minutes=minutes)
    assert timedelta(days=28) <= compliance.due_at(asked) - asked <= timedelta(days=30)
