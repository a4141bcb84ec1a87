from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.demo import DemoPlatform
from connectors.demo.deliveries import CART as CART_TOPIC
from connectors.demo.deliveries import ORDER as ORDER_TOPIC
from connectors.demo.deliveries import sign
from connectors.events import CartSeen, ConsentState, Item, Key, Money, OrderSeen, OrderStatus
from connectors.platform import Malformed
from tests.connectors.demo.bodies import CART, ORDER, SECRET, body

PLATFORM = DemoPlatform()
NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)


def signed(raw: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"x-demo-signature": sign(raw, secret), "x-demo-topic": CART_TOPIC, "x-demo-delivery": "d-1"}


def cart(**changed: Any) -> CartSeen:
    (event,) = PLATFORM.events(CART_TOPIC, body(CART, **changed), NOW)
    assert isinstance(event, CartSeen)
    return event


def order(**changed: Any) -> OrderSeen:
    (event,) = PLATFORM.events(ORDER_TOPIC, body(ORDER, **changed), NOW)
    assert isinstance(event, OrderSeen)
    return event


def test_a_body_that_the_shop_signed_is_believed() -> None:
    raw = body(CART)
    assert PLATFORM.verify(signed(raw), raw, ["an older secret", SECRET])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-demo-signature": ""},
        {"x-demo-signature": sign(body(CART), "another secret")},
        {"x-demo-signature": sign(body(CART, total="0.01"), SECRET)},
        {"x-demo-signature": "ünsigned"},
        {"x-demo-signature": "\udcff"},
    ],
)
def test_nothing_else_is(headers: dict[str, str]) -> None:
    assert not PLATFORM.verify(headers, body(CART), [SECRET])


def test_a_store_without_a_secret_believes_nobody() -> None:
    assert not PLATFORM.verify(signed(body(CART)), body(CART), [])


def test_a_delivery_names_the_cart_and_everybody_it_is_about() -> None:
    raw = body(CART)
    delivery = PLATFORM.read(signed(raw), raw)
    assert delivery.topic == CART_TOPIC
    assert delivery.dedupe_key == "d-1"
    assert delivery.subject == "cart:cart-1"
    assert delivery.mentions == ("demo_cart:cart-1", "phone:0664123456", "email:ana@example.com")


def test_codes_are_told_with_carts_and_orders() -> None:
    assert cart(discount_codes=["BACK-7Q2K"]).discount_codes == ("BACK-7Q2K",)
    assert order(discount_codes=["BACK-7Q2K"]).discount_codes == ("BACK-7Q2K",)
    assert (cart(discount_codes=[]).discount_codes, cart().discount_codes) == ((), None)
    assert order().discount_codes == ()


def test_an_order_is_applied_in_line_with_its_cart() -> None:
    assert PLATFORM.read({}, body(ORDER)).subject == PLATFORM.read({}, body(CART)).subject


def test_equal_bodies_without_an_id_are_one_delivery() -> None:
    keys = {PLATFORM.read({"x-demo-topic": CART_TOPIC}, body(CART)).dedupe_key for _ in range(2)}
    other = PLATFORM.read({"x-demo-topic": CART_TOPIC}, body(CART, total="1.00")).dedupe_key
    assert len(keys) == 1
    assert other not in keys


def test_bytes_that_are_no_json_are_malformed() -> None:
    with pytest.raises(Malformed):
        PLATFORM.read({}, b"\xff{")


def test_a_cart_is_read_whole() -> None:
    seen = cart()
    assert seen.keys == (Key("demo_cart", "cart-1"),)
    assert seen.created_at == datetime(2026, 11, 21, 17, tzinfo=UTC)
    assert seen.updated_at == datetime(2026, 11, 21, 17, 30, tzinfo=UTC)
    assert seen.items == (
        Item("Fern teapot", 1, "teapot", unit_price=Decimal("48.00")),
        Item("Lime blossom honey", 2, "honey", unit_price=Decimal("12.25")),
    )
    assert seen.total == seen.presentment_total == Money(Decimal("72.50"), "EUR")
    assert (seen.locale, seen.step) == ("de", "contact")
    assert seen.shopper.phones == ("0664 123456",)
    assert (seen.shopper.country, seen.shopper.first_name) == ("AT", "Ana")
    assert seen.restore_url == CART["restore_url"]


def test_the_ticked_box_is_consent_with_its_wording_and_moment() -> None:
    signal = cart().consent
    assert signal is not None
    assert (signal.state, signal.phone, signal.confirmed) == (ConsentState.GIVEN, "0664 123456", False)
    assert signal.occurred_at == datetime(2026, 11, 21, 17, 29, tzinfo=UTC)
    assert signal.checkout_created_at == cart().created_at
    assert (signal.wording, signal.language) == ("Ja, ich will.", "de")


def test_a_second_yes_makes_it_confirmed() -> None:
    signal = cart(consent_confirmed=True).consent
    assert signal is not None and signal.confirmed


def test_a_confirmation_is_a_yes_and_not_just_any_word() -> None:
    signal = cart(consent_confirmed="no").consent
    assert signal is not None and not signal.confirmed


def test_an_empty_box_says_nothing() -> None:
    assert cart(consent_at=None).consent is None


def test_an_order_is_paid_and_belongs_to_its_cart() -> None:
    seen = order()
    assert (seen.order_id, seen.number, seen.status) == ("FK-1001", "FK-1001", OrderStatus.PAID)
    assert seen.keys == (Key("demo_cart", "cart-1"),)
    assert seen.total == Money(Decimal("72.50"), "EUR")
    assert seen.status_url == ORDER["status_url"]


@pytest.mark.parametrize(
    "changed",
    [
        {"cart_token": None},
        {"cart_token": 7},
        {"updated_at": "yesterday"},
        {"updated_at": "2026-11-21T18:30:00"},
        {"created_at": None},
        {"consent_at": "now"},
        {"items": "teapot"},
        {"items": 3},
        {"items": [{"title": "Tea", "quantity": "many"}]},
        {"items": [{"title": "Tea", "price": "dear"}]},
    ],
)
def test_a_cart_that_cannot_be_understood_is_malformed(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        cart(**changed)


@pytest.mark.parametrize("changed", [{"order_id": ""}, {"total": "NaN"}, {"total": "x"}, {"currency": None}])
def test_an_order_without_id_or_total_is_malformed(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        order(**changed)


def test_topics_that_nobody_knows_tell_nothing() -> None:
    assert PLATFORM.events("product.updated", body(CART), NOW) == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(CART)), inner),
        max_leaves=12,
    )
)
def test_whatever_json_comes_is_read_or_malformed(data: Any) -> None:
    for topic, whole in ((CART_TOPIC, CART), (ORDER_TOPIC, ORDER)):
        changed = data if isinstance(data, dict) else {"items": data, "total": data, "phone": data}
        raw = body(whole, **changed)
        PLATFORM.read({}, raw)
        try:
            PLATFORM.events(topic, raw, NOW)
        except Malformed:
            continue
