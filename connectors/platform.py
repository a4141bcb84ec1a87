"""The platform interface: what a connector does for us, and how it fails.

A platform connector turns what its neighbour sends into the events of ``connectors.events`` and answers a
few questions about a store. It knows nothing of our database: settings, tokens, clocks and locks are passed
in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from connectors.events import CartSeen, ConsentSignal, Event, Item, Key, OrderSeen, Shopper, StoreChanged


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
