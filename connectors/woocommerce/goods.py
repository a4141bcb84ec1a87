"""What decides whether an offer may lower a cart's goods, and whether a sale lowers the shop already.

Fields of REST API v3 as observed on WooCommerce 10.6.2 and 11.0.1 (2026-11). A variation's own price and
cost are asked of its product; a product itself is on sale as soon as one of its variations is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import floor

from connectors.discounts import Goods, Sale
from connectors.events import Item
from connectors.woocommerce.body import Json, amount, identifier, member, moment, rows, text
from connectors.woocommerce.rest import PER_PAGE, RestClient

MOST_PRODUCTS_WITH_VARIATIONS = 4
"""For how many products of a cart the variations are asked for; of others the product speaks."""

NEARLY_ALL = Decimal("0.9")
"""The share of a shop's published products that makes it a sale of the whole shop."""

_OF_GOODS = "id,type,on_sale,categories,cost_of_goods_sold,meta_data"
_OF_VARIATIONS = "id,on_sale,cost_of_goods_sold"
_OF_A_SALE = "id,regular_price,sale_price,date_on_sale_to_gmt"

_GIFT_CARD_FIELD = "_gift_card"
"""Product meta by which WooCommerce's own Gift Cards extension marks them; others have a product type."""


def goods(rest: RestClient, items: Sequence[Item]) -> Mapping[Item, Goods]:
    """What the shop says of these lines; one whose product is gone is left out."""
    products = _by_id(rest, "products", {item.product_id for item in items if item.product_id}, _OF_GOODS)
    variations = _variations(rest, items)
    known = ((item, products.get(item.product_id or "")) for item in items)
    return {
        item: _goods(product, variations.get(item.variant_id or "", product))
        for item, product in known
        if product is not None
    }


def running_sale(rest: RestClient) -> Sale | None:
    """WooCommerce has no sales, only lowered prices. Where at least nine of ten published products are
    lowered, the shop has one; its percent is told where a page of them, rounded, agrees on it.
    """
    total = rest.total("products", {"status": "publish"})
    lowered_too = {"status": "publish", "on_sale": "true"}
    lowered = rest.total("products", lowered_too) if total else None
    if not total or not lowered or lowered < total * NEARLY_ALL:
        return None
    found, _ = rest.page("products", {**lowered_too, "_fields": _OF_A_SALE})
    percents = {percent for product in found if (percent := _percent(product)) is not None}
    ends = {_end(product) for product in found}
    return Sale(
        name="",
        percent=percents.pop() if len(percents) == 1 else None,
        ends_at=ends.pop() if len(ends) == 1 else None,
    )


def _by_id(rest: RestClient, path: str, numbers: set[str], fields: str) -> dict[str, Json]:
    """At most a page of them: what lies beyond is left out."""
    if not numbers:
        return {}
    found, _ = rest.page(path, {"include": ",".join(sorted(numbers)[:PER_PAGE]), "_fields": fields})
    return {number: row for row in found if (number := identifier(row.get("id")))}


def _variations(rest: RestClient, items: Sequence[Item]) -> dict[str, Json]:
    wanted: dict[str, set[str]] = {}
    for item in items:
        if item.product_id and item.variant_id:
            wanted.setdefault(item.product_id, set()).add(item.variant_id)
    found: dict[str, Json] = {}
    for product_id, numbers in list(wanted.items())[:MOST_PRODUCTS_WITH_VARIATIONS]:
        found |= _by_id(rest, f"products/{product_id}/variations", numbers, _OF_VARIATIONS)
    return found


def _goods(product: Json, piece: Json) -> Goods:
    """``piece`` is the variation in the cart, or the product itself."""
    return Goods(
        on_sale=piece.get("on_sale") is True,
        gift_card=_is_gift_card(product),
        collections=frozenset(_categories(product)),
        cost=_cost(piece) or _cost(product),
    )


def _is_gift_card(product: Json) -> bool:
    kind = re.sub(r"[^a-z]", "", text(product.get("type")).lower())
    meta = {text(row.get("key")): text(row.get("value")) for row in rows(product.get("meta_data"))}
    return "giftcard" in kind or meta.get(_GIFT_CARD_FIELD) == "yes"


def _categories(product: Json) -> Iterator[str]:
    for category in rows(product.get("categories")):
        number = identifier(category.get("id"))
        if number:
            yield number


def _cost(piece: Json) -> Decimal | None:
    """A cost that the merchant never filled in is told as 0."""
    told = amount(member(piece, "cost_of_goods_sold", "total_value"))
    return told or None


def _percent(product: Json) -> int | None:
    """Whole percents off a simple product; a product with variations has no prices of its own."""
    regular, lowered = amount(product.get("regular_price")), amount(product.get("sale_price"))
    if not regular or lowered is None:
        return None
    return floor((1 - lowered / regular) * 100 + Decimal("0.5"))


def _end(product: Json) -> datetime | None:
    return moment(product.get("date_on_sale_to_gmt"))
