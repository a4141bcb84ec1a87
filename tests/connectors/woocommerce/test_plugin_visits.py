"""The links that we sign, followed at a shop with the companion plugin."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connectors.events import Item
from connectors.platform import Companion, Restore
from connectors.woocommerce import PLATFORM
from tests.standins.woocommerce import WooCommerceStandin
from tests.standins.woocommerce.plugin import CompanionPlugin

SECRET = "ab" * 32
LINE = {"product_id": 20, "variation_id": 0, "quantity": 2, "title": "Mug", "total": "48.00", "meta": "k"}
KEY = "5e" * 16


@pytest.fixture
def shop() -> Iterator[WooCommerceStandin]:
    with WooCommerceStandin(path="/boutique") as standin:
        plugin = standin.plugin = CompanionPlugin(standin, SECRET)
        # Nobody listens to what it tells here.
        plugin.deliveries = f"{standin.url}/"
        plugin._tell = lambda kind, thing: None  # type: ignore[method-assign]
        plugin.good_codes = {"w15"}
        cart = {"key": KEY, "items": [LINE], "shopper": {"phone": "0412 345 678"}, "discount_codes": []}
        plugin.left[KEY] = cart
        yield standin


def link(shop: WooCommerceStandin, code: str | None = None, **changes: object) -> str:
    signing = Companion(SECRET, "0.2.0", KEY, secrets.token_hex(16), datetime.now(UTC))
    restore = Restore(
        restore_url=None,
        items=(Item("Mug", 2, product_id="20"),),
        store_url=shop.url,
        discount_code=code,
        tracking={"utm_source": "warmcart", "cid": "aB3"},
        platform_version="9.9.5",
        companion=replace(signing, **changes),  # type: ignore[arg-type]
    )
    url = PLATFORM.restore_url(restore)
    assert url is not None
    return url


def test_the_code_of_the_link_lies_in_the_cart_at_once(shop: WooCommerceStandin) -> None:
    page = requests.Session().get(link(shop, "w15"), timeout=30)
    assert "2 x Mug" in page.text and "w15" in page.text
    assert page.url == f"{shop.url}/checkout/?utm_source=warmcart&cid=aB3"


def test_a_code_that_ended_costs_nobody_the_cart(shop: WooCommerceStandin) -> None:
    page = requests.Session().get(link(shop, "over"), timeout=30)
    assert "2 x Mug" in page.text and "over" not in page.text


def test_links_that_were_forged_replayed_or_are_of_another_shop_or_time_open_nothing(
    shop: WooCommerceStandin,
) -> None:
    used = link(shop)
    requests.Session().get(used, timeout=30)
    late = datetime.now(UTC) - timedelta(minutes=16)
    for url in (used, link(shop, secret="cd" * 32), link(shop, now=late), link(shop)[:-1] + "x"):
        page = requests.Session().get(url, timeout=30)
        assert "used already or is too old" in page.text
        assert "Mug" not in page.text


def test_a_link_to_a_cart_that_is_not_there_is_woocommerces_own(shop: WooCommerceStandin) -> None:
    assert requests.get(link(shop, cart_key="0" * 32), timeout=30).url.startswith(f"{shop.url}/cart/")
