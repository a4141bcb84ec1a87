"""Twilio's message states in ours.

Source: twilio-oai ``twilio_api_v2010.json``, ``message_enum_status`` (commit d50069b, 2026-04-14), and
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks.
``receiving`` and ``received`` are states of texts that come in and have no place here.
"""

from __future__ import annotations

from connectors.sms import Category, Status
from connectors.twilio.errors import category

CANCELED = "canceled"

_STATUSES = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,
    "partially_delivered": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    CANCELED: Status.FAILED,
}


def status(provider_status: str) -> Status | None:
    """Our state for Twilio's; None for one that we do not know, which must change nothing."""
    return _STATUSES.get(provider_status)


def category_of_state(provider_status: str, code: str | None) -> Category | None:
    """Why a text in this state did not arrive; None if it did or still may."""
    if provider_status == CANCELED:
        return Category.CANCELLED
    if status(provider_status) in (Status.UNDELIVERED, Status.FAILED):
        return category(code)
    return None
