from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.platform import (
    CartDeleted,
    CartSeen,
    ComplianceRequested,
    ConsentChanged,
    ConsentSignal,
    ConsentState,
    CustomerSeen,
    Event,
    FulfillmentSeen,
    Item,
    Key,
    Malformed,
    Money,
    OrderDeleted,
    OrderSeen,
    OrderStatus,
    RefundSeen,
    RequestKind,
    ScopesChanged,
    Shopper,
    StoreChanged,
    Uninstalled,
)
from connectors.shopify.events import COMPLIANCE_TOPICS, TOPICS, events
from tests.connectors.shopify.deliveries import FILES, RECEIVED_AT, payload, topic_of, variant

CHECKOUT_TOKEN = Key("checkout_token", "84ad78572dae52a8cbea7d55371afe89")
CART_TOKEN = Key("cart_token", "Z2NwLXVzLWVhc3QxOjAxSkJaTUVRSjgzNUJUN1BTNjEzRFdRUFFQ")
HENRY = Shopper(
    phones=("+14235550123",),
    email="henry@example.com",
    first_name="Henry",
    customer_id="7358220173425",
    country="US",
    region="TN",
    postcode="37604",
)


def read(topic: str, body: bytes) -> Sequence[Event]:
    return events(topic, body, RECEIVED_AT)


def checkout(body: bytes) -> CartSeen:
    (event,) = read("checkouts/update", body)
    assert isinstance(event, CartSeen)
    return event


def order(body: bytes) -> OrderSeen:
    (event,) = read("orders/updated", body)
    assert isinstance(event, OrderSeen)
    return event


def test_a_checkout_with_the_box_ticked_is_a_cart_with_consent() -> None:
    updated_at = datetime(2024, 11, 6, 2, 23, 10, tzinfo=UTC)
    created_at = datetime(2024, 11, 6, 2, 22, tzinfo=UTC)
    assert checkout(payload("linked/03")) == CartSeen(
        keys=(CHECKOUT_TOKEN, CART_TOKEN),
        updated_at=updated_at,
        created_at=created_at,
        items=(
            Item(
                title="The Collection Snowboard: Hydrogen",
                quantity=1,
                product_id="7234590408817",
                variant_id="41327142600817",
                unit_price=Decimal("600.00"),
            ),
        ),
        total=Money(Decimal("600.00"), "USD"),
        presentment_total=Money(Decimal("600.00"), "USD"),
        locale="en-US",
        shopper=HENRY,
        consent=ConsentSignal(
            state=ConsentState.GIVEN,
            phone="+14235550123",
            source="shopify_checkout",
            confirmed=False,
            occurred_at=updated_at,
            checkout_created_at=created_at,
            customer_id="7358220173425",
            language="en-US",
        ),
        restore_url=json.loads(payload("linked/03"))["abandoned_checkout_url"],
        step="shipping",
    )


@pytest.mark.parametrize(
    ("name", "step", "phones", "completed"),
    [
        ("linked/01", "cart", (), False),
        ("linked/02", "contact", (), False),
        ("linked/03", "shipping", ("+14235550123",), False),
        ("linked/04", "contact", ("+14235550123",), False),
        ("linked/05", "payment", ("+14235550123",), True),
        (
            "official/2026-07.checkouts.create",
            "shipping",
            ("555-555-SHIP", "555-555-BILL", "123-123-1234"),
            False,
        ),
    ],
)
def test_a_checkout_tells_how_far_the_shopper_came(
    name: str, step: str, phones: tuple[str, ...], completed: bool
) -> None:
    cart = checkout(payload(name))
    assert (cart.step, cart.shopper.phones, cart.completed_at is not None) == (step, phones, completed)


@pytest.mark.parametrize(
    "changes",
    [
        {"buyer_accepts_sms_marketing": False},
        {"buyer_accepts_sms_marketing": None},
        {"buyer_accepts_sms_marketing": "true"},
        {"buyer_accepts_sms_marketing": ...},
        {"sms_marketing_phone": None},
        {"sms_marketing_phone": ""},
        {"sms_marketing_phone": ...},
    ],
)
def test_nothing_but_the_ticked_box_with_its_phone_is_consent(changes: dict[str, Any]) -> None:
    assert checkout(variant("linked/03", **changes)).consent is None


def test_a_phone_typed_elsewhere_is_contact_data_and_no_consent() -> None:
    cart = checkout(payload("linked/04"))
    assert cart.shopper.phones == ("+14235550123",)
    assert cart.consent is None


def test_the_phone_given_for_texts_comes_first() -> None:
    cart = checkout(variant("linked/03", phone="+14235550199", sms_marketing_phone="+14235550177"))
    assert cart.shopper.phones == ("+14235550177", "+14235550199", "+14235550123")


@pytest.mark.parametrize("address", [[], {}, None, ..., "x", [{"phone": "+1"}]])
@pytest.mark.parametrize("customer", [None, ..., [], {}])
def test_addresses_and_customer_may_be_absent_in_every_way(address: Any, customer: Any) -> None:
    cart = checkout(
        variant("linked/03", shipping_address=address, billing_address=address, customer=customer)
    )
    assert cart.keys == (CHECKOUT_TOKEN, CART_TOKEN)
    assert cart.shopper == Shopper(phones=("+14235550123",), email="henry@example.com")
    assert cart.step == "contact"


