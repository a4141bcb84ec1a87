"""What the measures send is what platforms and shoppers send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bench import intake
from bench.load import LENGTH
from bench.rows import country_that_is_awake
from bench.stage import SHOPIFY_SECRET
from connectors.shopify import webhooks


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
