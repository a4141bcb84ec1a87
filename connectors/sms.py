"""The SMS interface: send a text, read its receipts and replies, ask what became of it.

A provider is plain code around HTTP: it holds no state of ours and never retries by itself.
Whether a text left is the one thing it must be honest about: ``Refused`` says that it certainly
did not, ``InDoubt`` that nobody knows (a time-out after the request was written).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Category(StrEnum):
    """Why a text did not arrive, in our words; each provider maps its codes to these.

    Source: reference table of provider errors, 2026-11-21 (codes change, categories stay).
    """

    OPTED_OUT = "opted_out"
    INVALID_NUMBER = "invalid_number"
    NOT_MOBILE = "not_mobile"
    TEMPORARY = "temporary"
    RATE = "rate"
    BLOCKED = "blocked"
    FILTERED = "filtered"
    EXPIRED = "expired"
    QUIET_HOURS = "quiet_hours"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    REGISTRATION = "registration"
    ACCOUNT = "account"
    CONFIG = "config"
    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """How far a text came, as a provider reports it. Rank them with ``RANK``; final ones never move."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One text to one number. ``validity`` is in seconds, at least 60: after it the provider drops the text.

    ``reference`` is our own name for it, for providers that echo one. ``link_token`` is the part of
    the body by which ``find`` can recognise the text.
    """

    to: str
    body: str
    sender: str
    reference: str
    receipt_url: str
    validity: int
    link_token: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the text. Price and segments are None until a receipt tells them."""

    provider_id: str
    status: Status = Status.ACCEPTED
    segments: int | None = None
    price: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The text certainly did not leave. ``retryable``: a later try can succeed (refused connection, 429)."""

    category: Category
    code: str | None = None
    detail: str = ""
    retryable: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody knows whether the text left: never send it again, ask with ``find``."""

    detail: str


SendResult = Accepted | Refused | InDoubt


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a text. ``category`` is set where it did not arrive."""

    provider_id: str
    status: Status | None
    provider_status: str
    category: Category | None = None
    code: str | None = None
    segments: int | None = None
    price: Decimal | None = None
    currency: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A text from a shopper. ``answered`` is the keyword that the provider already answered itself
    (``stop``, ``start``, ``help``); then we send no confirmation of our own. ``account`` is the
    messaging service or account that received it, a second name of the sender."""

    provider_id: str
    from_number: str
    to_number: str
    body: str
    answered: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A provider's HTTP request to us. ``url`` is the public address as the provider called it,
    rebuilt from WARMCART_PUBLIC_URL, with its query string; ``headers`` have lower-case names."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """A text in doubt. Matched by the link token in the body, else by recipient, sender, body and minute."""

    to: str
    body: str
    sender: str
    sent_at: datetime
    link_token: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this provider can do. ``find`` is false where it keeps no list that we may read."""

    find: bool
    validity: bool
    replies: bool


class MalformedCallback(Exception):
    """A callback that is not of the provider's form; the message says what is missing."""


class Provider(Protocol):
    """One SMS provider. ``send`` never raises for what the network or the provider does."""

    name: str
    capabilities: Capabilities

    def send(self, text: OutgoingText) -> SendResult:
        """Hand over one text, once; safe to call from many threads."""

    def verify(self, request: CallbackRequest) -> bool:
        """Whether the provider signed this callback; compares in constant time."""

    def parse_receipt(self, request: CallbackRequest) -> Receipt:
        """Read a receipt. Raises MalformedCallback."""

    def parse_reply(self, request: CallbackRequest) -> Reply:
        """Read a reply. Raises MalformedCallback."""

    def find(self, question: Question) -> Sequence[Receipt]:
        """The provider's texts that may be this one. Raises ProviderUnreachable when it cannot be asked."""


class ProviderUnreachable(Exception):
    """The provider cannot be asked right now: ask again later."""


RANK: Mapping[Status, int] = {
    Status.ACCEPTED: 1,
    Status.SENT: 2,
    Status.UNDELIVERED: 3,
    Status.FAILED: 3,
    Status.DELIVERED: 3,
}
FINAL = frozenset({Status.DELIVERED, Status.UNDELIVERED, Status.FAILED})


def moves_forward(current: Status, reported: Status) -> bool:
    """Whether a report may change the state: only to a higher rank, and never out of a final one."""
    return current not in FINAL and RANK[reported] > RANK[current]
