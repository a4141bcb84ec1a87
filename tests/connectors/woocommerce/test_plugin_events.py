"""The companion plugin's events: who signed them, when, and what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.events import CartSeen, ConsentState, Key, Money, OrderSeen, OrderStatus
from connectors.platform import Malformed
from connectors.woocommerce import PLATFORM, plugin_events
from tests.connectors.woocommerce.plugin_recordings import (
    AT_THE_BANK,
    BOUGHT,
    EMPTIED,
    LEFT_IN_BLOCKS,
    LEFT_IN_CLASSIC,
    LEFT_ON_OLD,
    TICKED,
    UNTICKED,
    WEBHOOK_OF_BOUGHT,
    Recorded,
    signed,
)
from tests.connectors.woocommerce.recorded import json_values

RECEIVED_AT = datetime(2026, 11, 28, 3, tzinfo=UTC)


def events_of(name: str, change: Callable[[Any], None] = lambda content: None) -> list[Any]:
    recorded = Recorded(name)
    content = recorded.content
    change(content)
    body = json.dumps(content).encode()
    topic = PLATFORM.read(recorded.headers, body).topic
    return list(PLATFORM.events(topic, body, RECEIVED_AT))


def cart_of(name: str, change: Callable[[Any], None] = lambda content: None) -> CartSeen:
    [cart] = events_of(name, change)
    assert isinstance(cart, CartSeen)
    return cart


@pytest.mark.parametrize("name", signed())
def test_what_a_real_plugin_signed_is_its_own_and_nobody_elses(name: str) -> None:
    recorded = Recorded(name)
    assert PLATFORM.verify(recorded.headers, recorded.body, [recorded.secret])
    assert not PLATFORM.verify(recorded.headers, recorded.body, ["another secret", ""])
    assert not PLATFORM.verify(recorded.headers, recorded.body + b" ", [recorded.secret])


@pytest.mark.parametrize("header", ["x-warmcart-timestamp", "x-warmcart-nonce", "x-warmcart-signature"])
def test_time_and_nonce_are_signed_too(header: str) -> None:
    recorded = Recorded(LEFT_IN_BLOCKS)
    changed = recorded.headers | {header: recorded.headers[header].replace("7", "8")}
    assert not PLATFORM.verify(changed, recorded.body, [recorded.secret])
    assert not PLATFORM.verify(recorded.headers | {header: "\udcff"}, recorded.body, [recorded.secret])


def test_an_event_may_be_five_minutes_old_and_no_older() -> None:
    recorded = Recorded(LEFT_IN_BLOCKS)
    for minutes in (-5, 0, 5):
        assert plugin_events.is_fresh(recorded.headers, recorded.sent_at + timedelta(minutes=minutes))
    for minutes in (-6, 6):
        assert not plugin_events.is_fresh(recorded.headers, recorded.sent_at + timedelta(minutes=minutes))


@pytest.mark.parametrize("told", ["", "-5", "1e9", "²", "9" * 12, "99999999999"])
def test_a_time_that_is_none_is_not_fresh(told: str) -> None:
    assert not plugin_events.is_fresh({"x-warmcart-timestamp": told}, RECEIVED_AT)


def test_a_phone_without_an_email_is_a_cart_with_consent() -> None:
    cart = cart_of(LEFT_IN_BLOCKS)
    assert cart.keys == (Key("woo_session", "d39175acfab31f85e9b8323d63c1c2df"),)
    assert (cart.step, cart.total) == ("contact", Money(Decimal("88.00"), "AUD"))
    assert [(item.title, item.product_id, item.variant_id, item.quantity) for item in cart.items] == [
        ("Blue mug", "11", None, 1),
        ("Desk lamp", "12", None, 1),
    ]
    assert cart.items[0].unit_price == Decimal("24.00")
    assert (cart.shopper.phones, cart.shopper.email, cart.shopper.country) == (("0412 345 631",), None, "AU")
    assert (cart.locale, cart.storefront_locale) == ("en-US", "en-US")
    assert cart.updated_at == datetime(2026, 11, 28, 2, 13, 16, tzinfo=UTC)


def test_the_tick_carries_what_proves_it() -> None:
    cart = cart_of(LEFT_IN_BLOCKS)
    assert cart.consent is not None
    assert (cart.consent.state, cart.consent.source) == (ConsentState.GIVEN, "woocommerce_box")
    assert cart.consent.phone == "0412 345 631"
    assert cart.consent.occurred_at == datetime(2026, 11, 28, 2, 13, 16, tzinfo=UTC)
    assert cart.consent.checkout_created_at == cart.created_at
    assert cart.consent.wording is not None
    assert cart.consent.wording.startswith("Text me about my cart and offers.")
    assert set(cart.consent.evidence) == {"ip", "user_agent", "page_url", "wording_version"}
    assert cart.consent.language == "en-US"


def test_browser_way_back_and_codes_are_told_by_a_plugin_that_knows_them() -> None:
    told = {"user_agent": "Mozilla/5.0", "opened_by": "aB3", "discount_codes": ["w15", "", None, {}]}
    cart = cart_of(LEFT_IN_BLOCKS, lambda content: content["cart"].update(told))
    assert (cart.user_agent, cart.opened_by, cart.discount_codes) == ("Mozilla/5.0", "aB3", ("w15",))
    older = cart_of(LEFT_IN_BLOCKS)
    assert (older.user_agent, older.opened_by, older.discount_codes) == (None, None, None)


def test_both_checkouts_of_both_versions_say_the_same() -> None:
    for name in (LEFT_IN_BLOCKS, LEFT_IN_CLASSIC, LEFT_ON_OLD):
        cart = cart_of(name)
        assert cart.step == "contact"
        assert cart.consent is not None
        assert len(cart.shopper.phones) == 1


def test_a_box_that_was_unticked_is_no_consent() -> None:
    assert cart_of(TICKED).consent is not None
    assert cart_of(UNTICKED).consent is None
    [item] = cart_of(UNTICKED).items
    assert (item.product_id, item.variant_id, item.quantity) == ("13", "15", 2)


def test_an_emptied_cart_has_no_items() -> None:
    cart = cart_of(EMPTIED)
    assert (cart.items, cart.step, cart.consent) == ((), "cart", None)
    assert cart.keys == cart_of(TICKED).keys


def test_an_order_names_the_cart_that_it_was() -> None:
    [order] = events_of(BOUGHT)
    assert isinstance(order, OrderSeen)
    assert (order.order_id, order.status) == ("28", OrderStatus.PLACED)
    assert order.keys == (Key("woo_order", "28"), Key("woo_session", "38ee7dfa1d19a9e99b4d2a82f35deccb"))
    assert order.consent is not None
    assert order.consent.evidence["wording_version"] == "1"


def test_woocommerces_own_webhook_names_the_cart_too() -> None:
    body = Recorded(WEBHOOK_OF_BOUGHT).body
    headers = {"x-wc-webhook-topic": "order.created"}
    [told_by_webhook] = PLATFORM.events("order.created", body, RECEIVED_AT)
    [told_by_plugin] = events_of(BOUGHT)
    assert isinstance(told_by_webhook, OrderSeen)
    assert told_by_webhook.keys == told_by_plugin.keys
    assert (told_by_webhook.total, told_by_webhook.shopper) == (told_by_plugin.total, told_by_plugin.shopper)
    assert "woo_session:38ee7dfa1d19a9e99b4d2a82f35deccb" in PLATFORM.read(headers, body).mentions


def test_an_order_that_waits_for_its_payment_is_still_a_cart() -> None:
    cart = cart_of(AT_THE_BANK)
    assert [key.kind for key in cart.keys] == ["woo_order", "woo_session"]
    assert cart.step == "payment"
    assert cart.restore_url is not None


def test_a_delivery_names_its_cart_and_shopper_and_is_the_same_when_it_comes_again() -> None:
    recorded = Recorded(LEFT_IN_BLOCKS)
    delivery = PLATFORM.read(recorded.headers, recorded.body)
    assert delivery.topic == "warmcart.cart"
    assert delivery.subject == "cart:d39175acfab31f85e9b8323d63c1c2df"
    assert delivery.dedupe_key == "plugin:3888b5ed330ad10701cec1b924e7190c"
    assert set(delivery.mentions) == {
        "woo_session:d39175acfab31f85e9b8323d63c1c2df",
        "phone:61412345631",
        "phone:0412345631",
    }
    later = recorded.headers | {"x-warmcart-timestamp": "1795839999", "x-warmcart-signature": "ab"}
    assert PLATFORM.read(later, recorded.body).dedupe_key == delivery.dedupe_key


def test_the_plugins_order_and_the_webhooks_are_applied_one_after_the_other() -> None:
    recorded = Recorded(BOUGHT)
    assert PLATFORM.read(recorded.headers, recorded.body).subject == "order:28"


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("cart"),
        lambda content: content.update(cart=[]),
        lambda content: content.update(occurred_at="yesterday"),
        lambda content: content["cart"].pop("key"),
        lambda content: content["cart"].update(key="../../etc"),
        lambda content: content["cart"].update(created_at=None),
        lambda content: content["cart"].update(items={"1": {}}),
        lambda content: content["cart"]["items"].append("a lamp"),
        lambda content: content["cart"]["items"][0].update(quantity=0),
        lambda content: content["cart"]["items"][0].update(product_id="mug"),
        lambda content: content["cart"].update(total="free"),
        lambda content: content["cart"].update(currency="$"),
        lambda content: content["cart"].update(step="nearly there"),
        lambda content: content["cart"].update(consent=True),
        lambda content: content["cart"]["consent"].update(given_at=""),
    ],
)
def test_a_cart_of_another_form_is_refused(change: Callable[[Any], None]) -> None:
    with pytest.raises(Malformed):
        events_of(LEFT_IN_BLOCKS, change)


def test_a_nonce_of_another_form_is_refused() -> None:
    recorded = Recorded(LEFT_IN_BLOCKS)
    with pytest.raises(Malformed):
        PLATFORM.read(recorded.headers | {"x-warmcart-nonce": "1"}, recorded.body)


def test_what_a_newer_plugin_adds_changes_nothing() -> None:
    def add(content: Any) -> None:
        content["mood"] = "fine"
        content["cart"]["gift"] = {"wrapped": True}
        content["cart"]["items"][0]["weight"] = 3

    assert cart_of(LEFT_IN_BLOCKS, add) == cart_of(LEFT_IN_BLOCKS)
    assert events_of(LEFT_IN_BLOCKS, lambda content: content.update(type="wishlist")) == []


@settings(max_examples=80, deadline=None)
@given(cart=st.dictionaries(st.sampled_from(["key", "items", "step", "shopper", "consent"]), json_values))
def test_no_json_at_all_makes_it_stumble(cart: dict[str, Any]) -> None:
    recorded = Recorded(LEFT_IN_BLOCKS)
    content = recorded.content
    body = json.dumps(content | {"cart": content["cart"] | cart}).encode()
    try:
        topic = PLATFORM.read(recorded.headers, body).topic
        events = PLATFORM.events(topic, body, RECEIVED_AT)
    except Malformed:
        return
    assert all(isinstance(event, CartSeen) for event in events)


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("de_DE_formal", "de-DE-x-formal"),
        ("pt-br", "pt-BR"),
        ("zh-hans", "zh-Hans"),
        ("sl_SI", "sl-SI"),
        ("", None),
    ],
)
def test_locales_as_translation_plugins_write_them(locale: str, tag: str | None) -> None:
    assert cart_of(LEFT_IN_BLOCKS, lambda content: content["cart"].update(locale=locale)).locale == tag
