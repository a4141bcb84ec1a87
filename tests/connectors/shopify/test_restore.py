from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.platform import Item, Restore
from connectors.shopify import ShopifyPlatform
from connectors.shopify.addresses import https_address
from connectors.shopify.restore import restore_url

RECORDED = (
    "https://pixel-testing-rs.myshopify.com/59026964593/checkouts/ac/Z2NwLXVz/recover"
    "?key=0385163be3875d3a2117e982d9cc3517&locale=en-US"
)
STORE = "https://shop.example.com"
GOODS = (Item("Snowboard", 1, variant_id="41327142600817"), Item("Wax", 3, variant_id="41327142600999"))
TRACKING = {"utm_source": "warmcart", "utm_medium": "sms"}


def restored(**changes: Any) -> str | None:
    usual = Restore(restore_url=RECORDED, items=GOODS, store_url=STORE)
    return ShopifyPlatform().restore_url(replace(usual, **changes))


def test_the_saved_checkout_is_where_the_tap_leads() -> None:
    assert restored() == RECORDED


def test_discount_and_tracking_are_added_and_what_is_there_stays() -> None:
    built = restored(discount_code="COMEBACK 7H3K", locale="de-DE", tracking=TRACKING)
    assert built == RECORDED + "&discount=COMEBACK+7H3K&utm_source=warmcart&utm_medium=sms"


def test_the_locale_is_added_where_the_address_has_none() -> None:
    bare = RECORDED.removesuffix("&locale=en-US")
    assert restored(restore_url=bare, locale="de-DE") == bare + "&locale=de-DE"


def test_building_twice_doubles_nothing() -> None:
    once = restored(discount_code="A", tracking=TRACKING)
    assert restored(restore_url=once, discount_code="B", tracking=TRACKING) == once


def test_tracking_never_replaces_the_key() -> None:
    assert restored(tracking={"key": "stolen"}) == RECORDED


def test_without_a_saved_checkout_a_permalink_fills_a_fresh_one() -> None:
    built = restored(restore_url=None, discount_code="COMEBACK", locale="de-DE", tracking=TRACKING)
    assert built == (
        "https://shop.example.com/cart/41327142600817:1,41327142600999:3"
        "?discount=COMEBACK&utm_source=warmcart&utm_medium=sms"
    )


def test_goods_that_have_no_variant_are_left_out() -> None:
    items = (
        *GOODS[:1],
        Item("Engraving", 1),
        Item("Odd", 1, variant_id="1:1,2"),
        Item("None", 0, variant_id="7"),
    )
    assert restored(restore_url=None, items=items) == "https://shop.example.com/cart/41327142600817:1"


@pytest.mark.parametrize("store_url", ["", "shop.example.com", "http://shop.example.com", "https://1.2.3.4"])
def test_there_is_no_way_without_goods_or_without_a_store(store_url: str) -> None:
    assert restored(restore_url=None, items=()) is None
    assert restored(restore_url=None, store_url=store_url) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://shop.example.com/x",
        "//evil.example.com/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "https:evil.example.com",
        "https:///evil.example.com",
        "https://user@shop.example.com/",
        "https://shop.example.com@evil.example.com/",
        "https://shop.example.com\\@evil.example.com/",
        "https://evil.example.com\\.shop.example.com/",
        "https://shop.example.com:8443/",
        "https://shop.example.com:port/",
        "https://[::1]/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://shop.example.com/\r\nSet-Cookie: a=b",
        "https://shop.exa\tmple.com/",
        " https://shop.example.com/",
        "https://shop.example.com/ü",
        "https://.example.com/",
        "https://-.com/",
        "",
    ],
)
def test_an_address_that_a_browser_may_read_otherwise_is_never_used(address: str) -> None:
    assert https_address(address) is None
    assert restored(restore_url=address) == "https://shop.example.com/cart/41327142600817:1,41327142600999:3"


@settings(deadline=None)
@given(
    restore=st.builds(
        Restore,
        restore_url=st.none()
        | st.just(RECORDED)
        | st.text(max_size=30)
        | st.text(max_size=20).map("https://{}".format),
        items=st.just(GOODS),
        store_url=st.just(STORE),
        locale=st.none() | st.text(max_size=8),
        discount_code=st.none() | st.text(max_size=20),
        tracking=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    )
)
def test_the_way_back_is_https_and_leads_where_the_platform_said(restore: Restore) -> None:
    built = restore_url(restore)
    assert built is not None
    parts = urlsplit(built)
    assert https_address(built) is not None
    allowed = {urlsplit(STORE).netloc}
    if https_address(restore.restore_url):
        allowed = {urlsplit(restore.restore_url or "").netloc}
    assert parts.netloc in allowed
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    assert restore.discount_code is None or not restore.discount_code or "discount" in names
