from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.events import Event, FulfillmentSeen, Money, OrderDeleted, OrderSeen, OrderStatus, RefundSeen
from connectors.shopify.events import events
from tests.connectors.shopify.deliveries import (
    CART_TOKEN,
    CHECKOUT_TOKEN,
    HENRY,
    RECEIVED_AT,
    payload,
    variant,
)


def read(topic: str, body: bytes) -> Sequence[Event]:
    return events(topic, body, RECEIVED_AT)


def order(body: bytes) -> OrderSeen:
    (event,) = read("orders/updated", body)
    assert isinstance(event, OrderSeen)
    return event


def test_an_order_is_seen_with_its_cart_and_its_buyer() -> None:
    seen = order(payload("linked/06"))
    assert seen.order_id == "5778367414385"
    assert seen.keys == (CHECKOUT_TOKEN, CART_TOKEN)
    assert seen.status is OrderStatus.PAID
    assert seen.placed_at == datetime(2024, 11, 6, 2, 54, 49, tzinfo=UTC)
    assert seen.updated_at == datetime(2024, 11, 6, 2, 54, 50, tzinfo=UTC)
    assert seen.total == seen.presentment_total == Money(Decimal("600.00"), "USD")
    assert seen.number == "#1017"
    assert seen.shopper == HENRY
    assert seen.locale == "en-US"
    assert seen.status_url == json.loads(payload("linked/06"))["order_status_url"]
    assert seen.discount_codes == ("COMEBACK-7H3K",)
    assert seen.test
    assert seen.refunded is None
    assert seen.consent is None


def test_an_order_has_the_exact_id_where_a_sample_rounds_it() -> None:
    assert order(payload("official/2026-07.orders.create")).order_id == "820982911946154508"


def test_an_order_may_have_no_tokens() -> None:
    assert order(payload("recorded/2025-04.orders.1")).keys == ()


@pytest.mark.parametrize(
    ("cancelled_at", "financial_status", "expected"),
    [
        (None, "pending", OrderStatus.PLACED),
        (None, "authorized", OrderStatus.PLACED),
        (None, "partially_paid", OrderStatus.PLACED),
        (None, "voided", OrderStatus.PLACED),
        (None, None, OrderStatus.PLACED),
        (None, "paid", OrderStatus.PAID),
        (None, "partially_refunded", OrderStatus.PAID),
        (None, "refunded", OrderStatus.REFUNDED),
        ("2024-11-05T22:00:00-05:00", "paid", OrderStatus.CANCELLED),
        ("2024-11-05T22:00:00-05:00", "refunded", OrderStatus.CANCELLED),
    ],
)
def test_an_orders_status(
    cancelled_at: str | None, financial_status: str | None, expected: OrderStatus
) -> None:
    body = variant("linked/06", cancelled_at=cancelled_at, financial_status=financial_status)
    assert order(body).status is expected


def test_an_order_sums_what_was_given_back() -> None:
    refund = json.loads(payload("linked/10"))
    assert order(variant("linked/06", refunds=[refund, refund])).refunded == Decimal("170.00")


def test_a_refund_that_failed_gave_nothing_back() -> None:
    refund = json.loads(payload("linked/10"))
    refund["transactions"][0]["status"] = "failure"
    assert order(variant("linked/06", refunds=[refund])).refunded == Decimal("10.00")


def test_a_refund_in_the_buyers_currency_counts_by_the_shops_amounts() -> None:
    refund = json.loads(payload("linked/10"))
    for transaction in refund["transactions"]:
        transaction["currency"] = "EUR"
    refund["refund_shipping_lines"] = [{"subtotal_amount_set": {"shop_money": {"amount": "5.05"}}}]
    expected = Decimal("89.99") + Decimal("19.99") + Decimal("24.99") + Decimal("159.99") + Decimal("119.99")
    assert order(variant("linked/06", refunds=[refund])).refunded == expected + Decimal("5.05")


def test_an_order_whose_amount_cannot_be_read_is_still_an_order() -> None:
    assert order(variant("linked/06", total_price="example string")).total == Money(Decimal(0), "XXX")


def test_an_order_in_a_foreign_currency_keeps_both_totals() -> None:
    shown = {"presentment_money": {"amount": "555.10", "currency_code": "EUR"}}
    seen = order(variant("linked/06", presentment_currency="EUR", total_price_set=shown))
    assert seen.total == Money(Decimal("600.00"), "USD")
    assert seen.presentment_total == Money(Decimal("555.10"), "EUR")


def test_a_refund_is_seen_with_its_sum_in_the_shops_currency() -> None:
    assert read("refunds/create", payload("linked/10")) == (
        RefundSeen(
            order_id="5778367414385",
            refund_id="890088186047892319",
            amount=Money(Decimal("85.00"), "USD"),
            refunded_at=datetime(2022, 1, 1, tzinfo=UTC),
        ),
    )


def test_a_deleted_order() -> None:
    deleted = read("orders/delete", payload("official/2026-07.orders.delete"))
    assert deleted == (OrderDeleted("820982911946154500"),)


def test_an_edit_tells_no_state_and_so_changes_nothing() -> None:
    assert read("orders/edited", payload("official/2026-07.orders.edited")) == ()


@pytest.mark.parametrize(
    ("topic", "name", "parcel", "status"),
    [
        ("fulfillments/create", "linked/08", "5123456789", "success"),
        ("fulfillments/update", "official/2026-07.fulfillments.update", "123456", "pending"),
        ("fulfillment_events/create", "linked/09", "5123456789", "out_for_delivery"),
    ],
)
def test_a_parcel_is_seen(topic: str, name: str, parcel: str, status: str) -> None:
    number = "5778367414385" if "linked" in name else "820982911946154500"
    seen = FulfillmentSeen(number, parcel, status, datetime(2022, 1, 1, tzinfo=UTC))
    assert read(topic, payload(name)) == (seen,)


def test_the_carriers_word_on_a_parcel_goes_first() -> None:
    (seen,) = read("fulfillments/update", variant("linked/08", shipment_status="DELIVERED"))
    assert isinstance(seen, FulfillmentSeen)
    assert seen.status == "delivered"


@pytest.mark.parametrize(
    ("details", "agent"),
    [
        ({"user_agent": "Mozilla/5.0 (iPhone)"}, "Mozilla/5.0 (iPhone)"),
        ({"user_agent": None}, None),
        (None, None),
    ],
)
def test_an_order_names_the_browser_where_shopify_does(details: Any, agent: str | None) -> None:
    assert order(variant("linked/06", client_details=details)).user_agent == agent


def test_an_order_names_the_link_that_filled_its_checkout() -> None:
    notes = [{"name": "warmcart", "value": "AbCdEfGhIjKl"}]
    assert order(variant("linked/06", note_attributes=notes)).opened_by == "AbCdEfGhIjKl"
