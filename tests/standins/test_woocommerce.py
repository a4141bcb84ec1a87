"""The stand-in is as strict as the store that it stands for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from woocommerce import API

from tests.connectors.woocommerce.receiver import receiver
from tests.standins.certificates import self_signed
from tests.standins.woocommerce import WooCommerceProcess, WooCommerceStandin
from tests.standins.woocommerce.hooks import signature
from tests.standins.woocommerce.keys import oauth_signature

SECRET = "s3cret"


@pytest.fixture
def shop() -> Iterator[WooCommerceStandin]:
    with WooCommerceStandin(path="/boutique") as store:
        yield store


def official(store: WooCommerceStandin, permissions: str = "read_write", **options: Any) -> API:
    """WooCommerce's own Python client with a new key."""
    return API(store.url, *store.add_key(permissions), **options)


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    error = answer.json()
    return answer.status_code, error["code"], error["message"]


def signed_query(store: WooCommerceStandin, key: str, secret: str, **changes: str) -> dict[str, str]:
    """A signed read of the orders, some of its parameters changed before signing."""
    query = {
        "oauth_consumer_key": key,
        "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": "n" * 32,
        "oauth_signature_method": "HMAC-SHA256",
    } | changes
    address = f"{store.url}/wp-json/wc/v3/orders"
    return query | {"oauth_signature": oauth_signature("GET", address, query, secret)}


def read_orders(store: WooCommerceStandin, query: dict[str, str]) -> requests.Response:
    return requests.get(f"{store.url}/wp-json/wc/v3/orders?{urlencode(query)}", timeout=10)


def test_the_official_client_is_served_over_http(shop: WooCommerceStandin) -> None:
    client = official(shop)
    order = shop.add_order()
    assert client.get("orders", params={"status": "pending", "per_page": 5}).json()[0]["id"] == order["id"]
    created = client.post("webhooks", {"topic": "order.created", "delivery_url": "http://127.0.0.1:1/"})
    assert created.status_code == 201
    assert not created.json().keys() & {"secret", "failure_count", "pending_delivery"}


def test_a_good_signature_is_taken_once_and_a_changed_request_never(shop: WooCommerceStandin) -> None:
    query = signed_query(shop, *shop.add_key())
    assert read_orders(shop, query).status_code == 200
    assert "nonce has already been used" in refusal(read_orders(shop, query))[2]
    assert "does not match" in refusal(read_orders(shop, query | {"status": "any"}))[2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"oauth_timestamp": "1"}, "Invalid timestamp."),
        ({"oauth_consumer_key": "ck_unknown"}, "Consumer key is invalid."),
        ({"oauth_nonce": ""}, "Missing OAuth parameters oauth_nonce"),
    ],
)
def test_what_is_wrong_with_a_signed_call_is_told(
    shop: WooCommerceStandin, changes: dict[str, str], message: str
) -> None:
    answer = read_orders(shop, signed_query(shop, *shop.add_key(), **changes))
    assert answer.status_code == 401
    assert answer.json()["message"] == message


def test_basic_over_http_is_like_no_key(shop: WooCommerceStandin) -> None:
    url = f"{shop.url}/wp-json/wc/v3/orders"
    answers = [requests.get(url, auth=auth, timeout=10) for auth in (None, shop.add_key(), ("ck_x", "cs_x"))]
    assert {refusal(answer)[:2] for answer in answers} == {(401, "woocommerce_rest_cannot_view")}
    shop.set_knobs(sees_https=True)
    assert requests.get(url, auth=shop.add_key(), timeout=10).status_code == 200


def test_basic_over_https_is_checked(tmp_path_factory: pytest.TempPathFactory) -> None:
    certificate = self_signed(tmp_path_factory.mktemp("tls"), "127.0.0.1")
    with WooCommerceStandin(tls=certificate) as store:
        url, (key, secret) = f"{store.url}/wp-json/wc/v3/orders", store.add_key()
        wrong = requests.get(url, auth=(key, "cs_wrong"), timeout=10, verify=certificate[0])
        assert refusal(wrong)[1:] == ("woocommerce_rest_authentication_error", "Consumer secret is invalid.")
        assert requests.get(url, auth=(key, secret), timeout=10, verify=certificate[0]).ok
        query = {"consumer_key": key, "consumer_secret": secret}
        assert requests.get(url, params=query, timeout=10, verify=certificate[0]).ok
        store.set_knobs(strip_authorization=True)
        assert requests.get(url, auth=(key, secret), timeout=10, verify=certificate[0]).status_code == 401


def test_a_read_only_key_that_writes_gets_401(shop: WooCommerceStandin) -> None:
    answer = official(shop, "read").post("webhooks", {})
    assert refusal(answer)[:2] == (401, "woocommerce_rest_authentication_error")


