"""Codes of the demo shop: ``POST codes``, ``POST codes/withdraw``, ``GET goods?id=``, ``GET sale?at=``.

Moments are ISO 8601 with an offset, amounts are decimal strings, percents are whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.demo.api import ShopApi
from connectors.discounts import CodeTaken, Discount, DiscountRefused, Goods, Sale
from connectors.events import Item
from connectors.platform import Unreachable

TAKEN, REFUSED = 409, 422

Json = dict[str, Any]


class DemoDiscounts:
    """The ``DiscountMaker`` of the demo shop."""

    def __init__(self, api: ShopApi) -> None:
        self._api = api

    def make_discount(self, discount: Discount) -> str:
        status, answer = self._api.tell("codes", _body(discount), refusals=(TAKEN, REFUSED))
        if status == TAKEN:
            raise CodeTaken("The demo shop has another discount of this code.")
        if status == REFUSED:
            raise DiscountRefused(_text(answer, "error"))
        return _text(answer, "id")

    def withdraw_discount(self, code: str, mark: str, discount_id: str | None) -> None:
        self._api.tell("codes/withdraw", {"code": code, "mark": mark})

    def goods(self, items: Sequence[Item], *, collections: bool = True) -> Mapping[Item, Goods]:
        ids = sorted({item.product_id for item in items if item.product_id})
        found = _object(self._api.ask("goods", {"id": ids})) if ids else {}
        return {item: _goods(found[item.product_id]) for item in items if item.product_id in found}

    def running_sale(self, now: datetime) -> Sale | None:
        answer = _object(self._api.ask("sale", {"at": now.isoformat()}))
        return _sale(answer) if answer else None


def _body(discount: Discount) -> Json:
    return {
        "code": discount.code,
        "mark": discount.mark,
        "title": discount.title,
        "kind": discount.kind,
        "value": _amount(discount.value),
        "currency": discount.currency,
        "starts_at": discount.starts_at.isoformat(),
        "ends_at": discount.ends_at.isoformat(),
        "minimum": _amount(discount.minimum),
        "products": None if discount.products is None else list(discount.products),
        "combines_with": sorted(discount.combines_with),
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _goods(data: object) -> Goods:
    told = _object(data)
    try:
        return Goods(
            on_sale=told["on_sale"] is True,
            gift_card=told["gift_card"] is True,
            collections=frozenset(map(str, told["collections"])),
            cost=None if told["cost"] is None else Decimal(told["cost"]),
        )
    except (KeyError, TypeError, ValueError, InvalidOperation):
        raise _nonsense() from None


def _sale(data: Json) -> Sale:
    try:
        ends_at = datetime.fromisoformat(data["ends_at"]).astimezone(UTC)
        return Sale(name=str(data["name"]), percent=int(data["percent"]), ends_at=ends_at)
    except (KeyError, TypeError, ValueError):
        raise _nonsense() from None


def _object(answer: object) -> Json:
    if not isinstance(answer, dict):
        raise _nonsense()
    return answer


def _text(answer: object, name: str) -> str:
    value = _object(answer).get(name)
    if not isinstance(value, str) or not value:
        raise _nonsense()
    return value


def _nonsense() -> Unreachable:
    return Unreachable("The demo shop's answer makes no sense.")
