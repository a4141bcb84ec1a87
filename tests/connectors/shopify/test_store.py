from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events import (
    CartSeen,
    ConsentChanged,
    ConsentState,
    Item,
    Money,
    OrderSeen,
    OrderStatus,
    Shopper,
    StoreChanged,
)
from connectors.platform import ConnectorError, Reconnect, StoreClient
from connectors.shopify.events import events
from connectors.shopify.graphql import Cost
from connectors.shopify.store import LARGEST_PAGE, ShopifyStore, page_size
from tests.connectors.shopify.conftest import SHOP, Clock, Connect
from tests.connectors.shopify.deliveries import CART_TOKEN, CHECKOUT_TOKEN, HENRY, RECEIVED_AT, payload
from tests.standins.shopify import ShopifyStandin

OTHER = "other.myshopify.com"
ABANDONED: dict[str, Any]
COMPLETED: dict[str, Any]
ORDER: dict[str, Any]
ABANDONED, COMPLETED, ORDER = (json.loads(payload(f"linked/{name}")) for name in ("03", "05", "06"))
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
UPDATED_AT = datetime(2024, 11, 6, 2, 23, 10, tzinfo=UTC)
ORDERED_AT = datetime(2024, 11, 6, 2, 54, 49, tzinfo=UTC)


def many(number: int) -> dict[str, Any]:
    """An abandoned checkout of its own, one of many."""
    url = f"https://{SHOP}/59026964593/checkouts/ac/cart{number}/recover?key=k{number}&locale=de"
    return ABANDONED | {"token": f"t{number}", "abandoned_checkout_url": url}


def test_the_store_is_a_store_client(store: ShopifyStore) -> None:
    client: StoreClient = store
    assert client.store_details().name == "good"


def test_a_store_tells_its_name_money_place_and_language(
    store: ShopifyStore, standin: ShopifyStandin
) -> None:
    assert store.store_details() == StoreChanged(
        platform_store_id="59026964593",
        name="good",
        url="https://good.myshopify.com",
        currency="USD",
        country="US",
        timezone="America/New_York",
        locale="en",
        ships_to=("US", "CA", "DE"),
        scopes=standin.shop(SHOP).scopes,
    )


def test_an_abandoned_checkout_is_an_open_cart(store: ShopifyStore, standin: ShopifyStandin) -> None:
    standin.shop(SHOP).put_checkout(ABANDONED)
    (cart,) = store.open_carts(LONG_AGO)
    assert cart == CartSeen(
        keys=(CART_TOKEN,),
        updated_at=UPDATED_AT,
        created_at=datetime(2024, 11, 6, 2, 22, tzinfo=UTC),
        items=(
            Item(
                title="The Collection Snowboard: Hydrogen",
                quantity=1,
                product_id="7234590408817",
                variant_id="41327142600817",
                unit_price=Decimal("600.00"),
                image_url="https://cdn.shopify.com/s/files/1/products/7234590408817.jpg",
            ),
        ),
        total=Money(Decimal("600.00"), "USD"),
        presentment_total=Money(Decimal("600.00"), "USD"),
        locale="en-US",
        shopper=HENRY,
        restore_url=ABANDONED["abandoned_checkout_url"],
        step="shipping",
        discount_codes=(),
    )
    assert standin.complaints == []


def test_completed_and_older_checkouts_are_not_open(store: ShopifyStore, standin: ShopifyStandin) -> None:
    standin.shop(SHOP).put_checkout(COMPLETED)
    assert list(store.open_carts(LONG_AGO)) == []
    standin.shop(SHOP).put_checkout(ABANDONED)
    assert list(store.open_carts(UPDATED_AT + timedelta(seconds=1))) == []
    assert len(list(store.open_carts(UPDATED_AT + timedelta(microseconds=900_000)))) == 1


@pytest.mark.parametrize(
    ("state", "level", "expected"),
    [
        ("subscribed", "single_opt_in", (ConsentState.GIVEN, False)),
        ("subscribed", "confirmed_opt_in", (ConsentState.GIVEN, True)),
        ("unsubscribed", None, (ConsentState.WITHDRAWN, False)),
        ("pending", None, (ConsentState.PENDING, False)),
        ("never_subscribed", None, None),
    ],
)
def test_the_consent_of_an_abandoned_checkout_is_the_customers(
    store: ShopifyStore,
    standin: ShopifyStandin,
    state: str,
    level: str | None,
    expected: tuple[ConsentState, bool] | None,
) -> None:
    shop = standin.shop(SHOP)
    shop.put_checkout(ABANDONED)
    shop.put_consent(consent(state, level))
    (cart,) = store.open_carts(LONG_AGO)
    found = (cart.consent.state, cart.consent.confirmed) if cart.consent else None
    assert found == expected
    assert cart.consent is None or cart.consent.checkout_created_at is None


