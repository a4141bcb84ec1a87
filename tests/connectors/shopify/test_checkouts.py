from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.events import (
    CartDeleted,
    CartSeen,
    ConsentSignal,
    ConsentState,
    Event,
    Item,
    Key,
    Money,
    Shopper,
)
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


def checkout(body: bytes) -> CartSeen:
    (event,) = read("checkouts/update", body)
    assert isinstance(event, CartSeen)
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
        discount_codes=(),
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([{"code": "BACK-7H3K", "amount": "60.00", "type": "percentage"}], ("BACK-7H3K",)),
        ([{"code": None}, "SAVE10"], ()),
        (None, None),
        ("SAVE10", None),
    ],
)
def test_a_checkout_tells_the_codes_that_lower_it(told: Any, expected: tuple[str, ...] | None) -> None:
    assert checkout(variant("linked/03", discount_codes=told)).discount_codes == expected


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


def test_a_cart_knows_its_items_and_no_currency_for_their_prices() -> None:
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


def test_a_checkout_in_a_foreign_currency_keeps_the_shops_total_only_and_no_prices() -> None:
    cart = checkout(variant("linked/03", presentment_currency="EUR"))
    assert (cart.total, cart.presentment_total) == (Money(Decimal("600.00"), "USD"), None)
    assert [item.unit_price for item in cart.items] == [None]


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


@pytest.mark.parametrize(
    ("landing_site", "folder"),
    [
        ("/de-at/products/kanne?utm_source=x", "de-at"),
        ("https://shop.example.com/de/collections/tee", "de"),
        ("/de", "de"),
        ("/fr/products/kanne", None),
        ("/products/kanne", None),
        ("//[", None),
        (None, None),
    ],
)
def test_the_language_folder_of_the_shop_is_known_from_where_the_shopper_landed(
    landing_site: Any, folder: str | None
) -> None:
    cart = checkout(variant("linked/03", landing_site=landing_site, customer_locale="de-AT"))
    assert (cart.locale, cart.storefront_locale) == ("de-AT", folder)


@pytest.mark.parametrize(
    ("notes", "token"),
    [
        ([{"name": "gift", "value": "yes"}, {"name": "warmcart", "value": "AbCdEfGhIjKl"}], "AbCdEfGhIjKl"),
        ([{"name": "warmcart", "value": None}], None),
        ([{"name": "warmcart", "value": "x" * 65}], None),
        ([{"name": "gift", "value": "yes"}, 7], None),
        (None, None),
    ],
)
def test_a_checkout_names_the_link_that_filled_it(notes: Any, token: str | None) -> None:
    assert checkout(variant("linked/03", note_attributes=notes)).opened_by == token
