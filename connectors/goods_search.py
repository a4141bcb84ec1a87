"""The names of what a shop sells: a merchant chooses goods by them, and knows no numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

MOST_FOUND = 20
MOST_NAMED = 100


class GoodsKind(StrEnum):
    PRODUCTS = "products"
    COLLECTIONS = "collections"
    """Or categories, as WooCommerce calls them."""


@dataclass(frozen=True, slots=True)
class NamedGoods:
    """A product or a collection: the platform's id, and the name that its merchant gave it."""

    id: str
    name: str


class GoodsSearch(Protocol):
    """Questions that a merchant waits for: asked once, soon given up. Raises ConnectorError alone."""

    def find(self, kind: GoodsKind, wish: str) -> Sequence[NamedGoods]:
        """Those whose names have all words of the wish, in order of their names, MOST_FOUND at most."""

    def names(self, kind: GoodsKind, ids: Sequence[str]) -> Mapping[str, str]:
        """By id, of the first MOST_NAMED; what the shop does not have is left out."""


def numbers(ids: Sequence[str]) -> list[str]:
    """Those ids that can be a platform's, as many as are named at once."""
    return [one for one in ids if one.isascii() and one.isdigit()][:MOST_NAMED]
