"""From a delivery of Shopify to normalised events: one reader per topic, all pure.

Payload shapes: the webhook reference on shopify.dev for API 2026-07, and bodies recorded between API
2023-10 and 2025-04 by Gadget and RudderStack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connectors.events import (
    ComplianceRequested,
    Event,
    RequestKind,
    ScopesChanged,
    StoreChanged,
    Uninstalled,
)
from connectors.shopify import checkouts, customers, fields, orders
from connectors.shopify.addresses import safe_address
from connectors.shopify.fields import Record
from connectors.shopify.shopper import customer

Reader = Callable[[Record, datetime], Sequence[Event]]


def events(topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
    """The events of one delivery; none for a topic that does not concern us.

    ``received_at`` stands in for dates that a body lacks. Raises Malformed for bytes that are not JSON.
    """
    reader = TOPICS.get(topic) or COMPLIANCE_TOPICS.get(topic)
    return reader(fields.record(fields.parse(body)), received_at) if reader else ()


def store_number(body: Record) -> str | None:
    """The shop's number: ``shop_id``, or ``id`` in a body that is the shop itself."""
    named = body.get("shop_id")
    return fields.identifier(named if named is not None else body.get("id"))


def _store_changed(body: Record, received_at: datetime) -> Sequence[Event]:
    domain = fields.text(body.get("domain"), longest=255)
    return (
        StoreChanged(
            platform_store_id=store_number(body),
            name=fields.text(body.get("name"), longest=255),
            url=safe_address(f"https://{domain}") if domain else None,
            currency=fields.currency(body.get("currency")),
            country=fields.country(body.get("country_code")),
            timezone=fields.text(body.get("iana_timezone"), longest=64),
            locale=fields.locale(body.get("primary_locale")),
        ),
    )


def _uninstalled(body: Record, received_at: datetime) -> Sequence[Event]:
    return (Uninstalled(store_number(body)),)


def _scopes_changed(body: Record, received_at: datetime) -> Sequence[Event]:
    current = body.get("current")
    return (ScopesChanged(fields.texts(current) if isinstance(current, list) else None),)


def _compliance(kind: RequestKind) -> Reader:
    """A reader that always yields its request: a body we cannot read in full is still a request."""

    def read(body: Record, received_at: datetime) -> Sequence[Event]:
        person = customer(fields.record(body.get("customer")))
        request = fields.record(body.get("data_request"))
        named = body.get("orders_requested") or body.get("orders_to_redact")
        order_ids = [fields.identifier(entry) for entry in named] if isinstance(named, list) else []
        return (
            ComplianceRequested(
                kind=kind,
                platform_store_id=store_number(body),
                request_id=fields.identifier(request.get("id")),
                phone=next(iter(person.phones), None),
                email=person.email,
                customer_id=person.customer_id,
                order_ids=tuple(number for number in order_ids if number),
            ),
        )

    return read


TOPICS: Mapping[str, Reader] = {
    "app/scopes_update": _scopes_changed,
    "app/uninstalled": _uninstalled,
    "carts/create": checkouts.cart_seen,
    "carts/update": checkouts.cart_seen,
    "checkouts/create": checkouts.checkout_seen,
    "checkouts/delete": checkouts.checkout_deleted,
    "checkouts/update": checkouts.checkout_seen,
    "customers/create": customers.customer_seen,
    "customers/delete": customers.customer_deleted,
    "customers/update": customers.customer_seen,
    "customers_marketing_consent/update": customers.consent_changed,
    "fulfillment_events/create": orders.fulfillment_event_seen,
    "fulfillments/create": orders.fulfillment_seen,
    "fulfillments/update": orders.fulfillment_seen,
    "orders/cancelled": orders.order_seen,
    "orders/create": orders.order_seen,
    "orders/delete": orders.order_deleted,
    "orders/edited": orders.order_edited,
    "orders/fulfilled": orders.order_seen,
    "orders/paid": orders.order_seen,
    "orders/partially_fulfilled": orders.order_seen,
    "orders/updated": orders.order_seen,
    "refunds/create": orders.refund_seen,
    "shop/update": _store_changed,
}
COMPLIANCE_TOPICS: Mapping[str, Reader] = {
    "customers/data_request": _compliance(RequestKind.DATA_REQUEST),
    "customers/redact": _compliance(RequestKind.CUSTOMER_REDACT),
    "shop/redact": _compliance(RequestKind.STORE_REDACT),
}
