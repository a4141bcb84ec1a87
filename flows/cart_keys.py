"""The names under which a platform knows a cart, and the cart that is found by them.

A cart has strong keys that never name another cart (``checkout_token``, ``woo_order``) and reusable
ones that the platform gives to the shopper's next cart again (``cart_token``, ``woo_session``). Where
the keys of one description lead to two carts, they are one cart that we came to know twice: the one
with the strong key takes in the other. An ordered cart gives up its reusable keys. An erased one stays
nobody's: what was made since under a reusable key of it is another cart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from app.models import Cart, CartKey, Link
from connectors.events import CartSeen, Key
from flows import cart_merge
from flows.incoming import Incoming

REUSABLE = frozenset({"cart_token", "woo_session"})


@dataclass(frozen=True, slots=True)
class Found:
    """A cart, and which of the keys that were asked for are its own."""

    cart: Cart
    known: frozenset[Key]


def strong(keys: Sequence[Key]) -> list[Key]:
    return [key for key in keys if key.kind not in REUSABLE]


def find(incoming: Incoming, keys: Sequence[Key], opened_by: str | None = None) -> Found | None:
    """The cart that is known by these keys now, its row locked; carts that prove to be one are merged.

    A checkout that our link filled anew (``opened_by``) goes on with the cart of that link.
    """
    rows = incoming.session.execute(
        select(Cart, CartKey.kind, CartKey.value)
        .join(CartKey, _OF_CART)
        .where(_named(incoming, keys), CartKey.in_use)
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
    # The reusable keys in late news of a cart that is closed may name the shopper's next cart by now.
    joined = [other for other in others if not (_is_closed(cart) or _is_closed(other))]
    for other in joined:
        cart_merge.merge(incoming.session, winner=cart, loser=other, now=incoming.now)
    return Found(cart, frozenset(key for key, owner in by_key.items() if owner is cart or owner in joined))


def _is_closed(cart: Cart) -> bool:
    return cart.state == "ordered" or cart.erased_at is not None


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
        insert_keys(incoming, found.cart, fresh)


def insert_keys(incoming: Incoming, cart: Cart, keys: Sequence[Key]) -> None:
    names = {"store_id": incoming.store.id, "cart_id": cart.id, "in_use": True}
    rows = [names | {"kind": key.kind, "value": key.value} for key in dict.fromkeys(keys)]
    incoming.session.execute(insert(CartKey).on_conflict_do_nothing(), rows)


def free_keys(incoming: Incoming, cart: Cart) -> None:
    incoming.session.execute(
        update(CartKey)
        .where(CartKey.store_id == cart.store_id, CartKey.cart_id == cart.id, CartKey.kind.in_(REUSABLE))
        .values(in_use=False)
    )


def is_new(found: Found, keys: Sequence[Key]) -> bool:
    """Whether the platform made a checkout of its own of the cart: under a strong key, or only under keys
    that we did not know. WooCommerce makes a draft of a cart that goes on under the plugin's key."""
    named = strong(keys) or keys
    return not found.known.intersection(named)


def is_begun_anew(found: Found, seen: CartSeen) -> bool:
    """Whether the platform uses a key of a cart that we erased for one that it made since then.

    Nothing else that it tells brings back whose an erased cart was.
    """
    since, made_at = found.cart.erased_at, seen.created_at
    return since is not None and made_at is not None and made_at >= since and is_new(found, seen.keys)


def is_over(incoming: Incoming, seen: CartSeen) -> bool:
    """Whether a cart that had one of these keys was ordered after what we are told now, or erased since the
    one that we are told of was made.
    """
    made_at = seen.created_at or seen.updated_at
    over = or_(Cart.ordered_at >= seen.updated_at, Cart.erased_at > made_at)
    query = select(Cart.id).join(CartKey, _OF_CART).where(_named(incoming, seen.keys), over)
    return incoming.session.scalar(query.limit(1)) is not None


def erased_at(incoming: Incoming, keys: Sequence[Key]) -> datetime | None:
    """When a cart that had one of these keys was erased, the last time."""
    query = select(func.max(Cart.erased_at)).join(CartKey, _OF_CART).where(_named(incoming, keys))
    return incoming.session.scalar(query) if keys else None


_OF_CART = and_(CartKey.store_id == Cart.store_id, CartKey.cart_id == Cart.id)


def _named(incoming: Incoming, keys: Sequence[Key]) -> ColumnElement[bool]:
    named = [(key.kind, key.value) for key in keys]
    return and_(CartKey.store_id == incoming.store.id, tuple_(CartKey.kind, CartKey.value).in_(named))
