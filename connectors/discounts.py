"""What a platform does for offers: it makes and withdraws codes, and tells what they may lower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from connectors.events import Item
from connectors.platform import ConnectorError


class DiscountRefused(ConnectorError):
    """The platform will not make this discount, now or later; the message is fit for a merchant to read."""


class CodeTaken(ConnectorError):
    """Another discount of the store has this code, and it is none of ours."""


class DiscountKind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"
    FREE_SHIPPING = "free_shipping"


class Combines(StrEnum):
    """The classes of other discounts with which a code may stand together."""

    PRODUCT = "product"
    ORDER = "order"
    SHIPPING = "shipping"


@dataclass(frozen=True, slots=True)
class Discount:
    """A code for one cart: used once, by one shopper, from ``starts_at`` until ``ends_at``.

    ``value`` is whole percents for PERCENT, a sum in ``currency`` (the shop's own) for AMOUNT, None for
    FREE_SHIPPING. ``title`` is what the merchant sees at the platform. ``mark`` is ours alone: by it a code
    that a lost call has made is known again. ``minimum``: the lowest sum of goods, in ``currency``.
    ``products``: ids of the only products that it lowers; None: all. ``spares_sale_items`` and ``spares``
    (ids of products) are what percents of a whole cart do not lower, should it come into the cart later;
    only WooCommerce can leave that out.
    """

    code: str
    mark: str
    title: str
    kind: DiscountKind
    value: Decimal | None
    currency: str
    starts_at: datetime
    ends_at: datetime
    minimum: Decimal | None = None
    products: tuple[str, ...] | None = None
    combines_with: frozenset[Combines] = frozenset()
    spares_sale_items: bool = False
    spares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Goods:
    """What decides whether an offer may lower one line of a cart.

    ``cost`` is what one piece costs the merchant, in the shop's currency; None where the platform does not
    know. ``collections`` are the ids of collections or categories.
    """

    on_sale: bool = False
    gift_card: bool = False
    collections: frozenset[str] = frozenset()
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale of the whole store that needs no code. ``percent`` None: not the same for all goods.

    ``beside_shipping``: a code for free shipping may stand beside it, as far as the sale is concerned.
    """

    name: str
    percent: int | None
    ends_at: datetime | None = None
    beside_shipping: bool = True


class DiscountMaker(Protocol):
    """A store whose platform makes codes for us. Raises ConnectorError and nothing else."""

    def make_discount(self, discount: Discount) -> str:
        """Make the code; returns the platform's id of it.

        A code with our ``mark`` that is there already was made by a call whose answer got lost: as good as
        made. Raises DiscountRefused, CodeTaken.
        """

    def withdraw_discount(self, code: str, mark: str, discount_id: str | None) -> None:
        """Remove the code; nothing there to remove is success, and a code without our ``mark`` is left alone.

        ``discount_id`` None: the call that made it was never answered, so it is looked for by ``code``.
        """

    def goods(self, items: Sequence[Item], *, collections: bool = True) -> Mapping[Item, Goods]:
        """What is known of these lines; one that the platform does not know is left out.

        ``collections`` off: nobody asks in which they are, and it may be left out.
        """

    def running_sale(self, now: datetime) -> Sale | None:
        """The best sale that lowers the whole store for everybody now, as far as the platform tells."""
