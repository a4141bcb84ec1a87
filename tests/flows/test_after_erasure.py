"""News of what was erased brings nobody back; what somebody does afterwards is a new beginning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.clock import FixedClock
from app.models import Cart, ConsentEvent, Contact, Order, Store
from app.runtime import Runtime
from connectors.events import ConsentChanged, Event, Key, OrderStatus
from flows import erasure
from flows.incoming import Incoming
from flows.traces import Shopper
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.whole_person import naming

LATER = -60
"""Minutes after the erasure, as ``told`` counts them: from NOW backwards."""
MARKS = (told.PHONE, "anna@example.com", "Anna")
PENDING = Key("woo_order", "25")


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, country="GB", locale="en")


@pytest.fixture
def erased(runtime: Runtime, clock: FixedClock, store: Store) -> Any:
    """Erases Anna, after what the store told of her."""

    def erase(*events: Event) -> None:
        told.apply(runtime, store, *events)
        with runtime.database.session() as session:
            mine = session.get_one(Store, store.id)
            asking = Incoming(session, runtime, mine, NOW, NOW)
            erasure.erase_person(asking, Shopper(phones=(told.PHONE,)))
        clock.advance(timedelta(hours=2))

    return erase


def nobody_is_named(runtime: Runtime) -> bool:
    with runtime.database.session() as session:
        return naming(session, *MARKS) == {}


@pytest.mark.parametrize("minutes", [9, LATER], ids=["told again", "told later"])
@pytest.mark.parametrize("ordered", [False, True])
def test_nothing_that_is_told_of_a_cart_or_an_order_brings_its_person_back(
    runtime: Runtime, store: Store, erased: Any, minutes: int, ordered: bool
) -> None:
    events = [told.cart(at=9, consent=told.tick()), *([told.order(at=5)] if ordered else [])]
    erased(*events)
    assert nobody_is_named(runtime)
    news = [told.cart(at=minutes, consent=told.tick()), told.items_only(at=minutes)]
    updated = {"updated_at": told.minutes_ago(minutes), "status": OrderStatus.PAID}
    news += [told.order(at=5, consent=told.tick(), **updated)] if ordered else []
    told.apply(runtime, store, *news)
    assert nobody_is_named(runtime)
    assert [contact.erased_at for contact in told.rows(runtime, Contact)] == [NOW]
    assert len(told.rows(runtime, Cart)) == 1


def test_an_order_goes_on_without_its_person(runtime: Runtime, store: Store, erased: Any) -> None:
    erased(told.order(at=5))
    paid = {"updated_at": told.minutes_ago(LATER), "status": OrderStatus.PAID}
    told.apply(runtime, store, told.order(at=5, **paid))
    assert told.row(runtime, Order).status == "paid"


def test_a_checkout_that_comes_after_its_erased_order_is_left_out(
    runtime: Runtime, store: Store, erased: Any
) -> None:
    erased(told.order(at=5))
    told.apply(runtime, store, told.cart(at=LATER))
    assert nobody_is_named(runtime)
    assert told.rows(runtime, Cart) == []


@pytest.mark.parametrize("status", [OrderStatus.PAID, OrderStatus.CANCELLED])
def test_an_order_that_was_made_before_is_nobodys_however_late_it_is_placed(
    runtime: Runtime, store: Store, erased: Any, status: OrderStatus
) -> None:
    """WooCommerce cancels an unpaid order by itself, and its pay link may be paid days later."""
    erased(told.cart(at=9, keys=(PENDING,)))
    made = {"keys": (PENDING,), "created_at": told.minutes_ago(600), "status": status}
    told.apply(runtime, store, told.order(at=LATER, **made))
    assert nobody_is_named(runtime)
    assert told.row(runtime, Order).erased_at == NOW


def test_a_new_order_is_a_new_beginning(runtime: Runtime, store: Store, erased: Any) -> None:
    erased(told.cart(at=9))
    told.apply(runtime, store, told.order(at=LATER))
    old, new = told.rows(runtime, Contact)
    assert (old.erased_at, new.erased_at, new.phone) == (NOW, None, told.PHONE)
    assert told.row(runtime, Order).contact_id == new.id


def test_a_new_checkout_is_one_even_where_the_platform_uses_a_key_again(
    runtime: Runtime, store: Store, erased: Any
) -> None:
    erased(told.cart(at=9))
    keys, created = (Key("checkout_token", "checkout-2"), told.TOKEN), told.minutes_ago(LATER)
    told.apply(runtime, store, told.cart(at=LATER - 1, keys=keys, created_at=created))
    told.apply(runtime, store, told.items_only(at=LATER - 2))
    old, new = told.rows(runtime, Cart)
    assert (old.email, new.email, new.erased_at) == (None, "anna@example.com", None)
    told.apply(runtime, store, told.cart(at=LATER - 3))
    assert [cart.email for cart in told.rows(runtime, Cart)] == [None, "anna@example.com"]


def test_a_word_of_consent_that_was_erased_is_no_news_and_a_later_one_is(
    runtime: Runtime, store: Store, erased: Any
) -> None:
    word = ConsentChanged(told.tick(at=9, source="shopify_customer"))
    erased(told.cart(at=9), word)
    told.apply(runtime, store, word)
    assert nobody_is_named(runtime)
    told.apply(runtime, store, ConsentChanged(told.tick(at=LATER, source="shopify_customer")))
    assert {event.address for event in told.rows(runtime, ConsentEvent)} > {told.PHONE}
