"""Orders: upserted, joined to their cart, and the end of what their buyer was to be texted.

Deliveries come in any order: a refund or a parcel may be told of before its order, an order before its
cart. What is told is kept by the platform's ids and joined when the other half arrives.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.models import Cart, Contact, Discount, Enrollment, Fulfillment, Order, OrderKey, Refund
from connectors.events import FulfillmentSeen, OrderDeleted, OrderSeen, OrderStatus, RefundSeen
from flows import attribution, cart_keys, carts, contacts, discount_ends, enrollment, timeline
from flows.devices import device
from flows.incoming import Incoming

# A status only moves forward; cancelled is final.
RANK = {OrderStatus.PLACED: 0, OrderStatus.PAID: 1, OrderStatus.REFUNDED: 2, OrderStatus.CANCELLED: 3}

# Shopify documentation, FulfillmentEventStatus, 2026-10; before it what a fulfilment itself may say.
PARCEL_WAY = (
    "pending",
    "open",
    "success",
    "label_purchased",
    "label_printed",
    "confirmed",
    "carrier_picked_up",
    "in_transit",
    "delayed",
    "out_for_delivery",
    "attempted_delivery",
    "ready_for_pickup",
    "delivered",
)


def see(incoming: Incoming, seen: OrderSeen) -> None:
    """Take over how an order is now. What is older than what we know changes nothing."""
    order = find(incoming, seen.order_id)
    if order is None:
        order = _begin(incoming, seen)
    elif seen.updated_at < order.platform_updated_at:
        return
    # Cancelled from the first that we heard of it, however often it is told.
    never_bought = seen.status is OrderStatus.CANCELLED and order.status == OrderStatus.CANCELLED.value
    _describe(incoming, order, seen)
    _keep_keys(incoming, order, seen)
    if order.erased_at is None:
        _describe_buyer(incoming, order, seen)
        carts.take_consent_box(incoming, seen)
    _join_cart(incoming, order, seen, never_bought)
    if not never_bought:
        _end_for_buyer(incoming, order)
    _settle(incoming, order)


def see_refund(incoming: Incoming, seen: RefundSeen) -> None:
    refund = insert(Refund).values(
        store_id=incoming.store.id,
        platform_refund_id=seen.refund_id,
        platform_order_id=seen.order_id,
        currency=seen.amount.currency,
        amount=seen.amount.amount,
        refunded_at=seen.refunded_at,
    )
    incoming.session.execute(refund.on_conflict_do_nothing())
    order = find(incoming, seen.order_id)
    if order is not None:
        _settle(incoming, order)


def see_fulfillment(incoming: Incoming, seen: FulfillmentSeen) -> None:
    """A parcel, as it was last described; the order shows the one that moved last."""
    parcel = incoming.session.scalar(
        select(Fulfillment)
        .where(Fulfillment.store_id == incoming.store.id)
        .where(Fulfillment.platform_fulfillment_id == seen.fulfillment_id)
    )
    if parcel is None:
        parcel = Fulfillment(
            store_id=incoming.store.id,
            platform_fulfillment_id=seen.fulfillment_id,
            platform_order_id=seen.order_id,
            status=seen.status,
            platform_updated_at=seen.updated_at,
        )
        incoming.session.add(parcel)
    elif (seen.updated_at, _way(seen.status)) > (parcel.platform_updated_at, _way(parcel.status)):
        parcel.status, parcel.platform_updated_at = seen.status, seen.updated_at
    incoming.session.flush()
    order = find(incoming, seen.order_id)
    if order is not None:
        _show_fulfillment(incoming, order)


def _way(status: str) -> int:
    """How far a parcel is: of two descriptions of the same second, the one that is further holds."""
    return PARCEL_WAY.index(status) if status in PARCEL_WAY else -1


def see_deleted(incoming: Incoming, deleted: OrderDeleted) -> None:
    """The platform removed the order. It was bought all the same: nobody is texted about it again."""


def find(incoming: Incoming, platform_order_id: str) -> Order | None:
    query = (
        select(Order)
        .where(Order.store_id == incoming.store.id, Order.platform_order_id == platform_order_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return incoming.session.scalar(query)


def _begin(incoming: Incoming, seen: OrderSeen) -> Order:
    """A new order. Of a cart that was erased since the order came to be, it is nobody's either."""
    erased_at = cart_keys.erased_at(incoming, seen.keys)
    is_old = erased_at is not None and (seen.created_at or seen.placed_at) < erased_at
    order = Order(
        store_id=incoming.store.id,
        platform_order_id=seen.order_id,
        status=seen.status.value,
        currency=seen.total.currency,
        total=seen.total.amount,
        refunded=Decimal(0),
        discount_codes=[],
        placed_at=seen.placed_at,
        erased_at=erased_at if is_old else None,
        platform_updated_at=seen.updated_at,
        created_at=incoming.now,
        updated_at=incoming.now,
    )
    incoming.session.add(order)
    incoming.session.flush()
    return order


