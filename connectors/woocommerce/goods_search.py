"""Products and categories by name.

``search`` looks at descriptions of products, too, so those whose names have it come first here.
Newer versions' ``search_name_or_sku`` lists variations among the products, which crowd them out (seen on
9.9.5 and 11.0.1, 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape, unescape

from connectors.goods_search import MOST_FOUND, GoodsKind, NamedGoods, numbers
from connectors.woocommerce.body import Json, identifier, text
from connectors.woocommerce.discounts import READ_TIMEOUT
from connectors.woocommerce.rest import RestClient

MOST_PAGES = 3
"""Of a hundred each. Many descriptions may have what only a few names do; each page is waited for."""

_PATHS = {GoodsKind.PRODUCTS: "products", GoodsKind.COLLECTIONS: "products/categories"}
_ORDERS = {GoodsKind.PRODUCTS: "title", GoodsKind.COLLECTIONS: "name"}
_FIELDS = "id,name"


class WooCommerceGoodsSearch:
    """The ``GoodsSearch`` of one store."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = RestClient(rest.credentials, rest.session, READ_TIMEOUT)

    def find(self, kind: GoodsKind, wish: str) -> Sequence[NamedGoods]:
        asked = _asked(wish)
        if not asked:
            return ()
        wanted = escape(asked, quote=False) if kind is GoodsKind.COLLECTIONS else asked
        query = {"search": wanted, "orderby": _ORDERS[kind], "order": "asc", "_fields": _FIELDS}
        by_name: list[NamedGoods] = []
        others: list[NamedGoods] = []
        for one in _named(self._rest.pages(_PATHS[kind], query, MOST_PAGES)):
            (by_name if _has(one.name, asked) else others).append(one)
            if len(by_name) == MOST_FOUND:
                break
        return [*by_name, *others][:MOST_FOUND]

    def names(self, kind: GoodsKind, ids: Sequence[str]) -> Mapping[str, str]:
        asked = numbers(ids)
        if not asked:
            return {}
        found, _ = self._rest.page(_PATHS[kind], {"include": ",".join(asked), "_fields": _FIELDS})
        return {one.id: one.name for one in _named(found)}


def _asked(wish: str) -> str:
    """A minus before a word would leave out what has it."""
    return " ".join(filter(None, (word.lstrip("-") for word in wish.split())))


def _has(name: str, asked: str) -> bool:
    return all(word in name.casefold() for word in asked.casefold().split())


def _named(found: Iterable[Json]) -> Iterator[NamedGoods]:
    """WordPress keeps names of categories, and of some products, with entities in them."""
    read = ((identifier(row.get("id")), unescape(text(row.get("name"))).strip()) for row in found)
    return (NamedGoods(number, name) for number, name in read if number and name)
