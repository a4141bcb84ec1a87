"""Goods that no offer lowers, by name: what the shop calls those that are chosen, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.models import Store
from app.runtime import Runtime
from connectors.goods_search import MOST_FOUND, MOST_NAMED, GoodsKind, GoodsSearch, NamedGoods
from connectors.platform import ConnectorError
from flows import connections

log = structlog.get_logger()

GONE = "No longer in your shop"


@dataclass(frozen=True)
class Choice:
    """Products or collections. ``chosen``: by id, with the name, or what is known instead; ``found`` can be
    chosen, too. ``told``: what came of the search; ``problem``: why names are missing.
    """

    kind: str
    title: str
    chosen: Mapping[str, str]
    found: Sequence[NamedGoods] = ()
    told: str | None = None
    problem: str | None = None


def choices(
    runtime: Runtime,
    store: Store,
    chosen: Mapping[GoodsKind, Sequence[str]],
    wishes: Mapping[GoodsKind, str],
) -> list[Choice]:
    """Asks the shop for what is chosen and wished, and nothing where there is nothing to ask."""
    titles = _titles(store.platform)
    try:
        search = (
            connections.goods_search(runtime, store) if any((*chosen.values(), *wishes.values())) else None
        )
        return [
            _choice(search, kind, titles[kind], chosen.get(kind, ()), wishes.get(kind, ""))
            for kind in GoodsKind
        ]
    except ConnectorError as error:
        log.info("goods_not_named", store_id=store.id, error=type(error).__name__)
        return [
            Choice(kind, titles[kind], {one: "" for one in chosen.get(kind, ())}, problem=str(error))
            for kind in GoodsKind
        ]


def _titles(platform: str) -> dict[GoodsKind, str]:
    collections = "Categories" if platform == "woocommerce" else "Collections"
    return {GoodsKind.PRODUCTS: "Products", GoodsKind.COLLECTIONS: collections}


def _choice(
    search: GoodsSearch | None, kind: GoodsKind, title: str, chosen: Sequence[str], wish: str
) -> Choice:
    """A wish may be an id, too."""
    if search is None or not (chosen or wish):
        return Choice(kind, title, {})
    by_id = [wish] if wish.isdecimal() else []
    names = search.names(kind, [*by_id, *chosen]) if chosen or by_id else {}
    asked = MOST_NAMED - len(by_id)
    named = {one: names.get(one, GONE if place < asked else "") for place, one in enumerate(chosen)}
    if not wish:
        return Choice(kind, title, named)
    hits = [NamedGoods(one, names[one]) for one in by_id if one in names]
    hits += [one for one in search.find(kind, wish) if one.id not in by_id]
    found = [one for one in hits if one.id not in named]
    return Choice(kind, title, named, found, _told(hits, found, wish))


def _told(hits: Sequence[NamedGoods], found: Sequence[NamedGoods], wish: str) -> str:
    if not hits:
        return f"Nothing in your shop is called “{wish}”."
    if not found:
        return "All that is called so is chosen already."
    told = "Nothing is saved yet. Tick what no offer may lower, and save."
    if len(hits) < MOST_FOUND:
        return told
    return f"{told} These are the first {MOST_FOUND}: write more of the name to see others."