def test_keys_work_below_wp_json_only(shop: WooCommerceStandin) -> None:
    assert requests.get(f"{shop.url}/?rest_route=/", timeout=10).json()["namespaces"]
    assert requests.get(f"{shop.url}/?rest_route=/wc/v3/orders", timeout=10).status_code == 401
    shop.set_knobs(permalinks="plain")
    assert requests.get(f"{shop.url}/wp-json/", timeout=10).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"per_page": 101}, {"per_page": 0}, {"status": "lost"}, {"orderby": "mood"}]
)
def test_a_wrong_parameter_is_refused(shop: WooCommerceStandin, wrong: dict[str, object]) -> None:
    assert refusal(official(shop).get("orders", params=wrong))[:2] == (400, "rest_invalid_param")


def test_lists_have_totals_and_leave_drafts_and_trash_out(shop: WooCommerceStandin) -> None:
    for status in ("pending", "processing", "checkout-draft", "trash"):
        shop.add_order(status=status)
    answer = official(shop).get("orders", params={"per_page": 1})
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("2", "2")
    assert "oauth_signature" in answer.headers["Link"]
    assert len(official(shop).get("orders", params={"status": "checkout-draft,trash"}).json()) == 2


@pytest.mark.parametrize("version", ["9.9.5", "10.6.2"])
def test_an_older_version_lists_drafts_among_any(shop: WooCommerceStandin, version: str) -> None:
    shop.set_knobs(version=version)
    draft = shop.add_order("draft")
    assert [order["id"] for order in official(shop).get("orders").json()] == [draft["id"]]


def test_a_phone_is_searched_as_it_was_typed(shop: WooCommerceStandin) -> None:
    shop.add_order()
    client = official(shop)
    assert client.get("orders", params={"search": "5125550111"}).json() == []
    assert len(client.get("orders", params={"search": "555-0111"}).json()) == 1


def test_times_without_gmt_are_the_stores_own(shop: WooCommerceStandin) -> None:
    shop.add_order(date_modified_gmt="2026-11-21T19:26:23")
    client = official(shop)
    shown = client.get("orders").json()[0]
    assert shown["date_modified"] == "2026-11-21T13:26:23"
    asked = {"modified_after": "2026-11-21T19:00:00"}
    assert client.get("orders", params=asked).json() == []
    assert len(client.get("orders", params=asked | {"dates_are_gmt": "true"}).json()) == 1


def test_a_webhook_is_pinged_inside_its_creation(shop: WooCommerceStandin) -> None:
    with receiver() as us:
        official(shop).post("webhooks", {"topic": "order.updated", "delivery_url": f"{us.url}/x?y=1"})
        [(headers, body)] = us.received
    assert body == b"webhook_id=1"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert not [name for name in headers if name.startswith("X-WC-")]
    assert not shop.hooks()[0]["pending_delivery"]


@pytest.mark.parametrize("status", [204, 302, 500])
def test_a_failed_ping_is_repeated_after_each_delivery(shop: WooCommerceStandin, status: int) -> None:
    with receiver(status) as us:
        hook = {"topic": "order.updated", "delivery_url": us.url, "secret": SECRET}
        assert official(shop).post("webhooks", hook).status_code == 201
        us.status = 200
        shop.add_order()
        shop.run_queue()
        assert [len(body) > 20 for _, body in us.received] == [False, True, False]
        shop.add_order()
        shop.run_queue()
        assert len(us.received) == 4


@pytest.mark.parametrize("topic", ["cart.created", "checkout.updated", "customer.restored", "action.x", ""])
def test_a_topic_that_does_not_exist_is_refused(shop: WooCommerceStandin, topic: str) -> None:
    answer = official(shop).post("webhooks", {"topic": topic, "delivery_url": "http://127.0.0.1:1/"})
    assert refusal(answer)[:2] == (400, "woocommerce_rest_shop_webhook_invalid_topic")


def test_a_webhook_without_topic_and_address_is_not_made(shop: WooCommerceStandin) -> None:
    refused = refusal(official(shop).post("webhooks", {}))
    assert refused == (400, "rest_missing_callback_param", "Missing parameter(s): topic, delivery_url")


def test_a_webhook_is_deleted_by_force_only(shop: WooCommerceStandin) -> None:
    client = official(shop)
    client.post("webhooks", {"topic": "order.updated", "delivery_url": "http://127.0.0.1:1/"})
    assert client.delete("webhooks/1").status_code == 501
    assert client.delete("webhooks/1", params={"force": "true"}).status_code == 200
    assert client.get("webhooks").json() == []


def test_bodies_are_built_late_folded_signed_and_share_a_delivery_id(shop: WooCommerceStandin) -> None:
    with receiver() as us:
        hook = {"topic": "order.updated", "delivery_url": us.url, "secret": "a&amp;b"}
        official(shop).post("webhooks", hook)
        us.received.clear()
        first, second = shop.add_order()["id"], shop.add_order()["id"]
        shop.pay_order(first)
        assert shop.run_queue() == 2
    bodies = {json.loads(body)["id"]: json.loads(body) for _, body in us.received}
    assert (bodies[first]["status"], bodies[second]["status"]) == ("processing", "pending")
    for headers, body in us.received:
        assert headers["X-WC-Webhook-Signature"] == signature(body, "a&b")
    sent = [each for each in shop.sent() if each["delivery_id"]]
    assert len({each["delivery_id"] for each in sent}) <= 2
    assert b"\\/" in us.received[0][1]