def consent(state: str, level: str | None, at: str = "2024-11-06T09:00:00-05:00") -> dict[str, Any]:
    told = {"state": state, "opt_in_level": level, "consent_updated_at": at}
    body: dict[str, Any] = json.loads(payload("linked/11"))
    return body | {"sms_marketing_consent": told}


def test_all_pages_are_read_and_the_page_grows_with_what_it_costs(
    store: ShopifyStore, standin: ShopifyStandin
) -> None:
    for number in range(30):
        standin.shop(SHOP).put_checkout(many(number))
    carts = list(store.open_carts(LONG_AGO))
    assert {cart.keys[0].value for cart in carts} == {f"cart{number}" for number in range(30)}
    assert {cart.locale for cart in carts} == {"de"}
    sizes = [call.variables["first"] for call in standin.calls]
    assert sizes[0] == 10
    assert sizes[1] > 10
    assert standin.complaints == []


def test_a_page_that_is_too_costly_is_asked_for_in_halves(
    store: ShopifyStore, standin: ShopifyStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.shopify.store.FIRST_PAGE", 100)
    for number in range(12):
        standin.shop(SHOP).put_checkout(many(number))
    assert len(list(store.open_carts(LONG_AGO))) == 12
    assert [call.variables["first"] for call in standin.calls][:5] == [100, 50, 25, 12]


def test_a_small_bucket_only_slows_the_reading_down(
    store: ShopifyStore, standin: ShopifyStandin, clock: Clock
) -> None:
    bucket = standin.buckets[SHOP]
    bucket.maximum, bucket.level = 800, 100
    for number in range(40):
        standin.shop(SHOP).put_checkout(many(number))
    assert len(list(store.open_carts(LONG_AGO))) == 40
    assert clock.slept
    assert max(call.variables["first"] for call in standin.calls) == 10


@given(
    size=st.integers(1, LARGEST_PAGE),
    fixed=st.integers(0, 100),
    each=st.integers(1, 900),
    maximum=st.integers(1000, 20000),
)
def test_the_next_page_stays_within_a_thousand_points(size: int, fixed: int, each: int, maximum: int) -> None:
    cost = Cost(requested=fixed + each * size, available=0, maximum=maximum, restore_rate=100)
    following = page_size(size, cost)
    assert 1 <= following <= LARGEST_PAGE
    assert fixed + each * following <= 1000
    assert page_size(size, None) == size


def test_changes_bring_orders_first_then_carts_then_consent(
    store: ShopifyStore, standin: ShopifyStandin
) -> None:
    shop = standin.shop(SHOP)
    shop.put_checkout(COMPLETED)
    shop.put_order(ORDER)
    shop.put_consent(consent("unsubscribed", None))
    order, cart, changed = store.changes(LONG_AGO)
    assert isinstance(order, OrderSeen)
    assert (order.order_id, order.status, order.keys) == (
        "5778367414385",
        OrderStatus.PAID,
        (CHECKOUT_TOKEN, CART_TOKEN),
    )
    assert isinstance(changed, ConsentChanged)
    assert (changed.signal.state, changed.signal.phone) == (ConsentState.WITHDRAWN, "+14235550123")
    assert isinstance(cart, CartSeen)
    assert cart.completed_at == ORDERED_AT
    assert standin.complaints == []


def test_changes_before_the_asked_moment_are_left_out(store: ShopifyStore, standin: ShopifyStandin) -> None:
    shop = standin.shop(SHOP)
    shop.put_checkout(ABANDONED)
    shop.put_order(ORDER)
    shop.put_consent(consent("unsubscribed", None))
    assert list(store.changes(datetime(2025, 1, 1, tzinfo=UTC))) == []


def test_consent_is_read_newest_first_and_no_further_than_asked(
    store: ShopifyStore, standin: ShopifyStandin
) -> None:
    shop = standin.shop(SHOP)
    for number in range(12):
        body = consent("subscribed", None, f"2024-11-{number + 1:02}T12:00:00+00:00")
        shop.put_consent(body | {"id": number + 1, "phone": f"+1423555{number:04}"})
    found = list(store.changes(datetime(2024, 11, 10, tzinfo=UTC)))
    phones = [event.signal.phone for event in found if isinstance(event, ConsentChanged)]
    assert phones == ["+14235550011", "+14235550010", "+14235550009"]


def test_an_order_read_from_the_api_says_what_its_webhook_says(
    store: ShopifyStore, standin: ShopifyStandin
) -> None:
    refund = json.loads(payload("linked/10"))
    standin.shop(SHOP).put_order(ORDER | {"refunds": [refund]})
    (order,) = store.changes(LONG_AGO)
    assert order == OrderSeen(
        order_id="5778367414385",
        status=OrderStatus.PAID,
        placed_at=ORDERED_AT,
        updated_at=ORDERED_AT + timedelta(seconds=1),
        total=Money(Decimal("600.00"), "USD"),
        keys=(CHECKOUT_TOKEN, CART_TOKEN),
        number="#1017",
        presentment_total=Money(Decimal("600.00"), "USD"),
        refunded=Decimal("85.00"),
        shopper=HENRY,
        locale="en-US",
        status_url=ORDER["order_status_url"],
        discount_codes=("COMEBACK-7H3K",),
        test=True,
    )


def test_a_list_that_shopify_withholds_is_an_error_and_no_empty_list(
    store: ShopifyStore, standin: ShopifyStandin
) -> None:
    standin.shop(SHOP).withheld = {"QueryRoot.orders"}
    with pytest.raises(ConnectorError):
        list(store.changes(LONG_AGO))
    with pytest.raises(ConnectorError):
        store.find_order([CART_TOKEN], Shopper(), LONG_AGO)


def test_withheld_personal_data_leaves_the_order(store: ShopifyStore, standin: ShopifyStandin) -> None:
    shop = standin.shop(SHOP)
    shop.put_order(ORDER)
    shop.withheld = {
        "Order.email",
        "Order.phone",
        "Order.customer",
        "Order.shippingAddress",
        "Order.billingAddress",
    }
    (order,) = store.changes(LONG_AGO)
    assert isinstance(order, OrderSeen)
    assert order.shopper == Shopper()
    assert order.keys == (CHECKOUT_TOKEN, CART_TOKEN)


def test_two_stores_never_see_each_others_carts_and_orders(connect: Connect, standin: ShopifyStandin) -> None:
    ours, theirs = ShopifyStore(connect(SHOP)), ShopifyStore(connect(OTHER))
    standin.shop(SHOP).put_checkout(ABANDONED)
    standin.shop(SHOP).put_order(ORDER)
    assert list(theirs.changes(LONG_AGO)) == []
    assert theirs.find_order([CART_TOKEN], Shopper(email="henry@example.com"), LONG_AGO) is None
    assert len(list(ours.changes(LONG_AGO))) == 2


def test_a_removed_app_is_noticed_while_pages_are_read(store: ShopifyStore, standin: ShopifyStandin) -> None:
    for number in range(30):
        standin.shop(SHOP).put_checkout(many(number))
    reading = iter(store.open_carts(LONG_AGO))
    next(reading)
    standin.shop(SHOP).installed = False
    with pytest.raises(Reconnect):
        list(reading)


def test_webhooks_that_the_app_declares_need_no_repair(store: ShopifyStore, standin: ShopifyStandin) -> None:
    health = store.repair_webhooks("https://warmcart.example.com/webhooks/shopify")
    store.disconnect()
    assert health.active == 27
    assert health.repaired == ()
    assert standin.calls == []


@pytest.mark.parametrize("name", ["official/2026-07.checkouts.create", "linked/01", "linked/02", "linked/04"])
def test_the_api_tells_of_a_checkout_what_its_webhook_tells(
    store: ShopifyStore, standin: ShopifyStandin, name: str
) -> None:
    standin.shop(SHOP).put_checkout(json.loads(payload(name)))
    (cart,) = store.open_carts(datetime(2021, 1, 1, tzinfo=UTC))
    (told,) = events("checkouts/update", payload(name), RECEIVED_AT)
    assert isinstance(told, CartSeen)
    assert set(cart.keys) < set(told.keys)
    assert (cart.updated_at, cart.total, cart.restore_url) == (told.updated_at, told.total, told.restore_url)
    assert [item.variant_id for item in cart.items] == [item.variant_id for item in told.items]
    assert cart.shopper.customer_id == told.shopper.customer_id
    assert standin.complaints == []
