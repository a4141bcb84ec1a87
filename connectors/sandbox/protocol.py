"""The sandbox's side of the protocol: what the demo's phone reads, answers and sends."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sms import Category, MalformedCallback, OutgoingText, Status

SIGNATURE_HEADER = "X-Sandbox-Signature"


@dataclass(frozen=True, slots=True)
class HeldText:
    """A text that the sandbox took. ``code`` says why it did not arrive."""

    provider_id: str
    text: OutgoingText
    created_at: datetime
    status: Status = Status.ACCEPTED
    code: Category | None = None
    segments: int | None = None
    price: Decimal | None = None
    currency: str | None = None


def sign(payload: bytes, secret: str) -> str:
    """The signature of a raw body, or of the raw query string of a GET."""
    return hmac.digest(secret.encode(), payload, "sha256").hex()


def is_signature(signature: str, payload: bytes, secret: str) -> bool:
    """Whether ``signature`` belongs to exactly these bytes; compares in constant time."""
    return hmac.compare_digest(sign(payload, secret).encode(), signature.encode("utf-8", "surrogateescape"))


def text_body(text: OutgoingText) -> bytes:
    """The body of ``POST /messages``."""
    return _dump(
        {
            "to": text.to,
            "from": text.sender,
            "body": text.body,
            "reference": text.reference,
            "receipt_url": text.receipt_url,
            "validity": text.validity,
        }
    )


def read_text(body: bytes) -> OutgoingText:
    """Read the body of ``POST /messages``. Raises MalformedCallback."""
    fields = read_object(body)
    validity = fields.get("validity")
    if type(validity) is not int or validity <= 0:
        raise MalformedCallback("The sandbox's request lacks a whole number of seconds as validity.")
    return OutgoingText(
        to=required(fields, "to"),
        body=required(fields, "body"),
        sender=required(fields, "from"),
        reference=required(fields, "reference"),
        receipt_url=required(fields, "receipt_url"),
        validity=validity,
    )


def accepted_body(held: HeldText) -> bytes:
    """The answer 201 to ``POST /messages``."""
    return _dump({"id": held.provider_id, "status": held.status, **_figures(held)})


def refusal_body(category: Category) -> bytes:
    """The answer 4xx to ``POST /messages``."""
    return _dump({"code": category})


def listing_body(texts: Iterable[HeldText]) -> bytes:
    """The answer 200 to ``GET /messages``."""
    return _dump({"messages": [_listed(held) for held in texts]})


def receipt_body(held: HeldText) -> bytes:
    """The body of a receipt for this text's present state."""
    return _dump(
        {
            "type": "receipt",
            "id": held.provider_id,
            "from": held.text.sender,
            "status": held.status,
            "code": held.code,
            **_figures(held),
        }
    )


def reply_body(
    provider_id: str, from_number: str, to_number: str, body: str, answered: str | None = None
) -> bytes:
    """The body of a reply; ``provider_id`` is the sandbox's own, equal when it is sent again."""
    return _dump(
        {
            "type": "reply",
            "id": provider_id,
            "from": from_number,
            "to": to_number,
            "body": body,
            "answered": answered,
        }
    )


def read_object(body: bytes) -> Mapping[str, Any]:
    """A JSON object. Raises MalformedCallback."""
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise MalformedCallback("The sandbox's body is not JSON.") from error
    if not isinstance(fields, dict):
        raise MalformedCallback("The sandbox's body is not a JSON object.")
    return fields


def required(fields: Mapping[str, Any], name: str) -> str:
    """A text field that may not be absent or empty. Raises MalformedCallback."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedCallback(f"The sandbox's body lacks {name}.")
    return value


def _listed(held: HeldText) -> dict[str, Any]:
    return {
        "id": held.provider_id,
        "to": held.text.to,
        "from": held.text.sender,
        "body": held.text.body,
        "status": held.status,
        "code": held.code,
        "created_at": held.created_at.isoformat(),
        **_figures(held),
    }


def _figures(held: HeldText) -> dict[str, Any]:
    price = None if held.price is None else str(held.price)
    return {"segments": held.segments, "price": price, "currency": held.currency}


def _dump(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()
