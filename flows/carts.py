"""Carts as the platform describes them: begun, filled, emptied, ordered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, tuple_

from app.models import Cart, Contact, Order, OrderKey
from connectors.events import CartDeleted, CartSeen, ConsentState, Item, Key, OrderSeen
from flows import after_tap, cart_keys, consents, contacts, enrollment, timeline
from flows.devices import device
from flows.incoming import Incoming
from flows.phones import Phone, read_phone


def see(incoming: Incoming, seen: CartSeen) -> None:
    """Take over how a cart is now. What is older than what we know changes nothing."""
    found = cart_keys.find(incoming, seen.keys, seen.opened_by)
    if found is not None and cart_keys.is_begun_anew(found, seen):
        cart_keys.free_keys(incoming, found.cart)
        found = None
    if found is None:
        _see_unknown(incoming, seen)
        return
    if found.cart.erased_at is not None:
        if seen.completed_at:
            mark_ordered(incoming, found.cart, seen.completed_at)
        return
    refilled = seen.opened_by is not None and cart_keys.is_new(found, seen.keys)
    cart_keys.keep_keys(incoming, found, seen.keys)
    _take_over(incoming, found.cart, seen, first=False, refilled=refilled)


def see_deleted(incoming: Incoming, deleted: CartDeleted) -> None:
    """The platform removed the cart: nobody can come back to it. An ordered one stays ordered."""
    found = cart_keys.find(incoming, deleted.keys)
    if found is not None:
        empty(incoming, found.cart)


def _see_unknown(incoming: Incoming, seen: CartSeen) -> None:
    """A cart under keys that no open cart has: a fresh one, or late news of one that was ordered."""
    order = _order_of(incoming, seen)
    if order is None and not (seen.items or seen.completed_at):
        return
    if order is None and cart_keys.is_over(incoming, seen):
        return
    if order is not None and (order.cart_id is not None or order.erased_at is not None):
        return
    if order is not None and not cart_keys.strong(seen.keys):
        return
    cart = _begin(incoming, seen)
    cart_keys.insert_keys(incoming, cart, seen.keys)
    if order is not None:
        order.cart_id, order.contact_id = cart.id, order.contact_id or cart.contact_id
        mark_ordered(incoming, cart, order.placed_at, order)
    _take_over(incoming, cart, seen, first=True)


def _order_of(incoming: Incoming, seen: CartSeen) -> Order | None:
    """The order that this is late news of: one with a strong key of it, or a later one with any key."""
    session, store_id = incoming.session, incoming.store.id
    named = [(key.kind, key.value) for key in seen.keys]
    rows = session.execute(
        select(Order, OrderKey.kind)
        .join(OrderKey, and_(OrderKey.store_id == Order.store_id, OrderKey.order_id == Order.id))
        .where(OrderKey.store_id == store_id, tuple_(OrderKey.kind, OrderKey.value).in_(named))
        .order_by(Order.placed_at.desc())
    ).all()
    late = (
        order for order, kind in rows if kind not in cart_keys.REUSABLE or order.placed_at >= seen.updated_at
    )
    return next(late, None)


def _begin(incoming: Incoming, seen: CartSeen) -> Cart:
    begun_at = min(seen.created_at or seen.updated_at, seen.updated_at)
    cart = Cart(
        store_id=incoming.store.id,
        state="open",
        items=[],
        platform_created_at=seen.created_at,
        # Items alone are no whole description: whatever describes the cart first is newer than its beginning.
        platform_updated_at=begun_at,
        items_at=begun_at,
        activity_at=_not_in_the_future(incoming, begun_at),
        event_at=incoming.received_at,
        created_at=incoming.now,
        updated_at=incoming.now,
    )
    incoming.session.add(cart)
    incoming.session.flush()
    return cart


def _take_over(
    incoming: Incoming, cart: Cart, seen: CartSeen, *, first: bool, refilled: bool = False
) -> None:
    before = cart.contact_id
    if _describe(incoming, cart, seen):
        cart.event_at = max(cart.event_at, incoming.received_at)
        cart.updated_at = incoming.now
        if refilled:
            # What our link fills is not the shopper's doing; to pay or submit is, whatever was known before.
            cart.activity_print = "" if cart.step == "payment" else activity_print(cart)
        moved = _note_activity(incoming, cart, seen.updated_at, first)
        if cart.contact_id != before and not first:
            enrollment.follow_contact(incoming.session, cart)
        _react(incoming, cart, seen, moved)
    if seen.completed_at:
        mark_ordered(incoming, cart, seen.completed_at)


def _describe(incoming: Incoming, cart: Cart, seen: CartSeen) -> bool:
    """Write down what is not older than what we know; says whether anything was."""
    fresh_items = seen.updated_at >= (cart.items_at or cart.platform_updated_at)
    items = [_stored_item(item) for item in seen.items]
    if fresh_items:
        cart.items, cart.items_at = _with_known_prices(items, cart.items), seen.updated_at
    elif any(item.get("unit_price") is None for item in cart.items):
        cart.items = _with_known_prices(cart.items, items)
    if seen.partial or seen.updated_at < cart.platform_updated_at:
        return fresh_items
    _describe_whole(incoming, cart, seen)
    return True


def _describe_whole(incoming: Incoming, cart: Cart, seen: CartSeen) -> None:
    shopper, store = seen.shopper, incoming.store
    earlier_contact = cart.contact_id
    if not seen.lags:
        cart.platform_updated_at = seen.updated_at
    cart.platform_created_at = seen.created_at or cart.platform_created_at
    if seen.total:
        cart.total, cart.currency = seen.total.amount, seen.total.currency
    shown = seen.presentment_total
    cart.presentment_total, cart.presentment_currency = (
        (shown.amount, shown.currency) if shown else (None, None)
    )
    cart.locale = seen.locale or cart.locale
    cart.storefront_locale = seen.storefront_locale or cart.storefront_locale
    cart.country, cart.region, cart.postcode = shopper.country, shopper.region, shopper.postcode
    cart.email = shopper.email.lower() if shopper.email else None
    cart.customer_id, cart.first_name = shopper.customer_id, shopper.first_name
    cart.step, cart.device = seen.step, device(seen.user_agent) or cart.device
    if seen.discount_codes is not None:
        cart.discount_codes = list(seen.discount_codes)
    _keep_restore_url(incoming, cart, seen.restore_url)
    read = contacts.read(shopper, store)
    contact = contacts.keep(incoming, read.phone, shopper, seen.locale) if read.phone else None
    # A permalink fills no number, and a draft lags behind: until another is typed, the one of the cart stays.
    kept = earlier_contact if (seen.opened_by or seen.lags) and not read.problem else None
    cart.contact_id, cart.phone_problem = (contact.id if contact else kept), read.problem
    take_consent_box(incoming, seen, (earlier_contact, cart.contact_id))


def take_consent_box(
    incoming: Incoming, seen: CartSeen | OrderSeen, known: Iterable[int | None] = ()
) -> None:
    """The box that the shopper ticked, for the number typed beside it and no other.

    ``known`` are the contacts that the cart had before and has now: a box that was ticked for one of their
    numbers, and is not any more, is unticked.
    """
    key = next(iter([*cart_keys.strong(seen.keys), *seen.keys]), Key("event", incoming.dedupe_key))
    name = f"{key.kind}:{key.value}"
    tick, number = seen.consent, None
    if tick is not None and tick.state is ConsentState.GIVEN and tick.phone:
        phone = read_phone(tick.phone, seen.shopper.country or incoming.store.country)
        number = phone.e164 if isinstance(phone, Phone) else None
    if number is not None:
        consents.take_box(incoming, number, name, tick, seen.updated_at)
    for contact_id in sorted({each for each in known if each}):
        contact = incoming.session.get(Contact, contact_id)
        if contact is not None and contact.phone != number:
            consents.take_box(incoming, contact.phone, name, None, seen.updated_at)


def _keep_restore_url(incoming: Incoming, cart: Cart, url: str | None) -> None:
    """Encryption gives another text each time: an address that is the same is left alone."""
    if url and (cart.restore_url is None or incoming.runtime.cipher.decrypt(cart.restore_url) != url):
        cart.restore_url = incoming.seal(url)


def _stored_item(item: Item) -> dict[str, Any]:
    price = None if item.unit_price is None else str(item.unit_price)
    return asdict(item) | {"unit_price": price}


def _with_known_prices(items: list[dict[str, Any]], before: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line of which no price is told keeps the one that it had: some news of a cart tell none."""
    prices = {_goods(item): item.get("unit_price") for item in before}
    return [
        item | {"unit_price": prices.get(_goods(item))} if item.get("unit_price") is None else item
        for item in items
    ]


