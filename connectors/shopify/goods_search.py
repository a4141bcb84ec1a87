"""Products and collections by name; the scope read_products is enough.

``title:tea*`` finds names with a word that begins so, in any case (Shopify documentation,
api/usage/search-syntax, 2026-11).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from connectors.goods_search import MOST_FOUND, GoodsKind, NamedGoods, numbers
from connectors.shopify import fields
from connectors.shopify.fields import Record, record, records
from connectors.shopify.graphql import BRISK, AdminClient

MOST_WORDS = 8
"""Of what is looked for; a name has few more."""

_WITHIN_WORDS = "_\u200c\u200d"
"""Unicode's joiners stand within words of Persian and of India."""

_FINDERS = {GoodsKind.PRODUCTS: "find_products", GoodsKind.COLLECTIONS: "find_collections"}
_TYPES = {GoodsKind.PRODUCTS: "Product", GoodsKind.COLLECTIONS: "Collection"}


class ShopifyGoodsSearch:
    """The ``GoodsSearch`` of one store."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    def find(self, kind: GoodsKind, wish: str) -> Sequence[NamedGoods]:
        query = " ".join(f"title:{word}*" for word in _words(wish)[:MOST_WORDS])
        if not query:
            return ()
        told = self._client.ask(_FINDERS[kind], {"query": query, "first": MOST_FOUND}, BRISK).data
        return _named(records(record(told.get("goods")).get("nodes")))

    def names(self, kind: GoodsKind, ids: Sequence[str]) -> Mapping[str, str]:
        asked = [f"gid://shopify/{_TYPES[kind]}/{number}" for number in numbers(ids)]
        if not asked:
            return {}
        told = self._client.ask("goods_names", {"ids": asked}, BRISK).data
        return {one.id: one.name for one in _named(records(told.get("goods")))}


def _words(wish: str) -> list[str]:
    """Of letters, digits and the marks that belong to them, such as the vowels of Hindi and Thai: no sign of
    the search's own syntax."""
    return "".join(one if _is_of_a_word(one) else " " for one in wish).split()


def _is_of_a_word(sign: str) -> bool:
    return sign in _WITHIN_WORDS or unicodedata.category(sign)[0] in "LMN"


def _named(nodes: Sequence[Record]) -> list[NamedGoods]:
    read = ((fields.identifier(node.get("id")), fields.text(node.get("title"))) for node in nodes)
    return [NamedGoods(number, name) for number, name in read if number and name]
