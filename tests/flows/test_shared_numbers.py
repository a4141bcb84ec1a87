"""A number that two people are known with: neither is shown the other, an erasure reaches only its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.models import (
    Cart,
    CartKey,
    ComplianceRequest,
    Consent,
    Contact,
    DataExport,
    Message,
    Order,
    Store,
    Suppression,
)
from app.runtime import Runtime
from connectors.events import ComplianceRequested, ConsentSignal, ConsentState, RequestKind
from flows import compliance, consents, data_export, erasure
from flows.incoming import Incoming
from flows.traces import Shopper
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.whole_person import naming

PHONE = "+38640123467"
MARY, VICTOR = "mary@mail.example", "victor@mail.example"
HERS, HIS = "Dear Mary", "Dear Victor"
IPS = ("192.0.2.1", "192.0.2.2")


@dataclass(frozen=True)
class Shared:
    store: Store
    contact: int
    hers: int
    his: int


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, country="SI", locale="sl", domain="lanena.example")


@pytest.fixture
def shared(runtime: Runtime, store: Store) -> Shared:
    """Victor's number, which said stop. Mary typed it, too, and later than he."""
    with runtime.database.session() as session:
        hers = {"email": MARY, "first_name": "Mary", "postcode": "mary-postcode"}
        contact = factories.make_contact(session, store, phone=PHONE, country="SI", **hers)
        carts = []
        for email, name, words in ((VICTOR, "Victor", HIS), (MARY, "Mary", HERS)):
            cart = factories.make_cart(session, store, contact, email=email, first_name=name)
            factories.make_order(session, store, contact_id=contact.id, email=email, cart_id=cart.id)
            factories.make_message(session, store, cart, phone=PHONE, body=f"{words}, your cart is saved.")
            carts.append(cart.id)
        stop = ConsentSignal(ConsentState.WITHDRAWN, PHONE, "keyword_stop", occurred_at=NOW)
        hash_key = runtime.settings.hash_key
        for key in session.scalars(select(CartKey).where(CartKey.cart_id.in_(carts))):
            name = f"box:{key.kind}:{key.value}:1"
            ticked = ConsentSignal(
                ConsentState.GIVEN, PHONE, "box", evidence={"ip": IPS[key.cart_id == carts[1]]}
            )
            consents.record_signal(session, store, PHONE, ticked, NOW, name, hash_key=hash_key)
        consents.record_signal(session, store, PHONE, stop, NOW, "stop", hash_key=hash_key)
        return Shared(store, contact.id, carts[1], carts[0])


def tell(runtime: Runtime, store: Store, shopper: Shopper) -> dict[str, Any]:
    with runtime.database.session() as session:
        return data_export.build(session, runtime, store, shopper, NOW)


def asking(session: Any, runtime: Runtime, store: Store) -> Incoming:
    return Incoming(session, runtime, session.get_one(Store, store.id), NOW, NOW)


def erase(runtime: Runtime, store: Store, shopper: Shopper) -> None:
    with runtime.database.session() as session:
        erasure.erase_person(asking(session, runtime, store), shopper)


BY_ADDRESS = {
    "the merchant": Shopper(email=MARY),
    "Shopify": Shopper((PHONE,), email=MARY, customer_id="31"),
    "WordPress": Shopper((PHONE,), email=MARY, vouched=False),
}


@pytest.mark.parametrize("shopper", BY_ADDRESS.values(), ids=BY_ADDRESS)
def test_an_address_shows_what_names_it_and_nothing_else_of_its_number(
    runtime: Runtime, shared: Shared, shopper: Shopper
) -> None:
    document = tell(runtime, shared.store, shopper)
    tables = {name: table["rows"] for name, table in document["tables"].items() if table["rows"]}
    assert {name: len(rows) for name, rows in tables.items() if name in ("cart", "order")} == {
        "cart": 1,
        "order": 1,
    }
    assert set(tables) == {"cart", "cart_key", "order"}
    assert "ictor" not in json.dumps(document) and PHONE not in json.dumps(document)
    assert document["left_out"] == {"numbers": 1, "names": False}


def test_the_number_shows_everything_but_who_typed_it(runtime: Runtime, shared: Shared) -> None:
    document = tell(runtime, shared.store, Shopper((PHONE,)))
    printed = json.dumps(document)
    assert HIS in printed and HERS in printed
    assert (
        MARY not in printed
        and VICTOR not in printed
        and IPS[0] not in printed
        and "mary-postcode" not in printed
    )
    assert document["left_out"] == {"numbers": 0, "names": True}


@pytest.mark.parametrize("shopper", BY_ADDRESS.values(), ids=BY_ADDRESS)
def test_an_address_erases_what_names_it_and_leaves_the_number_to_the_other(
    runtime: Runtime, shared: Shared, shopper: Shopper
) -> None:
    erase(runtime, shared.store, shopper)
    with runtime.database.session() as session:
        assert naming(session, MARY, "Mary", "mary-postcode", IPS[1]) == {}
        assert set(naming(session, IPS[0])) == {"consent_event"}
        contact = session.get_one(Contact, shared.contact)
        assert (contact.phone, contact.email, contact.erased_at) == (PHONE, None, None)
        assert [order.email for order in session.scalars(select(Order).order_by(Order.id))] == [VICTOR, None]
        assert session.scalars(select(Order.contact_id).order_by(Order.id)).all() == [shared.contact, None]
        bodies = session.scalars(select(Message.body).order_by(Message.id)).all()
        assert [body is not None for body in bodies] == [True, False]
        assert session.scalars(select(Consent.address)).all() == [PHONE]


