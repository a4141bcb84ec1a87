"""Twilio's requests to us: status callbacks and incoming messages.

Sources: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks,
https://www.twilio.com/docs/messaging/guides/webhook-request, and for ``OptOutType``
https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out. New parameters may appear at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from connectors.sms import CallbackRequest, MalformedCallback, Receipt, Reply
from connectors.twilio.figures import price, segments
from connectors.twilio.signature import form, media_type
from connectors.twilio.status import category_of_state, status

_ANSWERED = {"STOP": "stop", "START": "start", "HELP": "help"}


def receipt(request: CallbackRequest) -> Receipt:
    """Read a status callback. Raises MalformedCallback."""
    fields = _fields(request)
    provider_status = _required(fields, "MessageStatus", "SmsStatus")
    code = fields.get("ErrorCode") or None
    return Receipt(
        provider_id=_required(fields, "MessageSid", "SmsSid"),
        status=status(provider_status),
        provider_status=provider_status,
        category=category_of_state(provider_status, code),
        code=code,
        segments=segments(fields.get("NumSegments")),
        price=price(fields.get("Price")),
        currency=fields.get("PriceUnit") or None,
        sender=fields.get("From") or None,
    )


def reply(request: CallbackRequest) -> Reply:
    """Read an incoming message. Raises MalformedCallback."""
    fields = _fields(request)
    return Reply(
        provider_id=_required(fields, "MessageSid", "SmsSid"),
        from_number=_required(fields, "From"),
        to_number=_required(fields, "To"),
        body=fields.get("Body", ""),
        answered=_ANSWERED.get(fields.get("OptOutType", "").upper()),
        account=fields.get("MessagingServiceSid") or None,
    )


def _fields(request: CallbackRequest) -> Mapping[str, str]:
    if media_type(request) != "application/json":
        return dict(form(request.body))
    try:
        fields = json.loads(request.body)
    except ValueError as error:
        raise MalformedCallback("The callback's body is not JSON.") from error
    if not isinstance(fields, dict):
        raise MalformedCallback("The callback's body is not a JSON object.")
    return {name: str(value) for name, value in fields.items() if value is not None}


def _required(fields: Mapping[str, str], *names: str) -> str:
    for name in names:
        if fields.get(name):
            return fields[name]
    raise MalformedCallback(f"The callback lacks the parameter {names[0]}.")
