"""What the store sells and how it ships, as REST shows it (observed on 10.6.2 and 11.0.1, 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
PRICE = Decimal("10.00")
"""Of whatever is bought in a store that lists no products."""


class Catalogue:
    """Products, variations and categories by id. ``methods`` are the shipping methods of each zone."""

    def __init__(self) -> None:
        self.products: dict[int, Row] = {}
        self.variations: dict[int, Row] = {}
        self.categories: dict[int, Row] = {}
        flat = {"method_id": "flat_rate", "enabled": True, "settings": {"cost": {"value": "5.00"}}}
        self.methods: dict[int, list[Row]] = {0: [], 1: [flat]}

    def add(self, product_id: int, told: Mapping[str, Any]) -> Row:
        """A published product; ``sale_price`` lowers it, ``cost`` is what it costs the store."""
        row = _priced(product_id, told) | {"type": told.get("type", "simple"), "status": "publish"}
        row["name"] = told.get("name", f"Product {product_id}")
        row["description"] = told.get("description", "")
        row["categories"] = [{"id": number} for number in told.get("categories", ())]
        self.products[product_id] = row
        return row

    def add_variation(self, product_id: int, variation_id: int, told: Mapping[str, Any]) -> Row:
        """A variation. Its product has no prices of its own and is on sale as soon as one of them is."""
        row = _priced(variation_id, told) | {"parent_id": product_id}
        self.variations[variation_id] = row
        product = self.products[product_id]
        product |= {"type": "variable", "regular_price": "", "sale_price": ""}
        product["on_sale"] = product["on_sale"] or row["on_sale"]
        return row

    def listed(self, query: Mapping[str, str]) -> list[Row]:
        rows = list(self.products.values())
        if query.get("on_sale") == "true":
            rows = [row for row in rows if row["on_sale"]]
        if query.get("search"):
            rows = [row for row in rows if _is_found(row, query["search"].split())]
        return _included(_ordered(rows, query), query)

    def add_category(self, number: int, name: str) -> None:
        self.categories[number] = {"id": number, "name": name, "slug": name.lower().replace(" ", "-")}

    def listed_categories(self, query: Mapping[str, str]) -> list[Row]:
        """Looked for as one piece of text, by name unless asked otherwise."""
        rows = list(self.categories.values())
        if query.get("search"):
            rows = [row for row in rows if _has(row, ("name", "slug"), [query["search"]])]
        return _included(_ordered(rows, {"orderby": "name", "order": "asc", **query}), query)

    def listed_variations(self, product_id: int, query: Mapping[str, str]) -> list[Row]:
        rows = [row for row in self.variations.values() if row["parent_id"] == product_id]
        return _included(rows, query)

    def price(self, number: int) -> Decimal | None:
        """What one piece costs its buyer; None for what the store does not sell."""
        if not self.products:
            return PRICE
        row = self.variations.get(number) or self.products.get(number)
        return Decimal(row["sale_price"] or row["regular_price"]) if row else None

    def on_sale(self, number: int) -> bool:
        row = self.variations.get(number) or self.products.get(number)
        return bool(row and row["on_sale"])

    def product_of(self, number: int) -> int:
        """The product of a variation, or the product itself."""
        return int(self.variations[number]["parent_id"]) if number in self.variations else number

    def offer_free_shipping(self, requires: str = "coupon") -> None:
        """A method "Free shipping" beside the flat rate."""
        settings = {"requires": {"value": requires}}
        self.methods[1].append({"method_id": "free_shipping", "enabled": True, "settings": settings})


def _priced(number: int, told: Mapping[str, Any]) -> Row:
    lowered, cost = told.get("sale_price", ""), told.get("cost")
    costs = {"values": [{"defined_value": cost, "effective_value": cost or 0}], "total_value": cost or 0}
    return {
        "id": number,
        "regular_price": told.get("regular_price", "24.00"),
        "sale_price": lowered,
        "on_sale": bool(lowered),
        "date_on_sale_to_gmt": told.get("date_on_sale_to_gmt"),
        "meta_data": deepcopy(told.get("meta_data", [])),
        **({"cost_of_goods_sold": costs} if "cost" in told else {}),
    }


def _is_found(row: Row, words: Sequence[str]) -> bool:
    """A product has all words in its name or description, and none of those with a minus before them."""
    fields = ("name", "description")
    unwanted = [word[1:] for word in words if word.startswith("-")]
    wanted = [word for word in words if not word.startswith("-")]
    return _has(row, fields, wanted) and not any(_has(row, fields, [word]) for word in unwanted)


def _has(row: Row, names: Sequence[str], words: Sequence[str]) -> bool:
    return all(any(word.lower() in str(row[name]).lower() for name in names) for word in words)


def _ordered(rows: list[Row], query: Mapping[str, str]) -> list[Row]:
    """By name where that is asked for; else the newest first, which here is the highest id."""
    by_name = query.get("orderby") in ("title", "name")
    rows = sorted(rows, key=lambda row: row["name"].lower() if by_name else row["id"])
    return rows if query.get("order", "desc") == "asc" else rows[::-1]


def _included(rows: list[Row], query: Mapping[str, str]) -> list[Row]:
    wanted = query.get("include")
    return rows if wanted is None else [row for row in rows if str(row["id"]) in wanted.split(",")]
