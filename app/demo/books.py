"""The demo shop's own books: its carts, each one JSON in Redis or Valkey, kept for 30 days.

The shop plays a foreign platform. Nothing of this is in Warmcart's tables, and Warmcart learns of it
only by the shop's webhooks and answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import redis

from app.crypto import random_token
from app.demo.bill import Bill, read_bill
from app.demo.products import PRODUCTS

KEPT_FOR = timedelta(days=30)
TOKEN_LENGTH = 22
MOST_OF_ONE = 20

CART = "demo:cart:"
BY_CHANGE = "demo:carts"
LAST_ORDER = "demo:last_order"
FIRST_ORDER = 1000


@dataclass(frozen=True, slots=True)
class Consent:
    """The ticked box: when, under which words, and whether the shopper confirmed it a second time."""

    given_at: datetime
    wording: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Cart:
    """``lines`` are quantities by product. ``phone`` is as typed. An ordered cart never changes again.

    ``user_agent`` is the browser's that changed it last. ``code`` came with a link, whether or not it lowers
    anything; ``bill`` is what was paid.
    """

    token: str
    created_at: datetime
    updated_at: datetime
    language: str
    country: str
    lines: Mapping[str, int] = field(default_factory=dict)
    phone: str = ""
    email: str = ""
    first_name: str = ""
    consent: Consent | None = None
    step: str = "cart"
    order_number: str | None = None
    ordered_at: datetime | None = None
    user_agent: str = ""
    code: str = ""
    bill: Bill | None = None

    @property
    def count(self) -> int:
        return sum(self.lines.values())

    def with_more(self, product: str, change: int) -> Cart:
        """The cart with ``change`` more (or less) of a product; a line of none is no line."""
        count = min(self.lines.get(product, 0) + change, MOST_OF_ONE)
        others = {name: number for name, number in self.lines.items() if name != product or count > 0}
        return replace(self, lines=others | ({product: count} if count > 0 else {}))


Edit = Callable[[Cart], Cart]


class Books:
    """Raises redis.RedisError when Redis is away."""

    def __init__(self, client: redis.Redis) -> None:
        # The client's types also allow for answers as str, which it was not asked for.
        self._redis: Any = client

    def open(self, language: str, country: str, now: datetime) -> Cart:
        """A fresh cart; kept from its first change on."""
        return Cart(random_token(TOKEN_LENGTH), now, now, language, country)

    def find(self, token: str | None) -> Cart | None:
        return _load(self._redis.get(CART + token)) if token else None

    def change(self, cart: Cart, edit: Edit, now: datetime) -> tuple[Cart, bool]:
        """The cart as it is after ``edit``, and whether anything changed.

        ``edit`` may be called again when somebody else changes the cart at the same moment.
        """

        def work(pipeline: Any) -> tuple[Cart, bool]:
            before = _load(pipeline.get(CART + cart.token)) or cart
            after = before if before.ordered_at else edit(before)
            pipeline.multi()
            if after == before:
                return before, False
            after = replace(after, updated_at=now)
            pipeline.set(CART + cart.token, _dump(after), ex=KEPT_FOR)
            pipeline.zadd(BY_CHANGE, {cart.token: now.timestamp()})
            pipeline.zremrangebyscore(BY_CHANGE, 0, (now - KEPT_FOR).timestamp())
            return after, True

        found: tuple[Cart, bool] = self._redis.transaction(work, CART + cart.token, value_from_callable=True)
        return found

    def changed_since(self, since: datetime) -> Iterator[Cart]:
        """Carts, ordered ones too, that changed at ``since`` or after."""
        for token in self._redis.zrangebyscore(BY_CHANGE, since.timestamp(), "+inf"):
            cart = self.find(token.decode())
            if cart is not None:
                yield cart

    def next_order_number(self) -> str:
        return f"FK-{FIRST_ORDER + self._redis.incr(LAST_ORDER)}"


def _dump(cart: Cart) -> str:
    return json.dumps(asdict(cart), default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _load(text: bytes | None) -> Cart | None:
    if text is None:
        return None
    data: dict[str, Any] = json.loads(text)
    for name in ("created_at", "updated_at", "ordered_at"):
        data[name] = data[name] and datetime.fromisoformat(data[name])
    if consent := data["consent"]:
        data["consent"] = Consent(**consent | {"given_at": datetime.fromisoformat(consent["given_at"])})
    if bill := data.get("bill"):
        data["bill"] = read_bill(bill)
    data["lines"] = {name: count for name, count in data["lines"].items() if name in PRODUCTS}
    return Cart(**data)
