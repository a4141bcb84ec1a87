from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events import (
    CartDeleted,
    CartSeen,
    ConnectionBroken,
    ConsentState,
    CustomerSeen,
    Event,
    Item,
    Key,
    Money,
    OrderDeleted,
    OrderSeen,
    OrderStatus,
    Shopper,
)
from connectors.platform import Malformed
from connectors.woocommerce.events import events
from tests.connectors.woocommerce.recorded import (
    COMPLETED,
    DELETED,
    DRAFT,
    PARTLY_REFUNDED,
    PENDING,
    PROCESSING,
    RECEIVED_AT,
    Recorded,
    deliveries,
    encoded,
    json_values,
    order,
)


def recorded_events(name: str) -> tuple[Event, ...]:
    delivery = Recorded(name)
    return tuple(events(delivery.topic, delivery.body, RECEIVED_AT))


def events_of(name: str, topic: str = "order.updated", **changes: Any) -> tuple[Event, ...]:
    return tuple(events(topic, encoded(order(name, **changes)), RECEIVED_AT))


def cart_of(name: str, **changes: Any) -> CartSeen:
    [event] = events_of(name, **changes)
    assert isinstance(event, CartSeen)
    return event


def order_of(name: str, **changes: Any) -> OrderSeen:
    [event] = events_of(name, **changes)
    assert isinstance(event, OrderSeen)
    return event


def with_meta(name: str, **meta: object) -> list[dict[str, object]]:
    return [
        *order(name)["meta_data"],
        *({"id": 90, "key": key, "value": value} for key, value in meta.items()),
    ]


UNPAID = {PENDING, "0028-order.updated", "0051-order.updated", DRAFT}
KINDS = {
    "order.created": {OrderSeen},
    "order.updated": {OrderSeen},
    "order.deleted": {OrderDeleted, CartDeleted},
    "customer.created": {CustomerSeen},
    "customer.updated": {CustomerSeen},
}


@pytest.mark.parametrize("name", deliveries())
def test_every_recorded_delivery_is_understood(name: str) -> None:
    expected = {CartSeen} if name in UNPAID else KINDS.get(Recorded(name).topic, set())
    assert {type(event) for event in recorded_events(name)} == expected


def test_an_unpaid_order_is_a_cart_with_its_pay_link() -> None:
    [cart] = recorded_events(PENDING)
    assert cart == CartSeen(
        keys=(Key("woo_order", "25"),),
        updated_at=datetime(2026, 11, 21, 19, 26, 23, tzinfo=UTC),
        created_at=datetime(2026, 11, 21, 19, 26, 23, tzinfo=UTC),
        items=(
            Item("Canvas Tote", 2, product_id="13", unit_price=Decimal("21.60")),
            Item("Logo Tee - M", 1, product_id="17", variant_id="19", unit_price=Decimal("25.20")),
        ),
        total=Money(Decimal("73.40"), "USD"),
        shopper=Shopper(
            phones=("(512) 555-0111",),
            email="zoe@shopper.example",
            first_name="Zoë",
            country="US",
            region="TX",
            postcode="78701",
        ),
        restore_url="http://127.0.0.1:8089/checkout/order-pay/25/?pay_for_order=true&key=wc_order_joJ5hen3Dk6tZ",
        step="payment",
        discount_codes=("save10",),
    )


def test_created_and_updated_say_the_same() -> None:
    assert recorded_events("0027-order.created") == recorded_events("0028-order.updated")


def test_a_failed_payment_leaves_a_cart() -> None:
    assert cart_of(PENDING, status="failed").restore_url is not None


def test_a_draft_is_a_cart_whose_pay_link_is_not_used() -> None:
    [cart] = recorded_events(DRAFT)
    assert isinstance(cart, CartSeen)
    assert cart.keys == (Key("woo_order", "15"),)
    assert cart.shopper.phones == ("512-555-0155",)
    assert cart.step == "shipping"
    assert cart.restore_url == "http://127.0.0.1:8088/cart/?add-to-cart=10&quantity=1"


def test_a_draft_whose_shopper_only_typed_a_phone_is_at_the_contact_step() -> None:
    [cart] = recorded_events("0051-order.updated")
    assert isinstance(cart, CartSeen)
    assert cart.step == "contact"
    assert cart.items[0].quantity == 5


def test_an_emptied_draft_is_a_cart_without_items() -> None:
    assert cart_of(DRAFT, line_items=[]).items == ()