def _describe(incoming: Incoming, order: Order, seen: OrderSeen) -> None:
    shown = seen.presentment_total
    order.platform_updated_at = seen.updated_at
    # Some payments are dated by the last change of their order; the first date told is the purchase.
    order.placed_at = min(order.placed_at, seen.placed_at)
    order.updated_at = incoming.now
    order.currency, order.total = seen.total.currency, seen.total.amount
    order.presentment_total, order.presentment_currency = (
        (shown.amount, shown.currency) if shown else (None, None)
    )
    order.number, order.test = seen.number or order.number, seen.test
    order.discount_codes = list(seen.discount_codes)
    order.refunded = max(order.refunded, seen.refunded or Decimal(0))
    _move_forward(incoming, order, seen.status)


def _describe_buyer(incoming: Incoming, order: Order, seen: OrderSeen) -> None:
    shopper = seen.shopper
    order.email = shopper.email.lower() if shopper.email else order.email
    order.customer_id = shopper.customer_id or order.customer_id
    order.device = device(seen.user_agent) or order.device
    _keep_status_url(incoming, order, seen.status_url)
    phone = contacts.read(shopper, incoming.store).phone
    if phone is not None:
        order.contact_id = contacts.keep(incoming, phone, shopper, seen.locale).id


def _keep_status_url(incoming: Incoming, order: Order, url: str | None) -> None:
    """Encryption gives another text each time: an address that is the same is left alone."""
    if url and (order.status_url is None or incoming.runtime.cipher.decrypt(order.status_url) != url):
        order.status_url = incoming.seal(url)


def _move_forward(incoming: Incoming, order: Order, status: OrderStatus) -> None:
    if RANK[status] <= RANK[OrderStatus(order.status)]:
        return
    order.status = status.value
    if order.cart_id is not None and status in (OrderStatus.CANCELLED, OrderStatus.REFUNDED):
        _tell(incoming, order, status.value)


def _tell(incoming: Incoming, order: Order, kind: str, **details: str) -> None:
    if order.cart_id is not None:
        told = {"order": order.platform_order_id, "number": order.number, **details}
        timeline.record(incoming.session, order.store_id, order.cart_id, kind, incoming.now, details=told)


def _keep_keys(incoming: Incoming, order: Order, seen: OrderSeen) -> None:
    names = {"store_id": order.store_id, "order_id": order.id}
    rows = [names | {"kind": key.kind, "value": key.value} for key in dict.fromkeys(seen.keys)]
    if rows:
        incoming.session.execute(insert(OrderKey).on_conflict_do_nothing(), rows)


def _join_cart(incoming: Incoming, order: Order, seen: OrderSeen, never_bought: bool) -> None:
    cart = _own_cart(incoming, order, seen)
    if cart is None:
        return
    order.cart_id, order.contact_id = cart.id, order.contact_id or cart.contact_id
    if never_bought:
        # WooCommerce cancels an unpaid order by itself after a while: it cannot be paid any more.
        carts.empty(incoming, cart, cancelled=order)
    else:
        carts.mark_ordered(incoming, cart, order.placed_at, order)
        offered = _cart_of_code(incoming, seen, cart.id)
        if offered is not None:
            # The code was typed into a checkout that we know as another cart: it is used up all the same.
            carts.mark_ordered(incoming, offered, order.placed_at, order)


