"""A WooCommerce order as our events: an unpaid one is a cart, any other is an order.

There is no cart topic. What can be seen of an abandoned cart is a ``checkout-draft`` (blocks checkout
up to 10.8) or an order that was submitted and not paid: ``pending``, ``failed``. ``on-hold`` waits for
a bank transfer and counts as bought, as does every status that a plugin adds. Body shape: WooCommerce
REST API v3, orders, observed on 10.9.1 and 9.9.5, 2026-11.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from urllib.parse import parse_qsl, urlsplit

from connectors.events import (
    CartDeleted,
    CartSeen,
    ConsentSignal,
    ConsentState,
    Event,
    Item,
    Key,
    Money,
    OrderDeleted,
    OrderSeen,
    OrderStatus,
    Shopper,
)
from connectors.platform import Malformed
from connectors.woocommerce.body import Json, amount, identifier, member, moment, rows, text
from connectors.woocommerce.links import Product, cart_link

ORDER_KEY = "woo_order"
SESSION_KEY = "woo_session"
SESSION_FIELD = "_warmcart_cart"
"""Order meta in which the companion plugin keeps the key of the cart that the order was."""

OPENED_FIELD = "_warmcart_cid"
"""Order meta in which the companion plugin keeps the ``cid`` of the link by which its cart was opened."""

CONSENT_FIELD = "_wc_other/warmcart/sms_consent"
CONSENT_WORDING_FIELD, CONSENT_VERSION_FIELD = f"{CONSENT_FIELD}_wording", f"{CONSENT_FIELD}_version"
"""The exact words that stood beside the box, and the name of their version, where the box kept them."""

CONSENT_SOURCE = "woocommerce_checkout"
LONGEST_WORDING, LONGEST_EVIDENCE, LONGEST_TOKEN = 2000, 500, 64

_UNPAID = frozenset({"pending", "failed", "checkout-draft"})
_NOTHING_YET = frozenset({"auto-draft", "draft", "new"})
_TICKED = frozenset({"1", "true", "yes"})

_RENEWAL = "subscription"
"""``created_via`` of an order that a subscription made by itself. It copies the meta of the first order,
the consent tick too, so it is no act of the shopper: neither a cart nor an order of a cart nor consent."""

_BY_THE_MERCHANT = "admin"
"""``created_via`` of an order that the merchant typed in: unpaid, it is an invoice and no abandoned cart."""

_SMALLEST_QUANTITY = Decimal("0.0001")
_PAID_ON_DELIVERY_OR_LATER = frozenset({"cod", "bacs", "cheque"})
_LANGUAGE_FIELDS = ("wpml_language", "trp_language", "weglot_language")
"""Order meta in which WPML, TranslatePress and Weglot keep the language of the checkout."""


def order_events(order: Json, received_at: datetime) -> tuple[Event, ...]:
    """What this order says now. Raises Malformed for a body that is no order."""
    order_id, status = identifier(order.get("id")), text(order.get("status"))
    if order_id is None or not status:
        raise Malformed("The body is no order: it has no id or no status.")
    if status in _NOTHING_YET or text(order.get("created_via")) == _RENEWAL:
        return ()
    if status == "trash":
        return removed_events(order_id)
    if status in _UNPAID and moment(order.get("date_paid_gmt")) is None:
        by_shopper = text(order.get("created_via")) != _BY_THE_MERCHANT
        return (_cart(order, order_id, status, received_at),) if by_shopper else ()
    return (_order(order, order_id, status, received_at),)


def removed_events(order_id: str) -> tuple[Event, ...]:
    """An order was trashed or deleted: a cart under that key is gone, an order stays ordered."""
    return OrderDeleted(order_id), CartDeleted((Key(ORDER_KEY, order_id),))


def shopper_of(order: Json) -> Shopper:
    """The buyer; ``phones`` are billing, then shipping, as typed."""
    billing, shipping = order.get("billing"), order.get("shipping")
    phones = (text(member(billing, "phone")), text(member(shipping, "phone")))

    def either(name: str) -> str | None:
        return text(member(billing, name)) or text(member(shipping, name)) or None

    return Shopper(
        phones=tuple(dict.fromkeys(phone for phone in phones if phone)),
        email=text(member(billing, "email")) or None,
        first_name=either("first_name"),
        customer_id=identifier(order.get("customer_id")),
        country=either("country"),
        region=either("state"),
        postcode=either("postcode"),
    )


def _cart(order: Json, order_id: str, status: str, received_at: datetime) -> CartSeen:
    """An unpaid order. The block checkout writes fields into its draft one after the other, each a moment
    after the companion plugin has told them: such a draft lags.
    """
    created = _created(order)
    return CartSeen(
        keys=_keys(order, order_id),
        updated_at=_updated(order, received_at),
        created_at=created,
        items=items_of(rows(order.get("line_items"))),
        total=_total(order),
        locale=_locale(order),
        shopper=shopper_of(order),
        consent=_consent(order),
        restore_url=_way_back(order, status),
        step=_step(order, status),
        opened_by=_opened_by(order),
        discount_codes=_codes(order),
        user_agent=text(order.get("customer_user_agent")) or None,
        lags=status == "checkout-draft" and session_of(order) is not None,
    )


def _order(order: Json, order_id: str, status: str, received_at: datetime) -> OrderSeen:
    return OrderSeen(
        order_id=order_id,
        status=_status(order, status),
        placed_at=_placed(order, received_at),
        updated_at=_updated(order, received_at),
        created_at=_created(order),
        total=_total(order),
        keys=_keys(order, order_id),
        number=text(order.get("number")) or None,
        refunded=_refunded(order),
        shopper=shopper_of(order),
        consent=_consent(order),
        locale=_locale(order),
        discount_codes=_codes(order),
        opened_by=_opened_by(order),
        user_agent=text(order.get("customer_user_agent")) or None,
    )


def session_key(value: object) -> str | None:
    """The companion plugin's key of a cart: 32 digits in hex."""
    found = text(value)
    return found if re.fullmatch(r"[0-9a-f]{32}", found) else None