def test_a_draft_lags_where_the_companion_plugin_tells_the_cart_too() -> None:
    noted = [{"key": "_warmcart_cart", "value": "0" * 32}]
    assert cart_of(DRAFT, meta_data=noted).lags
    assert not cart_of(DRAFT).lags
    assert not cart_of(PENDING, meta_data=noted).lags


def test_the_cart_hash_is_no_key() -> None:
    assert [key.kind for key in cart_of(DRAFT, cart_hash="91423ed8").keys] == ["woo_order"]


def test_a_draft_of_a_newer_store_fills_its_cart_by_checkout_link() -> None:
    lines = order(PENDING)["line_items"]
    cart = cart_of(DRAFT, version="10.8.1", line_items=lines)
    assert cart.restore_url == "http://127.0.0.1:8088/checkout-link/?products=13:2,19:1"


def test_a_draft_with_several_products_of_an_old_store_has_no_link() -> None:
    assert cart_of(DRAFT, line_items=order(PENDING)["line_items"]).restore_url is None


def test_the_link_of_an_old_store_names_the_variation_and_its_attributes() -> None:
    tee = order(PENDING)["line_items"][1]
    link = cart_of(DRAFT, line_items=[tee]).restore_url
    assert link == "http://127.0.0.1:8088/cart/?add-to-cart=17&variation_id=19&attribute_size=M&quantity=1"


def test_an_order_to_be_paid_by_bank_transfer_is_placed_and_no_cart() -> None:
    assert order_of(PENDING, status="on-hold").status is OrderStatus.PLACED


def test_an_order_paid_on_delivery_is_placed_until_it_is_paid() -> None:
    assert order_of(PROCESSING).status is OrderStatus.PLACED
    assert order_of(COMPLETED).status is OrderStatus.PAID


def test_a_cart_that_became_an_order_without_a_payment_was_placed_when_it_changed() -> None:
    placed = order_of(PROCESSING, date_modified_gmt="2026-11-21T20:00:05")
    assert placed.placed_at == placed.updated_at == datetime(2026, 11, 21, 20, 0, 5, tzinfo=UTC)


def test_an_order_paid_online_was_placed_when_it_was_paid() -> None:
    paid = order_of(PROCESSING, payment_method="stripe", date_paid_gmt="2026-11-21T20:00:05")
    assert paid.status is OrderStatus.PAID
    assert paid.placed_at == datetime(2026, 11, 21, 20, 0, 5, tzinfo=UTC)


def test_only_gmt_times_are_read() -> None:
    old = "1999-01-01T00:00:00"
    cart = cart_of(PENDING, date_created=old, date_modified=old)
    assert cart.created_at == cart.updated_at == datetime(2026, 11, 21, 19, 26, 23, tzinfo=UTC)
    paid = order_of(COMPLETED, payment_method="stripe", date_paid=old)
    assert paid.placed_at == datetime(2026, 11, 21, 19, 26, 30, tzinfo=UTC)


def test_a_partial_refund_leaves_the_status_and_says_how_much() -> None:
    refunded = order_of(PARTLY_REFUNDED)
    assert refunded.status is OrderStatus.PLACED
    assert refunded.refunded == Decimal("5.00")
    assert order_of(PROCESSING).refunded is None


def test_several_refunds_add_up() -> None:
    refunds = [{"id": 26, "total": "-5.00"}, {"id": 27, "total": "-68.40"}]
    refunded = order_of(COMPLETED, status="refunded", refunds=refunds)
    assert (refunded.status, refunded.refunded) == (OrderStatus.REFUNDED, Decimal("73.40"))


def test_a_cancelled_order_is_cancelled() -> None:
    assert order_of(PENDING, status="cancelled").status is OrderStatus.CANCELLED


def test_a_status_that_a_plugin_added_counts_as_bought() -> None:
    assert order_of(PROCESSING, status="awaiting-shipment").status is OrderStatus.PLACED


def test_an_unpaid_status_with_a_payment_date_is_no_cart() -> None:
    assert order_of(PENDING, status="failed", date_paid_gmt="2026-11-21T19:30:00").status is OrderStatus.PAID


@pytest.mark.parametrize("topic", ["order.updated", "order.restored"])
def test_a_trashed_order_is_removed(topic: str) -> None:
    assert events_of(PENDING, topic, status="trash") == recorded_events(DELETED)


def test_a_deletion_names_the_order_and_its_cart() -> None:
    assert recorded_events(DELETED) == (OrderDeleted("25"), CartDeleted((Key("woo_order", "25"),)))


def test_a_whole_order_under_the_deleted_topic_is_taken_for_what_it_says() -> None:
    assert events_of(COMPLETED, "order.deleted") == recorded_events(COMPLETED)


