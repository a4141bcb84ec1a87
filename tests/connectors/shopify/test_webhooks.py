from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.platform import Malformed
from connectors.shopify import webhooks
from tests.connectors.shopify.deliveries import FILES, SECRET, headers, payload, sign, topic_of, variant

CHECKOUT = payload("linked/03")


def test_a_delivery_signed_with_the_client_secret_is_accepted() -> None:
    assert webhooks.verify(headers("checkouts/update", CHECKOUT), CHECKOUT, [SECRET])


def test_the_old_secret_still_signs_while_the_secret_is_being_rotated() -> None:
    signed = headers("checkouts/update", CHECKOUT)
    assert webhooks.verify(signed, CHECKOUT, ["shpss_newer", SECRET])
    assert not webhooks.verify(signed, CHECKOUT, ["shpss_newer"])


def test_header_names_are_read_in_any_case() -> None:
    shouting = {name.upper(): value for name, value in headers("orders/create", CHECKOUT).items()}
    assert webhooks.verify(shouting, CHECKOUT, [SECRET])
    assert webhooks.read(shouting, CHECKOUT).topic == "orders/create"


@given(position=st.integers(0, len(CHECKOUT) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_of_the_body_breaks_the_signature(position: int, flip: int) -> None:
    forged = bytearray(CHECKOUT)
    forged[position] ^= flip
    assert not webhooks.verify(headers("checkouts/update", CHECKOUT), bytes(forged), [SECRET])


@given(position=st.integers(0, 43), replacement=st.characters())
def test_one_changed_character_of_the_signature_breaks_it(position: int, replacement: str) -> None:
    true = sign(CHECKOUT)
    false = true[:position] + replacement + true[position + 1 :]
    accepted = webhooks.verify({"X-Shopify-Hmac-Sha256": false}, CHECKOUT, [SECRET])
    assert accepted is (false == true)


@pytest.mark.parametrize("signature", ["", "é", "\udcff", "AAAA", sign(CHECKOUT)[:-1]])
def test_a_signature_that_is_none_is_refused_without_an_error(signature: str) -> None:
    assert not webhooks.verify({"X-Shopify-Hmac-Sha256": signature}, CHECKOUT, [SECRET])


def test_without_a_secret_nothing_is_believed() -> None:
    unsigned = {"X-Shopify-Hmac-Sha256": sign(CHECKOUT, "")}
    assert not webhooks.verify(unsigned, CHECKOUT, [])
    assert not webhooks.verify(unsigned, CHECKOUT, [""])
    assert not webhooks.verify({}, CHECKOUT, [SECRET])


def test_a_delivery_tells_its_topic_store_time_and_id() -> None:
    delivery = webhooks.read(headers("checkouts/update", CHECKOUT), CHECKOUT)
    assert delivery.topic == "checkouts/update"
    assert delivery.dedupe_key == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"
    assert delivery.domain == "pixel-testing-rs.myshopify.com"
    assert delivery.triggered_at == datetime(2026, 11, 21, 11, 59, 58, 877041, tzinfo=UTC)
    assert delivery.notes == {"api_version": "2026-10"}
    assert not delivery.uninstalls


def test_a_checkout_mentions_everything_a_waiting_text_could_be_about() -> None:
    delivery = webhooks.read(headers("checkouts/update", CHECKOUT), CHECKOUT)
    assert delivery.subject == "cart:84ad78572dae52a8cbea7d55371afe89"
    assert delivery.mentions == (
        "checkout_token:84ad78572dae52a8cbea7d55371afe89",
        "cart_token:Z2NwLXVzLWVhc3QxOjAxSkJaTUVRSjgzNUJUN1BTNjEzRFdRUFFQ",
        "phone:14235550123",
        "email:henry@example.com",
        "customer:7358220173425",
    )


def test_an_order_mentions_its_cart_and_its_buyer() -> None:
    order = payload("linked/06")
    delivery = webhooks.read(headers("orders/create", order), order)
    assert delivery.subject == "order:5778367414385"
    assert {"checkout_token:84ad78572dae52a8cbea7d55371afe89", "phone:14235550123"} <= set(delivery.mentions)


@pytest.mark.parametrize(
    ("topic", "name", "subject"),
    [
        ("carts/update", "official/2026-07.carts.update", "cart:exampleCartId"),
        ("checkouts/delete", "official/2026-07.checkouts.delete", "cart:eeafa272cebfd4b22385bc4b645e762c"),
        ("orders/edited", "official/2026-07.orders.edited", "order:820982911946154500"),
        ("orders/updated", "official/2026-07.orders.updated", "order:820982911946154508"),
        ("refunds/create", "linked/10", "order:5778367414385"),
        ("fulfillments/create", "linked/08", "order:5778367414385"),
        ("fulfillment_events/create", "linked/09", "order:5778367414385"),
        ("customers/update", "official/2026-07.customers.update", "customer:706405506930370084"),
        ("customers_marketing_consent/update", "linked/11", "customer:7358220173425"),
        ("customers/redact", "linked/13", "customer:7358220173425"),
        ("shop/redact", "linked/14", "store"),
        ("app/uninstalled", "official/2026-07.app.uninstalled", "store"),
        ("discounts/create", "official/2026-07.discounts.create", "discounts/create"),
    ],
)
def test_the_subject_is_what_later_deliveries_share(topic: str, name: str, subject: str) -> None:
    body = payload(name)
    assert webhooks.read(headers(topic, body), body).subject == subject


def test_an_uninstall_names_the_store_from_the_signed_body() -> None:
    body = payload("official/2026-07.app.uninstalled")
    delivery = webhooks.read(headers("app/uninstalled", body), body)
    assert delivery.uninstalls
    assert delivery.platform_store_id == "548380009"


@pytest.mark.parametrize(
    ("topic", "name", "number"),
    [
        ("shop/update", "official/2026-07.shop.update", "548380009"),
        ("app/scopes_update", "official/2026-07.app.scopes_update", "548380009"),
        ("shop/redact", "linked/14", "59026964593"),
        ("customers/redact", "linked/13", "59026964593"),
        ("customers/data_request", "linked/12", "59026964593"),
        ("orders/create", "linked/06", None),
    ],
)
def test_only_bodies_about_the_shop_name_its_number(topic: str, name: str, number: str | None) -> None:
    body = payload(name)
    assert webhooks.read(headers(topic, body), body).platform_store_id == number


@pytest.mark.parametrize(
    "domain",
    [
        "evil.example.com",
        "good.myshopify.com.evil.example.com",
        "good.myshopify.com\n",
        "Good.myshopify.com",
        "good.myshopify.com/admin",
        "user@good.myshopify.com",
        "-good.myshopify.com",
        ".myshopify.com",
        "",
    ],
)
def test_a_domain_that_is_not_exactly_a_shops_is_none(domain: str) -> None:
    assert webhooks.read(headers("orders/create", CHECKOUT, shop_domain=domain), CHECKOUT).domain is None


def test_without_an_id_equal_bytes_of_one_store_are_one_delivery() -> None:
    def key(body: bytes, topic: str = "orders/delete", **more: str) -> str:
        return webhooks.read(headers(topic, body, webhook_id="", **more), body).dedupe_key

    body = payload("official/2026-07.orders.delete")
    assert key(body) == key(body)
    assert key(body) != key(body + b" ")
    assert key(body) != key(body, topic="orders/create")
    assert key(body) != key(body, shop_domain="another.myshopify.com")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"a=1", b"\xff\xfe\xfd", b"NaN", b'{"a": Infinity}', b"[" * 100_000]
)
def test_bytes_that_are_not_json_are_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        webhooks.read(headers("orders/create", body), body)


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b"1", b'"text"', b"null", b"true", b"{}"])
@pytest.mark.parametrize(
    "topic", ["orders/create", "checkouts/update", "customers/redact", "no/such_topic", ""]
)
def test_any_json_is_kept(body: bytes, topic: str) -> None:
    assert webhooks.read(headers(topic, body), body).topic == (topic or "unknown")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_known_payload_can_be_read(file: Path) -> None:
    body = file.read_bytes()
    delivery = webhooks.read(headers(topic_of(file), body), body)
    assert delivery.subject


def test_a_cart_token_is_mentioned_without_its_key() -> None:
    body = variant("linked/03", cart_token="hWN28bQ?key=0385163be3875d3a", token=None)
    delivery = webhooks.read(headers("checkouts/update", body), body)
    assert delivery.subject == "cart:hWN28bQ"
