"""Coupons for single carts by REST, as observed on WooCommerce 10.6.2 and 11.0.1 (2026-11).

A coupon's end is written into ``date_expires``: ``date_expires_gmt`` is answered, but ignored when
written. There is no beginning; a code counts from the moment it is made. WooCommerce writes codes in
lower case and finds them in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus

from connectors.discounts import CodeTaken, Combines, Discount, DiscountKind, DiscountRefused, Goods, Sale
from connectors.events import Item
from connectors.platform import ConnectorError, Reconnect
from connectors.woocommerce import goods, shipping
from connectors.woocommerce.body import Json, identifier, moment, rows, text
from connectors.woocommerce.calls import StoreRefused, no_data
from connectors.woocommerce.rest import RestClient

MARK = "_warmcart_mark"
READ_TIMEOUT, WRITE_TIMEOUT = (3.0, 5.0), (3.0, 8.0)
"""Seconds that a text waits for a shop's answer, and for a coupon: small shops write slowly."""

_TYPES = {
    DiscountKind.PERCENT: "percent",
    DiscountKind.AMOUNT: "fixed_cart",
    DiscountKind.FREE_SHIPPING: "fixed_cart",
}
_TAKEN = "woocommerce_rest_coupon_code_already_exists"
_SWITCH = "settings/general/woocommerce_enable_coupons"


class WooCommerceDiscounts:
    """The ``DiscountMaker`` of one store."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = RestClient(rest.credentials, rest.session, WRITE_TIMEOUT)
        self._reading = RestClient(rest.credentials, rest.session, READ_TIMEOUT)

    def make_discount(self, discount: Discount) -> str:
        try:
            self._check_shipping(discount)
            made = self._rest.post("coupons", wanted(discount))
        except StoreRefused as error:
            if error.code == _TAKEN:
                return self._made_before(discount)
            raise DiscountRefused(
                f"The shop refuses the coupon ({error.code or error.status}). Make one by hand under"
                " Marketing, Coupons: WooCommerce says there what is wrong."
            ) from error
        except Reconnect as error:
            raise self._switched_off() or error from None
        return self._checked(made, discount)

    def withdraw_discount(self, code: str, mark: str, discount_id: str | None) -> None:
        try:
            discount_id = discount_id or self._ours(code, mark)
            if discount_id is not None:
                self._delete(discount_id)
        except Reconnect as error:
            raise self._switched_off() or error from None

    def goods(self, items: Sequence[Item], *, collections: bool = True) -> Mapping[Item, Goods]:
        return goods.goods(self._reading, items)

    def running_sale(self, now: datetime) -> Sale | None:
        return goods.running_sale(self._reading)

    def _check_shipping(self, discount: Discount) -> None:
        if discount.kind is DiscountKind.FREE_SHIPPING and (why := shipping.obstacle(self._reading)):
            raise DiscountRefused(why)

    def _made_before(self, discount: Discount) -> str:
        found = self._ours(discount.code, discount.mark)
        if found is None:
            raise CodeTaken("Another coupon of the shop has this code.")
        return found

    def _ours(self, code: str, mark: str) -> str | None:
        """The id of the coupon with this code, if it bears this mark."""
        found, _ = self._rest.page("coupons", {"code": code})
        return next((identifier(coupon.get("id")) for coupon in found if _mark(coupon) == mark), None)

    def _checked(self, made: Json, discount: Discount) -> str:
        """The coupon's id. One without the end that the text will name must not stay."""
        coupon_id = identifier(made.get("id"))
        if coupon_id is None:
            raise no_data(self._rest.store_url)
        if moment(made.get("date_expires_gmt")) != _whole_seconds(discount.ends_at):
            self._delete(coupon_id)
            raise DiscountRefused("The shop does not keep the end of coupons: another plugin may change it.")
        return coupon_id

    def _delete(self, coupon_id: str) -> None:
        """For good: without ``force`` it goes to the trash, from where it can come back."""
        try:
            self._rest.delete(f"coupons/{coupon_id}", {"force": "true"})
        except StoreRefused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _switched_off(self) -> DiscountRefused | None:
        """A shop whose coupons are off answers as if the key had lost its rights."""
        try:
            on = text(self._rest.get(_SWITCH).get("value")) != "no"
        except ConnectorError:
            return None
        if on:
            return None
        return DiscountRefused(
            "Coupons are switched off in the shop: switch them on in WooCommerce under Settings, General."
        )


def wanted(discount: Discount) -> dict[str, object]:
    """The coupon to make.

    A sum is always ``fixed_cart``: with ``product_ids`` WooCommerce takes it off once, whole, as soon as one
    of them is in the cart, while ``fixed_product`` would take it off each piece, or no more than one
    piece's price. An empty list of products would mean all of them.
    """
    if discount.products == ():
        raise DiscountRefused("Nothing in the cart is left that this discount may lower.")
    asked: dict[str, object] = {
        "code": discount.code.lower(),
        "discount_type": _TYPES[discount.kind],
        "amount": f"{discount.value or Decimal(0):f}",
        "free_shipping": discount.kind is DiscountKind.FREE_SHIPPING,
        "date_expires": f"{_whole_seconds(discount.ends_at):%Y-%m-%dT%H:%M:%SZ}",
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "individual_use": not combines(discount),
        "description": discount.title,
        "meta_data": [{"key": MARK, "value": discount.mark}],
    }
    if discount.minimum is not None:
        asked["minimum_amount"] = f"{discount.minimum:f}"
    if discount.products is not None:
        asked["product_ids"] = _ids(discount.products)
    if discount.kind is DiscountKind.PERCENT:
        # A sum would count for nothing as soon as one of these is in the cart.
        asked["exclude_sale_items"] = discount.spares_sale_items
        asked["excluded_product_ids"] = _ids(discount.spares)
    return asked


def _ids(products: Sequence[str]) -> list[int]:
    return [int(number) for number in products if number.isascii() and number.isdigit()]


def combines(discount: Discount) -> bool:
    """Whether it may stand beside other coupons. WooCommerce knows all or none of them, and nearly every
    coupon lowers goods or orders: so all only where both are allowed."""
    return {Combines.PRODUCT, Combines.ORDER} <= discount.combines_with


def _mark(coupon: Json) -> str:
    meta = rows(coupon.get("meta_data"))
    return next((text(row.get("value")) for row in meta if row.get("key") == MARK), "")


def _whole_seconds(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
