"""Twilio's Message resource (twilio-oai ``twilio_api_v2010.json``, ``api.v2010.account.message``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.sms import Accepted, Question, Receipt, Status
from connectors.twilio.figures import price, segments
from connectors.twilio.status import category_of_state, status

Message = Mapping[str, Any]

BEFORE = timedelta(minutes=1)
AFTER = timedelta(minutes=3)
"""How far Twilio's creation time may lie from ours: clocks differ, and a call may wait its turn."""


def names_a_service(sender: str) -> bool:
    """Whether this sender is a messaging service (``MG...``) rather than a number or a name."""
    return sender.startswith("MG") and len(sender) == 34


def accepted(message: Message) -> Accepted:
    """The answer to a text that was taken. Raises KeyError or TypeError if it is no Message."""
    cost = price(message.get("price"))
    return Accepted(
        provider_id=_sid(message),
        status=status(str(message["status"])) or Status.ACCEPTED,
        segments=segments(message.get("num_segments")),
        price=cost,
        currency=_currency(message) if cost is not None else None,
    )


def state(message: Message) -> Receipt:
    """What a listed message says of itself. Raises KeyError or TypeError if it is no Message."""
    provider_status = str(message["status"])
    code = str(message["error_code"]) if message.get("error_code") else None
    cost = price(message.get("price"))
    return Receipt(
        provider_id=_sid(message),
        status=status(provider_status),
        provider_status=provider_status,
        category=category_of_state(provider_status, code),
        code=code,
        segments=segments(message.get("num_segments")),
        price=cost,
        currency=_currency(message) if cost is not None else None,
        sender=message.get("from"),
    )


def may_be(message: Message, question: Question) -> bool:
    """Whether this may be the text in doubt: by its link token, else by sender, body and minute."""
    if message.get("to") != question.to or not str(message.get("direction")).startswith("outbound"):
        return False
    body = message.get("body") or ""
    if question.link_token:
        return question.link_token in body
    field = "messaging_service_sid" if names_a_service(question.sender) else "from"
    return body == question.body and message.get(field) == question.sender and _in_time(message, question)


def _in_time(message: Message, question: Question) -> bool:
    try:
        created = parsedate_to_datetime(str(message.get("date_created")))
    except ValueError:
        return False
    created = created.replace(tzinfo=created.tzinfo or UTC)
    return question.sent_at - BEFORE <= created <= question.sent_at + AFTER


def _sid(message: Message) -> str:
    sid = message["sid"]
    if not isinstance(sid, str) or not sid:
        raise TypeError("A Message without a sid.")
    return sid


def _currency(message: Message) -> str | None:
    unit = message.get("price_unit")
    return str(unit).upper() if unit else None
