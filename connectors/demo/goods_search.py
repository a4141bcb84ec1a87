"""What the demo shop sells, by name: ``GET names?kind=&search=`` and ``GET names?kind=&id=``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.demo.api import ShopApi
from connectors.goods_search import MOST_FOUND, MOST_NAMED, GoodsKind, NamedGoods
from connectors.platform import Unreachable


class DemoGoodsSearch:
    """The ``GoodsSearch`` of the demo shop, whose ids are words."""

    def __init__(self, api: ShopApi) -> None:
        self._api = api

    def find(self, kind: GoodsKind, wish: str) -> Sequence[NamedGoods]:
        return self._ask({"kind": kind.value, "search": wish})[:MOST_FOUND]

    def names(self, kind: GoodsKind, ids: Sequence[str]) -> Mapping[str, str]:
        return {one.id: one.name for one in self._ask({"kind": kind.value, "id": ids[:MOST_NAMED]})}

    def _ask(self, query: Mapping[str, str | Sequence[str]]) -> list[NamedGoods]:
        answer = self._api.ask("names", query)
        try:
            return [NamedGoods(str(row["id"]), str(row["name"])) for row in answer]
        except (KeyError, TypeError):
            raise Unreachable("The demo shop's answer makes no sense.") from None
