from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from connectors.events import (
    CartDeleted,
    CartSeen,
    Key,
    OrderDeleted,
    OrderSeen,
    OrderStatus,
    Shopper,
    StoreChanged,
)
from connectors.platform import Reconnect, StoreClient
from connectors.woocommerce import PLATFORM, make_store_client
from connectors.woocommerce.rest import Credentials, RestClient
from connectors.woocommerce.sign_in import leave_sign_in
from connectors.woocommerce.store import TOPICS, WooCommerceStore, webhook_mark
from connectors.woocommerce.webhooks import is_ping, read, verify
from tests.connectors.woocommerce.conftest import NOON, SECRET
from tests.connectors.woocommerce.receiver import receiver
from tests.standins.woocommerce import WooCommerceStandin

OpenRest = Callable[[WooCommerceStandin], RestClient]
ZOE = Shopper(phones=("+1 512-555-0111",), country="US")


def at(minutes: float) -> str:
    """A ``*_gmt`` time so many minutes after noon."""
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")


def order_at(shop: WooCommerceStandin, minutes: float, **changes: Any) -> int:
    """A new order, made and changed so many minutes after noon."""
    times = {"date_created_gmt": at(minutes), "date_modified_gmt": at(minutes)}
    number: int = shop.add_order(**(times | changes))["id"]
    return number


def order_numbers(events: Any) -> list[str]:
    return [event.keys[0].value for event in events if isinstance(event, CartSeen | OrderSeen)]


