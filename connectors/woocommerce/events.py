"""A delivery as normalised events. Both order topics mean "this order is so now".

The body is built when it is delivered, up to minutes after what happened: a late ``order.created``
may already say ``processing``, and ``order.updated`` often comes first (observed on 10.9.1, 2026-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.events import ConnectionBroken, CustomerSeen, Event, Shopper
from connectors.platform import Malformed
from connectors.woocommerce.body import Json, identifier, load_object, member, moment, text
from connectors.woocommerce.calls import NO_RIGHTS
from connectors.woocommerce.orders import order_events, removed_events

ORDER_IS_SO_NOW = frozenset({"order.created", "order.updated", "order.restored", "order.deleted"})
CUSTOMER_IS_SO_NOW = frozenset({"customer.created", "customer.updated"})


def events(topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
    """The normalised events; none for a topic that does not concern us. Raises Malformed.

    The body of a deletion is only the id. The topic is an unsigned header, so a whole order under
    ``order.deleted`` is taken for what its body says. Nothing is taken from ``product.deleted``: it
    also comes with a coupon's id (observed on 10.9.1).
    """
    content = load_object(body)
    if is_error(content):
        return () if _is_gone(content) else (ConnectionBroken(_detail(content)),)
    if topic == "order.deleted" and "status" not in content:
        return removed_events(_id(content))
    if topic in ORDER_IS_SO_NOW:
        return order_events(content, received_at)
    if topic in CUSTOMER_IS_SO_NOW:
        return (_customer(content),)
    return ()


def is_error(content: Json) -> bool:
    """A signed error in place of the thing: the webhook's owner may not read it, or it is gone."""
    return "code" in content and "id" not in content


def _is_gone(content: Json) -> bool:
    """The thing was deleted for good between the change and its delivery: nobody lost any right."""
    return text(member(content, "data", "status")) == "404"


def _detail(content: Json) -> str:
    """A sentence for the merchant: the store's own is about some resource, in its language."""
    code = text(content.get("code"))
    if code.startswith("woocommerce_rest_cannot"):
        return NO_RIGHTS.format(host="this shop")
    return f"{code}: {text(content.get('message'))}"[:300]


def _id(content: Json) -> str:
    found = identifier(content.get("id"))
    if found is None:
        raise Malformed("The body has no id.")
    return found


def _customer(content: Json) -> CustomerSeen:
    """The record of a registered customer. A meta field named like a consent is none."""
    billing = content.get("billing")
    phone = text(member(billing, "phone"))
    customer_id = _id(content)
    shopper = Shopper(
        phones=(phone,) if phone else (),
        email=text(content.get("email")) or text(member(billing, "email")) or None,
        first_name=text(content.get("first_name")) or text(member(billing, "first_name")) or None,
        customer_id=customer_id,
        country=text(member(billing, "country")) or None,
        region=text(member(billing, "state")) or None,
        postcode=text(member(billing, "postcode")) or None,
    )
    return CustomerSeen(customer_id, shopper, updated_at=moment(content.get("date_modified_gmt")))
