"""What decides whether an offer may lower a cart's goods, and whether a sale lowers them already.

The scopes read_products and read_discounts are enough, for costs too (Admin API 2026-10, InventoryItem:
read_inventory or read_products); a cost that this app may not see is null, and then unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import floor

from connectors.discounts import Goods, Sale
from connectors.events import Item
from connectors.shopify import fields
from connectors.shopify.fields import Record, record, records
from connectors.shopify.graphql import SHORT, AdminClient

MOST_LINES = 60
"""What lies beyond is left out: nobody texts about such a cart by the dozen."""

COLLECTIONS, ALL_COLLECTIONS = 50, 250
"""Of how many collections a first question asks; a product in more of them is asked for again."""

_SALES = "method:automatic AND status:active"
_MOST_POINTS = 900
_POINTS_OF_A_VARIANT = 8


def goods(client: AdminClient, items: Sequence[Item], collections: bool) -> Mapping[Item, Goods]:
    """What the shop says of these lines; one whose variant is gone is left out."""
    ids = {item: f"gid://shopify/ProductVariant/{item.variant_id}" for item in items if item.variant_id}
    asked = list(dict.fromkeys(ids.values()))[:MOST_LINES]
    variants = dict(_variants(client, asked, COLLECTIONS if collections else 1))
    of_many = [gid for gid, variant in variants.items() if collections and _has_more(variant)]
    variants |= dict(_variants(client, of_many, ALL_COLLECTIONS))
    return {item: _goods(variants[gid]) for item, gid in ids.items() if gid in variants}


def running_sale(client: AdminClient, now: datetime) -> Sale | None:
    """The highest percentage that an automatic discount takes off everything, for everybody.

    A sale by crossed-out prices, by an app's function or for some markets only is not seen here.
    """
    told = client.ask("running_sale", {"query": _SALES}, SHORT).data
    nodes = records(record(told.get("discounts")).get("nodes"))
    sales = [sale for node in nodes if (sale := _sale(record(node.get("discount")), now))]
    return max(sales, key=lambda sale: sale.percent or 0, default=None)


def _variants(client: AdminClient, ids: Sequence[str], collections: int) -> Iterator[tuple[str, Record]]:
    """Each variant by its id, asked for so many at a time that no question costs too much."""
    at_once = max(1, _MOST_POINTS // (collections + _POINTS_OF_A_VARIANT))
    for start in range(0, len(ids), at_once):
        asked = {"ids": ids[start : start + at_once], "collections": collections}
        for variant in records(client.ask("goods", asked, SHORT).data.get("variants")):
            gid = fields.text(variant.get("id"))
            if gid:
                yield gid, variant


def _has_more(variant: Record) -> bool:
    return record(_collections(variant).get("pageInfo")).get("hasNextPage") is True


def _collections(variant: Record) -> Record:
    return record(record(variant.get("product")).get("collections"))


def _goods(variant: Record) -> Goods:
    price, before = (fields.amount(variant.get("price")), fields.amount(variant.get("compareAtPrice")))
    cost = record(record(variant.get("inventoryItem")).get("unitCost")).get("amount")
    numbers = (fields.identifier(one.get("id")) for one in records(_collections(variant).get("nodes")))
    return Goods(
        on_sale=price is not None and before is not None and before > price,
        gift_card=record(variant.get("product")).get("isGiftCard") is True,
        collections=frozenset(number for number in numbers if number),
        cost=fields.amount(cost),
    )


def _sale(discount: Record, now: datetime) -> Sale | None:
    """Part of a percent is left off: a text must not promise more than the shop gives."""
    gets = record(discount.get("customerGets"))
    percentage = fields.amount(record(gets.get("value")).get("percentage"))
    starts_at, ends_at = (fields.moment(discount.get("startsAt")), fields.moment(discount.get("endsAt")))
    runs = starts_at is not None and starts_at <= now and (ends_at is None or now < ends_at)
    if not runs or not _is_for_all(discount, gets) or percentage is None or percentage < 0.01:
        return None
    name = fields.text(discount.get("title"), longest=255) or ""
    beside_shipping = record(discount.get("combinesWith")).get("shippingDiscounts") is True
    return Sale(name, floor(percentage * 100), ends_at, beside_shipping)


def _is_for_all(discount: Record, gets: Record) -> bool:
    """Everybody, all goods, no condition. Other buyers and goods are of types that have none of these."""
    return (
        record(discount.get("context")).get("all") == "ALL"
        and discount.get("minimumRequirement") is None
        and gets.get("appliesOnOneTimePurchase") is True
        and record(gets.get("items")).get("allItems") is True
    )
