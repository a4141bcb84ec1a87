from __future__ import annotations

import pytest

from connectors.demo import DemoPlatform
from connectors.platform import Restore

SHOP = "http://127.0.0.1:8000/demo/shop"


def way_back(restore_url: str | None) -> str | None:
    return DemoPlatform().restore_url(
        Restore(restore_url, (), SHOP, tracking={"utm_source": "warmcart", "cid": "a b"})
    )


def test_the_tap_leads_to_the_saved_cart_and_says_where_it_came_from() -> None:
    assert way_back(f"{SHOP}/back/t0ken") == f"{SHOP}/back/t0ken?utm_source=warmcart&cid=a+b"


def test_what_the_address_had_before_stays() -> None:
    assert way_back(f"{SHOP}/back/t0ken?step=2") == f"{SHOP}/back/t0ken?step=2&utm_source=warmcart&cid=a+b"


def test_it_carries_the_code_that_lowers_the_cart() -> None:
    restore = Restore(f"{SHOP}/back/t0ken", (), SHOP, discount_code="BACK-7Q2K")
    assert DemoPlatform().restore_url(restore) == f"{SHOP}/back/t0ken?discount=BACK-7Q2K"
    assert DemoPlatform().applies_discounts(restore)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "https://evil.example/demo/shop/back/t0ken",
        "http://127.0.0.1:8000.evil.example/demo/shop/back/t0ken",
        "http://127.0.0.1:8000/login/t0ken",
        "http://127.0.0.1:8000/demo/shopping/back",
        "http://127.0.0.1:8000/demo/shop/../../login/t0ken",
        "http://127.0.0.1:8000/demo/shop/%2e%2e/%2E./login/t0ken",
        "http://127.0.0.1:8000/demo/shop/..\\login",
        "http://[not-an-address",
        "//evil.example/demo/shop",
        "javascript:alert(1)",
    ],
)
def test_it_leads_nowhere_else(url: str | None) -> None:
    assert way_back(url) is None
