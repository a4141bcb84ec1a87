from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.models import (
    Cart,
    CartKey,
    Contact,
    Enrollment,
    Flow,
    Fulfillment,
    Order,
    Refund,
    Store,
    TimelineEntry,
)
from app.runtime import Runtime
from connectors.events import Event, FulfillmentSeen, Money, OrderDeleted, OrderStatus, RefundSeen, Shopper
from tests import factories
from tests.flows import told
from tests.flows.told import NOBODY, PHONE, minutes_ago


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB", currency="GBP")
        factories.make_flow(session, store)
    return store


def _enroll(runtime: Runtime, store: Store, cart: Cart | None = None, **columns: Any) -> Enrollment:
    """A cart of Anna's, and its enrollment."""
    with runtime.database.session() as session:
        flow = session.scalar(select(Flow).where(Flow.store_id == store.id))
        assert flow is not None
        if cart is None:
            contact = session.scalar(
                select(Contact).where(Contact.phone == PHONE, Contact.store_id == store.id)
            )
            contact = contact or factories.make_contact(session, store, phone=PHONE)
            cart = factories.make_cart(session, store, contact, **columns)
        contact = session.get_one(Contact, cart.contact_id)
        return factories.make_enrollment(session, store, flow, contact, cart)


def _state(runtime: Runtime, enrollment: Enrollment) -> tuple[str, str | None]:
    with runtime.database.session() as session:
        row = session.get_one(Enrollment, enrollment.id)
        return row.state, row.reason


def refund(amount: str = "10.00", number: str = "r-1") -> RefundSeen:
    return RefundSeen("1001", number, Money(Decimal(amount), "USD"), minutes_ago(1))


def parcel(status: str, at: float, number: str = "p-1") -> FulfillmentSeen:
    return FulfillmentSeen("1001", number, status, minutes_ago(at))


def test_an_order_is_kept_with_all_that_is_told(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.order(at=5, discount_codes=("SAVE10",), test=True))
    order = told.row(runtime, Order)
    assert (order.platform_order_id, order.number, order.status) == ("1001", "#1001", "placed")
    assert (order.total, order.currency, order.test) == (Decimal("48.00"), "USD", True)
    assert (order.email, order.customer_id) == ("anna@example.com", "7")
    assert (order.discount_codes, order.placed_at) == (["SAVE10"], minutes_ago(5))
    assert order.status_url is not None and "authenticate" not in order.status_url
    assert runtime.cipher.decrypt(order.status_url) == told.order().status_url


def test_an_order_ends_its_cart_and_frees_the_reusable_key(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9))
    enrollment = _enroll(runtime, store, told.row(runtime, Cart))
    told.apply(runtime, store, told.order(at=5))
    cart, order = told.row(runtime, Cart), told.row(runtime, Order)
    assert (cart.state, cart.ordered_at, order.cart_id) == ("ordered", minutes_ago(5), cart.id)
    assert order.contact_id == cart.contact_id
    assert _state(runtime, enrollment) == ("ended", "ordered")
    assert {key.kind: key.in_use for key in told.rows(runtime, CartKey)} == {
        "checkout_token": True,
        "cart_token": False,
    }
    assert [line.kind for line in told.rows(runtime, TimelineEntry)] == ["seen", "ended", "ordered"]


def test_the_same_order_again_changes_nothing(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9), told.order(at=5))
    lines, url = len(told.rows(runtime, TimelineEntry)), told.row(runtime, Order).status_url
    told.apply(runtime, store, told.order(at=5), told.order(at=5))
    assert (len(told.rows(runtime, TimelineEntry)), told.row(runtime, Order).status_url) == (lines, url)


def test_an_order_that_we_hear_of_before_its_cart_ends_it_all_the_same(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.order(at=5), told.cart(at=9))
    cart, order = told.row(runtime, Cart), told.row(runtime, Order)
    assert (cart.state, cart.ordered_at, order.cart_id) == ("ordered", minutes_ago(5), cart.id)
    assert cart.email == "anna@example.com"


def test_items_of_a_cart_that_was_ordered_meanwhile_open_no_cart(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.order(at=5), told.items_only(at=9))
    assert told.rows(runtime, Cart) == []


def test_items_after_the_order_are_the_next_cart(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.order(at=5), told.items_only(at=2))
    assert told.row(runtime, Cart).state == "open"


