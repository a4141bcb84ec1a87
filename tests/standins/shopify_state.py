"""What one shop of the stand-in holds. It is told by webhook bodies, so that both worlds agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.standins.shopify_discounts import Discounts

SCOPES = (
    "write_customers",
    "write_discounts",
    "read_orders",
    "read_fulfillments",
    "read_products",
    "read_locales",
)
Body = Mapping[str, Any]


@dataclass
class Shop:
    """One shop: its own data, and the nodes that its API shows, by gid.

    ``withheld`` names fields (``Order.email``) that the API answers with null and ACCESS_DENIED, as it
    does without approval for protected customer data.
    """

    domain: str
    number: int
    installed: bool = True
    scopes: tuple[str, ...] = SCOPES
    details: dict[str, Any] = field(default_factory=dict)
    locales: list[dict[str, Any]] = field(default_factory=list)
    checkouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    discounts: Discounts = field(init=False)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    collections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.discounts = Discounts(lambda: self.now())
        usual = {
            "id": f"gid://shopify/Shop/{self.number}",
            "name": self.domain.partition(".")[0],
            "primaryDomain": {"url": f"https://{self.domain}"},
            "currencyCode": "USD",
            "ianaTimezone": "America/New_York",
            "shopAddress": {"countryCodeV2": "US"},
            "shipsToCountries": ["US", "CA", "DE"],
        }
        self.details = usual | self.details
        self.locales = self.locales or [{"locale": "en", "primary": True}, {"locale": "de", "primary": False}]

    def put_checkout(self, body: Body) -> None:
        """An abandoned checkout as a checkouts/create or checkouts/update body tells it."""
        gid = f"gid://shopify/AbandonedCheckout/{body['token']}"
        lines = body.get("line_items") or []
        self.checkouts[gid] = {
            "id": gid,
            "abandonedCheckoutUrl": body["abandoned_checkout_url"],
            "createdAt": moment(body["created_at"]),
            "updatedAt": moment(body["updated_at"]),
            "completedAt": moment(body.get("completed_at")),
            "discountCodes": [code["code"] for code in body.get("discount_codes") or []],
            "customer": self._customer_of(body),
            "shippingAddress": _address(body.get("shipping_address")),
            "billingAddress": _address(body.get("billing_address")),
            "totalPriceSet": _bag(body["total_price"], body["currency"]),
            "lineItems": [_line(line, body["currency"]) for line in lines],
        }

    def put_order(self, body: Body) -> None:
        """An order as an orders/* body tells it."""
        gid = body["admin_graphql_api_id"]
        back = sum(
            float(entry["amount"])
            for refund in body.get("refunds") or []
            for entry in refund["transactions"]
            if entry["kind"] == "refund" and entry["status"] == "success"
        )
        self.orders[gid] = {
            "id": gid,
            "name": body["name"],
            "createdAt": moment(body["created_at"]),
            "updatedAt": moment(body["updated_at"]),
            "cancelledAt": moment(body.get("cancelled_at")),
            "cartToken": body.get("cart_token"),
            "checkoutToken": body.get("checkout_token"),
            "customerLocale": body.get("customer_locale"),
            "email": body.get("email"),
            "phone": body.get("phone"),
            "test": body.get("test", False),
            "discountCodes": [code["code"] for code in body.get("discount_codes") or []],
            "displayFinancialStatus": (body.get("financial_status") or "pending").upper(),
            "statusPageUrl": body["order_status_url"],
            "totalPriceSet": _bag(body["total_price"], body["currency"]),
            "totalRefundedSet": _bag(f"{back:.2f}", body["currency"]),
            "customer": self._customer_of(body),
            "shippingAddress": _address(body.get("shipping_address")),
            "billingAddress": _address(body.get("billing_address")),
        }

    def put_consent(self, body: Body) -> None:
        """A customer's consent as a customers_marketing_consent/update body tells it."""
        told = body["sms_marketing_consent"]
        customer = self._customer(f"gid://shopify/Customer/{body['id']}")
        customer["updatedAt"] = moment(told["consent_updated_at"])
        customer["defaultPhoneNumber"] = {
            "phoneNumber": body["phone"],
            "smsMarketingConsent": {
                "state": told["state"].upper(),
                "optInLevel": (told["opt_in_level"] or "unknown").upper(),
                "updatedAt": moment(told["consent_updated_at"]),
            },
        }

    def put_variant(
        self,
        variant_id: int,
        product_id: int,
        price: str,
        before: str | None = None,
        cost: str | None = None,
        gift_card: bool = False,
        collections: Sequence[int] = (),
    ) -> None:
        """What the shop sells. ``before`` is the crossed-out price, ``cost`` what one piece costs it."""
        gid = f"gid://shopify/ProductVariant/{variant_id}"
        self.variants[gid] = {
            "__typename": "ProductVariant",
            "id": gid,
            "price": price,
            "compareAtPrice": before,
            "inventoryItem": {"unitCost": {"amount": cost, "currencyCode": "USD"} if cost else None},
            "product": {
                "id": f"gid://shopify/Product/{product_id}",
                "isGiftCard": gift_card,
                "collections": [{"id": f"gid://shopify/Collection/{number}"} for number in collections],
            },
        }

    def put_product(self, number: int, title: str) -> None:
        gid = f"gid://shopify/Product/{number}"
        self.products[gid] = {"__typename": "Product", "id": gid, "title": title}

    def put_collection(self, number: int, title: str) -> None:
        gid = f"gid://shopify/Collection/{number}"
        self.collections[gid] = {"__typename": "Collection", "id": gid, "title": title}

    def uses_of(self, code: str) -> int:
        """How many orders a code has lowered."""
        return sum(code.lower() in map(str.lower, order["discountCodes"]) for order in self.orders.values())

    def write_consent(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """The mutation customerSmsMarketingConsentUpdate: the customer must have a phone."""
        customer, consent = self.customers.get(told["customerId"]), told["smsMarketingConsent"]
        if customer is None or not customer["defaultPhoneNumber"]:
            error = {"field": ["input", "customerId"], "code": "INVALID", "message": "must have a phone"}
            return {"customer": None, "userErrors": [error]}
        if consent["marketingState"] == "REDACTED":
            error = {"field": ["input"], "code": "INCLUSION", "message": "REDACTED is read-only"}
            return {"customer": None, "userErrors": [error]}
        customer["defaultPhoneNumber"]["smsMarketingConsent"] = {
            "state": consent["marketingState"],
            "optInLevel": consent.get("marketingOptInLevel", "UNKNOWN"),
            "updatedAt": moment(consent.get("consentUpdatedAt")),
        }
        return {"customer": customer, "userErrors": []}

    def consent_body(self, gid: str) -> dict[str, Any]:
        """The customers_marketing_consent/update body that tells a customer's consent as it is now."""
        number = self.customers[gid]["defaultPhoneNumber"]
        told = number["smsMarketingConsent"]
        return {
            "id": int(gid.rpartition("/")[2]),
            "phone": number["phoneNumber"],
            "sms_marketing_consent": {
                "state": told["state"].lower(),
                "opt_in_level": (told["optInLevel"] or "unknown").lower(),
                "consent_updated_at": told["updatedAt"],
                "consent_collected_from": "other",
            },
        }

    def _customer_of(self, body: Body) -> dict[str, Any] | None:
        told = body.get("customer") or {}
        if not told:
            return None
        # Printed samples round the plain number.
        customer = self._customer(told["admin_graphql_api_id"])
        customer["firstName"] = told.get("first_name")
        customer["updatedAt"] = moment(told.get("updated_at")) or customer["updatedAt"]
        customer["defaultEmailAddress"] = {"emailAddress": told["email"]} if told.get("email") else None
        if told.get("phone") and not customer["defaultPhoneNumber"]:
            never = {"state": "NEVER_SUBSCRIBED", "optInLevel": None, "updatedAt": None}
            customer["defaultPhoneNumber"] = {"phoneNumber": told["phone"], "smsMarketingConsent": never}
        return {"id": customer["id"]}

    def _customer(self, gid: str) -> dict[str, Any]:
        blank: dict[str, Any] = {
            "id": gid,
            "firstName": None,
            "locale": "en",
            "updatedAt": "2000-01-01T00:00:00Z",
            "defaultPhoneNumber": None,
            "defaultEmailAddress": None,
        }
        return self.customers.setdefault(gid, blank)


def moment(value: str | None) -> str | None:
    """A date as GraphQL writes it: UTC, whole seconds."""
    if value is None:
        return None
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bag(amount: str, currency: str) -> dict[str, Any]:
    money = {"amount": amount, "currencyCode": currency}
    return {"shopMoney": money, "presentmentMoney": money}


def _address(told: Any) -> dict[str, Any] | None:
    if not told:
        return None
    return {
        "phone": told.get("phone"),
        "firstName": told.get("first_name"),
        "countryCodeV2": told.get("country_code"),
        "provinceCode": told.get("province_code"),
        "zip": told.get("zip"),
    }


def _line(line: Body, currency: str) -> dict[str, Any]:
    return {
        "title": line["title"],
        "quantity": line["quantity"],
        "image": {"url": f"https://cdn.shopify.com/s/files/1/products/{line['product_id']}.jpg"},
        "product": {"id": f"gid://shopify/Product/{line['product_id']}"},
        "variant": {"id": f"gid://shopify/ProductVariant/{line['variant_id']}"},
        "originalUnitPriceSet": _bag(line["price"], currency),
    }
