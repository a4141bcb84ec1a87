"""The signed link of the companion plugin: when it is used, and what it is good for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.events import Item
from connectors.platform import Companion, Restore
from connectors.woocommerce import PLATFORM, plugin_events, plugin_link, plugin_proof

STORE = "https://shop.example/boutique"
PAY_LINK = f"{STORE}/checkout/order-pay/25/?pay_for_order=true&key=wc_order_joJ5hen3Dk6tZ"
SECRET, OTHER = "ab" * 32, "cd" * 32
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PLUGIN = Companion(SECRET, "0.2.0", "a" * 32, "b" * 32, NOW)
TOTE, TEE = Item("Canvas Tote", 2, product_id="13"), Item("Logo Tee", 1, product_id="17", variant_id="19")


def restore(**parts: Any) -> Restore:
    usual: dict[str, Any] = {
        "restore_url": None,
        "items": (TOTE, TEE),
        "store_url": STORE,
        "platform_version": "10.9.1",
        "tracking": {"utm_source": "warmcart", "cid": "aB3"},
        "companion": PLUGIN,
    }
    return Restore(**usual | parts)


def parameters(**parts: Any) -> tuple[str, dict[str, list[str]]]:
    url = PLATFORM.restore_url(restore(**parts))
    assert url is not None
    return urlsplit(url).path, parse_qs(urlsplit(url).query)


def ticket(**parts: Any) -> tuple[dict[str, Any], str, str]:
    _, query = parameters(**parts)
    content, _, signature = query[plugin_link.PARAMETER][0].partition(".")
    told = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    return told, content, signature


def test_the_link_names_the_cart_its_end_a_nonce_our_mark_and_the_code() -> None:
    told, content, signature = ticket(discount_code="welcome 15")
    end = int(NOW.timestamp()) + 900
    assert told == {"cart": "a" * 32, "until": end, "nonce": "b" * 32, "cid": "aB3", "code": "welcome 15"}
    expected = hmac.new(SECRET.encode(), f"warmcart-restore.{content}".encode(), hashlib.sha256)
    assert signature == expected.hexdigest()


def test_where_the_plugin_was_switched_off_the_rest_of_the_link_fills_the_cart() -> None:
    path, query = parameters(discount_code="w15")
    assert (path, query["products"], query["coupon"]) == ("/boutique/checkout-link/", ["13:2,19:1"], ["w15"])
    assert (query["utm_source"], query["cid"]) == (["warmcart"], ["aB3"])
    assert parameters(platform_version="9.9.5")[0] == "/boutique/"
    assert parameters(platform_version="9.9.5", items=(TOTE,))[0] == "/boutique/cart/"


def test_an_unpaid_order_is_paid_as_it_is_unless_a_code_lowers_it() -> None:
    path, query = parameters(restore_url=PAY_LINK)
    assert path == "/boutique/checkout/order-pay/25/"
    assert plugin_link.PARAMETER not in query
    assert plugin_link.PARAMETER in parameters(restore_url=PAY_LINK, discount_code="w15")[1]


def test_the_saved_link_of_a_draft_gives_way_to_the_plugin() -> None:
    assert plugin_link.PARAMETER in parameters(restore_url=f"{STORE}/checkout-link/?products=13:2")[1]


@pytest.mark.parametrize(
    ("version", "knows"), [("0.2.0", True), ("0.10", True), ("1.0.0", True), ("0.1.9", False), ("x", False)]
)
def test_only_a_plugin_that_knows_the_link_gets_it(version: str, knows: bool) -> None:
    companion = replace(PLUGIN, version=version)
    assert (plugin_link.PARAMETER in parameters(companion=companion)[1]) is knows


def test_without_a_plugin_or_without_goods_the_other_ways_are_left() -> None:
    assert plugin_link.PARAMETER not in parameters(companion=None)[1]
    assert PLATFORM.restore_url(restore(items=())) is None


def test_a_code_is_applied_by_the_plugins_link_in_every_version() -> None:
    for version in ("9.9.5", "10.9.1", None):
        assert PLATFORM.applies_discounts(restore(discount_code="w15", platform_version=version))
        assert PLATFORM.applies_discounts(
            restore(discount_code="w15", restore_url=PAY_LINK, platform_version=version)
        )
    assert not PLATFORM.applies_discounts(restore(discount_code="w15", restore_url=PAY_LINK, companion=None))
    assert not PLATFORM.applies_discounts(restore(discount_code="w15", items=()))


def test_another_shops_secret_makes_another_signature() -> None:
    assert ticket()[2] != ticket(companion=replace(PLUGIN, secret=OTHER))[2]


def test_a_links_signature_is_neither_an_event_nor_a_proof_of_connection() -> None:
    _, content, signature = ticket()
    headers = {
        plugin_events.SIGNATURE: signature,
        plugin_events.TIMESTAMP: "warmcart-restore",
        plugin_events.NONCE: content,
    }
    for body in (b"", content.encode(), f"warmcart-restore.{content}".encode()):
        assert not plugin_events.verify(headers, body, [SECRET])
    assert plugin_proof.proof_of(SECRET, content) != signature
    assert plugin_events.verify({**headers, plugin_events.NONCE: "b" * 32}, b"", [SECRET]) is False
