"""A bill of the demo shop: the goods, what lowers them, and the way to the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connectors.discounts import DiscountKind

NOTHING = Decimal("0.00")


class Refusal(StrEnum):
    """Why the code that a link brought along lowers nothing."""

    ENDED = "ended"
    USED = "used"
    MINIMUM = "minimum"
    GOODS = "goods"
    SALE = "sale"


@dataclass(frozen=True, slots=True)
class Lowering:
    """One line that takes ``off`` from the bill; ``code`` is None for the sale.

    ``value``: percents or a sum; None for free delivery.
    """

    kind: DiscountKind
    value: Decimal | None
    off: Decimal
    ends_at: datetime
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """``delivery`` is what it costs before it is lowered. ``minimum``: what a refused code would need."""

    goods: Decimal
    delivery: Decimal
    lowered: tuple[Lowering, ...] = ()
    refusal: Refusal | None = None
    minimum: Decimal | None = None

    @property
    def total(self) -> Decimal:
        off = sum((line.off for line in self.lowered if line.kind is not DiscountKind.FREE_SHIPPING), NOTHING)
        return max(self.goods - off, NOTHING) + (NOTHING if self.delivered_free else self.delivery)

    @property
    def delivered_free(self) -> bool:
        return any(line.kind is DiscountKind.FREE_SHIPPING for line in self.lowered)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(line.code for line in self.lowered if line.code)


def read_bill(data: Mapping[str, Any]) -> Bill:
    """The bill of an order, as ``dataclasses.asdict`` and JSON have written it."""
    lowered = tuple(
        Lowering(
            kind=DiscountKind(line["kind"]),
            value=line["value"] and Decimal(line["value"]),
            off=Decimal(line["off"]),
            ends_at=datetime.fromisoformat(line["ends_at"]),
            code=line["code"],
        )
        for line in data["lowered"]
    )
    return Bill(Decimal(data["goods"]), Decimal(data["delivery"]), lowered)
