"""What lowers prices in the demo shop: codes, each for one order, and a sale; kept in Redis or Valkey."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import redis

from app.demo.books import KEPT_FOR
from app.demo.products import CURRENCY, PRODUCTS
from connectors.discounts import Combines, DiscountKind

SALE_LASTS = timedelta(hours=1)
SALE_NAME, SALE_PERCENT = "Tea time", Decimal(15)

CODE = "demo:code:"
SALE = "demo:sale"
_NAME = re.compile(r"[A-Za-z0-9_-]{3,40}")


class Unacceptable(Exception):
    """A code that the shop will not make; the message is for the merchant."""


@dataclass(frozen=True, slots=True)
class Code:
    """``products``: the only ones that it lowers; None: all but gift cards. ``cart``: whose order used it."""

    name: str
    mark: str
    title: str
    kind: DiscountKind
    value: Decimal | None
    starts_at: datetime
    ends_at: datetime
    minimum: Decimal | None = None
    products: tuple[str, ...] | None = None
    combines_with: tuple[Combines, ...] = ()
    cart: str | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """So many percent off everything, without a code."""

    percent: Decimal
    ends_at: datetime


def name_of(typed: str) -> str | None:
    """The code that somebody wrote; None for what is no code."""
    name = typed.strip()
    return name if _NAME.fullmatch(name) else None


def _key(name: str) -> str:
    """Capital and small letters are the same, as in other shops."""
    return CODE + name.lower()


def read_code(data: Mapping[str, Any]) -> Code:
    """A code as Warmcart asks for it. Raises Unacceptable, and ValueError for what makes no sense."""
    try:
        code = _code({**data, "name": name_of(data["code"])})
        currency = str(data["currency"])
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise ValueError(str(error)) from None
    _check(code, currency)
    return code


def _check(code: Code, currency: str) -> None:
    value = code.value or Decimal(0)
    if not code.name or not code.mark:
        raise Unacceptable("A code has three to forty letters and digits, and a mark.")
    if code.kind is DiscountKind.PERCENT and not (0 < value <= 100 and value == value.to_integral_value()):
        raise Unacceptable("Between 1 and 100 percent can be taken off.")
    if code.kind is DiscountKind.AMOUNT and not (value.is_finite() and value > 0):
        raise Unacceptable("The sum must be more than nothing.")
    if currency != CURRENCY:
        raise Unacceptable(f"The demo shop reckons in {CURRENCY}, not in {currency}.")
    if code.ends_at <= code.starts_at:
        raise Unacceptable("The code would end before it begins.")
    if code.products is not None and not set(code.products) & set(PRODUCTS):
        raise Unacceptable("The demo shop sells none of these products.")


class Discounts:
    """Raises redis.RedisError when Redis is away."""

    def __init__(self, client: redis.Redis) -> None:
        # The client's types also allow for answers as str, which it was not asked for.
        self._redis: Any = client

    def make(self, code: Code, now: datetime) -> bool:
        """Whether the code is there now; one of the same mark is as good, another is not."""
        until = max(code.ends_at, now) + KEPT_FOR
        if self._redis.set(_key(code.name), _dump(code), nx=True, ex=until - now):
            return True
        kept = self.find(code.name)
        return kept is not None and kept.mark == code.mark

    def find(self, name: str) -> Code | None:
        text = self._redis.get(_key(name)) if name else None
        return _code(json.loads(text)) if text else None

    def withdraw(self, name: str, mark: str) -> None:
        """Remove the code if it has this mark."""
        kept = self.find(name)
        if kept is not None and kept.mark == mark:
            self._redis.delete(_key(name))

    def use(self, name: str, cart: str) -> bool:
        """Use the code up for a cart's order; False if it is gone or another cart's order has used it."""

        def work(pipeline: Any) -> bool:
            text = pipeline.get(_key(name))
            code = _code(json.loads(text)) if text else None
            pipeline.multi()
            if code is None or code.cart not in (None, cart):
                return False
            pipeline.set(_key(name), _dump(replace(code, cart=cart)), keepttl=True)
            return True

        return bool(self._redis.transaction(work, _key(name), value_from_callable=True))

    def sale(self, now: datetime) -> Sale | None:
        """The sale that runs at that moment."""
        text = self._redis.get(SALE)
        if text is None:
            return None
        data = json.loads(text)
        sale = Sale(Decimal(data["percent"]), datetime.fromisoformat(data["ends_at"]))
        return sale if now < sale.ends_at else None

    def start_sale(self, now: datetime) -> None:
        sale = Sale(SALE_PERCENT, now + SALE_LASTS)
        self._redis.set(SALE, json.dumps(asdict(sale), default=_plain), ex=SALE_LASTS)

    def end_sale(self) -> None:
        self._redis.delete(SALE)


def _dump(code: Code) -> str:
    return json.dumps(asdict(code), default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _code(data: Mapping[str, Any]) -> Code:
    products = data["products"]
    return Code(
        name=data["name"] or "",
        mark=str(data["mark"] or ""),
        title=str(data["title"]),
        kind=DiscountKind(data["kind"]),
        value=_amount(data["value"]),
        starts_at=_moment(data["starts_at"]),
        ends_at=_moment(data["ends_at"]),
        minimum=_amount(data["minimum"]),
        products=None if products is None else tuple(map(str, products)),
        combines_with=tuple(map(Combines, data["combines_with"])),
        cart=data.get("cart"),
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset.")
    return moment
