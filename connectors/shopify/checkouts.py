"""Carts and checkouts of Shopify's webhooks as normalised events.

A cart is known by ``checkout_token`` and ``cart_token`` only: the ``id`` of a checkout left the
webhooks with API 2026-04 and joins to nothing (Shopify changelog, "Removed checkout id from checkouts
and orders webhooks").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote, urlsplit

from connectors.events import (
    CartDeleted,
    CartSeen,
    ConsentSignal,
    ConsentState,
    Event,
    Item,
    Key,
    Money,
    Shopper,
)
from connectors.shopify import fields
from connectors.shopify.addresses import https_address, safe_address
from connectors.shopify.fields import Record
from connectors.shopify.restore import OUR_ATTRIBUTE
from connectors.shopify.shopper import buyer

_RECOVER_PATH = re.compile(r"/checkouts/(?P<kind>ac/)?(?P<token>[^/]+)/recover/?\Z")
_LANGUAGE_FOLDER = re.compile(r"/([a-z]{2}(?:-[a-z]{2,4})?)(?:/|\Z)")
_MOST_OF_ONE_LINE = 1_000_000


def cart_keys(checkout_token: object, cart_token: object) -> tuple[Key, ...]:
    """The keys of a cart, those that are there. A cart token may carry ``?key=..``: that is no part of it."""
    named = (("checkout_token", checkout_token), ("cart_token", cart_token))
    found = ((kind, (fields.text(value, longest=512) or "").partition("?")[0]) for kind, value in named)
    return tuple(Key(kind, value) for kind, value in found if value)


def keys_of_recover_url(url: object) -> tuple[Key, ...]:
    """The key in ``/checkouts/ac/{cart token}/recover`` or ``/checkouts/{checkout token}/recover``."""
    path = urlsplit(url).path if isinstance(url, str) and https_address(url) else ""
    found = _RECOVER_PATH.search(path)
    if not found:
        return ()
    token = unquote(found["token"])
    return cart_keys(None, token) if found["kind"] else cart_keys(token, None)


def checkout_seen(body: Record, received_at: datetime) -> Sequence[Event]:
    """checkouts/create and checkouts/update: a checkout as it is now."""
    keys = cart_keys(body.get("token"), body.get("cart_token"))
    if not keys:
        return ()
    created_at = fields.moment(body.get("created_at"))
    updated_at = fields.moment(body.get("updated_at")) or created_at or received_at
    total = fields.money(body.get("total_price"), body.get("currency"))
    person, locale = buyer(body), fields.locale(body.get("customer_locale"))
    return (
        CartSeen(
            keys=keys,
            updated_at=updated_at,
            created_at=created_at,
            items=_checkout_items(body),
            total=total,
            presentment_total=_presentment(total, body),
            locale=locale,
            storefront_locale=_storefront_locale(body.get("landing_site"), locale),
            shopper=person,
            consent=_tick(body, person, updated_at, created_at),
            restore_url=safe_address(body.get("abandoned_checkout_url")),
            completed_at=_completed(body.get("completed_at"), updated_at),
            step=_step(body, person),
            opened_by=opened_by(body),
            discount_codes=_codes(body.get("discount_codes")),
        ),
    )


def opened_by(body: Record) -> str | None:
    """The link that filled the checkout: a permalink's attribute comes back in ``note_attributes``."""
    named = ((note.get("name"), note.get("value")) for note in fields.records(body.get("note_attributes")))
    return next((fields.text(value, longest=64) for name, value in named if name == OUR_ATTRIBUTE), None)


def cart_seen(body: Record, received_at: datetime) -> Sequence[Event]:
    """carts/create and carts/update: items and times only; ``token`` equals the checkout's ``cart_token``.

    They name no currency: their prices are those that the buyer sees.
    """
    keys = cart_keys(None, body.get("token"))
    created_at = fields.moment(body.get("created_at"))
    seen = CartSeen(
        keys=keys,
        updated_at=fields.moment(body.get("updated_at")) or created_at or received_at,
        created_at=created_at,
        items=_without_prices(items(body.get("line_items"))),
        partial=True,
    )
    return (seen,) if keys else ()


