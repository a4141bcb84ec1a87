"""Codes and sales of one shop of the stand-in: made, found, used up and deleted as Shopify does it.

The wording and the codes of its refusals are those that apps report of the Admin API (2026-11); the rules
are the documentation's (objects/DiscountCodeBasic, objects/DiscountCodeFreeShipping, 2026-10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Node = dict[str, Any]
Told = Mapping[str, Any]

BASIC, FREE_SHIPPING = "DiscountCodeBasic", "DiscountCodeFreeShipping"
LONGEST_TITLE = 255
ALONE = {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": False}


@dataclass
class Code:
    """A discount with one code, as the mutation told it."""

    number: int
    type: str
    told: Told

    @property
    def gid(self) -> str:
        return f"gid://shopify/DiscountCodeNode/{self.number}"

    @property
    def code(self) -> str:
        return str(self.told["code"])

    @property
    def node(self) -> Node:
        """What the API shows of it."""
        return {"id": self.gid, "codeDiscount": {"__typename": self.type, "title": self.told["title"]}}


@dataclass
class Discounts:
    """The discounts of one shop. The counters say what the next makings get instead of an answer."""

    now: Callable[[], datetime]
    codes: dict[str, Code] = field(default_factory=dict)
    sales: list[Node] = field(default_factory=list)
    throttled: int = 0
    refused: int = 0
    answers_lost: int = 0
    _last_number: int = 1_000

    def throttle(self, times: int = 1) -> None:
        """Answer the next makings with THROTTLED: nothing is made."""
        self.throttled += times

    def refuse(self, times: int = 1) -> None:
        """Refuse the next makings for a reason that stays."""
        self.refused += times

    def lose_answers(self, times: int = 1) -> None:
        """Make the next codes, and break off the connection in place of an answer."""
        self.answers_lost += times

    def by_merchant(self, code: str, **changes: Any) -> Code:
        """A code that the merchant made: ten percent off everything, always, unless told otherwise."""
        usual = {
            "title": code,
            "code": code,
            "startsAt": "2020-01-01T00:00:00Z",
            "context": {"all": "ALL"},
            "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
        }
        return self._keep(BASIC, usual | changes)

    def sale(
        self, title: str, percentage: float, starts_at: str, ends_at: str | None = None, **changes: Any
    ) -> None:
        """An automatic discount of the whole store; ``changes`` as DiscountAutomaticBasic has them."""
        gets = {
            "appliesOnOneTimePurchase": True,
            "items": {"__typename": "AllDiscountItems", "allItems": True},
            "value": {"__typename": "DiscountPercentage", "percentage": percentage},
        }
        discount = {
            "__typename": "DiscountAutomaticBasic",
            "title": title,
            "startsAt": starts_at,
            "endsAt": ends_at,
            "combinesWith": ALONE,
            "context": {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"},
            "minimumRequirement": None,
            "customerGets": gets,
        }
        self.sales.append({"id": f"sale-{len(self.sales)}", "discount": discount | changes})

    def shown(self) -> list[Node]:
        """The list discountNodes, with what its search can ask for."""
        codes = [
            {
                "id": one.gid,
                "method": "code",
                "status": self.status(one.told),
                "discount": one.node["codeDiscount"],
            }
            for one in self.codes.values()
        ]
        sales = [
            sale | {"method": "automatic", "status": self.status(sale["discount"])} for sale in self.sales
        ]
        return codes + sales

    def status(self, node: Told) -> str:
        """``active``, ``scheduled`` or ``expired`` by the stand-in's clock."""
        starts_at, ends_at = moment(node["startsAt"]), moment(node.get("endsAt"))
        if starts_at and starts_at > self.now():
            return "scheduled"
        return "expired" if ends_at and ends_at <= self.now() else "active"

    def find(self, code: str) -> Code | None:
        """Case makes no difference."""
        same = (one for one in self.codes.values() if one.code.lower() == code.lower())
        return next(same, None)

    def make(self, type: str, told: Told) -> Node:
        """discountCodeBasicCreate, discountCodeFreeShippingCreate."""
        errors = self._errors(type, told)
        if errors:
            return {"codeDiscountNode": None, "userErrors": errors}
        return {"codeDiscountNode": self._keep(type, told).node, "userErrors": []}

    def delete(self, gid: str) -> Node:
        """discountCodeDelete."""
        if self.codes.pop(gid, None) is None:
            error = _error(["id"], "INVALID", "Code discount does not exist.")
            return {"deletedCodeDiscountId": None, "userErrors": [error]}
        return {"deletedCodeDiscountId": gid, "userErrors": []}

    def _keep(self, type: str, told: Told) -> Code:
        self._last_number += 1
        code = Code(self._last_number, type, dict(told))
        self.codes[code.gid] = code
        return code

    def _errors(self, type: str, told: Told) -> list[Node]:
        name = "basicCodeDiscount" if type == BASIC else "freeShippingCodeDiscount"
        if self.refused:
            self.refused -= 1
            return [_error([name], "INVALID", "This discount is not allowed in this store.")]
        found = [*_general(told), *(_of_goods(told) if type == BASIC else _of_shipping(told))]
        if told.get("code") and self.find(told["code"]):
            found.append(("code", "TAKEN", "Code must be unique. Please try a different code."))
        return [_error([name, where], code, message) for where, code, message in found]


Complaint = tuple[str, str, str]


def _general(told: Told) -> Sequence[Complaint]:
    found: list[Complaint] = []
    for name in ("code", "title", "startsAt", "context"):
        if not told.get(name):
            found.append((name, "BLANK", f"{name} can't be blank"))
    if len(told.get("title") or "") > LONGEST_TITLE:
        found.append(("title", "TOO_LONG", f"Title is too long (maximum is {LONGEST_TITLE} characters)"))
    starts_at, ends_at = moment(told.get("startsAt")), moment(told.get("endsAt"))
    if starts_at and ends_at and ends_at <= starts_at:
        found.append(("endsAt", "END_DATE_BEFORE_START_DATE", "Ends at needs to be after starts_at"))
    return found


def _of_goods(told: Told) -> Sequence[Complaint]:
    gets = told.get("customerGets") or {}
    value, items = gets.get("value") or {}, gets.get("items") or {}
    percentage, amount = (value.get("percentage"), (value.get("discountAmount") or {}).get("amount"))
    if (percentage is None) == (amount is None) or not items:
        return [("customerGets", "BLANK", "Customer gets can't be blank")]
    if percentage is not None and not 0 < percentage <= 1:
        return [("customerGets", "VALUE_OUTSIDE_RANGE", "Value must be between 0.0 and 1.0")]
    if amount is not None and Decimal(str(amount)) <= 0:
        return [("customerGets", "GREATER_THAN", "Value must be greater than 0")]
    if not items.get("all") and not (items.get("products") or {}).get("productsToAdd"):
        return [("customerGets", "BLANK", "Items can't be blank")]
    return []


def _of_shipping(told: Told) -> Sequence[Complaint]:
    if (told.get("combinesWith") or {}).get("shippingDiscounts"):
        message = "The combinesWith settings are not valid for the discount class."
        return [("combinesWith", "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS", message)]
    return []


def _error(where: Sequence[str], code: str, message: str) -> Node:
    return {"field": list(where), "code": code, "message": message}


def moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if value else None
