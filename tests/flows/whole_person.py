"""One person with a row in every table that can hold something about them, each with words of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from app.models import (
    Base,
    Click,
    ComplianceRequest,
    Contact,
    DataExport,
    Fulfillment,
    OrderKey,
    ProofAttempt,
    Refund,
    Reply,
    SenderContact,
    Store,
    TimelineEntry,
)
from app.runtime import Runtime
from connectors.events import ConsentSignal, ConsentState
from flows import consents
from tests import factories
from tests.factories import NOW


@dataclass(frozen=True)
class Whole:
    """``marks`` are what must be nowhere any more once the person is erased."""

    contact: Contact
    token: str
    marks: tuple[str, ...]


def make_whole_person(session: Session, runtime: Runtime, store: Store, tag: str, phone: str) -> Whole:
    email, customer = f"{tag}@mail.example", f"{tag}-customer"
    contact = factories.make_contact(
        session, store, phone=phone, country="SI", address_country="SI", region=f"{tag}-region",
        postcode=f"{tag}-postcode", email=email, customer_id=customer, first_name=f"{tag}-name",
        locale="sl-SI", preferred_language="sl", quiet_from=time(18), quiet_to=time(10),
        kinds_off=["service"],
    )  # fmt: skip
    hash_key = runtime.settings.hash_key
    for number, state in enumerate((ConsentState.GIVEN, ConsentState.WITHDRAWN)):
        at = NOW - timedelta(days=3 - number)
        signal = ConsentSignal(state, phone, "shopify_checkout", occurred_at=at, checkout_created_at=at)
        name = f"{tag}-box-{number}"
        evidence = {"page": f"https://shop.example/{tag}-page", "ip": f"{tag}-ip", "actor": "shopper"}
        consents.record_signal(session, store, phone, signal, at, name, hash_key=hash_key, evidence=evidence)
    session.add(
        SenderContact(sender="Shop", phone=phone, store_id=store.id, contact_id=contact.id, texted_at=NOW)
    )
    session.add(ProofAttempt(store_id=store.id, contact_id=contact.id, day=date(2026, 11, 20), attempts=2))
    token = _add_texts(session, runtime, store, contact, tag)
    _add_orders(session, runtime, store, contact, tag)
    _add_deliveries(session, store, contact, tag)
    request = ComplianceRequest(
        store_id=store.id, kind="data_request", dedupe_key=f"asked-{contact.id}", received_at=NOW,
        due_at=NOW, request={"email": email}, acted_at=NOW, result="handed to the merchant",
    )  # fmt: skip
    session.add(request)
    session.flush()
    content = runtime.cipher.encrypt_json({"name": tag})
    session.add(DataExport(store_id=store.id, request_id=request.id, content=content, made_at=NOW))
    session.flush()
    return Whole(contact, token, (tag, phone, phone[1:], phone[4:], content))


def _add_texts(session: Session, runtime: Runtime, store: Store, contact: Contact, tag: str) -> str:
    cart = factories.make_cart(
        session, store, contact, email=contact.email, customer_id=contact.customer_id,
        first_name=f"{tag}-name", region=f"{tag}-region", postcode=f"{tag}-postcode",
        restore_url=runtime.cipher.encrypt(tag),
        activity_print=f"{tag}-print", keys=[("checkout_token", f"key-{contact.id}")],
    )  # fmt: skip
    session.add(TimelineEntry(store_id=store.id, cart_id=cart.id, kind="seen", occurred_at=NOW))
    flow = factories.make_flow(session, store, name=f"Flow {contact.id}", active=False)
    factories.make_discount(session, factories.make_enrollment(session, store, flow, contact, cart))
    message = factories.make_message(
        session, store, cart, phone=contact.phone, body=f"Dear {tag}, your cart is saved."
    )
    factories.make_delivery(session, message)
    link = factories.make_link(session, store, message)
    session.add(
        Click(store_id=store.id, link_id=link.id, human=True, agent=f"{tag}-browser", occurred_at=NOW)
    )
    session.add(
        Reply(
            store_id=store.id, contact_id=contact.id, provider="sandbox", provider_id=f"reply-{contact.id}",
            from_number=contact.phone, to_number="+38640000000", body=f"It is {tag}.", intent="other",
            received_at=NOW,
        )
    )  # fmt: skip
    return link.token


def _add_orders(session: Session, runtime: Runtime, store: Store, contact: Contact, tag: str) -> None:
    """One order of the number, and one that knows the e-mail alone."""
    for number, owner in enumerate((contact.id, None)):
        name = f"order-{contact.id}-{number}"
        order = factories.make_order(
            session, store, contact_id=owner, email=contact.email, customer_id=contact.customer_id,
            platform_order_id=name, status_url=runtime.cipher.encrypt(tag),
        )  # fmt: skip
        session.add(OrderKey(store_id=store.id, order_id=order.id, kind="cart_token", value=name))
        common: dict[str, Any] = {"store_id": store.id, "platform_order_id": name}
        session.add(Refund(platform_refund_id=name, currency="EUR", amount=1, refunded_at=NOW, **common))
        session.add(
            Fulfillment(platform_fulfillment_id=name, status="sent", platform_updated_at=NOW, **common)
        )
    cart = factories.make_cart(session, store, contact, email=contact.email, customer_id=contact.customer_id)
    message = factories.make_message(session, store, cart, phone=contact.phone)
    factories.make_recovery(session, store, order, message)


def _add_deliveries(session: Session, store: Store, contact: Contact, tag: str) -> None:
    body = f'{{"name": "{tag}"}}'.encode()
    for mention in (f"phone:{contact.phone[1:]}", f"email:{contact.email}"):
        factories.make_inbound_event(
            session, store, state="applied", subject=f"checkout:{contact.id}", mentions=[mention], body=body
        )
    factories.make_inbound_event(
        session, None, source="sms:sandbox:reply", state="applied", subject=contact.phone, body=body
    )


def dump(session: Session, table: Table) -> list[str]:
    """Every row of a table as text."""
    return [" ".join(map(str, row)) for row in session.execute(table.select())]


def naming(session: Session, *marks: str) -> dict[str, list[str]]:
    """The rows of all tables that hold one of the marks, by table."""
    found = {
        table.name: [row for row in dump(session, table) if any(mark in row for mark in marks)]
        for table in Base.metadata.sorted_tables
    }
    return {name: rows for name, rows in found.items() if rows}
