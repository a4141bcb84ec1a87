"""A shop in this process that makes codes: it keeps what it makes, and answers as the test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connectors.discounts import Discount, Goods, Sale
from connectors.events import Item, Key, OrderSeen, Shopper
from connectors.platform import ConnectorError


class PocketShop:
    """``errors`` are raised by the next makings in order; ``lost`` ones after the code was made."""

    def __init__(self) -> None:
        self.codes: dict[str, Discount] = {}
        self.asked: list[Discount] = []
        self.withdrawn: list[str] = []
        self.errors: list[ConnectorError] = []
        self.lost: list[ConnectorError] = []
        self.away: ConnectorError | None = None
        self.sale: Sale | None = None
        self.goods_told: Mapping[str, Goods] | ConnectorError = {}
        self.order: OrderSeen | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def make_discount(self, discount: Discount) -> str:
        with self._lock:
            self.asked.append(discount)
            if self.errors:
                raise self.errors.pop(0)
            self.codes[discount.code] = discount
            self.meanwhile()
            if self.lost:
                raise self.lost.pop(0)
        return f"id-{discount.code}"

    def withdraw_discount(self, code: str, mark: str, discount_id: str | None) -> None:
        if self.away is not None:
            raise self.away
        kept = self.codes.get(code)
        if kept is not None and kept.mark == mark:
            del self.codes[code]
            self.withdrawn.append(code)

    def goods(self, items: Sequence[Item], *, collections: bool = True) -> Mapping[Item, Goods]:
        if isinstance(self.goods_told, ConnectorError):
            raise self.goods_told
        return {item: self.goods_told.get(item.product_id or "", Goods()) for item in items}

    def running_sale(self, now: datetime) -> Sale | None:
        return self.sale

    def find_order(self, keys: Sequence[Key], shopper: Shopper, since: datetime) -> OrderSeen | None:
        return self.order
