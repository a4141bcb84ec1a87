"""Orders, refunds and parcels of Shopify's webhooks as normalised events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from connectors.events import Event, FulfillmentSeen, Money, OrderDeleted, OrderSeen, OrderStatus, RefundSeen
from connectors.shopify import fields
from connectors.shopify.addresses import safe_address
from connectors.shopify.checkouts import cart_keys, opened_by
from connectors.shopify.fields import Record
from connectors.shopify.shopper import buyer

# ISO 4217: "XXX" stands for "no currency". An order whose amount cannot be read is still an order, and
# nobody may be texted after it.
UNKNOWN_AMOUNT = Money(Decimal(0), "XXX")


def order_id(body: Record) -> str | None:
    """The order's number; ``admin_graphql_api_id`` first, for printed samples round ``id``."""
    return fields.identifier(body.get("admin_graphql_api_id"), body.get("id"))


def order_seen(body: Record, received_at: datetime) -> Sequence[Event]:
    """Every orders topic but delete and edited: an order as it is now."""
    number = order_id(body)
    if not number:
        return ()
    updated_at = fields.moment(body.get("updated_at"))
    placed_at = fields.moment(body.get("created_at")) or fields.moment(body.get("processed_at"))
    total = fields.money(body.get("total_price"), body.get("currency"))
    return (
        OrderSeen(
            order_id=number,
            status=status(body.get("cancelled_at"), body.get("financial_status")),
            placed_at=placed_at or updated_at or received_at,
            updated_at=updated_at or placed_at or received_at,
            total=total or UNKNOWN_AMOUNT,
            keys=cart_keys(body.get("checkout_token"), body.get("cart_token")),
            number=fields.text(body.get("name"), longest=255),
            presentment_total=_presentment(total, body),
            refunded=_refunded(body, total),
            shopper=buyer(body),
            locale=fields.locale(body.get("customer_locale")),
            status_url=safe_address(body.get("order_status_url")),
            discount_codes=fields.texts(
                [code.get("code") for code in fields.records(body.get("discount_codes"))]
            ),
            test=body.get("test") is True,
            opened_by=opened_by(body),
            user_agent=fields.text(fields.record(body.get("client_details")).get("user_agent")),
        ),
    )


def order_deleted(body: Record, received_at: datetime) -> Sequence[Event]:
    """orders/delete."""
    number = order_id(body)
    return (OrderDeleted(number),) if number else ()


def order_edited(body: Record, received_at: datetime) -> Sequence[Event]:
    """orders/edited names what was added and removed, but not the order as it is now.

    orders/updated, which Shopify sends with it, brings that.
    """
    return ()


def refund_seen(body: Record, received_at: datetime) -> Sequence[Event]:
    """refunds/create: one refund with the sum that went back to the buyer."""
    number = fields.identifier(body.get("order_id"))
    refund = fields.identifier(body.get("admin_graphql_api_id"), body.get("id"))
    amount = refunded_by(body, _shop_currency(body))
    if not (number and refund and amount):
        return ()
    refunded_at = fields.moment(body.get("processed_at")) or fields.moment(body.get("created_at"))
    return (RefundSeen(number, refund, amount, refunded_at or received_at),)


def fulfillment_seen(body: Record, received_at: datetime) -> Sequence[Event]:
    """fulfillments/create and fulfillments/update; the carrier's word goes before the warehouse's."""
    parcel = fields.identifier(body.get("admin_graphql_api_id"), body.get("id"))
    state = body.get("shipment_status") or body.get("status")
    return _parcel(body, parcel, state, body.get("updated_at"), received_at)


def fulfillment_event_seen(body: Record, received_at: datetime) -> Sequence[Event]:
    """fulfillment_events/create: one step of a parcel's way."""
    parcel = fields.identifier(body.get("fulfillment_id"))
    return _parcel(body, parcel, body.get("status"), body.get("happened_at"), received_at)


def status(cancelled_at: object, financial_status: object) -> OrderStatus:
    """The order's state. Cancelled wins; refunded means wholly refunded; the rest is placed until it is paid.

    ``financial_status`` is lower case in webhooks and upper case in GraphQL.
    """
    paid = financial_status.lower() if isinstance(financial_status, str) else ""
    if cancelled_at:
        return OrderStatus.CANCELLED
    if paid == "refunded":
        return OrderStatus.REFUNDED
    return OrderStatus.PAID if paid in ("paid", "partially_refunded") else OrderStatus.PLACED


def refunded_by(refund: Record, currency: str | None) -> Money | None:
    """What one refund gave back, in the shop's ``currency``.

    Transactions may be in the buyer's currency; then the shop's amounts of the refunded lines and
    shipping are added up instead. None if the currency is unknown.
    """
    if not currency:
        return None
    paid_back = [
        entry
        for entry in fields.records(refund.get("transactions"))
        if entry.get("kind") == "refund" and entry.get("status") == "success"
    ]
    if all(entry.get("currency") in (None, currency) for entry in paid_back):
        return Money(_sum(entry.get("amount") for entry in paid_back), currency)
    return Money(_sum(_shop_amount(part) for part in _refunded_parts(refund)), currency)


def _refunded_parts(refund: Record) -> Iterable[object]:
    for line in fields.records(refund.get("refund_line_items")):
        yield from (line.get("subtotal_set"), line.get("total_tax_set"))
    for line in fields.records(refund.get("refund_shipping_lines")):
        yield line.get("subtotal_amount_set")


def _refunded(body: Record, total: Money | None) -> Decimal | None:
    """The sum given back so far; None while nothing was."""
    refunds = fields.records(body.get("refunds"))
    amounts = [refunded_by(refund, total.currency if total else None) for refund in refunds]
    known = [amount.amount for amount in amounts if amount]
    return sum(known, Decimal(0)) if known else None


def _shop_currency(refund: Record) -> str | None:
    lines = (line.get("subtotal_set") for line in fields.records(refund.get("refund_line_items")))
    sets = [refund.get("total_duties_set"), *lines]
    named = [fields.record(fields.record(entry).get("shop_money")).get("currency_code") for entry in sets]
    charged = [entry.get("currency") for entry in fields.records(refund.get("transactions"))]
    return next((code for code in map(fields.currency, [*named, *charged]) if code), None)


def _shop_amount(money_set: object) -> object:
    return fields.record(fields.record(money_set).get("shop_money")).get("amount")


def _sum(amounts: Iterable[object]) -> Decimal:
    read = (fields.amount(value) for value in amounts)
    return sum((value for value in read if value is not None), Decimal(0))


def _presentment(total: Money | None, body: Record) -> Money | None:
    """What the buyer saw; the same as the total where both currencies are one."""
    if total and body.get("presentment_currency") == total.currency:
        return total
    shown = fields.record(fields.record(body.get("total_price_set")).get("presentment_money"))
    return fields.money(shown.get("amount"), shown.get("currency_code"))


def _parcel(
    body: Record, parcel: str | None, state: object, updated_at: object, received_at: datetime
) -> Sequence[Event]:
    number, word = fields.identifier(body.get("order_id")), fields.text(state, longest=64)
    if not (number and parcel and word):
        return ()
    return (FulfillmentSeen(number, parcel, word.lower(), fields.moment(updated_at) or received_at),)
