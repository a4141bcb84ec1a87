import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.platform import Malformed
from connectors.woocommerce.webhooks import is_ping, read, verify
from tests.connectors.woocommerce.recorded import (
    DRAFT,
    PENDING,
    Recorded,
    deliveries,
    encoded,
    json_values,
    order,
    signed,
)


@pytest.mark.parametrize("name", deliveries())
def test_every_recorded_signature_is_good_and_no_other_secret_made_it(name: str) -> None:
    delivery = Recorded(name)
    assert verify(delivery.headers, delivery.body, ["another", delivery.secret])
    assert not verify(delivery.headers, delivery.body, ["another"])
    assert not verify(delivery.headers, delivery.body, [])


def test_a_body_written_again_does_not_verify() -> None:
    delivery = Recorded(PENDING)
    again = json.dumps(json.loads(delivery.body)).encode()
    assert not verify(delivery.headers, again, [delivery.secret])


def test_one_changed_byte_does_not_verify() -> None:
    delivery = Recorded(PENDING)
    assert not verify(delivery.headers, delivery.body.replace(b"73.40", b"73.41"), [delivery.secret])


def test_an_empty_secret_signs_nothing() -> None:
    body = b'{"id":1}'
    assert not verify(signed("order.updated", body, ""), body, [""])


@pytest.mark.parametrize("signature", ["", "é", "\udc80", "IJ+rhydUb79CGoVy7tl2gOgcsIU36snaWt/TjVMGKgM"])
def test_a_strange_signature_is_refused_and_no_error(signature: str) -> None:
    delivery = Recorded(PENDING)
    headers = delivery.headers | {"X-WC-Webhook-Signature": signature}
    assert not verify(headers, delivery.body, [delivery.secret])


def test_header_names_are_read_in_any_case() -> None:
    delivery = Recorded(PENDING)
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    assert verify(headers, delivery.body, [delivery.secret])
    assert read(headers, delivery.body) == read(delivery.headers, delivery.body)


def test_the_ping_is_recognised_and_nothing_else_is() -> None:
    ping, delivery = Recorded("ping"), Recorded(PENDING)
    assert is_ping(ping.headers, ping.body)
    assert not is_ping(delivery.headers, delivery.body)
    assert not is_ping(ping.headers, b"webhook_id=30&id=1")
    assert not is_ping(ping.headers, b'{"id":25}')
    assert not is_ping(delivery.headers, ping.body)
    assert not is_ping(ping.headers | {"X-WC-Webhook-Topic": "order.updated"}, ping.body)


def test_equal_bodies_under_two_topics_are_two_deliveries() -> None:
    created, updated = Recorded("0027-order.created"), Recorded("0028-order.updated")
    assert created.body == updated.body
    keys = {read(each.headers, each.body).dedupe_key for each in (created, updated)}
    assert len(keys) == 2


def test_orders_that_share_a_delivery_id_are_different_deliveries() -> None:
    bodies = [encoded(order(PENDING, id=order_id)) for order_id in (25, 26)]
    headers = [signed("order.updated", body, "s") for body in bodies]
    assert headers[0]["X-WC-Webhook-Delivery-ID"] == headers[1]["X-WC-Webhook-Delivery-ID"]
    assert len({read(head, body).dedupe_key for head, body in zip(headers, bodies, strict=True)}) == 2


def test_a_repeated_delivery_has_the_same_key_whatever_its_delivery_id() -> None:
    delivery = Recorded(PENDING)
    repeated = delivery.headers | {"X-WC-Webhook-Delivery-ID": "another"}
    assert read(repeated, delivery.body).dedupe_key == read(delivery.headers, delivery.body).dedupe_key


def test_an_order_is_its_own_subject_and_mentions_cart_phone_and_email() -> None:
    delivery = Recorded(DRAFT)
    found = read(delivery.headers, delivery.body)
    assert found.topic == "order.updated"
    assert found.subject == "order:15"
    assert found.mentions == (
        "woo_order:15",
        "phone:15125550155",
        "phone:5125550155",
        "email:pat@shopper.example",
    )
    assert found.domain == "127.0.0.1"
    assert not found.uninstalls


def test_an_order_of_a_registered_customer_mentions_the_customer() -> None:
    body = encoded(order(PENDING, customer_id=7))
    assert "customer:7" in read(signed("order.updated", body, "s"), body).mentions


def test_a_customer_record_mentions_customer_email_and_phone() -> None:
    delivery = Recorded("0025-customer.updated")
    found = read(delivery.headers, delivery.body)
    assert found.subject == "customer:3"
    assert found.mentions == ("phone:5125550177", "email:bob1795289180@shopper.example", "customer:3")


def test_a_name_that_is_longer_than_any_name_is_not_mentioned() -> None:
    billing = order(PENDING)["billing"] | {"email": "x" * 3000, "phone": "1" * 3000}
    body = encoded(order(PENDING, billing=billing))
    assert read(signed("order.updated", body, "s"), body).mentions == ("woo_order:25",)


def test_a_deleted_order_still_mentions_its_cart() -> None:
    delivery = Recorded("0034-order.deleted")
    assert read(delivery.headers, delivery.body).mentions == ("woo_order:25",)


def test_a_signed_error_body_is_about_the_store() -> None:
    body = encoded({"code": "woocommerce_rest_cannot_view", "message": "No.", "data": {"status": 403}})
    found = read(signed("order.updated", body, "s"), body)
    assert (found.subject, found.mentions) == ("store", ())


@pytest.mark.parametrize("body", [b"", b"webhook_id=30", b"[]", b'"id"', b"\xff{}", b"[" * 100_000, b"{"])
def test_bytes_that_are_no_json_object_are_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(signed("order.updated", body, "s"), body)


@given(
    content=st.dictionaries(
        st.sampled_from(["id", "status", "billing", "shipping", "customer_id", "email", "code"]) | st.text(),
        json_values,
    ),
    topic=st.sampled_from(["order.updated", "customer.updated", "coupon.deleted", "x", ""]),
)
def test_whatever_json_object_comes_is_read(content: dict[str, object], topic: str) -> None:
    body = encoded(content)
    found = read(signed(topic, body, "s"), body)
    assert found.subject
    assert all("\0" not in name for name in (*found.mentions, found.subject, found.dedupe_key))