def test_the_number_erases_both_and_its_stop_stays(runtime: Runtime, shared: Shared) -> None:
    erase(runtime, shared.store, Shopper((PHONE,)))
    with runtime.database.session() as session:
        assert naming(session, PHONE, MARY, VICTOR, "Mary", "Victor") == {}
        assert session.scalars(select(Suppression.lifted_at)).all() == [None]


def test_a_text_whose_cart_has_had_its_time_is_shown_to_whom_the_number_belongs(
    runtime: Runtime, store: Store
) -> None:
    """Whose cart it was is not known any more: perhaps it was theirs, perhaps that of somebody before."""
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store, phone=PHONE, email=MARY)
        old = factories.make_cart(session, store, contact)
        factories.make_message(session, store, old, phone=PHONE, body=HIS)
        old.contact_id, old.erased_at = None, NOW
        factories.make_order(session, store, contact_id=contact.id, email=MARY)
    shown = {
        vouched: tell(runtime, store, Shopper((PHONE,), email=MARY, vouched=vouched))
        for vouched in (True, False)
    }
    assert [HIS in json.dumps(shown[vouched]) for vouched in (True, False)] == [True, False]
    assert HIS in json.dumps(tell(runtime, store, Shopper((PHONE,))))


@pytest.fixture
def borrowed(runtime: Runtime, store: Store) -> int:
    """Somebody typed Mary's address beside his number; she left a cart without a number. Its id."""
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store, phone=PHONE, email=MARY)
        factories.make_cart(session, store, contact, email=MARY)
        factories.make_inbound_event(
            session, store, state="applied", mentions=[f"email:{MARY}"], topic="hers"
        )
        return factories.make_cart(session, store, email=MARY, first_name="Mary").id


def test_an_address_beside_a_number_shows_nothing_that_has_no_number(
    runtime: Runtime, store: Store, borrowed: int
) -> None:
    document = tell(runtime, store, Shopper((PHONE,)))
    assert "Mary" not in json.dumps(document) and "hers" not in json.dumps(document)
    assert borrowed not in [row["id"] for row in document["tables"]["cart"]["rows"]]


def test_it_erases_it_and_what_she_asked_for_is_answered_with_what_is_left(
    runtime: Runtime, store: Store, borrowed: int
) -> None:
    """Her request stays open, however somebody proves the number beside which he typed her address."""
    with runtime.database.session() as session:
        factories.make_order(session, store, email=MARY, contact_id=factories.make_contact(session, store).id)
        ask = asking(session, runtime, store)
        request_id = compliance.ask(
            ask, RequestKind.DATA_REQUEST, Shopper(email=MARY), compliance.MERCHANT, "m-1"
        )
    until = NOW + timedelta(minutes=1)
    assert compliance.drain(runtime, until) == 1
    erase(runtime, store, Shopper((PHONE,)))
    with runtime.database.session() as session:
        assert session.get_one(Cart, borrowed).email is None
        assert session.scalars(select(DataExport)).all() == []
        assert session.get_one(ComplianceRequest, request_id).acted_at is None
    assert compliance.drain(runtime, until) == 1
    with runtime.database.session() as session:
        [export] = session.scalars(select(DataExport))
        assert PHONE not in json.dumps(runtime.cipher.decrypt_json(export.content))


def test_the_answer_says_what_was_left_alone(runtime: Runtime, shared: Shared) -> None:
    with runtime.database.session() as session:
        ask = asking(session, runtime, shared.store)
        for shopper in (Shopper((PHONE,)), Shopper(email=MARY)):
            compliance.ask(ask, RequestKind.DATA_REQUEST, shopper, compliance.MERCHANT, str(shopper))
    compliance.drain(runtime, NOW + timedelta(minutes=1))
    with runtime.database.session() as session:
        ask = asking(session, runtime, shared.store)
        compliance.ask(ask, RequestKind.CUSTOMER_REDACT, Shopper(email=MARY), compliance.MERCHANT, "m-3")
        results = session.scalars(select(ComplianceRequest.result).order_by(ComplianceRequest.id)).all()
    alone = ", but for 1 phone number(s) that may be somebody else's: ask by the number itself"
    assert results[0] == (
        "the export is ready, without names and e-mail addresses: several are known with the number"
    )
    assert results[1:] == ["erased before it was answered", f"erased{alone}"]


@pytest.mark.parametrize("vouched", [True, False])
def test_consent_without_a_contact_is_its_customers(runtime: Runtime, store: Store, vouched: bool) -> None:
    with runtime.database.session() as session:
        said = ConsentSignal(ConsentState.GIVEN, PHONE, "shopify_customer", customer_id="31", occurred_at=NOW)
        consents.record_signal(session, store, PHONE, said, NOW, "given", hash_key=runtime.settings.hash_key)
    shown = {
        customer: tell(runtime, store, Shopper((PHONE,), customer_id=customer, vouched=vouched))
        for customer in ("31", "32")
    }
    assert [len(one["tables"]["consent"]["rows"]) for one in shown.values()] == [1, 0]


def test_what_shopify_asks_for_is_decided_in_the_same_way(runtime: Runtime, shared: Shared) -> None:
    asked = {"phone": PHONE, "email": MARY, "customer_id": "31"}
    redact = ComplianceRequested(RequestKind.CUSTOMER_REDACT, request_id="r-1", **asked)
    data = ComplianceRequested(RequestKind.DATA_REQUEST, request_id="r-2", **asked)
    told.apply(runtime, shared.store, data)
    compliance.drain(runtime, NOW + timedelta(minutes=1))
    assert "somebody else's" in (told.row(runtime, ComplianceRequest).result or "")
    told.apply(runtime, shared.store, redact)
    with runtime.database.session() as session:
        assert naming(session, MARY, "Mary") == {}
        assert session.get_one(Contact, shared.contact).phone == PHONE