def session_of(order: Json) -> str | None:
    """The key of the cart that an order was, where the companion plugin noted it."""
    return session_key(_meta(order).get(SESSION_FIELD))


def _keys(order: Json, order_id: str) -> tuple[Key, ...]:
    session = session_of(order)
    keys = (Key(ORDER_KEY, order_id),)
    return (*keys, Key(SESSION_KEY, session)) if session else keys


def _codes(order: Json) -> tuple[str, ...]:
    """The coupons of an order, in lower case."""
    return tuple(code for line in rows(order.get("coupon_lines")) if (code := text(line.get("code"))))


def _status(order: Json, status: str) -> OrderStatus:
    """A status that a plugin invented counts as placed, or as paid when a payment is dated."""
    if status == "cancelled":
        return OrderStatus.CANCELLED
    if status == "refunded":
        return OrderStatus.REFUNDED
    paid = status != "on-hold" and moment(order.get("date_paid_gmt")) is not None
    return OrderStatus.PAID if paid else OrderStatus.PLACED


def _created(order: Json) -> datetime | None:
    return moment(order.get("date_created_gmt"))


def _updated(order: Json, received_at: datetime) -> datetime:
    return moment(order.get("date_modified_gmt")) or _created(order) or received_at


def bought_since(order: Json, since: datetime) -> bool:
    """Whether the order was made, or paid by its buyer, at or after ``since``."""
    return any(at is not None and at >= since for at in (_created(order), _paid_online(order)))


def _placed(order: Json, received_at: datetime) -> datetime:
    """When the shopper bought. An order may lie unpaid as a cart for days, so not when it was made.

    With cash on delivery and bank transfer nothing tells the moment but the change that is delivered, so
    the first delivery tells it best: a later one, such as the merchant's "completed", names a later time.
    """
    return _paid_online(order) or _updated(order, received_at)


def _paid_online(order: Json) -> datetime | None:
    """The payment's time, where the buyer pays: elsewhere it is the merchant who notes the payment."""
    if text(order.get("payment_method")) in _PAID_ON_DELIVERY_OR_LATER:
        return None
    return moment(order.get("date_paid_gmt"))


def _total(order: Json) -> Money:
    total, currency = amount(order.get("total")), text(order.get("currency"))
    if total is None or not currency:
        raise Malformed("The order has no total or no currency.")
    return Money(total, currency)


def _refunded(order: Json) -> Decimal | None:
    """The sum of ``refunds``, which are negative there. A partial refund leaves the status alone."""
    refunds = [amount(refund.get("total")) for refund in rows(order.get("refunds"))]
    given_back = [abs(refund) for refund in refunds if refund is not None]
    return sum(given_back, Decimal(0)) if given_back else None


def items_of(lines: Sequence[Json]) -> tuple[Item, ...]:
    """The lines of an order as REST writes them."""
    return tuple(_item(line) for line in lines)


def _item(line: Json) -> Item:
    image = text(member(line, "image", "src"))
    return Item(
        title=_plain(text(line.get("name"))),
        quantity=_quantity(line),
        product_id=identifier(line.get("product_id")),
        variant_id=identifier(line.get("variation_id")),
        unit_price=_unit_price(line),
        image_url=image if image.startswith(("https://", "http://")) else None,
    )


