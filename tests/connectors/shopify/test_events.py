from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.events import (
    ComplianceRequested,
    ConsentChanged,
    ConsentSignal,
    ConsentState,
    CustomerSeen,
    Event,
    RequestKind,
    ScopesChanged,
    Shopper,
    StoreChanged,
    Uninstalled,
)
from connectors.platform import Malformed
from connectors.shopify.events import COMPLIANCE_TOPICS, TOPICS, events
from tests.connectors.shopify.deliveries import (
    FILES,
    RECEIVED_AT,
    payload,
    topic_of,
    variant,
)


def read(topic: str, body: bytes) -> Sequence[Event]:
    return events(topic, body, RECEIVED_AT)


def test_an_unsubscribed_customer_withdraws_consent() -> None:
    assert read("customers_marketing_consent/update", payload("linked/11")) == (
        ConsentChanged(
            ConsentSignal(
                state=ConsentState.WITHDRAWN,
                phone="+14235550123",
                source="shopify_customer",
                occurred_at=datetime(2024, 11, 6, 14, 0, tzinfo=UTC),
                customer_id="7358220173425",
                evidence={"opt_in_level": "single_opt_in", "collected_from": "shopify"},
            )
        ),
    )


@pytest.mark.parametrize(
    ("state", "level", "expected"),
    [
        ("subscribed", "single_opt_in", (ConsentState.GIVEN, False)),
        ("subscribed", "confirmed_opt_in", (ConsentState.GIVEN, True)),
        ("subscribed", None, (ConsentState.GIVEN, False)),
        ("pending", "confirmed_opt_in", (ConsentState.PENDING, False)),
        ("unsubscribed", "confirmed_opt_in", (ConsentState.WITHDRAWN, False)),
        ("redacted", None, (ConsentState.WITHDRAWN, False)),
        ("not_subscribed", None, None),
        (None, None, None),
        ("example string", None, None),
        (1, 2, None),
    ],
)
def test_the_states_of_a_customers_consent(
    state: Any, level: Any, expected: tuple[ConsentState, bool] | None
) -> None:
    told = {"state": state, "opt_in_level": level, "consent_updated_at": "2024-11-06T09:00:00-05:00"}
    found = read("customers_marketing_consent/update", variant("linked/11", sms_marketing_consent=told))
    signals = [event.signal for event in found if isinstance(event, ConsentChanged)]
    assert [(signal.state, signal.confirmed) for signal in signals] == ([expected] if expected else [])


def test_consent_without_a_date_stays_undated() -> None:
    told = {"state": "subscribed", "opt_in_level": None, "consent_updated_at": None}
    (event,) = read("customers_marketing_consent/update", variant("linked/11", sms_marketing_consent=told))
    assert isinstance(event, ConsentChanged)
    assert event.signal.occurred_at is None


def test_consent_to_mail_is_not_consent_to_texts() -> None:
    body = payload("official/2026-07.customers_email_marketing_consent.update")
    assert read("customers_email_marketing_consent/update", body) == ()


def test_a_customer_is_seen_without_any_consent() -> None:
    (seen,) = read("customers/update", payload("official/2026-07.customers.update"))
    assert seen == CustomerSeen(
        customer_id="706405506930370084",
        shopper=Shopper(
            phones=("555-555-5555",),
            email="bob@biller.com",
            first_name="Bob",
            customer_id="706405506930370084",
            country="CA",
            region="ON",
            postcode="K2P 2L8",
        ),
        updated_at=datetime(2022, 1, 1, tzinfo=UTC),
    )


def test_a_deleted_customer_withdraws_nothing() -> None:
    assert read("customers/delete", payload("official/2026-07.customers.delete")) == ()


def test_a_changed_store() -> None:
    (seen,) = read("shop/update", variant("official/2026-07.shop.update", domain="toys.example.com"))
    assert seen == StoreChanged(
        platform_store_id="548380009",
        name="Super Toys",
        url="https://toys.example.com",
        currency="USD",
        country="US",
        locale="en",
    )


def test_an_uninstall_and_new_scopes() -> None:
    assert read("app/uninstalled", payload("official/2026-07.app.uninstalled")) == (Uninstalled("548380009"),)
    scopes = read("app/scopes_update", payload("official/2026-07.app.scopes_update"))
    assert scopes == (ScopesChanged(("read_products", "write_products")),)


def test_the_compliance_topics_name_everything_to_find_a_person_by() -> None:
    assert read("customers/data_request", payload("linked/12")) == (
        ComplianceRequested(
            kind=RequestKind.DATA_REQUEST,
            platform_store_id="59026964593",
            request_id="9999",
            phone="+14235550123",
            email="henry@example.com",
            customer_id="7358220173425",
            order_ids=("5778367414385",),
        ),
    )
    (redact,) = read("customers/redact", payload("linked/13"))
    assert isinstance(redact, ComplianceRequested)
    assert (redact.kind, redact.order_ids) == (RequestKind.CUSTOMER_REDACT, ("5778367414385",))
    assert read("shop/redact", payload("linked/14")) == (
        ComplianceRequested(RequestKind.STORE_REDACT, platform_store_id="59026964593"),
    )


@pytest.mark.parametrize("topic", COMPLIANCE_TOPICS)
@pytest.mark.parametrize("body", [b"{}", b"[]", b"null"])
def test_no_compliance_request_is_dropped_however_little_it_says(topic: str, body: bytes) -> None:
    assert len(read(topic, body)) == 1


@pytest.mark.parametrize(
    "topic", ["discounts/create", "bulk_operations/finish", "", "orders", "no/such_topic"]
)
def test_a_topic_that_does_not_concern_us_yields_nothing(topic: str) -> None:
    assert read(topic, b'{"id": 1}') == ()


def test_bytes_that_are_not_json_are_malformed() -> None:
    with pytest.raises(Malformed):
        read("orders/create", b"<html>")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_known_payload_becomes_storable_events(file: Path) -> None:
    for event in read(topic_of(file), file.read_bytes()):
        repr(event).encode("utf-8")


QUIET = {
    "2026-07.customers.delete.json",
    "2026-07.customers_marketing_consent.update.json",
    "2026-07.orders.edited.json",
    "2025-04.customers_marketing_consent.1.json",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_payload_of_a_topic_that_we_read_yields_one_event(file: Path) -> None:
    read_by_us = topic_of(file) in {**TOPICS, **COMPLIANCE_TOPICS} and file.name not in QUIET
    assert len(read(topic_of(file), file.read_bytes())) == int(read_by_us)
