"""The platform interface, and the normalised events that every platform speaks.

A platform connector turns what its neighbour sends into the events below and answers a few
questions about a store. It knows nothing of our database: settings, tokens, clocks and locks
are passed in. Every moment is an aware UTC ``datetime``; every amount is an exact ``Decimal``
in major units with its ISO 4217 currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class ConnectorError(Exception):
    """Anything that went wrong with a neighbour; the message is fit for a merchant to read."""


class Unreachable(ConnectorError):
    """The neighbour did not answer in time, or not sensibly: try again later."""


class Throttled(ConnectorError):
    """The neighbour asks us to slow down; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Reconnect(ConnectorError):
    """The neighbour no longer accepts our keys: the merchant must open the app or connect again."""


class Malformed(ConnectorError):
    """Bytes that are not what the platform sends."""


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
    landing_url: str | None = None
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


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook delivery, read just far enough to store it.

    ``dedupe_key`` is equal for a repeated delivery. ``subject`` names the one thing that later
    deliveries about it share, so that they are applied in order: ``order:123``, ``cart:<token>``.
    ``mentions`` are all keys by which a waiting text could be about this delivery:
    ``<key kind>:<value>``, ``phone:<digits only>``, ``email:<lower case>``, ``customer:<id>``.
    ``domain`` is the store that the platform names (unsigned on Shopify), if it names one.
    """

    topic: str
    dedupe_key: str
    subject: str
    mentions: tuple[str, ...] = ()
    domain: str | None = None
    triggered_at: datetime | None = None
    uninstalls: bool = False
    platform_store_id: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    """The state of our webhooks at a store: how many are there, and what we mended just now."""

    active: int
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Companion:
    """A plugin of ours in the shop that puts a left cart together again, all that was in it.

    ``secret`` is the one that it shares with us, ``version`` its own, ``cart_key`` its name of the cart.
    ``nonce`` (32 digits in hex) makes the link good for once, ``now`` begins its short life.
    """

    secret: str
    version: str
    cart_key: str
    nonce: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Restore:
    """What the way back to a cart is built from. ``tracking`` become query parameters.

    ``platform_version`` is the store's own (``StoreChanged.platform_version``): it decides which links
    the store understands. ``shopper`` is what may be filled in where the checkout is a fresh one.
    ``rested`` is for how long, at the tap, the checkout has at least been left alone (None: long enough).
    ``discount_code`` is ours, ``own_codes`` are the shopper's; a fresh checkout takes both along.
    ``companion`` is the shop's own plugin of ours, where there is one that knows the cart.
    """

    restore_url: str | None
    items: tuple[Item, ...]
    store_url: str
    locale: str | None = None
    discount_code: str | None = None
    own_codes: tuple[str, ...] = ()
    tracking: Mapping[str, str] = field(default_factory=dict)
    platform_version: str | None = None
    storefront_locale: str | None = None
    shopper: Shopper = Shopper()
    rested: timedelta | None = None
    companion: Companion | None = None


class StoreClient(Protocol):
    """Questions to one connected store. Raises ConnectorError and nothing else."""

    def store_details(self) -> StoreChanged:
        """The store's name, currency, country, time zone, language and where it ships."""

    def open_carts(self, since: datetime) -> Iterable[CartSeen]:
        """Carts and unpaid orders that are open now and changed at or after ``since``."""

    def changes(self, since: datetime) -> Iterable[Event]:
        """Carts and orders changed at or after ``since``: what lost webhooks would have told."""

    def find_order(self, keys: Sequence[Key], shopper: Shopper, since: datetime) -> OrderSeen | None:
        """An order of that cart, or of that person placed at or after ``since``: a last look."""

    def repair_webhooks(self, delivery_url: str) -> WebhookHealth:
        """Make sure that all our webhooks exist at ``delivery_url`` and are active."""

    def disconnect(self) -> None:
        """Remove what we left at the store (webhooks), as far as it still lets us."""


class ConsentKeeper(Protocol):
    """A store whose platform keeps consent to texts with its customers, and takes it from us."""

    def tell_consent(self, signal: ConsentSignal) -> bool:
        """Write it to the record of the customer with that number; False if there is no such customer."""


class Platform(Protocol):
    """One platform. ``verify`` and ``read`` are called before the answer: no network, no database."""

    name: str

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        """Whether one of ``secrets`` signed exactly these bytes; compares in constant time."""

    def read(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Topic, keys and subject of a delivery. Raises Malformed for bytes that are not JSON."""

    def events(self, topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
        """The normalised events of a delivery; none for a topic that does not concern us."""

    def restore_url(self, restore: Restore) -> str | None:
        """Where the tap leads: the saved checkout, built with a URL parser; None if there is no way."""

    def applies_discounts(self, restore: Restore) -> bool:
        """Whether the way back, with ``discount_code`` set, applies the code without the shopper's doing."""
