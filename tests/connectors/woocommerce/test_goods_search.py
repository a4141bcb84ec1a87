"""What a merchant looks for by name, as WooCommerce is asked and answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.goods_search import MOST_FOUND, MOST_NAMED, GoodsKind, NamedGoods
from connectors.platform import Unreachable
from connectors.woocommerce.goods_search import WooCommerceGoodsSearch
from connectors.woocommerce.rest import RestClient
from tests.standins.woocommerce import WooCommerceStandin


@pytest.fixture
def search(
    shop: WooCommerceStandin, open_rest: Callable[[WooCommerceStandin], RestClient]
) -> WooCommerceGoodsSearch:
    shop.add_product(11, name="Blue teapot")
    shop.add_product(12, name="Cup", description="Goes with the blue teapot")
    shop.add_product(13, name="Salt &amp; pepper")
    shop.catalogue.add_category(21, "Tea &amp; cups")
    shop.catalogue.add_category(22, "Linen")
    return WooCommerceGoodsSearch(open_rest(shop))


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("PEPPER", ["13"]),
        ("tea  blue", ["11", "12"]),
        ("& pepper", ["13"]),
        ("-pepper", ["13"]),
        ("wok", []),
        (" - ", []),
    ],
)
def test_products_are_found_by_parts_of_their_names(
    search: WooCommerceGoodsSearch, wish: str, found: list[str]
) -> None:
    assert [one.id for one in search.find(GoodsKind.PRODUCTS, wish)] == found


def test_names_come_before_descriptions(search: WooCommerceGoodsSearch, shop: WooCommerceStandin) -> None:
    shop.add_product(14, name="Teapot, blue")
    found = search.find(GoodsKind.PRODUCTS, "blue teapot")
    assert [one.id for one in found] == ["11", "14", "12"]


def test_a_name_is_found_behind_many_descriptions(
    search: WooCommerceGoodsSearch, shop: WooCommerceStandin
) -> None:
    for number in range(150):
        shop.add_product(1000 + number, name=f"Cup {number:03}", description="Goes with our Zen tray")
    shop.add_product(15, name="Zen tray")
    found = search.find(GoodsKind.PRODUCTS, "zen")
    assert [one.name for one in found][:2] == ["Zen tray", "Cup 000"]
    assert len(found) == MOST_FOUND


def test_a_list_is_short_and_in_order_of_names(
    search: WooCommerceGoodsSearch, shop: WooCommerceStandin
) -> None:
    for number in range(100, 0, -1):
        shop.add_product(1000 + number, name=f"Plate {number:03}")
    found = search.find(GoodsKind.PRODUCTS, "plate")
    assert [one.name for one in found] == [f"Plate {number:03}" for number in range(1, MOST_FOUND + 1)]


def test_categories_have_names_of_their_own_without_entities(search: WooCommerceGoodsSearch) -> None:
    for wish in ("tea", "TEA & cups"):
        assert search.find(GoodsKind.COLLECTIONS, wish) == [NamedGoods("21", "Tea & cups")]
    assert search.names(GoodsKind.COLLECTIONS, ["22", "11"]) == {"22": "Linen"}


def test_what_is_gone_and_what_is_no_id_has_no_name(search: WooCommerceGoodsSearch) -> None:
    assert search.names(GoodsKind.PRODUCTS, ["11", "99", "Teapot"]) == {"11": "Blue teapot"}
    assert search.names(GoodsKind.PRODUCTS, ["Teapot"]) == {}
    many = [str(number) for number in range(500, 500 + 2 * MOST_NAMED)]
    assert search.names(GoodsKind.PRODUCTS, many) == {}


def test_a_shop_that_is_away_is_not_taken_for_empty(
    search: WooCommerceGoodsSearch, shop: WooCommerceStandin
) -> None:
    shop.set_knobs(fault=503)
    with pytest.raises(Unreachable):
        search.find(GoodsKind.PRODUCTS, "tea")
