"""The normalised events that every platform speaks, and the values that they are made of.

Every moment is an aware UTC ``datetime``; every amount is an exact ``Decimal`` in major units with its
ISO 4217 currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in major units (``Decimal("24.00")``) and its ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Key:
    """One of the names under which the platform knows a cart, such as ``checkout_token``."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a cart. ``unit_price`` is in the cart's shop currency."""

    title: str
    quantity: int
    product_id: str | None = None
    variant_id: str | None = None
    unit_price: Decimal | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """What the platform says of the person. ``phones`` are as typed, most specific first."""

    phones: tuple[str, ...] = ()
    email: str | None = None
    first_name: str | None = None
    customer_id: str | None = None
    country: str | None = None
    region: str | None = None
    postcode: str | None = None


class ConsentState(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class ConsentSignal:
    """A consent to marketing texts as the platform reports it.

    ``phone`` is as typed. ``confirmed`` is true only where the platform itself reports a confirmed
    (double) opt-in. ``occurred_at`` is None where the platform gives no time: an undated signal
    never undoes a stop. ``checkout_created_at`` is set for a tick in a checkout. ``wording`` are the
    exact words beside the box. ``evidence`` is what else the platform tells of how it was given:
    ``ip``, ``user_agent``, ``page_url``, ``wording_version``, ``opt_in_level``, ``collected_from``.
    """

    state: ConsentState
    phone: str | None
    source: str
    confirmed: bool = False
    occurred_at: datetime | None = None
    checkout_created_at: datetime | None = None
    customer_id: str | None = None
    wording: str | None = None
    language: str | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CartSeen:
    """A cart or checkout as it is now; an order may have completed it (``completed_at``).

    ``step`` is how far the shopper came: ``cart``, ``contact``, ``shipping`` or ``payment``.
    ``restore_url`` is a secret: whoever holds it sees what the shopper typed.
    ``partial`` marks a delivery that knows the items only (Shopify's carts topics): fields that it
    leaves empty are unknown, not removed. ``locale`` is the checkout's, ``storefront_locale`` that of the
    pages before it, where the platform tells them apart. ``user_agent`` is the browser's in which it was
    filled, where the platform tells it. ``opened_by`` is the ``cid`` of the way back by which it was opened.
    ``discount_codes`` are those that lower it already; None: the platform does not tell. ``lags`` marks a
    delivery that may not know yet what was typed: a phone that it lacks was not taken out.
    """

    keys: tuple[Key, ...]
    updated_at: datetime
    created_at: datetime | None = None
    items: tuple[Item, ...] = ()
    total: Money | None = None
    presentment_total: Money | None = None
    locale: str | None = None
    storefront_locale: str | None = None
    shopper: Shopper = Shopper()
    consent: ConsentSignal | None = None
    restore_url: str | None = None
    completed_at: datetime | None = None
    step: str = "cart"
    partial: bool = False
    user_agent: str | None = None
    opened_by: str | None = None
    discount_codes: tuple[str, ...] | None = None
    lags: bool = False


@dataclass(frozen=True, slots=True)
class CartDeleted:
    """The platform removed the cart."""

    keys: tuple[Key, ...]


class OrderStatus(StrEnum):
    PLACED = "placed"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """An order as it is now. ``refunded`` is the sum given back so far, in the order's currency.

    ``created_at`` is when it came to be, where that may be before it was placed (None: with it).
    ``status_url`` shows the order to its buyer and is a secret like ``CartSeen.restore_url``.
    ``user_agent`` and ``opened_by`` are as in ``CartSeen``.
    """

    order_id: str
    status: OrderStatus
    placed_at: datetime
    updated_at: datetime
    total: Money
    keys: tuple[Key, ...] = ()
    number: str | None = None
    presentment_total: Money | None = None
    refunded: Decimal | None = None
    shopper: Shopper = Shopper()
    consent: ConsentSignal | None = None
    locale: str | None = None
    status_url: str | None = None
    discount_codes: tuple[str, ...] = ()
    created_at: datetime | None = None
    test: bool = False
    user_agent: str | None = None
    opened_by: str | None = None


@dataclass(frozen=True, slots=True)
class OrderDeleted:
    """The platform removed the order. It stays ordered: nobody is texted again about it."""

    order_id: str


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """One refund of an order, in the order's currency."""

    order_id: str
    refund_id: str
    amount: Money
    refunded_at: datetime


@dataclass(frozen=True, slots=True)
class FulfillmentSeen:
    """A parcel's state, in lower case (``success``, ``in_transit``, ``delivered``, ...)."""

    order_id: str
    fulfillment_id: str
    status: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    """Consent that changed at the customer's record, apart from any cart."""

    signal: ConsentSignal


@dataclass(frozen=True, slots=True)
class CustomerSeen:
    """A customer's record as it is now; says nothing of consent."""

    customer_id: str
    shopper: Shopper
    updated_at: datetime | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class StoreChanged:
    """The store's own data. Empty fields are unknown, not removed."""

    platform_store_id: str | None = None
    name: str | None = None
    url: str | None = None
    currency: str | None = None
    country: str | None = None
    timezone: str | None = None
    locale: str | None = None
    ships_to: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    platform_version: str | None = None


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """The merchant removed the app. ``platform_store_id`` comes from the signed body."""

    platform_store_id: str | None = None


@dataclass(frozen=True, slots=True)
class ScopesChanged:
    """The merchant granted or revoked scopes; ``scopes`` is None where the body does not tell."""

    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ConnectionBroken:
    """The store answers in our place with an error: the keys' owner lost the right to them."""

    detail: str


class RequestKind(StrEnum):
    """What the platform asks us to do about stored personal data."""

    DATA_REQUEST = "data_request"
    CUSTOMER_REDACT = "customer_redact"
    STORE_REDACT = "store_redact"


@dataclass(frozen=True, slots=True)
class ComplianceRequested:
    """A data request or an erasure. ``platform_store_id`` comes from the signed body."""

    kind: RequestKind
    platform_store_id: str | None = None
    request_id: str | None = None
    phone: str | None = None
    email: str | None = None
    customer_id: str | None = None
    order_ids: tuple[str, ...] = ()


Event = (
    CartSeen
    | CartDeleted
    | OrderSeen
    | OrderDeleted
    | RefundSeen
    | FulfillmentSeen
    | ConsentChanged
    | CustomerSeen
    | StoreChanged
    | Uninstalled
    | ScopesChanged
    | ConnectionBroken
    | ComplianceRequested
)
