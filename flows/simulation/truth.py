"""What is true in a simulated year: stores, shoppers, carts, and what was decided about them.

Plain values, told to both sides: the engine's gates see of them what had been read by then, the judge
sees all. Moments are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal

Hours = tuple[time, time]
Span = tuple[datetime, datetime]

STEPS = ("reminder", "second_call", "last_call")
REQUEST = "opt_in_request"
ENROLLMENT = "enrollment"


@dataclass(frozen=True, slots=True)
class News:
    """Something that came in at ``at``, was acknowledged, and was read a little later."""

    at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """``placed_at`` is the platform's; its delivery may have come in late."""

    placed_at: datetime
    news: News
    cart: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said about texting the number. ``state``: given, pending, withdrawn."""

    state: str
    source: str
    recorded_at: datetime
    occurred_at: datetime | None = None
    confirmed: bool = False
    checkout_created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """``kinds`` are those of the three steps. ``words``: the store's own, by step and language.

    ``name`` and ``registered`` (by country) may stand above texts; ``number`` and the account's
    ``pool`` can be replied to. ``paused``: from, until when the merchant said, until when it was.
    """

    name_in_texts: str
    locale: str
    formality: str | None = None
    kinds: tuple[str, str, str] = ("marketing", "marketing", "marketing")
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quiet: Hours | None = None
    days_off: frozenset[int] = frozenset()
    avoided_hours: frozenset[int] = frozenset()
    countries: frozenset[str] | None = None
    confirms_in: frozenset[str] = frozenset()
    cap_hours: int = 16
    name: str | None = None
    registered: Mapping[str, str] = field(default_factory=dict)
    number: str | None = None
    pool: str | None = None
    reserves: bool = False
    economy: bool = False
    names_products: bool = True
    installed_at: datetime
    uninstalled_at: datetime | None = None
    paused: tuple[datetime, datetime | None, datetime] | None = None
    broken: Span | None = None
    switched_off: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """``activity``: what the shopper did, the last touch before leaving first. ``number``: when the
    number came, if not with it. ``silent``: the platform does not answer when it is asked."""

    id: int
    activity: tuple[News, ...]
    number: News | None = None
    emptied: News | None = None
    checkout_locale: str | None = None
    storefront_locale: str | None = None
    product: str
    quantity: int = 1
    total: Decimal
    currency: str
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """``history`` names what was said; ``answers_after`` is how many minutes after our own request the
    shopper confirms, None: never. ``stopped_before``: at this domain, before it installed us anew.
    ``writes``: from when until when a reply waits for a person."""

    id: int
    store: Store
    phone: str
    country: str
    phone_problem: str | None = None
    address: tuple[str | None, str | None, str | None] = (None, None, None)
    locale: str | None = None
    chosen_language: str | None = None
    quiet: Hours | None = None
    kinds_off: frozenset[str] = frozenset()
    first_name: str | None = None
    history: str
    said: tuple[Said, ...]
    answers_after: int | None = None
    stopped_before: bool = False
    writes: Span | None = None
    carts: tuple[Cart, ...]
    orders: tuple[Order, ...] = ()


@dataclass(slots=True, kw_only=True)
class Decision:
    """One answer of the gates, to a step (its key), REQUEST or ENROLLMENT. ``until``: when to ask again."""

    cart: int
    step: str
    asked_at: datetime
    answer: str
    reason: str | None = None
    until: datetime | None = None
    sent_at: datetime | None = None
    language: str | None = None
    body: str | None = None
    segments: int | None = None
    sender: str | None = None
    link: str | None = None
    stop_link: str | None = None


@dataclass(slots=True)
class Story:
    """What became of a shopper. ``said`` holds what was said from the beginning and on the way."""

    shopper: Shopper
    said: list[Said]
    zones: tuple[str, ...] = ()
    region: str | None = None
    decisions: list[Decision] = field(default_factory=list)