def test_the_seventh_failure_disables_and_a_success_counts_anew(shop: WooCommerceStandin) -> None:
    with receiver() as us:
        official(shop).post("webhooks", {"topic": "order.updated", "delivery_url": us.url})
        number = shop.add_order()["id"]
        states = []
        for status in [500] * 6 + [302] + [500] * 7:
            us.status = status
            shop.change_order(number, customer_note="again")
            shop.run_queue()
            states.append(shop.hooks()[0]["status"])
    assert states == ["active"] * 13 + ["disabled"]
    assert shop.hooks()[0]["failure_count"] == 6


def test_a_lost_right_is_delivered_as_a_signed_error(shop: WooCommerceStandin) -> None:
    with receiver() as us:
        official(shop).post("webhooks", {"topic": "order.updated", "delivery_url": us.url, "secret": SECRET})
        us.received.clear()
        shop.add_order()
        shop.set_knobs(owner_has_rights=False)
        shop.run_queue()
        [(headers, body)] = us.received
    assert json.loads(body)["data"] == {"status": 403}
    assert headers["X-WC-Webhook-Signature"] == signature(body, SECRET)


def test_a_draft_is_told_as_updated_only_and_an_order_as_both(shop: WooCommerceStandin) -> None:
    client = official(shop)
    for topic in ("order.created", "order.updated", "order.deleted"):
        client.post("webhooks", {"topic": topic, "delivery_url": "http://127.0.0.1:1/"})
    draft = shop.add_order("draft")["id"]
    shop.run_queue()
    shop.change_order(draft, status="processing")
    shop.run_queue()
    shop.trash_order(draft)
    shop.run_queue()
    shop.untrash_order(draft, "processing")
    shop.delete_order(draft)
    shop.run_queue()
    topics = [each["topic"] for each in shop.sent() if each["topic"]]
    assert topics == ["order.updated", "order.updated", "order.created", "order.deleted"]


def test_wc_auth_gives_user_id_back_as_carelessly_as_the_original(shop: WooCommerceStandin) -> None:
    shop.set_knobs(insecure_callback=True)
    with receiver() as us:
        query = {
            "app_name": "Warmcart",
            "scope": "read_write",
            "user_id": "acct_42|xyz&1",
            "return_url": "http://warmcart.example/return",
            "callback_url": f"{us.url}/callback?state=abc",
        }
        final = shop.approve(f"{shop.url}/wc-auth/v1/authorize?{urlencode(query)}")
    assert final == "http://warmcart.example/return?success=1&user_id=acct_42xyz"
    assert json.loads(us.received[0][1])["user_id"] == "acct_42xyz"


def test_the_pay_link_opens_unpaid_orders_only(shop: WooCommerceStandin) -> None:
    order = shop.add_order()
    assert f"Pay for order {order['id']}" in requests.get(order["payment_url"], timeout=10).text
    assert "cannot be paid" in requests.get(order["payment_url"] + "x", timeout=10).text
    shop.pay_order(order["id"])
    assert "cannot be paid" in requests.get(order["payment_url"], timeout=10).text


def test_the_pay_link_asks_a_guest_for_the_email_once_the_order_is_ten_minutes_old(
    shop: WooCommerceStandin,
) -> None:
    order = shop.add_order()
    shop.change_order(order["id"], date_created_gmt="2026-11-20T10:00:00")
    assert "verify the email address" in requests.get(order["payment_url"], timeout=10).text


def test_checkout_link_came_with_version_ten(shop: WooCommerceStandin) -> None:
    link = f"{shop.url}/checkout-link/?products=13:2&utm_source=sms"
    reached = requests.get(link, timeout=10).url
    assert reached.startswith(f"{shop.url}/checkout/?utm_source=sms&session=")
    shop.set_knobs(version="9.9.5")
    assert requests.get(link, timeout=10).status_code == 404


def test_the_stand_in_runs_in_a_process_of_its_own() -> None:
    with receiver() as us, WooCommerceProcess(path="/boutique", deliver_at_once=True) as store:
        key, secret = store.add_key()
        client = API(store.url, key, secret)
        client.post("webhooks", {"topic": "order.updated", "delivery_url": us.url, "secret": SECRET})
        order = store.add_order("draft")
        store.pay_order(order["id"])
        assert client.get(f"orders/{order['id']}").json()["status"] == "processing"
        assert [each["status"] for each in store.sent()] == [200, 200, 200]
        with pytest.raises(ValueError, match="no such knob"):
            store.set_knobs(mood="good")
