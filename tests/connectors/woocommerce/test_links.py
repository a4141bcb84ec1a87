from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events import Item
from connectors.platform import Restore
from connectors.woocommerce import WooCommercePlatform
from connectors.woocommerce.links import inside, knows_checkout_link

STORE = "https://shop.example/boutique"
PAY_LINK = f"{STORE}/checkout/order-pay/25/?pay_for_order=true&key=wc_order_joJ5hen3Dk6tZ"
TOTE = Item("Canvas Tote", 2, product_id="13", unit_price=Decimal("24.00"))
TEE = Item("Logo Tee - M", 1, product_id="17", variant_id="19")
TRACKING = {"utm_source": "sms", "utm_medium": "sms", "cid": "aB3/=&x"}


def link(**parts: Any) -> str | None:
    usual: dict[str, Any] = {
        "restore_url": None,
        "items": (),
        "store_url": STORE,
        "platform_version": "10.9.1",
    }
    return WooCommercePlatform().restore_url(Restore(**usual | parts))


def query(url: str | None) -> dict[str, list[str]]:
    assert url is not None
    return parse_qs(urlsplit(url).query)


def test_an_unpaid_order_goes_to_its_pay_link_with_our_marks_added() -> None:
    found = link(restore_url=PAY_LINK, tracking=TRACKING)
    assert found is not None
    assert urlsplit(found).path == "/boutique/checkout/order-pay/25/"
    assert query(found) == {
        "pay_for_order": ["true"],
        "key": ["wc_order_joJ5hen3Dk6tZ"],
        "utm_source": ["sms"],
        "utm_medium": ["sms"],
        "cid": ["aB3/=&x"],
    }


def test_a_discount_code_is_no_parameter_of_a_pay_link() -> None:
    assert "coupon" not in query(link(restore_url=PAY_LINK, discount_code="welcome15"))


def test_a_cart_goes_through_the_checkout_link_with_coupon_and_marks() -> None:
    found = link(items=(TOTE, TEE), discount_code="welcome 15", tracking={"cid": "aB3"})
    assert found == f"{STORE}/checkout-link/?products=13:2,19:1&coupon=welcome+15&cid=aB3"


def test_a_cart_without_a_code_of_ours_keeps_the_one_that_its_shopper_had() -> None:
    assert query(link(items=(TOTE,), own_codes=("summer", "more")))["coupon"] == ["summer"]
    assert query(link(items=(TOTE,), own_codes=("summer",), discount_code="ours"))["coupon"] == ["ours"]


def test_an_older_store_takes_one_product_only() -> None:
    assert link(items=(TOTE,), platform_version="9.9.5") == f"{STORE}/cart/?add-to-cart=13&quantity=2"
    assert link(items=(TEE,), platform_version="9.9.5", discount_code="x") == (
        f"{STORE}/cart/?add-to-cart=17&variation_id=19&quantity=1"
    )
    assert link(items=(TOTE, TEE), platform_version="9.9.5") is None


def test_without_a_version_only_the_link_that_every_store_knows_is_used() -> None:
    assert link(items=(TOTE,), platform_version=None) == f"{STORE}/cart/?add-to-cart=13&quantity=2"
    assert link(items=(TOTE, TEE), platform_version=None) is None


def test_without_items_there_is_no_way_back() -> None:
    assert link() is None
    assert link(items=(Item("Gone", 1), Item("None left", 0, product_id="13"))) is None


def test_a_saved_link_to_somewhere_else_gives_way_to_one_built_from_the_items() -> None:
    assert link(restore_url="https://evil.example/pay") is None
    assert (
        link(restore_url="https://evil.example/pay", items=(TOTE,)) == f"{STORE}/checkout-link/?products=13:2"
    )


def test_a_mark_never_changes_what_the_link_does() -> None:
    found = link(restore_url=PAY_LINK, tracking={"key": "stolen", "add-to-cart": "1", "cid": "aB3"})
    assert query(found)["key"] == ["wc_order_joJ5hen3Dk6tZ"]
    assert "add-to-cart" not in query(found)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/boutique",
        "https://shop.example/boutique/checkout/",
        "https://www.shop.example/boutique/",
        "http://shop.example/boutique/",
        "https://SHOP.example:443/boutique/",
    ],
)
def test_what_lies_in_the_store_is_inside(url: str) -> None:
    assert inside(url, STORE)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/boutique/",
        "https://shop.example.evil.example/boutique/",
        "https://shop.example/boutiques/",
        "https://shop.example/",
        "https://shop.example:8443/boutique/",
        "https://shop.example@evil.example/boutique/",
        "https://user@shop.example/boutique/",
        "https://shop.example/boutique/../other/",
        "https://shop.example/boutique/%2e%2E/other/",
        "https://shop.example/boutique\\..\\other",
        "https://evil.example\\@shop.example/boutique/",
        "//shop.example/boutique/",
        "/boutique/",
        "javascript://shop.example/boutique/%0aalert(1)",
        "https://shop.example\t/boutique/",
        "https://shop.example:port/boutique/",
        "https://[shop.example/boutique/",
        "",
    ],
)
def test_what_leaves_the_store_is_outside(url: str) -> None:
    assert not inside(url, STORE)


hosts = st.sampled_from(
    ["shop.example", "evil.example", "shop.example.evil.example", "shop.example@evil.example"]
)
pieces = st.lists(
    st.sampled_from(["/", "\\", "..", "%2e", "boutique", "@", "?", "#", ":", "x", "evil.example"])
)


@given(hosts, pieces)
def test_no_redirect_ever_leaves_the_store(host: str, path: list[str]) -> None:
    found = link(restore_url=f"https://{host}{''.join(path)}", tracking={"cid": "x"})
    if found is not None:
        # "shop.example:", a port that names none, is the same place.
        assert urlsplit(found).netloc.removesuffix(":") == "shop.example"
        assert urlsplit(found).path.startswith("/boutique")
        assert ".." not in urlsplit(found).path


@pytest.mark.parametrize(
    ("version", "knows"),
    [("10.0.0", True), ("10.9.1", True), ("11.0.0-rc.1", True), ("9.9.5", False), ("", False), (None, False)],
)
def test_checkout_link_came_with_version_ten(version: str | None, knows: bool) -> None:
    assert knows_checkout_link(version) is knows