def checkout_deleted(body: Record, received_at: datetime) -> Sequence[Event]:
    """checkouts/delete: has ``cart_token`` and no ``token`` (sample on shopify.dev, API 2026-07)."""
    keys = cart_keys(body.get("token"), body.get("cart_token"))
    return (CartDeleted(keys),) if keys else ()


def _checkout_items(body: Record) -> tuple[Item, ...]:
    """The lines of a checkout. Where the buyer's currency is another than the shop's, nothing says in which
    of them a line's price is (Shopify's notes on multi-currency name a checkout's as the buyer's)."""
    found, shown = items(body.get("line_items")), fields.currency(body.get("presentment_currency"))
    return found if shown in (None, body.get("currency")) else _without_prices(found)


def _without_prices(lines: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(replace(line, unit_price=None) for line in lines)


def items(lines: object) -> tuple[Item, ...]:
    """The lines of a cart, checkout or order, those of quantity zero left out."""
    read = (_item(line) for line in fields.records(lines))
    return tuple(item for item in read if item.quantity)


def _item(line: Record) -> Item:
    return Item(
        title=fields.text(line.get("presentment_title")) or fields.text(line.get("title")) or "",
        quantity=_quantity(line.get("quantity")),
        product_id=fields.identifier(line.get("product_id")),
        variant_id=fields.identifier(line.get("variant_id")),
        unit_price=fields.amount(line.get("price")),
    )


def _quantity(value: object) -> int:
    """A line whose quantity makes no sense is still a line: one piece of it."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_OF_ONE_LINE:
        return value
    return 1


def _presentment(total: Money | None, body: Record) -> Money | None:
    """A checkout tells its total in the shop's currency only; it is known where the buyer's is the same."""
    return total if total and body.get("presentment_currency") == total.currency else None


def _codes(told: object) -> tuple[str, ...] | None:
    """The codes that lower a checkout; None where the body has no such list."""
    codes = (fields.text(code.get("code"), longest=255) for code in fields.records(told))
    return tuple(code for code in codes if code) if isinstance(told, list) else None


def _tick(
    body: Record, person: Shopper, updated_at: datetime, created_at: datetime | None
) -> ConsentSignal | None:
    """The one consent that a checkout can hold: the box ticked, with the phone typed beside it."""
    phone = fields.text(body.get("sms_marketing_phone"), longest=40)
    if body.get("buyer_accepts_sms_marketing") is not True or not phone:
        return None
    return ConsentSignal(
        state=ConsentState.GIVEN,
        phone=phone,
        source="shopify_checkout",
        occurred_at=updated_at,
        checkout_created_at=created_at,
        customer_id=person.customer_id,
        language=fields.locale(body.get("customer_locale")),
    )


def _completed(value: object, updated_at: datetime) -> datetime | None:
    """When the order was placed. A date that cannot be read still says that there is an order."""
    return fields.moment(value) or (updated_at if value else None)


def _storefront_locale(landing: object, locale: str | None) -> str | None:
    """The language folder of the shop's pages (``/de-at/products/..``), where it is that of the checkout.

    ``landing_site`` is a path or an address; the first part of its path is a folder of that kind or a
    word longer than any of them.
    """
    try:
        path = urlsplit(fields.text(landing) or "").path
    except ValueError:
        return None
    folder = _LANGUAGE_FOLDER.match(path)
    if not folder or not locale or folder[1].partition("-")[0] != locale.partition("-")[0].lower():
        return None
    return folder[1]


def _step(body: Record, person: Shopper) -> str:
    """How far the shopper came, by what is filled in."""
    if body.get("gateway") or fields.records(body.get("shipping_lines")):
        return "payment"
    if fields.record(body.get("shipping_address")) or fields.record(body.get("billing_address")):
        return "shipping"
    return "contact" if person.phones or person.email or person.customer_id else "cart"