def test_a_store_tells_what_it_is(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    assert client.store_details() == StoreChanged(
        platform_store_id="6e2b1a4c-0f0e-4a55-9b0e-1d3f5a7b9c11",
        name="Boutique",
        url=shop.url,
        currency="USD",
        country="US",
        timezone="America/Chicago",
        locale="en-US",
        ships_to=("AT", "CA", "DE", "FR", "GB", "SI", "US"),
        platform_version="10.9.1",
    )


@pytest.mark.parametrize(
    ("knobs", "field", "value"),
    [
        ({"timezone": "", "utc_offset": -6}, "timezone", "Etc/GMT+6"),
        ({"timezone": "", "utc_offset": 2}, "timezone", "Etc/GMT-2"),
        ({"timezone": "", "utc_offset": 0}, "timezone", "Etc/UTC"),
        ({"timezone": "", "utc_offset": 5.5}, "timezone", None),
        ({"language": "de_DE_formal"}, "locale", "de-DE-x-formal"),
        ({"language": "de_CH_informal"}, "locale", "de-CH-x-informal"),
        ({"language": "pt_PT_ao90"}, "locale", "pt-PT"),
        ({"language": "sl"}, "locale", "sl"),
        ({"language": "sl_SI"}, "locale", "sl-SI"),
        ({"country": "SI"}, "country", "SI"),
        ({"home": "https://evil.example"}, "url", None),
        ({"selling": "specific", "selling_to": ["SI", "AT"]}, "ships_to", ("SI", "AT")),
        (
            {"selling": "all_except", "not_selling_to": ["US", "CA"]},
            "ships_to",
            ("AT", "DE", "FR", "GB", "SI"),
        ),
        ({"shipping": "specific", "shipping_to": ["DE"]}, "ships_to", ("DE",)),
        ({"shipping": "all", "selling": "specific", "selling_to": ["SI"]}, "ships_to", ("SI",)),
    ],
)
def test_a_stores_settings_are_read_as_we_mean_them(
    shop: WooCommerceStandin, client: WooCommerceStore, knobs: dict[str, Any], field: str, value: object
) -> None:
    shop.set_knobs(**knobs)
    assert getattr(client.store_details(), field) == value


def test_open_carts_are_the_unpaid_and_the_drafts_changed_since(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    old = order_at(shop, -10)
    at_the_moment = order_at(shop, 0)
    failed = order_at(shop, 5, status="failed")
    draft = order_at(shop, 6, template="draft")
    order_at(shop, 7, status="processing")
    found = order_numbers(client.open_carts(NOON))
    assert sorted(found) == sorted(map(str, (at_the_moment, failed, draft)))
    assert str(old) not in found


def test_changes_are_orders_and_carts_and_what_was_trashed(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    cart = order_at(shop, 1)
    paid = order_at(shop, 2, status="processing", date_paid_gmt=at(3))
    draft = order_at(shop, 3, template="draft")
    trashed = order_at(shop, 4, status="trash")
    events = list(client.changes(NOON))
    assert order_numbers(events) == [str(cart), str(paid), str(draft)]
    assert events[-2:] == [OrderDeleted(str(trashed)), CartDeleted((Key("woo_order", str(trashed)),))]


def test_a_store_that_no_longer_knows_drafts_is_read_without_them(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    shop.set_knobs(knows_drafts=False)
    cart = order_at(shop, 1)
    assert order_numbers(client.changes(NOON)) == [str(cart)]
    assert order_numbers(client.open_carts(NOON)) == [str(cart)]


def test_an_order_that_a_plugin_made_unreadable_hides_no_other(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    order_at(shop, 1, total="a lot")
    good = order_at(shop, 2)
    assert order_numbers(client.changes(NOON)) == [str(good)]


@pytest.mark.parametrize("minutes", [[1, 2, 3, 4, 5, 6, 7], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 2, 2, 3, 3]])
def test_every_change_is_told_once_whatever_the_pages(
    shop: WooCommerceStandin,
    client: WooCommerceStore,
    monkeypatch: pytest.MonkeyPatch,
    minutes: list[int],
) -> None:
    monkeypatch.setattr("connectors.woocommerce.rest.PER_PAGE", 2)
    numbers = [str(order_at(shop, minute)) for minute in minutes]
    assert order_numbers(client.changes(NOON)) == numbers


def test_an_order_that_changes_while_we_read_hides_no_other(
    shop: WooCommerceStandin, client: WooCommerceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.woocommerce.rest.PER_PAGE", 2)
    numbers = [order_at(shop, minute) for minute in range(1, 7)]
    events = client.changes(NOON)
    first = next(events)
    shop.change_order(numbers[0], date_modified_gmt=at(30), status="processing")
    told = order_numbers([first, *events])
    assert set(told) == {str(number) for number in numbers}
    assert told[-1] == str(numbers[0])


def test_reading_changes_wakes_a_quiet_store(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    list(client.changes(NOON))
    assert shop.visits()[0] == "GET /boutique/wp-cron.php?doing_wp_cron"


def test_a_store_is_poked_at_most_once_a_minute(shop: WooCommerceStandin, open_rest: OpenRest) -> None:
    seconds = iter([1000.0, 1059.9, 1060.0])
    rest = open_rest(shop)
    poked = [WooCommerceStore(rest, SECRET, monotonic=lambda: next(seconds)).poke() for _ in range(3)]
    assert poked == [True, False, True]
    assert len(shop.visits()) == 2


def test_the_carts_own_order_is_found_once_it_is_one(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    number = order_at(shop, 1)
    keys = (Key("woo_session", "x"), Key("woo_order", str(number)))
    assert client.find_order(keys, Shopper(), NOON) is None
    shop.pay_order(number)
    found = client.find_order(keys, Shopper(), NOON)
    assert found is not None
    assert (found.order_id, found.status) == (str(number), OrderStatus.PAID)


def test_a_cart_whose_order_was_cancelled_is_found_too(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    number = order_at(shop, 1, status="cancelled")
    found = client.find_order((Key("woo_order", str(number)),), Shopper(), NOON)
    assert found is not None
    assert found.status is OrderStatus.CANCELLED


def test_a_cart_whose_order_is_gone_has_none(client: WooCommerceStore) -> None:
    assert client.find_order((Key("woo_order", "999"),), Shopper(), NOON) is None


def test_a_key_that_is_no_number_asks_nothing(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    assert client.find_order((Key("woo_order", "../webhooks"),), Shopper(), NOON) is None
    assert shop.visits() == []


@pytest.mark.parametrize(
    "shopper",
    [
        ZOE,
        Shopper(phones=("(512) 555-0111",), country="US"),
        Shopper(phones=("+15125550111",)),
        Shopper(email="Zoe@Shopper.example"),
        Shopper(customer_id="7"),
    ],
)
def test_an_order_of_the_same_person_is_found_by_phone_email_or_account(
    shop: WooCommerceStandin, client: WooCommerceStore, shopper: Shopper
) -> None:
    number = order_at(shop, 5, status="processing", customer_id=7)
    found = client.find_order((), shopper, NOON)
    assert found is not None
    assert found.order_id == str(number)


@pytest.mark.parametrize(
    "shopper",
    [
        Shopper(),
        Shopper(phones=("+15125550112",)),
        Shopper(email="ann@shopper.example"),
        Shopper(customer_id="8"),
    ],
)
def test_an_order_of_somebody_else_is_not_found(
    shop: WooCommerceStandin, client: WooCommerceStore, shopper: Shopper
) -> None:
    order_at(shop, 5, status="processing", customer_id=7)
    assert client.find_order((), shopper, NOON) is None


@pytest.mark.parametrize(
    ("minutes", "changes"),
    [
        (-5, {"status": "processing"}),
        (-5, {"status": "processing", "date_modified_gmt": at(5)}),
        (5, {"status": "pending"}),
        (5, {"status": "cancelled"}),
    ],
)
def test_an_order_from_before_an_unpaid_and_a_cancelled_one_do_not_count(
    shop: WooCommerceStandin, client: WooCommerceStore, minutes: int, changes: dict[str, Any]
) -> None:
    order_at(shop, minutes, **changes)
    assert client.find_order((), ZOE, NOON) is None


def test_an_order_made_before_and_paid_after_counts(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    number = order_at(
        shop,
        -60,
        status="processing",
        payment_method="stripe",
        date_paid_gmt=at(5),
        date_modified_gmt=at(5),
    )
    found = client.find_order((), ZOE, NOON)
    assert found is not None
    assert found.order_id == str(number)


def test_all_webhooks_are_created_with_our_secret_and_their_pings_answered(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    with receiver() as us:
        health = client.repair_webhooks(f"{us.url}/webhooks/woocommerce/abc")
    assert health.active == 4
    assert health.repaired == tuple(f"created {topic}" for topic in TOPICS)
    assert {hook["topic"] for hook in shop.hooks()} == set(TOPICS)
    assert {(hook["secret"], hook["status"], hook["pending_delivery"]) for hook in shop.hooks()} == {
        (SECRET, "active", False)
    }
    assert all(is_ping(headers, body) for headers, body in us.received)


def test_a_ping_that_nobody_answers_leaves_the_webhook_active(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    client.repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc")
    assert {(hook["status"], hook["pending_delivery"]) for hook in shop.hooks()} == {("active", True)}


def test_webhooks_in_order_are_left_alone(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    client.repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc")
    before = shop.hooks()
    assert client.repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc").repaired == ()
    assert shop.hooks() == before


def test_a_webhook_that_failed_seven_times_is_made_active_again(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    with receiver(500) as us:
        url = f"{us.url}/webhooks/woocommerce/abc"
        client.repair_webhooks(url)
        number = shop.add_order(template="draft")["id"]
        shop.run_queue()
        for _ in range(6):
            shop.change_order(number, customer_note="again")
            shop.run_queue()
        states = {hook["topic"]: hook["status"] for hook in shop.hooks()}
        assert states["order.updated"] == "disabled"
        assert client.repair_webhooks(url).repaired == ("activated order.updated",)
    assert {hook["status"] for hook in shop.hooks()} == {"active"}


def test_a_webhook_made_active_again_signs_with_our_secret(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    url = "http://127.0.0.1:1/webhooks/woocommerce/abc"
    client.repair_webhooks(url)
    client.rest.put("webhooks/1", {"status": "paused", "secret": "another"})
    client.repair_webhooks(url)
    assert shop.hooks()[0]["secret"] == SECRET


def test_webhooks_at_an_address_that_we_gave_up_are_replaced(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    client.repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc")
    new = "http://127.0.0.1:2/webhooks/woocommerce/abc"
    health = client.repair_webhooks(new)
    assert len(health.repaired) == 8
    assert [hook["delivery_url"] for hook in shop.hooks()] == [new] * 4


def test_webhooks_with_the_secret_of_an_earlier_connection_are_replaced(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    url = "http://127.0.0.1:1/webhooks/woocommerce/abc"
    WooCommerceStore(client.rest, "cd" * 32).repair_webhooks(url)
    client.repair_webhooks(url)
    assert {(hook["secret"], hook["status"]) for hook in shop.hooks()} == {(SECRET, "active")}
    assert len(shop.hooks()) == 4


def test_a_second_webhook_of_a_topic_is_removed(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    url = "http://127.0.0.1:1/webhooks/woocommerce/abc"
    client.repair_webhooks(url)
    client.rest.post("webhooks", {"name": "by hand", "topic": "order.updated", "delivery_url": url})
    assert client.repair_webhooks(url).repaired == ("removed order.updated",)
    assert len(shop.hooks()) == 4


def test_webhooks_of_others_are_never_touched(
    shop: WooCommerceStandin, client: WooCommerceStore, open_rest: OpenRest
) -> None:
    another = WooCommerceStore(open_rest(shop), "another installation's secret")
    another.repair_webhooks("http://127.0.0.1:2/webhooks/woocommerce/xyz")
    client.rest.post(
        "webhooks", {"name": "ERP", "topic": "order.updated", "delivery_url": "http://127.0.0.1:3/erp"}
    )
    client.repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc")
    client.disconnect()
    assert len(shop.hooks()) == 5
    assert webhook_mark(SECRET) != webhook_mark("another installation's secret")


def test_disconnecting_removes_all_that_we_left(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    client.repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc")
    leave_sign_in(client.rest, "https://warmcart.example/login/abc")
    client.disconnect()
    assert shop.hooks() == []


def test_a_sign_in_link_is_left_where_it_delivers_nothing(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    for token in ("first", "second"):
        leave_sign_in(client.rest, f"https://warmcart.example/login/{token}")
    client.repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc")
    [left] = [hook for hook in shop.hooks() if "sign-in" in hook["name"]]
    assert left["name"] == "Warmcart sign-in: https://warmcart.example/login/second"
    assert left["status"] == "paused"


def test_a_store_client_answers_what_the_engine_asks(client: WooCommerceStore) -> None:
    asked: StoreClient = client
    assert list(asked.changes(NOON)) == []


def test_disconnecting_with_a_revoked_key_says_so(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    shop.revoke_key(client.rest.credentials.consumer_key)
    with pytest.raises(Reconnect):
        client.disconnect()


def test_a_key_that_may_only_read_cannot_create_webhooks(
    shop: WooCommerceStandin, session: requests.Session
) -> None:
    rest = RestClient(Credentials(shop.url, *shop.add_key("read")), session)
    with pytest.raises(Reconnect, match="read and write"):
        WooCommerceStore(rest, SECRET).repair_webhooks("http://127.0.0.1:1/webhooks/woocommerce/abc")


def test_what_the_store_delivers_is_signed_and_read(
    shop: WooCommerceStandin, client: WooCommerceStore
) -> None:
    with receiver() as us:
        client.repair_webhooks(f"{us.url}/webhooks/woocommerce/abc")
        us.received.clear()
        number = shop.add_order()["id"]
        assert shop.run_queue() == 2
    for headers, body in us.received:
        assert verify(headers, body, [SECRET])
        assert read(headers, body).subject == f"order:{number}"
        [event] = PLATFORM.events(read(headers, body).topic, body, NOON)
        assert isinstance(event, CartSeen)


def test_a_client_is_made_from_what_was_kept(shop: WooCommerceStandin) -> None:
    key, secret = shop.add_key()
    client = make_store_client(shop.url, {"key": key, "secret": secret}, SECRET, True)
    number = order_at(shop, 1)
    assert order_numbers(client.open_carts(datetime(2020, 1, 1, tzinfo=UTC))) == [str(number)]


def test_two_stores_side_by_side_never_mix(shop: WooCommerceStandin, client: WooCommerceStore) -> None:
    with WooCommerceStandin() as another:
        order_at(another, 1)
        assert list(client.open_carts(NOON)) == []
