"""Carts as the platform describes them: found by their keys, joined, filled, emptied, ordered.

A cart has strong keys that never name another cart (``checkout_token``, ``woo_order``) and reusable
ones that the platform gives to the shopper's next cart again (``cart_token``, ``woo_session``). Where
the keys of one description lead to two carts, they are one cart that we came to know twice: the one
with the strong key takes in the other. An ordered cart gives up its reusable keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from app.models import Cart, CartKey, Contact, Link, Order, OrderKey
from connectors.platform import CartDeleted, CartSeen, ConsentState, Item, Key, OrderSeen
from flows import after_tap, cart_merge, consents, contacts, enrollment, timeline
from flows.devices import device
from flows.incoming import Incoming
from flows.phones import Phone, read_phone

REUSABLE = frozenset({"cart_token", "woo_session"})


@dataclass(frozen=True, slots=True)
class Found:
    """A cart, and which of the keys that were asked for are its own."""

    cart: Cart
    known: frozenset[Key]


def strong(keys: Sequence[Key]) -> list[Key]:
    return [key for key in keys if key.kind not in REUSABLE]


def see(incoming: Incoming, seen: CartSeen) -> None:
    """Take over how a cart is now. What is older than what we know changes nothing."""
    found = find(incoming, seen.keys, seen.opened_by)
    if found is None:
        _see_unknown(incoming, seen)
        return
    refilled = seen.opened_by is not None and _is_new(found, seen.keys)
    keep_keys(incoming, found, seen.keys)
    _take_over(incoming, found.cart, seen, first=False, refilled=refilled)


def _is_new(found: Found, keys: Sequence[Key]) -> bool:
    """Whether the platform made a checkout of its own of the cart: under a strong key, or only under keys
    that we did not know. WooCommerce makes a draft of a cart that goes on under the plugin's key."""
    named = strong(keys) or keys
    return not found.known.intersection(named)


def see_deleted(incoming: Incoming, deleted: CartDeleted) -> None:
    """The platform removed the cart: nobody can come back to it. An ordered one stays ordered."""
    found = find(incoming, deleted.keys)
    if found is not None:
        empty(incoming, found.cart)


def find(incoming: Incoming, keys: Sequence[Key], opened_by: str | None = None) -> Found | None:
    """The cart that is known by these keys now, its row locked; carts that prove to be one are merged.

    A checkout that our link filled anew (``opened_by``) goes on with the cart of that link.
    """
    named = [(key.kind, key.value) for key in keys]
    rows = incoming.session.execute(
        select(Cart, CartKey.kind, CartKey.value)
        .join(CartKey, and_(CartKey.store_id == Cart.store_id, CartKey.cart_id == Cart.id))
        .where(CartKey.store_id == incoming.store.id, CartKey.in_use)
        .where(tuple_(CartKey.kind, CartKey.value).in_(named))
        .order_by(Cart.id)
        .with_for_update(of=Cart, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    by_key = {Key(kind, value): cart for cart, kind, value in rows}
    carts = list(dict.fromkeys(by_key[key] for key in [*strong(keys), *keys] if key in by_key))
    linked = _cart_of_link(incoming, opened_by)
    if linked is not None and all(cart.state != "ordered" for cart in carts):
        carts = list(dict.fromkeys([linked, *carts]))
    if not carts:
        return None
    cart, others = carts[0], carts[1:]
    # The reusable keys in late news of an ordered cart may name the shopper's next cart by now.
    joined = [other for other in others if "ordered" not in (cart.state, other.state)]
    for other in joined:
        cart_merge.merge(incoming.session, winner=cart, loser=other, now=incoming.now)
    return Found(cart, frozenset(key for key, owner in by_key.items() if owner is cart or owner in joined))


def _cart_of_link(incoming: Incoming, token: str | None) -> Cart | None:
    """The cart, not bought yet, that the store's link of that token leads back to; its row is locked.

    A link that a stop or an erasure ended leads back to none.
    """
    if token is None:
        return None
    query = (
        select(Cart)
        .join(Link, and_(Link.store_id == Cart.store_id, Link.cart_id == Cart.id))
        .where(Link.store_id == incoming.store.id, Link.token == token, Link.ended_at.is_(None))
        .where(Cart.state != "ordered")
        .with_for_update(of=Cart, key_share=True)
        .execution_options(populate_existing=True)
    )
    return incoming.session.scalar(query)


def keep_keys(incoming: Incoming, found: Found, keys: Sequence[Key]) -> None:
    """Remember the keys by which the platform now knows the cart too."""
    usable = strong(keys) if found.cart.state == "ordered" else keys
    fresh = [key for key in dict.fromkeys(usable) if key not in found.known]
    if fresh:
        _insert_keys(incoming, found.cart, fresh)


def _insert_keys(incoming: Incoming, cart: Cart, keys: Sequence[Key]) -> None:
    names = {"store_id": incoming.store.id, "cart_id": cart.id, "in_use": True}
    rows = [names | {"kind": key.kind, "value": key.value} for key in dict.fromkeys(keys)]
    incoming.session.execute(insert(CartKey).on_conflict_do_nothing(), rows)


def _see_unknown(incoming: Incoming, seen: CartSeen) -> None:
    """A cart under keys that no open cart has: a fresh one, or late news of one that was ordered."""
    order = _order_of(incoming, seen)
    if order is None and not (seen.items or seen.completed_at):
        return
    if order is None and _was_ordered(incoming, seen):
        return
    if order is not None and (order.cart_id is not None or not strong(seen.keys)):
        return
    cart = _begin(incoming, seen)
    _insert_keys(incoming, cart, seen.keys)
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
    late = (order for order, kind in rows if kind not in REUSABLE or order.placed_at >= seen.updated_at)
    return next(late, None)


def _was_ordered(incoming: Incoming, seen: CartSeen) -> bool:
    """Whether a cart that had one of these keys was ordered after what we are told now."""
    named = [(key.kind, key.value) for key in seen.keys]
    query = (
        select(Cart.id)
        .join(CartKey, and_(CartKey.store_id == Cart.store_id, CartKey.cart_id == Cart.id))
        .where(CartKey.store_id == incoming.store.id, tuple_(CartKey.kind, CartKey.value).in_(named))
        .where(Cart.ordered_at >= seen.updated_at)
        .limit(1)
    )
    return incoming.session.scalar(query) is not None


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
    key = next(iter([*strong(seen.keys), *seen.keys]), Key("event", incoming.dedupe_key))
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
    free_keys(incoming, cart)
    enrollment.end_for_cart(incoming.session, cart.store_id, cart.id, "ordered", incoming.now)
    details = _named(order) if order else {}
    timeline.record(incoming.session, cart.store_id, cart.id, "ordered", incoming.now, details=details)


def _named(order: Order) -> dict[str, str | None]:
    return {"order": order.platform_order_id, "number": order.number}


def free_keys(incoming: Incoming, cart: Cart) -> None:
    incoming.session.execute(
        update(CartKey)
        .where(CartKey.store_id == cart.store_id, CartKey.cart_id == cart.id, CartKey.kind.in_(REUSABLE))
        .values(in_use=False)
    )