def _own_cart(incoming: Incoming, order: Order, seen: OrderSeen) -> Cart | None:
    """The cart that was bought. A reusable key alone may name the shopper's next cart by now."""
    if order.cart_id is not None:
        lock = {"key_share": True}
        return incoming.session.get(Cart, order.cart_id, with_for_update=lock, populate_existing=True)
    found = cart_keys.find(incoming, seen.keys, seen.opened_by) if seen.keys else None
    if found is None:
        return _cart_of_code(incoming, seen)
    begun_at = found.cart.platform_created_at or found.cart.created_at
    if not found.known.intersection(cart_keys.strong(seen.keys)) and begun_at > order.placed_at:
        return None
    cart_keys.keep_keys(incoming, found, seen.keys)
    return found.cart


def _cart_of_code(incoming: Incoming, seen: OrderSeen, other_than: int | None = None) -> Cart | None:
    """The cart for which a code of ours was made, whatever checkout it was used in."""
    if not seen.discount_codes:
        return None
    codes = [code.lower() for code in seen.discount_codes]
    query = (
        select(Cart)
        .join(Discount, (Discount.store_id == Cart.store_id) & (Discount.cart_id == Cart.id))
        .where(Discount.store_id == incoming.store.id, Discount.code.in_(codes), Cart.state != "ordered")
        .where(Cart.id.is_distinct_from(other_than))
        .order_by(Cart.id)
        .limit(1)
        .with_for_update(of=Cart, key_share=True)
        .execution_options(populate_existing=True)
    )
    return incoming.session.scalar(query)


def _end_for_buyer(incoming: Incoming, order: Order) -> None:
    """Whoever has bought is not reminded of what lay in another cart before: by number, e-mail, customer."""
    buyer = [Contact.id == order.contact_id] if order.contact_id else []
    buyer += [Contact.email == order.email] if order.email else []
    buyer += [Contact.customer_id == order.customer_id] if order.customer_id else []
    if not buyer:
        return
    incoming.session.flush()
    people = select(Contact.id).where(Contact.store_id == order.store_id, or_(*buyer))
    contact_ids = incoming.session.scalars(people.order_by(Contact.updated_at.desc())).all()
    order.contact_id = order.contact_id or next(iter(contact_ids), None)
    left_before = (
        select(Enrollment.id)
        .join(Cart, (Cart.store_id == Enrollment.store_id) & (Cart.id == Enrollment.subject_id))
        .where(Enrollment.store_id == order.store_id, Enrollment.contact_id.in_(contact_ids))
        .where(Enrollment.state == "active", Enrollment.subject_type == "cart")
        .where(Cart.activity_at <= order.placed_at)
    )
    ids = incoming.session.scalars(left_before).all()
    enrollment.end_enrollments(incoming.session, order.store_id, ids, "ordered", incoming.now)
    discount_ends.end_before(incoming.session, order.store_id, contact_ids, order.placed_at, incoming.now)


def _settle(incoming: Incoming, order: Order) -> None:
    """What came before the order or beside it: refunds, parcels; then what the order is worth to us."""
    session = incoming.session
    of_order = (Refund.store_id == order.store_id) & (Refund.platform_order_id == order.platform_order_id)
    given_back = session.scalar(select(func.sum(Refund.amount)).where(of_order)) or Decimal(0)
    if given_back > order.refunded:
        order.refunded = given_back
        _tell(incoming, order, "refunded", amount=str(given_back), currency=order.currency)
    if order.refunded >= order.total > 0:
        _move_forward(incoming, order, OrderStatus.REFUNDED)
    _show_fulfillment(incoming, order)
    session.flush()
    attribution.attribute(session, incoming.store, order, incoming.now)


def _show_fulfillment(incoming: Incoming, order: Order) -> None:
    latest = incoming.session.scalar(
        select(Fulfillment)
        .where(Fulfillment.store_id == order.store_id)
        .where(Fulfillment.platform_order_id == order.platform_order_id)
        .order_by(Fulfillment.platform_updated_at.desc(), Fulfillment.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if latest is not None:
        order.fulfillment_status, order.fulfillment_updated_at = latest.status, latest.platform_updated_at
