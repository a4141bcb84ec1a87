"""What Shopify would say of a shopper: variants of the linked journey, dated as it happens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.deliveries import shopify_payload, variant

LINKED_SHOP = "pixel-testing-rs.myshopify.com"
SMS_TICK, ORDER, SUBSCRIBED = "linked/03", "linked/06", "linked/11"
JSON = dict[str, Any]


@dataclass(frozen=True)
class Shopper:
    """Somebody at a checkout of a Shopify shop; the defaults are those of the linked journey."""

    phone: str = "+14235550123"
    country: str = "US"
    region: str | None = "TN"
    postcode: str = "37604"
    locale: str = "en-US"
    email: str = "henry@example.com"
    customer_id: int = 7358220173425
    checkout_token: str = "84ad78572dae52a8cbea7d55371afe89"
    cart_token: str = "Z2NwLXVzLWVhc3QxOjAxSkJaTUVRSjgzNUJUN1BTNjEzRFdRUFFQ"

    def checkout(
        self,
        domain: str,
        payload: str = SMS_TICK,
        currency: str = "USD",
        begun_at: datetime | None = None,
    ) -> bytes:
        """A checkout that was changed just now, as that payload of the journey tells it."""
        now = datetime.now(UTC)

        def change(body: JSON) -> None:
            self._write(body, domain)
            body["created_at"] = (begun_at or now).isoformat()
            body["token"], body["currency"] = self.checkout_token, currency
            body["presentment_currency"], body["customer_locale"] = currency, self.locale
            body["updated_at"] = now.isoformat()
            if body["sms_marketing_phone"]:
                body["sms_marketing_phone"] = self.phone

        return variant(shopify_payload(payload).body, change)

    def order(self, domain: str, total: str, currency: str = "USD", order_id: int = 5778367414385) -> bytes:
        """An order of that checkout, placed just now, paid and no test; its amounts agree."""

        def change(body: JSON) -> None:
            self._write(body, domain)
            body |= {"id": order_id, "admin_graphql_api_id": f"gid://shopify/Order/{order_id}"}
            body |= {"checkout_token": self.checkout_token, "test": False, "discount_codes": []}
            body |= {"currency": currency, "presentment_currency": currency, "total_price": total}
            body |= {"current_total_price": total, "subtotal_price": total, "contact_email": self.email}
            money = {"amount": total, "currency_code": currency}
            for name in ("total_price_set", "current_total_price_set"):
                body[name] = {"shop_money": money, "presentment_money": money}
            for name in ("created_at", "updated_at", "processed_at"):
                body[name] = datetime.now(UTC).isoformat()

        return variant(shopify_payload(ORDER).body, change)

    def confirmed(self) -> bytes:
        """The customer's own consent, confirmed by a double opt-in."""

        def change(body: JSON) -> None:
            body |= {"id": self.customer_id, "phone": self.phone}
            body["sms_marketing_consent"] |= {
                "state": "subscribed",
                "opt_in_level": "confirmed_opt_in",
                "consent_updated_at": datetime.now(UTC).isoformat(),
            }

        return variant(shopify_payload(SUBSCRIBED).body, change)

    def _write(self, body: JSON, domain: str) -> None:
        """This shopper in place of the journey's, wherever a body names who it is and where."""
        body["cart_token"] = self.cart_token
        if body["email"]:
            body["email"] = self.email
        if body.get("customer"):
            gid = f"gid://shopify/Customer/{self.customer_id}"
            body["customer"] |= {"id": self.customer_id, "email": self.email, "admin_graphql_api_id": gid}
        place = {"country_code": self.country, "province_code": self.region, "zip": self.postcode}
        for name in ("shipping_address", "billing_address"):
            if body.get(name):
                body[name] |= {"phone": self.phone, **place}
        for name in ("abandoned_checkout_url", "order_status_url"):
            if name in body:
                body[name] = body[name].replace(LINKED_SHOP, domain)


def field(body: bytes, name: str) -> str:
    """One text of a body."""
    return str(json.loads(body)[name])
