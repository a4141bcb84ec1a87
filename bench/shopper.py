"""What a platform and a provider tell of one shopper: a checkout, its order, and what became of a text."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import requests

from bench import intake
from bench.rows import NUMBERS
from bench.stage import TWILIO_ACCOUNT, TWILIO_TOKEN
from connectors.twilio import signature

ORDER = json.loads(intake.PAYLOAD.with_name("2026-07.orders.create.json").read_text(encoding="utf-8"))
TOTAL = "398.00"
RECEIPT = "/webhooks/sms/twilio/receipt"


@dataclass(frozen=True)
class Shopper:
    """Somebody of a country where texts may go, with a number and a checkout of their own."""

    country: str
    number: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def phone(self) -> str:
        return f"{NUMBERS[self.country]}{self.number.int % 10**6:06d}"

    def checkout(self, now: datetime) -> dict[str, Any]:
        """Begun a moment ago, with the box for texts ticked."""
        return (
            intake.OFFICIAL
            | self._common(now)
            | {
                "token": self.number.hex,
                "buyer_accepts_sms_marketing": True,
                "sms_marketing_phone": self.phone,
            }
        )

    def order(self, now: datetime) -> dict[str, Any]:
        """The checkout was paid."""
        return (
            ORDER
            | self._common(now)
            | {
                "id": self.number.int % 10**12,
                "admin_graphql_api_id": f"gid://shopify/Order/{self.number.int % 10**12}",
                "checkout_token": self.number.hex,
                "financial_status": "paid",
                "cancelled_at": None,
                "cancel_reason": None,
                "processed_at": now.isoformat(),
                "test": False,
            }
        )

    def _common(self, now: datetime) -> dict[str, Any]:
        return {
            "cart_token": self.number.hex[::-1],
            "phone": self.phone,
            "email": f"{self.number.hex[:12]}@example.com",
            "customer": None,
            "customer_locale": "en",
            "billing_address": {"country_code": self.country},
            "shipping_address": {"country_code": self.country},
            "created_at": now.isoformat(),
            "updated_at": now.isoformat(),
        }


class Sender:
    """Sends signed deliveries to a web server, over one kept connection."""

    def __init__(self, url: str, public_url: str) -> None:
        self._url, self._public_url = url, public_url
        self._session = requests.Session()
        self.close = self._session.close

    def shopify(self, topic: str, payload: dict[str, Any], now: datetime) -> None:
        body = json.dumps(payload).encode()
        self._post(intake.ADDRESS, body, intake.shopify_headers(body, topic, now))

    def delivered(self, provider_id: str) -> None:
        """A receipt, as Twilio sends it."""
        fields = {"MessageSid": provider_id, "MessageStatus": "delivered", "AccountSid": TWILIO_ACCOUNT}
        signed = signature.sign(self._public_url + RECEIPT, fields.items(), TWILIO_TOKEN)
        headers = {signature.HEADER: signed.decode(), "Content-Type": signature.FORM}
        self._post(RECEIPT, urlencode(fields).encode(), headers)

    def _post(self, address: str, body: bytes, headers: dict[str, str]) -> None:
        answer = self._session.post(self._url + address, data=body, headers=headers, timeout=30)
        if not answer.ok:
            raise RuntimeError(f"{address} answered {answer.status_code}.")