def _plain(name: str) -> str:
    """Product names may hold markup and entities, which no text message shows."""
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", name)).split())


def _quantity(line: Json) -> int:
    """Shops that sell by weight have fractions; half a kilo is one thing to its buyer."""
    return max(0, ceil(amount(line.get("quantity")) or 0))


def _unit_price(line: Json) -> Decimal | None:
    """The line's total by its quantity, to the total's own decimals: ``price`` is a rounded float."""
    total, quantity = amount(line.get("total")), amount(line.get("quantity"))
    if total is None or quantity is None or quantity < _SMALLEST_QUANTITY:
        return None
    return (total / quantity).quantize(total, ROUND_HALF_UP)


def _meta(order: Json) -> dict[str, object]:
    return {text(row.get("key")): row.get("value") for row in rows(order.get("meta_data"))}


def _consent(order: Json) -> ConsentSignal | None:
    """The tick of our own box at the checkout; nothing else that an order holds is consent."""
    value = _meta(order).get(CONSENT_FIELD)
    if value is not True and text(value).lower() not in _TICKED:
        return None
    created, words = _created(order), text(_meta(order).get(CONSENT_WORDING_FIELD))
    return ConsentSignal(
        state=ConsentState.GIVEN,
        phone=text(member(order, "billing", "phone")) or None,
        source=CONSENT_SOURCE,
        occurred_at=created,
        checkout_created_at=created,
        customer_id=identifier(order.get("customer_id")),
        wording=words[:LONGEST_WORDING] or None,
        language=_locale(order),
        evidence=_evidence(order),
    )


def _evidence(order: Json) -> dict[str, str]:
    """What WooCommerce notes of every order made in a browser; an order made by REST has neither."""
    told = {
        "ip": text(order.get("customer_ip_address")),
        "user_agent": text(order.get("customer_user_agent")),
        "wording_version": text(_meta(order).get(CONSENT_VERSION_FIELD)),
    }
    return {name: value[:LONGEST_EVIDENCE] for name, value in told.items() if value}


def _locale(order: Json) -> str | None:
    """WooCommerce itself does not tell; the plugins that translate shops do."""
    meta = _meta(order)
    named = [text(meta.get(name)) for name in _LANGUAGE_FIELDS] + [text(order.get("lang"))]
    for tag in named:
        if re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", tag):
            return tag.replace("_", "-")
    return None


def _opened_by(order: Json) -> str | None:
    """The ``cid`` of our link, if it filled the cart or began the visit in which the order was made."""
    noted = text(_meta(order).get(OPENED_FIELD))[:LONGEST_TOKEN]
    return noted or _landing(order).get("cid", "")[:LONGEST_TOKEN] or None


def _landing(order: Json) -> dict[str, str]:
    """The parameters of the address by which the buyer came."""
    entry = text(_meta(order).get("_wc_order_attribution_session_entry"))
    try:
        parts = urlsplit(entry)
    except ValueError:
        return {}
    return dict(parse_qsl(parts.query)) if parts.scheme in ("http", "https") and parts.netloc else {}


def _step(order: Json, status: str) -> str:
    if status != "checkout-draft":
        return "payment"
    if text(member(order, "billing", "address_1")) or text(member(order, "shipping", "address_1")):
        return "shipping"
    shopper = shopper_of(order)
    return "contact" if shopper.phones or shopper.email else "cart"


def _way_back(order: Json, status: str) -> str | None:
    """The pay link; for a draft, which has a pay link that does not work, a link that fills the cart."""
    if status != "checkout-draft":
        return text(order.get("payment_url")) or None
    store_url = _store_url(order)
    if store_url is None:
        return None
    return cart_link(store_url, _products(order), text(order.get("version")))


def _store_url(order: Json) -> str | None:
    """The order names its own REST address; what stands before ``/wp-json/`` is the store."""
    for link in rows(member(order, "_links", "self")):
        base, found, _ = text(link.get("href")).partition("/wp-json/")
        if found:
            return base
    return None


def _products(order: Json) -> list[Product]:
    return [
        Product(product_id, quantity, identifier(line.get("variation_id")), _attributes(line))
        for line in rows(order.get("line_items"))
        if (product_id := identifier(line.get("product_id"))) and (quantity := _quantity(line))
    ]


def _attributes(line: Json) -> dict[str, str]:
    """A variation's attributes are the line's meta without a leading underscore."""
    pairs = ((text(row.get("key")), text(row.get("value"))) for row in rows(line.get("meta_data")))
    return {key: value for key, value in pairs if key and value and not key.startswith("_")}