def _goods(item: dict[str, Any]) -> tuple[str | None, str | None, str]:
    return item.get("product_id"), item.get("variant_id"), item["title"]


def _note_activity(incoming: Incoming, cart: Cart, at: datetime, first: bool) -> bool:
    """What the shopper did moves ``activity_at``; what the platform or our own link did does not."""
    now_print = activity_print(cart)
    if now_print == cart.activity_print:
        return False
    at = _not_in_the_future(incoming, at)
    cart.activity_print, cart.activity_at = now_print, at if first else max(cart.activity_at, at)
    kind = "seen" if first else "changed"
    details: dict[str, Any] = {"items": sum(item["quantity"] for item in cart.items), "step": cart.step}
    if cart.texts_sent and after_tap.reach(
        incoming.session, incoming.store, cart.id, cart.step, at, incoming.now
    ):
        details["after_tap"] = True
    timeline.record(incoming.session, cart.store_id, cart.id, kind, incoming.now, details=details)
    return True


def activity_print(cart: Cart) -> str:
    """Digest of what a shopper does: items, contact, checkout step. Prices are not the shopper's doing."""
    items = [
        [item.get("product_id"), item.get("variant_id"), item["title"], item["quantity"]]
        for item in cart.items
    ]
    person = [cart.contact_id, cart.phone_problem, cart.email, cart.customer_id]
    told = json.dumps([items, person, cart.step], separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def _not_in_the_future(incoming: Incoming, at: datetime) -> datetime:
    """A store whose clock is wrong must not put its carts off for ever."""
    return min(at, incoming.now)


def _react(incoming: Incoming, cart: Cart, seen: CartSeen, moved: bool) -> None:
    if cart.state == "ordered" or seen.completed_at:
        return
    if not cart.items:
        empty(incoming, cart)
        return
    if moved or cart.state == "emptied":
        cart.state = "open"
    if cart.state == "open":
        enrollment.consider(incoming.session, cart, incoming.now, moved=moved)


def empty(incoming: Incoming, cart: Cart, cancelled: Order | None = None) -> None:
    """End an open cart: the shopper emptied it, or its order was ``cancelled`` before anybody paid."""
    if cart.state not in ("open", "expired"):
        return
    cart.state, cart.waits_for = "emptied", None
    enrollment.end_for_cart(incoming.session, cart.store_id, cart.id, "cart_emptied", incoming.now)
    kind, details = ("cancelled", _named(cancelled)) if cancelled else ("emptied", {})
    timeline.record(incoming.session, cart.store_id, cart.id, kind, incoming.now, details=details)


def mark_ordered(incoming: Incoming, cart: Cart, at: datetime, order: Order | None = None) -> None:
    """The cart was bought: nothing more is sent, and its reusable keys are free for the next cart."""
    if cart.state == "ordered":
        cart.ordered_at = min(cart.ordered_at or at, at)
        return
    cart.state, cart.ordered_at, cart.waits_for = "ordered", at, None
    cart.updated_at = incoming.now
    cart_keys.free_keys(incoming, cart)
    enrollment.end_for_cart(incoming.session, cart.store_id, cart.id, "ordered", incoming.now)
    details = _named(order) if order else {}
    timeline.record(incoming.session, cart.store_id, cart.id, "ordered", incoming.now, details=details)


def _named(order: Order) -> dict[str, str | None]:
    return {"order": order.platform_order_id, "number": order.number}
