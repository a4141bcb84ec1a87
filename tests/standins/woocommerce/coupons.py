"""The store's coupons, as REST makes, finds and deletes them (observed on 10.6.2 and 11.0.1, 2026-11)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.standins.woocommerce.orders import Orders, invalid
from tests.standins.woocommerce.wordpress import Knobs, WordPressError, gmt, local

Coupon = dict[str, Any]
TYPES = ("percent", "fixed_cart", "fixed_product")
WRITABLE: Mapping[str, Any] = {
    "amount": "0.00",
    "discount_type": "fixed_cart",
    "description": "",
    "individual_use": False,
    "product_ids": [],
    "excluded_product_ids": [],
    "usage_limit": None,
    "usage_limit_per_user": None,
    "free_shipping": False,
    "exclude_sale_items": False,
    "minimum_amount": "0.00",
    "maximum_amount": "0.00",
    "email_restrictions": [],
    "meta_data": [],
}
MONEY = ("amount", "minimum_amount", "maximum_amount")
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?")


NOT_USED = frozenset({"cancelled", "failed", "trash", "checkout-draft"})
"""Statuses of orders that use up no coupon: one that is cancelled gives its coupon back."""


class Coupons:
    """Coupons by id. ``troubles``: what the next makings get (``slow_down``, ``refuse``, ``lose_answer``)."""

    def __init__(self, knobs: Knobs, now: Callable[[], datetime], orders: Orders) -> None:
        self.by_id: dict[int, Coupon] = {}
        self.troubles: list[str] = []
        self._knobs, self._now, self._orders = knobs, now, orders
        self._last_id = 20_000

    def add(self, told: Mapping[str, Any]) -> Coupon:
        """A new coupon. Raises WordPressError."""
        code = str(told.get("code") or "").strip().lower()
        if not code:
            raise WordPressError(
                400, "woocommerce_rest_empty_coupon_code", "The coupon code cannot be empty."
            )
        if told.get("discount_type", "fixed_cart") not in TYPES:
            raise invalid("discount_type")
        if self.find(code):
            raise WordPressError(
                400, "woocommerce_rest_coupon_code_already_exists", "The coupon code already exists"
            )
        given = {name: deepcopy(told[name]) for name in WRITABLE if told.get(name) is not None}
        given |= {name: f"{Decimal(given[name]):.2f}" for name in MONEY if name in given}
        if given.get("discount_type") == "percent" and Decimal(given.get("amount", 0)) > 100:
            raise WordPressError(400, "coupon_invalid_amount", "Invalid discount amount.")
        self._last_id += 1
        coupon = deepcopy(dict(WRITABLE)) | given
        coupon |= {"id": self._last_id, "code": code, "status": "publish"}
        coupon["date_created_gmt"] = gmt(self._now())
        # "date_expires_gmt" is answered and, when written, ignored.
        coupon["date_expires_gmt"] = self._end(told.get("date_expires"))
        self.by_id[self._last_id] = coupon
        return coupon

    def find(self, code: str) -> Coupon | None:
        """A published coupon; case makes no difference."""
        same = (one for one in self.by_id.values() if one["code"] == code.strip().lower())
        return next((one for one in same if one["status"] == "publish"), None)

    @property
    def on(self) -> bool:
        """Whether the shop takes coupons at all."""
        return self._knobs.coupons

    def is_over(self, coupon: Coupon) -> bool:
        ends_at = coupon["date_expires_gmt"]
        return bool(ends_at) and ends_at < gmt(self._now())

    def is_used_up(self, coupon: Coupon) -> bool:
        limit = coupon["usage_limit"]
        return bool(limit) and len(self.used_by(coupon)) >= limit

    def used_by(self, coupon: Coupon) -> list[str]:
        """The buyers whose orders hold it."""
        return [
            order["billing"]["email"]
            for order in self._orders.by_id.values()
            if order["status"] not in NOT_USED
            and any(line["code"] == coupon["code"] for line in order["coupon_lines"])
        ]

    def get(self, coupon_id: int) -> Coupon:
        if coupon_id not in self.by_id:
            raise WordPressError(404, "woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.")
        return self.by_id[coupon_id]

    def delete(self, coupon_id: int, force: bool) -> Coupon:
        """For good, or into the trash."""
        coupon = self.get(coupon_id)
        if force:
            del self.by_id[coupon_id]
        else:
            coupon["status"] = "trash"
        return coupon

    def shown(self, coupon: Coupon) -> Coupon:
        offset = self._knobs.utc_offset
        times = {f"{name}_gmt": coupon[f"{name}_gmt"] for name in ("date_created", "date_expires")}
        used_by = self.used_by(coupon)
        coupon = coupon | {"usage_count": len(used_by), "used_by": used_by}
        return coupon | {name.removesuffix("_gmt"): local(value, offset) for name, value in times.items()}

    def _end(self, value: str | None) -> str | None:
        """A time without an offset is the store's own; nothing that is no time is an end."""
        if not value or not ISO_8601.fullmatch(value):
            return None
        told = datetime.fromisoformat(value)
        if told.tzinfo is None:
            return gmt(told.replace(tzinfo=UTC) - timedelta(hours=self._knobs.utc_offset))
        return gmt(told)