@pytest.mark.parametrize("status", ["pending", "processing", "completed"])
def test_a_renewal_made_by_a_subscription_says_nothing(status: str) -> None:
    ticked = with_meta(PENDING, **{"_wc_other/warmcart/sms_consent": "1"})
    assert events_of(PENDING, status=status, created_via="subscription", meta_data=ticked) == ()


def test_an_invoice_that_the_merchant_typed_is_no_cart_but_an_order_once_paid() -> None:
    assert events_of(PENDING, created_via="admin") == ()
    assert order_of(COMPLETED, created_via="admin").status is OrderStatus.PAID


@pytest.mark.parametrize("ticked", ["1", 1, True, "true", "yes", "Yes"])
def test_the_tick_of_our_box_is_consent_for_the_billing_phone(ticked: object) -> None:
    meta = with_meta(PENDING, **{"_wc_other/warmcart/sms_consent": ticked})
    consent = cart_of(PENDING, meta_data=meta).consent
    assert consent is not None
    assert consent.state is ConsentState.GIVEN
    assert consent.phone == "(512) 555-0111"
    assert consent.source == "woocommerce_checkout"
    assert not consent.confirmed
    assert (
        consent.occurred_at == consent.checkout_created_at == datetime(2026, 11, 21, 19, 26, 23, tzinfo=UTC)
    )
    assert order_of(PROCESSING, meta_data=meta).consent == consent


def test_the_tick_brings_along_what_woocommerce_notes_of_the_browser_and_the_box_of_its_words() -> None:
    box = "_wc_other/warmcart/sms_consent"
    words = {f"{box}_wording": "Remind me of my cart by text", f"{box}_version": "2026-11"}
    order = {
        "customer_ip_address": "203.0.113.9",
        "customer_user_agent": "Mozilla/5.0",
        "meta_data": with_meta(PENDING, **{box: "1"}, **words),
    }
    consent = cart_of(PENDING, **order).consent
    assert consent is not None
    assert consent.wording == "Remind me of my cart by text"
    assert consent.evidence == {
        "ip": "203.0.113.9",
        "user_agent": "Mozilla/5.0",
        "wording_version": "2026-11",
    }


@pytest.mark.parametrize(
    "meta",
    [
        {"_wc_other/warmcart/sms_consent": "0"},
        {"_wc_other/warmcart/sms_consent": ""},
        {"_wc_other/warmcart/sms_consent": False},
        {"_wc_other/warmcart/sms_consent": None},
        {"_wc_other/warmcart/sms_consent": ["1"]},
        {"_wc_other/another/sms_consent": "1"},
        {"_wc_billing/warmcart/sms_consent": "1"},
        {"sms_consent": "yes"},
    ],
)
def test_nothing_else_is_consent(meta: dict[str, object]) -> None:
    assert cart_of(PENDING, meta_data=with_meta(PENDING, **meta)).consent is None


def test_a_customer_record_gives_no_consent_whatever_its_meta() -> None:
    [customer] = recorded_events("0025-customer.updated")
    assert customer == CustomerSeen(
        "3",
        Shopper(
            phones=("512-555-0177",),
            email="bob1795289180@shopper.example",
            first_name="Bob",
            customer_id="3",
        ),
        updated_at=datetime(2026, 11, 21, 19, 26, 22, tzinfo=UTC),
    )


def test_a_second_phone_at_the_shipping_address_comes_after_the_billing_one() -> None:
    shipping = order(DRAFT)["shipping"] | {"phone": "+44 7700 900123"}
    assert cart_of(DRAFT, shipping=shipping).shopper.phones == ("512-555-0155", "+44 7700 900123")


@pytest.mark.parametrize(("field", "value"), [("wpml_language", "de"), ("weglot_language", "fr")])
def test_the_language_is_what_a_translation_plugin_noted(field: str, value: str) -> None:
    assert cart_of(PENDING, meta_data=with_meta(PENDING, **{field: value})).locale == value


def test_a_language_is_written_as_a_tag() -> None:
    assert cart_of(PENDING, meta_data=with_meta(PENDING, trp_language="pt_BR")).locale == "pt-BR"
    assert cart_of(PENDING, meta_data=with_meta(PENDING, trp_language="<b>")).locale is None
    assert cart_of(PENDING).locale is None


def test_coupon_codes_are_the_discount_codes() -> None:
    assert order_of(PROCESSING).discount_codes == ("save10",)


