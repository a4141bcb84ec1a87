"""Codes for single carts by the Admin API 2026-10.

The mark stands at the end of the discount's title, which buyers do not see (they see the code): a code
whose making was never answered is found by it again. What Shopify gives and takes by code is the
documentation's (objects/DiscountCodeBasic, mutations/discountCodeBasicCreate, 2026-10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from connectors.discounts import CodeTaken, Combines, Discount, DiscountKind, DiscountRefused, Goods, Sale
from connectors.events import Item
from connectors.platform import ConnectorError, Reconnect, Unreachable
from connectors.shopify import fields, goods
from connectors.shopify.fields import Record, record, records
from connectors.shopify.graphql import SHORT, WRITING, AdminClient, Answer

LONGEST_TITLE = 255

_NO_ACCESS = (
    "Shopify does not let Warmcart handle discounts: open the app in Shopify and approve its access to them."
)


class ShopifyDiscounts:
    """The ``DiscountMaker`` of one store."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    def make_discount(self, discount: Discount) -> str:
        free_shipping = discount.kind is DiscountKind.FREE_SHIPPING
        operation = "discount_make_free_shipping" if free_shipping else "discount_make"
        made = self._change(operation, "made", {"discount": wanted(discount)})
        errors = records(made.get("userErrors"))
        if any(error.get("code") == "TAKEN" for error in errors):
            return self._made_before(discount)
        if errors:
            raise _refusal(errors)
        return _id(made.get("codeDiscountNode"))

    def withdraw_discount(self, code: str, mark: str, discount_id: str | None) -> None:
        discount_id = discount_id or self._ours(code, mark)
        if discount_id is None:
            return
        deleted = self._change("discount_delete", "deleted", {"id": discount_id})
        errors = records(deleted.get("userErrors"))
        # Shopify answers alike for a discount that is gone and for one that it will not delete.
        if errors and self._ours(code, mark):
            raise _refusal(errors)

    def goods(self, items: Sequence[Item], *, collections: bool = True) -> Mapping[Item, Goods]:
        """Collections are what costs points: five times as many as all else."""
        return goods.goods(self._client, items, collections)

    def running_sale(self, now: datetime) -> Sale | None:
        return goods.running_sale(self._client, now)

    def _made_before(self, discount: Discount) -> str:
        found = self._ours(discount.code, discount.mark)
        if found is None:
            raise CodeTaken("Another discount of the store has this code.")
        return found

    def _ours(self, code: str, mark: str) -> str | None:
        """The id of the discount with this code, if it bears this mark."""
        answer = self._client.ask("discount_find", {"code": code}, SHORT)
        _check_access(answer)
        found = record(answer.data.get("found"))
        title = fields.text(record(found.get("codeDiscount")).get("title")) or ""
        return _id(found) if title.endswith(_suffix(mark)) else None

    def _change(self, operation: str, name: str, variables: Mapping[str, object]) -> Record:
        answer = self._client.ask(operation, variables, WRITING)
        _check_access(answer)
        changed = answer.data.get(name)
        if not isinstance(changed, dict):
            raise Unreachable("Shopify did not say whether it changed the discount.")
        return changed


def wanted(discount: Discount) -> dict[str, object]:
    """The input of the mutation that makes the discount."""
    asked: dict[str, object] = {
        "code": discount.code,
        "title": _title(discount),
        "startsAt": _moment(discount.starts_at),
        "endsAt": _moment(discount.ends_at),
        "context": {"all": "ALL"},
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "combinesWith": _combines(discount),
    }
    if discount.minimum is not None:
        asked["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": f"{discount.minimum:f}"}}
    if discount.kind is DiscountKind.FREE_SHIPPING:
        return asked | {"destination": {"all": True}}
    return asked | {"customerGets": {"value": _value(discount), "items": _items(discount.products)}}


def _title(discount: Discount) -> str:
    suffix = _suffix(discount.mark)
    return discount.title[: LONGEST_TITLE - len(suffix)] + suffix


def _suffix(mark: str) -> str:
    return f" ({mark})"


def _value(discount: Discount) -> dict[str, object]:
    if discount.value is None:
        raise ValueError(f"a discount of kind {discount.kind} needs a value")
    if discount.kind is DiscountKind.PERCENT:
        return {"percentage": float(discount.value / 100)}
    return {"discountAmount": {"amount": f"{discount.value:f}", "appliesOnEachItem": False}}


def _items(products: Sequence[str] | None) -> dict[str, object]:
    if products is None:
        return {"all": True}
    return {"products": {"productsToAdd": [f"gid://shopify/Product/{number}" for number in products]}}


def _combines(discount: Discount) -> dict[str, bool]:
    """Shipping discounts never stand together with one another, whatever a merchant would allow."""
    shipping = Combines.SHIPPING in discount.combines_with
    return {
        "productDiscounts": Combines.PRODUCT in discount.combines_with,
        "orderDiscounts": Combines.ORDER in discount.combines_with,
        "shippingDiscounts": shipping and discount.kind is not DiscountKind.FREE_SHIPPING,
    }


def _check_access(answer: Answer) -> None:
    if "ACCESS_DENIED" in answer.codes:
        raise Reconnect(_NO_ACCESS)


def _refusal(errors: Sequence[Record]) -> ConnectorError:
    """What Shopify has against a discount, in its own words, which are written for people."""
    if any(error.get("code") == "INTERNAL_ERROR" for error in errors):
        return Unreachable("Shopify has a problem of its own with discounts.")
    told = [fields.text(error.get("message"), longest=500) or "without a reason" for error in errors]
    return DiscountRefused(f"Shopify refuses the discount: {' '.join(dict.fromkeys(told))}")


def _id(node: object) -> str:
    found = fields.text(record(node).get("id"), longest=255)
    if found is None:
        raise Unreachable("Shopify did not say which discount it is.")
    return found


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
