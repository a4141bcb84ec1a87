"""What a store's rows say after deliveries were applied, short enough to be compared by eye."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.models import (
    Cart,
    CartKey,
    ComplianceRequest,
    Consent,
    Contact,
    Fulfillment,
    InboundEvent,
    Order,
    Refund,
    Store,
    StoreFlag,
)
from app.runtime import Runtime


def end_state(runtime: Runtime, store: Store) -> dict[str, Any]:
    """The rows of one store by kind; a kind without rows is left out."""
    with runtime.database.session() as session:

        def rows(model: Any) -> list[Any]:
            key = model.__table__.primary_key
            return list(session.scalars(select(model).where(model.store_id == store.id).order_by(*key)))

        row = session.get(Store, store.id)
        found: dict[str, Any] = {
            "store": row.status if row else "erased",
            "events": [event.state for event in rows(InboundEvent)],
            "carts": [_cart(cart) for cart in rows(Cart)],
            "keys": [f"{key.kind}{'' if key.in_use else ' (free)'}" for key in rows(CartKey)],
            "contacts": [f"{one.phone} {one.email or '-'} {one.first_name or '-'}" for one in rows(Contact)],
            "consents": {consent.address: consent.state for consent in rows(Consent)},
            "orders": [_order(order) for order in rows(Order)],
            "refunds": [str(refund.amount.normalize()) for refund in rows(Refund)],
            "parcels": [parcel.status for parcel in rows(Fulfillment)],
            "requests": [
                f"{one.kind} {'done' if one.acted_at else 'open'}" for one in rows(ComplianceRequest)
            ],
            "flags": [flag.name for flag in rows(StoreFlag)],
        }
    return {name: value for name, value in found.items() if value}


def _cart(cart: Cart) -> str:
    pieces = sum(item["quantity"] for item in cart.items)
    total = f"{cart.total.normalize():f} {cart.currency}" if cart.total is not None else "-"
    return (
        f"{cart.state} at {cart.step}: {pieces} for {total}, {cart.email or '-'}, {cart.phone_problem or '-'}"
    )


def _order(order: Order) -> str:
    total = f"{order.total.normalize():f} {order.currency}"
    parcel = order.fulfillment_status or "-"
    kind = "test" if order.test else "real"
    back = f"{order.refunded.normalize():f}"
    return f"{order.platform_order_id} {order.status} ({kind}): {total}, back {back}, {parcel}"