def test_the_landing_address_tells_our_link() -> None:
    entry = "https://shop.example/checkout/?utm_source=sms&cid=aB3&session=eyJh.b.c&key=wc_order_x"
    meta = with_meta(PROCESSING, _wc_order_attribution_session_entry=entry)
    assert order_of(PROCESSING, meta_data=meta).opened_by == "aB3"


def test_the_plugins_own_note_of_our_link_goes_before_the_landing_address() -> None:
    entry = "https://shop.example/checkout/?cid=aB3"
    meta = with_meta(PROCESSING, _warmcart_cid="Zz9", _wc_order_attribution_session_entry=entry)
    assert order_of(PROCESSING, meta_data=meta).opened_by == "Zz9"


@pytest.mark.parametrize("entry", ["(none)", "", "javascript:alert(1)", "http://[", None])
def test_no_landing_address_tells_none(entry: object) -> None:
    meta = with_meta(PROCESSING, _wc_order_attribution_session_entry=entry)
    assert order_of(PROCESSING, meta_data=meta).opened_by is None


def test_lists_that_php_wrote_as_objects_are_lists() -> None:
    body = order(PENDING)
    holes = {str(number): line for number, line in enumerate(body["line_items"], start=1)}
    assert len(cart_of(PENDING, line_items=holes, billing=[], meta_data={}).items) == 2


def test_an_item_shows_its_name_without_markup_and_its_picture() -> None:
    line = order(PENDING)["line_items"][0] | {
        "name": "Salt &amp; <b>Pepper</b>",
        "image": {"id": 4, "src": "https://shop.example/salt.jpg"},
        "quantity": 0.5,
        "total": "12.00",
    }
    [item] = cart_of(PENDING, line_items=[line]).items
    assert item == Item(
        "Salt & Pepper",
        1,
        product_id="13",
        unit_price=Decimal("24.00"),
        image_url="https://shop.example/salt.jpg",
    )


def test_a_signed_error_body_breaks_the_connection_whatever_the_topic() -> None:
    body = encoded({"code": "woocommerce_rest_cannot_view", "message": "Sorry.", "data": {"status": 403}})
    for topic in ("order.updated", "order.deleted", "customer.created"):
        [broken] = events(topic, body, RECEIVED_AT)
        assert isinstance(broken, ConnectionBroken)
        assert broken.detail.startswith("The person who connected this shop may no longer manage")


def test_an_order_that_was_deleted_before_its_delivery_breaks_nothing() -> None:
    gone = {
        "code": "woocommerce_rest_shop_order_invalid_id",
        "message": "Invalid ID.",
        "data": {"status": 404},
    }
    assert events("order.updated", encoded(gone), RECEIVED_AT) == ()


@pytest.mark.parametrize(
    "changes",
    [{"id": 0}, {"id": None}, {"status": ""}, {"total": "x"}, {"total": "Infinity"}, {"currency": ""}],
)
def test_an_order_without_what_makes_it_one_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        events_of(PENDING, **changes)


@pytest.mark.parametrize("topic", ["coupon.updated", "product.deleted", "action.wc_x", "warmcart.cart", ""])
def test_a_topic_that_does_not_concern_us_says_nothing(topic: str) -> None:
    assert events(topic, b'{"id":25,"status":"pending"}', RECEIVED_AT) == ()


@given(
    changes=st.dictionaries(st.sampled_from(sorted(order(PENDING))), json_values, max_size=4),
    status=st.sampled_from(["pending", "checkout-draft", "processing", "trash", "refunded"]),
)
def test_a_distorted_order_is_understood_or_malformed(changes: dict[str, Any], status: str) -> None:
    try:
        found = events_of(PENDING, **{"status": status} | changes)
    except Malformed:
        return
    for event in found:
        assert isinstance(event, CartSeen | OrderSeen | OrderDeleted | CartDeleted)
        if isinstance(event, CartSeen | OrderSeen):
            assert event.updated_at.tzinfo is UTC
        if isinstance(event, CartSeen):
            assert all(item.quantity >= 0 for item in event.items)


def test_a_name_full_of_brackets_is_read_in_no_time() -> None:
    line = order(PENDING)["line_items"][0] | {"name": "<" * 200_000}
    assert len(cart_of(PENDING, line_items=[line]).items[0].title) == 200_000


def test_drafts_and_orders_name_the_browser_in_which_they_were_made() -> None:
    agent = {"customer_user_agent": "Mozilla/5.0 (iPhone)"}
    assert cart_of(DRAFT, **agent).user_agent == order_of(PROCESSING, **agent).user_agent
    assert cart_of(DRAFT, **agent).user_agent == "Mozilla/5.0 (iPhone)"
    assert order_of(PROCESSING, customer_user_agent="").user_agent is None
