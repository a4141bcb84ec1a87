"""A normalised event of any platform becomes rows.

Applying an event twice, late, or in another order than it happened ends in the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.models import Store
from app.runtime import Runtime
from connectors.events import (
    CartDeleted,
    CartSeen,
    ComplianceRequested,
    ConnectionBroken,
    ConsentChanged,
    CustomerSeen,
    Event,
    FulfillmentSeen,
    OrderDeleted,
    OrderSeen,
    RefundSeen,
    ScopesChanged,
    StoreChanged,
    Uninstalled,
)
from flows import carts, compliance, contacts, customer_consent, mentions, orders, stores
from flows.incoming import Incoming, lock

_TAKEN_BY: dict[type[Any], Callable[[Incoming, Any], None]] = {
    CartSeen: carts.see,
    CartDeleted: carts.see_deleted,
    OrderSeen: orders.see,
    OrderDeleted: orders.see_deleted,
    RefundSeen: orders.see_refund,
    FulfillmentSeen: orders.see_fulfillment,
    ConsentChanged: customer_consent.change,
    CustomerSeen: contacts.see_customer,
    StoreChanged: stores.change,
    Uninstalled: stores.see_uninstalled,
    ScopesChanged: stores.change_scopes,
    ConnectionBroken: stores.break_connection,
    ComplianceRequested: compliance.see,
}
# A store that has left says nothing more that concerns us, but for what the law asks.
_AFTER_UNINSTALL = (Uninstalled, ComplianceRequested)


def concerns(store: Store, event: Event) -> bool:
    return store.status != "uninstalled" or isinstance(event, _AFTER_UNINSTALL)


def apply(
    session: Session, runtime: Runtime, store: Store, event: Event, *, received_at: datetime | None = None
) -> None:
    """Apply an event that we asked the platform for ourselves, in the caller's transaction.

    ``received_at`` is when we asked. Deliveries go through ``flows.inbox``.
    """
    now = runtime.clock.now()
    if concerns(store, event):
        take(Incoming(session, runtime, store, now, received_at or now), event)


def take(incoming: Incoming, event: Event) -> None:
    """Apply one event of an open store, under the locks of what it is about.

    What changes is written at the end, once per row, not before each query that comes between.
    """
    names = [(incoming.store.id, name) for name in mentions.of_event(event)]
    incoming.locked.update(lock(incoming.session, names, incoming.locked))
    with incoming.session.no_autoflush:
        _TAKEN_BY[type(event)](incoming, event)
    incoming.session.flush()
