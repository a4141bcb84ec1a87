from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events import Item, Shopper
from connectors.platform import Restore
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
    assert restored(restore_url=once, tracking=TRACKING) == once
    assert parse_qs(urlsplit(restored(restore_url=once, discount_code="A") or "").query)["discount"] == ["A"]


def test_what_the_text_promised_takes_the_place_of_another_code_in_the_address() -> None:
    given = RECORDED.replace("&locale", "&discount=OLD&locale")
    assert restored(restore_url=given, own_codes=("OLD",)) == given
    assert restored(restore_url=given, discount_code="OURS") == RECORDED + "&discount=OURS"


def test_tracking_never_replaces_the_key() -> None:
    assert restored(tracking={"key": "stolen"}) == RECORDED


def test_without_a_saved_checkout_a_permalink_fills_a_fresh_one() -> None:
    built = restored(restore_url=None, discount_code="COMEBACK", locale="de-DE", tracking=TRACKING)
    assert built == (
        "https://shop.example.com/cart/41327142600817:1,41327142600999:3"
        "?discount=COMEBACK&utm_source=warmcart&utm_medium=sms"
    )


def test_a_fresh_checkout_keeps_the_codes_that_the_shopper_had() -> None:
    own = ("SUMMER", "A,B", "ours")
    for code, told in (("ours", "ours,SUMMER"), (None, "SUMMER,ours")):
        built = restored(restore_url=None, discount_code=code, own_codes=own)
        assert parse_qs(urlsplit(built or "").query)["discount"] == [told]


FRESH = timedelta(minutes=9, seconds=59)
ADDRESS = "https://pixel-testing-rs.myshopify.com"
PERMALINK = "/cart/41327142600817:1,41327142600999:3"


def test_a_saved_checkout_of_less_than_ten_minutes_is_filled_anew_where_it_was() -> None:
    assert restored(rested=FRESH) == ADDRESS + PERMALINK
    assert restored(rested=timedelta(minutes=10)) == RECORDED


def test_a_fresh_checkout_without_goods_that_can_be_named_is_better_than_none() -> None:
    assert restored(rested=FRESH, items=(Item("Engraving", 1),)) == RECORDED


def test_the_fresh_checkout_is_filled_with_what_the_shopper_typed() -> None:
    mia = Shopper(
        phones=("+38640123456",), email="mia+a@example.com", first_name="Mia", country="SI", postcode="1000"
    )

    built = restored(restore_url=None, shopper=mia, tracking={"cid": "AbCdEfGhIjKl"}, discount_code="A&B")

    assert parse_qs(urlsplit(built or "").query) == {
        "discount": ["A&B"],
        "checkout[email]": ["mia+a@example.com"],
        "checkout[shipping_address][first_name]": ["Mia"],
        "checkout[shipping_address][country]": ["SI"],
        "checkout[shipping_address][zip]": ["1000"],
        "attributes[warmcart]": ["AbCdEfGhIjKl"],
        "cid": ["AbCdEfGhIjKl"],
    }


@pytest.mark.parametrize(
    ("locale", "path"),
    [("de-at", "/de-at/cart/"), ("sl", "/sl/cart/"), (None, "/cart/"), ("../x", "/cart/"), ("x/y", "/cart/")],
)
def test_the_language_is_a_folder_that_the_shop_was_seen_to_have(locale: str | None, path: str) -> None:
    built = restored(restore_url=None, storefront_locale=locale)
    assert (built or "").startswith(STORE + path)


@pytest.mark.parametrize("host", ["checkout.shopify.com", "shopify.com", "shop.app"])
def test_a_checkout_that_lay_at_shopify_itself_is_filled_anew_at_the_shop(host: str) -> None:
    old = f"https://{host}/59026964593/checkouts/Z2NwLXVz/recover?key=1"
    assert restored(restore_url=old, rested=FRESH) == STORE + PERMALINK


def test_goods_that_have_no_variant_are_left_out() -> None:
    items = (
        *GOODS[:1],
        Item("Engraving", 1),
        Item("Odd", 1, variant_id="1:1,2"),
        Item("None", 0, variant_id="7"),
    )
    assert restored(restore_url=None, items=items) == "https://shop.example.com/cart/41327142600817:1"


def test_lines_that_differ_in_an_engraving_alone_are_one() -> None:
    assert restored(restore_url=None, items=(*GOODS, replace(GOODS[0], quantity=2))) == (
        "https://shop.example.com/cart/41327142600817:3,41327142600999:3"
    )


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
        storefront_locale=st.none() | st.text(max_size=6),
        shopper=st.builds(Shopper, email=st.none() | st.text(max_size=9), postcode=st.text(max_size=9)),
        rested=st.none() | st.just(FRESH) | st.just(timedelta(days=1)),
    )
)
def test_the_way_back_is_https_and_leads_where_the_platform_said(restore: Restore) -> None:
    built = restore_url(restore)
    assert built is not None
    parts = urlsplit(built)
    assert https_address(built) is not None
    allowed = {urlsplit(STORE).netloc}
    if https_address(restore.restore_url):
        allowed |= {urlsplit(restore.restore_url or "").netloc}
    assert parts.netloc in allowed
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    assert restore.discount_code is None or not restore.discount_code or "discount" in names