def test_an_old_order_that_is_edited_does_not_take_the_shoppers_next_cart(
    runtime: Runtime, store: Store
) -> None:
    fresh = told.items_only(at=5, created_at=minutes_ago(6))
    told.apply(runtime, store, fresh, told.order(at=500, updated_at=minutes_ago(1)))
    assert told.row(runtime, Cart).state == "open"
    assert told.row(runtime, Order).cart_id is None


def test_an_order_known_by_the_reusable_key_alone_finds_its_cart(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.items_only(at=9), told.order(at=5))
    assert (told.row(runtime, Cart).state, told.row(runtime, Order).cart_id) == (
        "ordered",
        told.row(runtime, Cart).id,
    )


def test_what_is_told_later_of_that_cart_finds_it_by_the_orders_key(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.items_only(at=9), told.order(at=5), told.cart(at=7))
    assert (told.row(runtime, Cart).state, told.row(runtime, Cart).email) == ("ordered", "anna@example.com")


@pytest.mark.parametrize(
    ("first", "then", "stands"),
    [
        (OrderStatus.PLACED, OrderStatus.PAID, "paid"),
        (OrderStatus.PAID, OrderStatus.PLACED, "paid"),
        (OrderStatus.PAID, OrderStatus.REFUNDED, "refunded"),
        (OrderStatus.REFUNDED, OrderStatus.PAID, "refunded"),
        (OrderStatus.PAID, OrderStatus.CANCELLED, "cancelled"),
        (OrderStatus.CANCELLED, OrderStatus.REFUNDED, "cancelled"),
        (OrderStatus.CANCELLED, OrderStatus.PAID, "cancelled"),
    ],
)
def test_a_status_only_moves_forward(
    runtime: Runtime, store: Store, first: OrderStatus, then: OrderStatus, stands: str
) -> None:
    told.apply(runtime, store, told.order(at=5, status=first))
    told.apply(runtime, store, told.order(at=5, updated_at=minutes_ago(1), status=then))
    assert told.row(runtime, Order).status == stands


def test_an_older_description_of_an_order_changes_nothing(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.order(at=9, updated_at=minutes_ago(1), status=OrderStatus.PAID))
    older = told.order(at=9, total=Money(Decimal("1.00"), "USD"), status=OrderStatus.CANCELLED)
    told.apply(runtime, store, older)
    assert (told.row(runtime, Order).status, told.row(runtime, Order).total) == ("paid", Decimal("48.00"))


OTHERS = [
    ({"phones": (PHONE,)}, {}),
    ({"email": "ANNA@example.com"}, {"email": "anna@example.com"}),
    ({"customer_id": "7"}, {"customer_id": "7"}),
]


@pytest.mark.parametrize(("buyer", "contact"), OTHERS, ids=["number", "e-mail", "customer"])
def test_whoever_buys_is_not_reminded_of_another_cart_left_before(
    runtime: Runtime, store: Store, buyer: dict[str, Any], contact: dict[str, Any]
) -> None:
    with runtime.database.session() as session:
        known = factories.make_contact(session, store, phone=PHONE, **contact)
        cart = factories.make_cart(session, store, known, activity_at=minutes_ago(60))
    enrollment = _enroll(runtime, store, cart)
    told.apply(runtime, store, told.order(at=5, keys=(), shopper=replace(NOBODY, country="GB", **buyer)))
    assert _state(runtime, enrollment) == ("ended", "ordered")
    with runtime.database.session() as session:
        assert session.get_one(Cart, cart.id).state == "open"
    assert told.row(runtime, Order).contact_id == known.id


def test_a_cart_that_was_touched_after_the_order_goes_on(runtime: Runtime, store: Store) -> None:
    enrollment = _enroll(runtime, store, activity_at=minutes_ago(2))
    told.apply(runtime, store, told.order(at=5, keys=()))
    assert _state(runtime, enrollment)[0] == "active"


def test_a_strangers_order_ends_nothing(runtime: Runtime, store: Store) -> None:
    enrollment = _enroll(runtime, store, activity_at=minutes_ago(60))
    stranger = Shopper(phones=("+447400999999",), email="b@example.com", customer_id="8", country="GB")
    told.apply(runtime, store, told.order(at=5, keys=(), shopper=stranger))
    assert _state(runtime, enrollment)[0] == "active"


