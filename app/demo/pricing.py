"""What a cart costs in the demo shop, and what a code or a sale takes off. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from app.demo.bill import NOTHING, Bill, Lowering, Refusal
from app.demo.books import Cart
from app.demo.discounts import Code, Sale
from app.demo.products import PRODUCTS, Product
from connectors.discounts import Combines, DiscountKind

DELIVERY, FREE_FROM = Decimal("4.90"), Decimal("40.00")
CENT = Decimal("0.01")


def draw_up(cart: Cart, code: Code | None, sale: Sale | None, now: datetime) -> Bill:
    """The bill as it stands now. ``code`` is what the books say of ``cart.code``.

    A code that cannot stand beside the sale replaces it where it takes more off.
    """
    bill = Bill(_sum(cart), _delivery(cart))
    by_sale = _by_sale(cart, sale) if sale else None
    with_sale = replace(bill, lowered=(by_sale,) if by_sale else ())
    if not cart.code:
        return with_sale
    found = _by_code(cart, code, bill.delivery, now)
    if isinstance(found, Refusal):
        return replace(with_sale, refusal=found, minimum=code.minimum if code else None)
    if by_sale is None or (code and Combines.ORDER in code.combines_with):
        return replace(with_sale, lowered=(*with_sale.lowered, found))
    if found.off > by_sale.off:
        return replace(bill, lowered=(found,))
    return replace(with_sale, refusal=Refusal.SALE)


def _by_code(cart: Cart, code: Code | None, delivery: Decimal, now: datetime) -> Lowering | Refusal:
    if code is None or not code.starts_at <= now < code.ends_at:
        return Refusal.ENDED
    if code.cart not in (None, cart.token):
        return Refusal.USED
    if _sum(cart) < (code.minimum or NOTHING):
        return Refusal.MINIMUM
    goods = _sum(cart, lambda one: not one.gift_card and (code.products is None or one.id in code.products))
    if not goods:
        return Refusal.GOODS
    return Lowering(code.kind, code.value, _off(code, goods, delivery), code.ends_at, code.name)


def _off(code: Code, goods: Decimal, delivery: Decimal) -> Decimal:
    if code.kind is DiscountKind.FREE_SHIPPING or code.value is None:
        return delivery
    return _percent(goods, code.value) if code.kind is DiscountKind.PERCENT else min(code.value, goods)


def _by_sale(cart: Cart, sale: Sale) -> Lowering | None:
    off = _percent(_sum(cart, lambda one: not one.gift_card), sale.percent)
    return Lowering(DiscountKind.PERCENT, sale.percent, off, sale.ends_at) if off else None


def _delivery(cart: Cart) -> Decimal:
    """A gift card comes by e-mail."""
    parcel = _sum(cart, lambda one: not one.gift_card)
    return DELIVERY if NOTHING < parcel < FREE_FROM else NOTHING


def _percent(goods: Decimal, percent: Decimal) -> Decimal:
    return (goods * percent / 100).quantize(CENT, ROUND_HALF_UP)


def _sum(cart: Cart, counts: Callable[[Product], bool] = lambda one: True) -> Decimal:
    lines = ((PRODUCTS[name], count) for name, count in cart.lines.items())
    return sum((product.price * count for product, count in lines if counts(product)), NOTHING)
