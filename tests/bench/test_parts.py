"""What the measures send is what platforms and shoppers send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bench import intake, latency
from bench.figures import at_most
from bench.load import LENGTH
from bench.rows import country_that_is_awake
from bench.shopper import Shopper
from bench.stage import SHOPIFY_SECRET
from connectors.events import CartSeen, ConsentState, OrderSeen, OrderStatus
from connectors.shopify import webhooks
from connectors.shopify.events import events


def test_a_delivery_is_four_kilobytes_signed_and_about_a_checkout_of_its_own() -> None:
    first, second = intake.make_body(), intake.make_body()
    assert len(first) == len(second) == 4096
    headers = intake.shopify_headers(first)
    assert webhooks.verify(headers, first, [SHOPIFY_SECRET])
    one, other = webhooks.read(headers, first), webhooks.read(intake.shopify_headers(second), second)
    assert one.subject != other.subject
    assert one.dedupe_key != other.dedupe_key
    assert one.mentions
    assert set(json.loads(first)) == set(intake.OFFICIAL)


def test_a_request_is_whole() -> None:
    head, _, body = intake.http_request(intake.ADDRESS).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /webhooks/shopify HTTP/1.1\r\n")
    length = LENGTH.search(head)
    assert length is not None
    assert int(length[1]) == len(body)


@pytest.mark.parametrize("day", range(7))
def test_texts_may_go_somewhere_at_any_hour(day: int) -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    for quarter in range(96):
        assert country_that_is_awake(monday + timedelta(days=day, minutes=15 * quarter))


def test_a_shopper_agrees_to_texts_and_pays_for_the_same_checkout() -> None:
    shopper, now = Shopper("GB"), datetime(2026, 11, 28, 12, tzinfo=UTC)
    [cart] = events("checkouts/create", json.dumps(shopper.checkout(now)).encode(), now)
    [order] = events("orders/create", json.dumps(shopper.order(now)).encode(), now)
    assert isinstance(cart, CartSeen)
    assert isinstance(order, OrderSeen)
    assert cart.consent is not None
    assert (cart.consent.state, cart.consent.phone) == (ConsentState.GIVEN, shopper.phone)
    assert (order.status, order.keys, order.test) == (OrderStatus.PAID, cart.keys, False)


def test_the_longest_wait_counts_and_all_are_told_when_it_is_too_long() -> None:
    met = latency.longest("Sent", [0.2, 1.9, 0.3], at_most(2))
    assert (met.value, met.details, met.is_missed, met.profile) == (1.9, "0.30 s in the median", False, ())
    missed = latency.longest("Sent", [0.2, 2.1, 0.3], at_most(2))
    assert missed.is_missed
    assert missed.profile == ("seconds: 0.20 2.10 0.30",)