def test_the_same_persons_order_at_another_store_ends_nothing_here(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
    enrollment = _enroll(runtime, store, activity_at=minutes_ago(60), keys=[("checkout_token", "checkout-1")])
    told.apply(runtime, neighbour, told.order(at=5))
    assert _state(runtime, enrollment)[0] == "active"
    assert told.row(runtime, Order).store_id == neighbour.id


@pytest.mark.parametrize("times", [1, 2])
def test_an_order_that_was_cancelled_unpaid_empties_its_cart(
    runtime: Runtime, store: Store, times: int
) -> None:
    told.apply(runtime, store, told.cart(at=90))
    enrollment = _enroll(runtime, store, told.row(runtime, Cart))
    told.apply(runtime, store, *[told.order(at=5, status=OrderStatus.CANCELLED)] * times)
    assert told.row(runtime, Cart).state == "emptied"
    assert _state(runtime, enrollment) == ("ended", "cart_emptied")
    lines = [(line.kind, line.details.get("order")) for line in told.rows(runtime, TimelineEntry)]
    assert ("cancelled", "1001") in lines
    assert "emptied" not in dict(lines)


def test_an_order_that_was_paid_after_it_was_cancelled_was_bought(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=90), told.order(at=9, status=OrderStatus.CANCELLED))
    told.apply(runtime, store, told.order(at=5, status=OrderStatus.PAID))
    assert told.row(runtime, Cart).state == "ordered"


def test_a_deleted_order_stays_ordered(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9), told.order(at=5), OrderDeleted("1001"))
    assert (told.row(runtime, Cart).state, told.row(runtime, Order).status) == ("ordered", "placed")


def test_a_refund_counts_once_however_often_it_is_told(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9), told.order(at=5), refund(), refund(), refund("5.00", "r-2"))
    assert told.row(runtime, Order).refunded == Decimal("15.00")
    assert len(told.rows(runtime, Refund)) == 2
    assert [line.kind for line in told.rows(runtime, TimelineEntry)][-2:] == ["refunded", "refunded"]


def test_an_order_that_tells_its_refunds_itself_does_not_count_them_twice(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.order(at=5), refund(), told.order(at=1, refunded=Decimal("10.00")))
    assert told.row(runtime, Order).refunded == Decimal("10.00")


def test_what_is_wholly_refunded_is_refunded(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.order(at=5, status=OrderStatus.PAID), refund("48.00"))
    assert told.row(runtime, Order).status == "refunded"


def test_refunds_and_parcels_that_come_before_their_order_wait_for_it(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, refund(), parcel("in_transit", 3), told.order(at=5))
    order = told.row(runtime, Order)
    assert (order.refunded, order.fulfillment_status) == (Decimal("10.00"), "in_transit")
    assert order.fulfillment_updated_at == minutes_ago(3)


def test_an_order_shows_the_parcel_that_moved_last(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.order(at=60), parcel("delivered", 3), parcel("in_transit", 9))
    assert told.row(runtime, Order).fulfillment_status == "delivered"
    told.apply(runtime, store, parcel("success", 1, "p-2"))
    assert told.row(runtime, Order).fulfillment_status == "success"
    assert len(told.rows(runtime, Fulfillment)) == 2


def test_an_order_in_a_currency_that_cannot_be_read_is_still_an_order(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9), told.order(at=5, total=Money(Decimal(0), "XXX")))
    assert told.row(runtime, Cart).state == "ordered"


JOURNEY = (
    told.items_only(at=50),
    told.cart(at=40),
    told.cart(at=30, step="payment", completed_at=minutes_ago(30)),
    told.order(at=30),
    told.order(at=30, updated_at=minutes_ago(20), status=OrderStatus.PAID),
    refund(),
    parcel("success", 15),
    parcel("delivered", 10),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.permutations([*JOURNEY, *JOURNEY[2:5]]))
def test_in_whatever_order_and_however_often_it_is_told_a_purchase_ends_the_same(
    runtime: Runtime, order: list[Event]
) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB")
    told.apply(runtime, store, *order)
    with runtime.database.session() as session:
        [bought] = session.scalars(select(Order).where(Order.store_id == store.id)).all()
        carts = session.scalars(select(Cart).where(Cart.store_id == store.id)).all()
        [cart] = [cart for cart in carts if cart.id == bought.cart_id]
        assert (bought.status, bought.refunded) == ("paid", Decimal("10.00"))
        assert bought.fulfillment_status == "delivered"
        assert (cart.state, cart.ordered_at, cart.step) == ("ordered", minutes_ago(30), "payment")
        assert (cart.email, cart.activity_at) == ("anna@example.com", minutes_ago(30))
        assert carts == [cart]