def test_the_country_comes_from_the_first_address_that_tells_one() -> None:
    cart = checkout(variant("official/2026-07.checkouts.create", shipping_address=[], billing_address=...))
    assert (cart.shopper.country, cart.shopper.region, cart.shopper.postcode) == ("CA", "ON", "K2H7A8")


def test_dates_with_different_offsets_compare_as_moments() -> None:
    cart = checkout(payload("linked/01"))
    assert cart.created_at == datetime(2024, 11, 6, 2, 22, tzinfo=UTC)
    assert cart.updated_at == datetime(2024, 11, 6, 2, 22, 2, tzinfo=UTC)


def test_a_cart_without_a_cart_token_is_known_by_its_checkout_token() -> None:
    assert checkout(variant("linked/05", cart_token=None)).keys == (CHECKOUT_TOKEN,)


def test_a_cart_without_any_token_is_no_event_for_its_id_joins_to_nothing() -> None:
    assert read("checkouts/update", variant("linked/03", token=None, cart_token="", id=123)) == ()


def test_the_key_behind_a_cart_token_is_no_part_of_it() -> None:
    cart = checkout(variant("linked/03", cart_token="hWN28bQ?key=0385163be3875d3a"))
    assert cart.keys == (CHECKOUT_TOKEN, Key("cart_token", "hWN28bQ"))


def test_a_cart_knows_its_items_only() -> None:
    (cart,) = read("carts/create", payload("official/2026-07.carts.create"))
    assert cart == CartSeen(
        keys=(Key("cart_token", "exampleCartId"),),
        updated_at=datetime(2022, 1, 1, tzinfo=UTC),
        created_at=datetime(2022, 1, 1, tzinfo=UTC),
        items=(
            Item(
                title="Example T-Shirt - Small",
                quantity=3,
                product_id="788032119674292900",
                variant_id="704912205188288500",
                unit_price=Decimal("19.99"),
            ),
        ),
        partial=True,
    )


def test_an_emptied_cart_has_no_items() -> None:
    line = json.loads(payload("linked/03"))["line_items"][0]
    assert checkout(variant("linked/03", line_items=[])).items == ()
    assert checkout(variant("linked/03", line_items=[line | {"quantity": 0}])).items == ()


def test_the_product_is_named_in_the_shoppers_language() -> None:
    line = json.loads(payload("linked/03"))["line_items"][0] | {"presentment_title": "Planche à neige"}
    assert checkout(variant("linked/03", line_items=[line])).items[0].title == "Planche à neige"


def test_a_checkout_in_a_foreign_currency_keeps_the_shops_total_only() -> None:
    cart = checkout(variant("linked/03", presentment_currency="EUR"))
    assert (cart.total, cart.presentment_total) == (Money(Decimal("600.00"), "USD"), None)


def test_a_completion_date_that_cannot_be_read_still_completes_the_cart() -> None:
    cart = checkout(variant("linked/03", completed_at="yesterday"))
    assert cart.completed_at == cart.updated_at


@pytest.mark.parametrize(
    "url", ["http://shop.example.com/x", "javascript:alert(1)", "https://u@evil.example.com/", 1]
)
def test_a_restore_address_that_is_not_plain_https_is_dropped(url: Any) -> None:
    assert checkout(variant("linked/03", abandoned_checkout_url=url)).restore_url is None


def test_a_deleted_checkout_is_known_by_its_cart_token() -> None:
    deleted = read("checkouts/delete", payload("official/2026-07.checkouts.delete"))
    assert deleted == (CartDeleted((Key("cart_token", "eeafa272cebfd4b22385bc4b645e762c"),)),)


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


def test_an_unsubscribed_customer_withdraws_consent() -> None:
    assert read("customers_marketing_consent/update", payload("linked/11")) == (
        ConsentChanged(
            ConsentSignal(
                state=ConsentState.WITHDRAWN,
                phone="+14235550123",
                source="shopify_customer",
                occurred_at=datetime(2024, 11, 6, 14, 0, tzinfo=UTC),
                customer_id="7358220173425",
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


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        ["example string", "2019-01-01 00:00:00.000Z", "0001-01-01T00:00:00+14:00", "1e400", "\x00"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
READ_FILES = [file for file in FILES if topic_of(file) in {**TOPICS, **COMPLIANCE_TOPICS}]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, entry in inner for deeper in places(entry, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_payload_with_a_strange_value_anywhere_raises(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(READ_FILES))
    body = json.loads(file.read_bytes())
    path = data.draw(st.sampled_from(places(body)))
    mutated = json.dumps(replaced(body, path, data.draw(JSON))).encode()
    for event in read(topic_of(file), mutated):
        assert "\\x00" not in repr(event)
        repr(event).encode("utf-8")


@settings(deadline=None)
@given(topic=st.sampled_from(sorted({**TOPICS, **COMPLIANCE_TOPICS})), body=JSON)
def test_no_json_at_all_raises(topic: str, body: Any) -> None:
    read(topic, json.dumps(body).encode())
