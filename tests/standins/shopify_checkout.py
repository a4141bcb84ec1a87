"""What a shopper sees who opens a link of the stand-in's shop: the checkout, and what lowers it.

Codes come by ``discount=A,B``. Which stand together is the documentation's (apps/build/discounts, 2026-10):
two do if each allows the other's class; of what cannot, the best for the shopper counts. A saved
checkout whose order is placed leads to the order's page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.standins.shopify_discounts import BASIC, FREE_SHIPPING, Code, Discounts
from tests.standins.shopify_state import Shop

CENT = Decimal("0.01")
SHIPPING = Decimal("5.00")
PRICE = Decimal("10.00")
"""Of a variant that the shop was not told of."""

_CLASSES = {"PRODUCT": "productDiscounts", "ORDER": "orderDiscounts", "SHIPPING": "shippingDiscounts"}


@dataclass(frozen=True)
class Line:
    product: str
    quantity: int
    price: Decimal


@dataclass
class Opened:
    """A checkout as it is shown. ``refused`` says of each code that lowers nothing why."""

    where: str = "front page"
    lines: list[Line] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    sales: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    discount: Decimal = Decimal("0.00")
    shipping: Decimal = SHIPPING

    @property
    def subtotal(self) -> Decimal:
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.subtotal - self.discount + self.shipping

    def told(self) -> dict[str, Any]:
        """The same as JSON has it."""
        sums = {"discount": self.discount, "shipping": self.shipping, "total": self.total}
        shown = {"where": self.where, "codes": self.codes, "sales": self.sales, "refused": self.refused}
        return shown | {name: f"{value:.2f}" for name, value in sums.items()}


@dataclass(frozen=True)
class _Offer:
    name: str
    of_class: str
    allows: Mapping[str, Any]
    off: Decimal
    is_code: bool


def open_checkout(shop: Shop, url: str) -> Opened:
    """Follow a recover address or a cart permalink."""
    address = urlsplit(url)
    path, wanted = unquote(address.path), parse_qs(address.query).get("discount", [])
    if "/cart/" in path:
        lines = list(_permalink_lines(shop, path.rpartition("/cart/")[2]))
        return _with_offers(shop, Opened("checkout", lines), wanted)
    saved = next((one for one in shop.checkouts.values() if _same_address(one, path)), None)
    if saved is None:
        return Opened()
    if saved["completedAt"]:
        return Opened("order status page")
    codes = wanted or saved["discountCodes"]
    return _with_offers(shop, Opened("checkout", list(_saved_lines(saved))), codes)


def _same_address(saved: Mapping[str, Any], path: str) -> bool:
    return unquote(urlsplit(saved["abandonedCheckoutUrl"]).path) == path


def _permalink_lines(shop: Shop, goods: str) -> Iterator[Line]:
    for entry in goods.split(","):
        variant, _, quantity = entry.partition(":")
        known = shop.variants.get(f"gid://shopify/ProductVariant/{variant}")
        product, price = (known["product"]["id"], Decimal(known["price"])) if known else ("", PRICE)
        yield Line(product, int(quantity or 1), price)


def _saved_lines(saved: Mapping[str, Any]) -> Iterator[Line]:
    for line in saved["lineItems"]:
        price = Decimal(line["originalUnitPriceSet"]["shopMoney"]["amount"])
        yield Line(line["product"]["id"], line["quantity"], price)


def _with_offers(shop: Shop, opened: Opened, wanted: Sequence[str]) -> Opened:
    codes = dict.fromkeys(code for entry in wanted for code in entry.split(",") if code)
    offers = list(_sales(shop.discounts, opened.lines))
    for code in codes:
        found = shop.discounts.find(code)
        reason = _reason(shop, found, opened)
        if found is None or reason:
            opened.refused[code] = reason
        else:
            offers.append(_offer(found, opened.lines))
    chosen = _best(offers)
    opened.codes = [offer.name for offer in chosen if offer.is_code]
    opened.sales = [offer.name for offer in chosen if not offer.is_code]
    for offer in offers:
        if offer.is_code and offer not in chosen:
            opened.refused[offer.name] = "cannot be combined"
    goods = sum((offer.off for offer in chosen if offer.of_class != "SHIPPING"), Decimal(0))
    opened.discount = min(goods, opened.subtotal)
    if any(offer.of_class == "SHIPPING" for offer in chosen):
        opened.shipping = Decimal("0.00")
    return opened


def _reason(shop: Shop, code: Code | None, opened: Opened) -> str:
    """Why a code lowers nothing; empty where it does."""
    if code is None:
        return "not found"
    status, told = shop.discounts.status(code.told), code.told
    limit = told.get("usageLimit")
    least = ((told.get("minimumRequirement") or {}).get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    if status != "active":
        return status
    if limit and shop.uses_of(code.code) >= limit:
        return "used up"
    if least is not None and opened.subtotal < Decimal(str(least)):
        return "below the minimum"
    if code.type == BASIC and not _lowered(code, opened.lines):
        return "no such goods"
    return ""


def _offer(code: Code, lines: Sequence[Line]) -> _Offer:
    allows = code.told.get("combinesWith") or {}
    if code.type == FREE_SHIPPING:
        return _Offer(code.code, "SHIPPING", allows, SHIPPING, True)
    of_class = "ORDER" if code.told["customerGets"]["items"].get("all") else "PRODUCT"
    part = sum((line.price * line.quantity for line in _lowered(code, lines)), Decimal(0))
    value = code.told["customerGets"]["value"]
    if value.get("percentage") is not None:
        return _Offer(code.code, of_class, allows, _percent(part, value["percentage"]), True)
    amount = Decimal(str(value["discountAmount"]["amount"]))
    return _Offer(code.code, of_class, allows, min(amount, part), True)


def _sales(discounts: Discounts, lines: Sequence[Line]) -> Iterator[_Offer]:
    subtotal = sum((line.price * line.quantity for line in lines), Decimal(0))
    for sale in discounts.sales:
        told = sale["discount"]
        value = told["customerGets"]["value"]
        if discounts.status(told) == "active" and "percentage" in value:
            off = _percent(subtotal, value["percentage"])
            yield _Offer(told["title"], "ORDER", told.get("combinesWith") or {}, off, False)


def _lowered(code: Code, lines: Sequence[Line]) -> list[Line]:
    items = code.told["customerGets"]["items"]
    products = (items.get("products") or {}).get("productsToAdd") or []
    return [line for line in lines if items.get("all") or line.product in products]


def _percent(part: Decimal, percentage: float) -> Decimal:
    return (part * Decimal(str(percentage))).quantize(CENT, ROUND_HALF_UP)


def _best(offers: Sequence[_Offer]) -> Sequence[_Offer]:
    """Of all that may stand together, those that lower the most."""
    together = [
        chosen
        for size in range(len(offers) + 1)
        for chosen in combinations(offers, size)
        if all(_combine(one, other) for one, other in combinations(chosen, 2))
    ]
    return max(together, key=lambda chosen: sum((offer.off for offer in chosen), Decimal(0)))


def _combine(one: _Offer, other: _Offer) -> bool:
    return bool(one.allows.get(_CLASSES[other.of_class]) and other.allows.get(_CLASSES[one.of_class]))
