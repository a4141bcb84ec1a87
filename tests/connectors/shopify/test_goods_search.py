"""What a merchant looks for by name, as Shopify is asked and answers."""

from __future__ import annotations

import pytest

from connectors.goods_search import MOST_FOUND, MOST_NAMED, GoodsKind, NamedGoods
from connectors.platform import ConnectorError
from connectors.shopify.goods_search import ShopifyGoodsSearch
from tests.connectors.shopify.conftest import SHOP, Connect
from tests.standins.shopify import ShopifyStandin


@pytest.fixture
def search(standin: ShopifyStandin, connect: Connect) -> ShopifyGoodsSearch:
    shop = standin.shop(SHOP)
    shop.put_product(11, "Blue Teapot")
    shop.put_product(12, "Green tea, organic")
    shop.put_product(13, "T-shirt (M) “or” NOT: sale")
    shop.put_collection(21, "Tea & cups")
    return ShopifyGoodsSearch(connect(SHOP))


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("tea", ["11", "12"]),
        ("TEA blue", ["11"]),
        ("pot", []),
        ("T-shirt", ["13"]),
        ('title:tea* OR (title:blue) "', []),
        ("or not (m):", ["13"]),
        ("*", []),
        ("  ", []),
    ],
)
def test_products_are_found_by_the_beginnings_of_words_and_no_sign_is_taken_for_syntax(
    search: ShopifyGoodsSearch, standin: ShopifyStandin, wish: str, found: list[str]
) -> None:
    assert [one.id for one in search.find(GoodsKind.PRODUCTS, wish)] == found
    assert standin.complaints == []


@pytest.mark.parametrize(
    ("name", "wish"),
    [("मसाला चाय", "चाय"), ("ชาเขียว มัทฉะ", "มัทฉะ"), ("چای می\u200cخواهم", "می\u200cخواهم")],
    ids=["Hindi", "Thai", "Persian"],
)
def test_a_word_keeps_the_marks_that_are_written_around_its_letters(
    search: ShopifyGoodsSearch, standin: ShopifyStandin, name: str, wish: str
) -> None:
    standin.shop(SHOP).put_product(14, name)
    assert search.find(GoodsKind.PRODUCTS, wish) == [NamedGoods("14", name)]


def test_a_list_is_short_and_in_order_of_names(search: ShopifyGoodsSearch, standin: ShopifyStandin) -> None:
    for number in range(100, 0, -1):
        standin.shop(SHOP).put_product(1000 + number, f"Cup {number:03}")
    found = search.find(GoodsKind.PRODUCTS, "cup")
    assert [one.name for one in found] == [f"Cup {number:03}" for number in range(1, MOST_FOUND + 1)]


def test_collections_have_names_of_their_own(search: ShopifyGoodsSearch) -> None:
    assert search.find(GoodsKind.COLLECTIONS, "cups") == [NamedGoods("21", "Tea & cups")]
    assert search.names(GoodsKind.COLLECTIONS, ["21", "11"]) == {"21": "Tea & cups"}


def test_what_is_gone_and_what_is_no_id_has_no_name(
    search: ShopifyGoodsSearch, standin: ShopifyStandin
) -> None:
    assert search.names(GoodsKind.PRODUCTS, ["11", "99", "Teapot"]) == {"11": "Blue Teapot"}
    assert search.names(GoodsKind.PRODUCTS, ["Teapot"]) == {}
    many = [str(number) for number in range(500, 500 + 2 * MOST_NAMED)]
    assert search.names(GoodsKind.PRODUCTS, many) == {}
    assert standin.complaints == []


def test_a_shop_that_does_not_let_us_read_its_products_is_not_taken_for_empty(
    search: ShopifyGoodsSearch, standin: ShopifyStandin
) -> None:
    standin.shop(SHOP).scopes = ("read_orders",)
    with pytest.raises(ConnectorError, match="ACCESS_DENIED"):
        search.find(GoodsKind.PRODUCTS, "tea")
