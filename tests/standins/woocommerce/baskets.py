"""What shoppers have in their carts, and what coupons do there (observed on 10.6.2 and 11.0.1, 2026-11)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.standins.woocommerce.catalogue import Catalogue
from tests.standins.woocommerce.coupons import Coupon, Coupons

CENT = Decimal("0.01")
FLAT_RATE = Decimal("5.00")
OPENED_BY_A_COUPON = ("coupon", "either")


class NotApplicable(Exception):
    """What the shopper reads in place of a lower sum."""


@dataclass
class Basket:
    lines: dict[int, int]
    codes: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


class Baskets:
    """Carts by the token that opens them. A coupon is looked at again whenever a cart is shown."""

    def __init__(self, catalogue: Catalogue, coupons: Coupons) -> None:
        self._catalogue, self._coupons = catalogue, coupons
        self._by_token: dict[str, Basket] = {}

    def open(self, products: str, code: str | None) -> str | None:
        """What /checkout-link/ does: a new cart, the coupon in it. None where nothing of it is sold."""
        asked = [entry.partition(":") for entry in products.split(",") if entry]
        lines = {int(number): int(quantity or 1) for number, _, quantity in asked}
        sold = {number: count for number, count in lines.items() if self._catalogue.price(number) is not None}
        if not sold:
            return None
        token = secrets.token_hex(16)
        basket = self._by_token[token] = Basket(sold)
        basket.notices += ["A product cannot be bought."] * (len(lines) - len(sold))
        if code:
            self.apply(token, code)
        return token

    def apply(self, token: str, code: str) -> None:
        """One coupon more, or a notice. One for individual use sends the others away."""
        basket, code = self._by_token[token], code.lower()
        try:
            coupon = self._valid(code, basket)
            self._check_company(basket, code)
        except NotApplicable as error:
            basket.notices.append(str(error))
            return
        basket.codes = [code] if coupon["individual_use"] else [*basket.codes, code]

    def shown(self, token: str) -> dict[str, Any]:
        """Sums in major units: ``coupons`` by code what each takes off, ``shipping``, ``total``."""
        basket = self._by_token[token]
        coupons = list(self._still_valid(basket))
        off = {coupon["code"]: self._off(coupon, basket) for coupon in coupons}
        subtotal = self._subtotal(basket)
        discount = min(sum(off.values(), Decimal(0)), subtotal)
        shipping = Decimal("0.00") if any(map(self._opens_free_shipping, coupons)) else FLAT_RATE
        return {
            "items": dict(basket.lines),
            "coupons": {code: f"{sum_:.2f}" for code, sum_ in off.items()},
            "shipping": f"{shipping:.2f}",
            "total": f"{subtotal - discount + shipping:.2f}",
            "notices": list(basket.notices),
        }

    def order_lines(self, token: str) -> list[dict[str, Any]]:
        """The goods of a cart as the lines of an order."""
        return [
            {
                "name": f"Product {self._catalogue.product_of(number)}",
                "product_id": self._catalogue.product_of(number),
                "variation_id": 0 if number == self._catalogue.product_of(number) else number,
                "quantity": count,
                "total": f"{self._price(number) * count:.2f}",
            }
            for number, count in self._by_token[token].lines.items()
        ]

    def _still_valid(self, basket: Basket) -> Iterator[Coupon]:
        for code in list(basket.codes):
            try:
                yield self._valid(code, basket)
            except NotApplicable as error:
                basket.codes.remove(code)
                basket.notices.append(f'The "{code}" coupon has been removed from your cart: {error}')

    def _valid(self, code: str, basket: Basket) -> Coupon:
        coupon = self._coupons.find(code)
        if coupon is None or not self._coupons.on:
            raise NotApplicable(f'Coupon "{code}" cannot be applied because it does not exist.')
        if self._coupons.is_used_up(coupon):
            raise NotApplicable(f'Usage limit for coupon "{code}" has been reached.')
        if self._coupons.is_over(coupon):
            raise NotApplicable(f'Coupon "{code}" has expired.')
        if self._subtotal(basket) < Decimal(coupon["minimum_amount"]):
            raise NotApplicable(f'The minimum spend for coupon "{code}" is {coupon["minimum_amount"]}.')
        if not any(self._lowers(coupon, number) for number in basket.lines):
            raise NotApplicable(f'Sorry, coupon "{code}" is not applicable to selected products.')
        return coupon

    def _check_company(self, basket: Basket, code: str) -> None:
        for other in basket.codes:
            found = self._coupons.find(other)
            if other != code and found and found["individual_use"]:
                raise NotApplicable(
                    f'"{other}" has already been applied and cannot be used in conjunction with other coupons'
                )

    def _lowers(self, coupon: Coupon, number: int) -> bool:
        names = {number, self._catalogue.product_of(number)}
        wanted, spared = coupon["product_ids"], coupon["excluded_product_ids"]
        on_sale = coupon["exclude_sale_items"] and self._catalogue.on_sale(number)
        return not on_sale and names.isdisjoint(spared) and (not wanted or not names.isdisjoint(wanted))

    def _off(self, coupon: Coupon, basket: Basket) -> Decimal:
        """``product_ids`` narrow a percentage; a sum needs one of them in the cart and lowers all of it."""
        amount = Decimal(coupon["amount"])
        if coupon["discount_type"] == "fixed_cart":
            return min(amount, self._subtotal(basket))
        lowered = {number: count for number, count in basket.lines.items() if self._lowers(coupon, number)}
        part = sum((self._price(number) * count for number, count in lowered.items()), Decimal(0))
        return (part * amount / 100).quantize(CENT, ROUND_HALF_UP)

    def _opens_free_shipping(self, coupon: Mapping[str, Any]) -> bool:
        methods = [method for of_zone in self._catalogue.methods.values() for method in of_zone]
        free = [method["settings"] for method in methods if method["method_id"] == "free_shipping"]
        return bool(coupon["free_shipping"]) and any(
            settings["requires"]["value"] in OPENED_BY_A_COUPON for settings in free
        )

    def _subtotal(self, basket: Basket) -> Decimal:
        return sum((self._price(number) * count for number, count in basket.lines.items()), Decimal(0))

    def _price(self, number: int) -> Decimal:
        return self._catalogue.price(number) or Decimal(0)
