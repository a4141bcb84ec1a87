from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.models import Cart, CartKey, Contact, Due, Enrollment, Flow, Link, Message, Store, TimelineEntry
from app.runtime import Runtime
from connectors.events import CartDeleted, Event, Item, Key
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.told import CHECKOUT, NOBODY, TOKEN, minutes_ago


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB", currency="GBP")
        factories.make_flow(session, store)
    return store


def _keys(runtime: Runtime) -> dict[tuple[str, str], bool]:
    with runtime.database.session() as session:
        return {(key.kind, key.value): key.in_use for key in session.scalars(select(CartKey))}


def _timeline(runtime: Runtime) -> list[tuple[str, str | None]]:
    with runtime.database.session() as session:
        lines = session.scalars(select(TimelineEntry).order_by(TimelineEntry.id))
        return [(line.kind, line.reason) for line in lines]


def _due(runtime: Runtime) -> dict[str, object]:
    with runtime.database.session() as session:
        return {row.kind: row.due_at for row in session.scalars(select(Due))}


def test_the_language_of_the_pages_before_a_checkout_is_kept(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=5, storefront_locale="fr"))
    told.apply(runtime, store, told.cart(at=6))
    cart = told.row(runtime, Cart)
    assert (cart.locale, cart.storefront_locale) == ("en-GB", "fr")


def test_a_checkout_becomes_a_cart_with_all_that_is_told(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=5))
    cart = told.row(runtime, Cart)
    assert (cart.state, cart.currency, cart.total) == ("open", "USD", Decimal("48.00"))
    assert cart.items == [
        {
            "title": "Canvas Tote",
            "quantity": 2,
            "product_id": "13",
            "variant_id": None,
            "unit_price": "24.00",
            "image_url": None,
        }
    ]
    assert (cart.locale, cart.country, cart.email) == ("en-GB", "GB", "anna@example.com")
    assert (cart.customer_id, cart.first_name, cart.step) == ("7", "Anna", "contact")
    assert (cart.activity_at, cart.platform_updated_at) == (minutes_ago(5), minutes_ago(5))
    assert _keys(runtime) == {("checkout_token", "checkout-1"): True, ("cart_token", "token-1"): True}
    assert _timeline(runtime) == [("seen", None)]


def test_the_way_back_is_stored_so_that_the_database_does_not_tell_it(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart())
    cart = told.row(runtime, Cart)
    assert cart.restore_url is not None and "recover" not in cart.restore_url
    assert runtime.cipher.decrypt(cart.restore_url) == told.cart().restore_url


def test_the_same_news_again_changes_nothing(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=5))
    before = told.row(runtime, Cart)
    told.apply(runtime, store, told.cart(at=5), told.cart(at=5))
    after = told.row(runtime, Cart)
    assert (after.activity_at, after.restore_url) == (before.activity_at, before.restore_url)
    assert _timeline(runtime) == [("seen", None)]


def test_older_news_changes_nothing(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=5))
    told.apply(runtime, store, told.cart(at=9, items=(), shopper=NOBODY, step="cart", restore_url=None))
    cart = told.row(runtime, Cart)
    assert (cart.state, cart.email, cart.platform_updated_at) == ("open", "anna@example.com", minutes_ago(5))


def test_what_a_shopper_does_is_activity(runtime: Runtime, store: Store) -> None:
    more = replace(told.TOTE, quantity=3)
    someone_else = replace(told.ANNA, email="anna@other.example")
    told.apply(runtime, store, told.cart(at=9))
    for at, change in ((7, {"items": (more,)}), (5, {"shopper": someone_else}), (3, {"step": "payment"})):
        told.apply(runtime, store, told.cart(at=at, **change))
        assert told.row(runtime, Cart).activity_at == minutes_ago(at)


def test_what_the_platform_does_is_not_activity(runtime: Runtime, store: Store) -> None:
    dearer = replace(told.TOTE, unit_price=Decimal("25.00"))
    told.apply(runtime, store, told.cart(at=9))
    told.apply(runtime, store, told.cart(at=5, items=(dearer,), total=None, locale="en-US"))
    cart = told.row(runtime, Cart)
    assert (cart.activity_at, cart.platform_updated_at) == (minutes_ago(9), minutes_ago(5))
    assert _timeline(runtime) == [("seen", None)]


def test_a_store_whose_clock_runs_ahead_does_not_put_its_carts_off(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=-600))
    assert told.row(runtime, Cart).activity_at == NOW


def test_items_alone_never_empty_what_is_known(runtime: Runtime, store: Store) -> None:
    more = replace(told.TOTE, quantity=3)
    told.apply(runtime, store, told.cart(at=9), told.items_only(at=5, items=(more,)))
    cart = told.row(runtime, Cart)
    assert (cart.email, cart.locale, cart.total) == ("anna@example.com", "en-GB", Decimal("48.00"))
    assert cart.contact_id is not None and cart.restore_url is not None
    assert (cart.items[0]["quantity"], cart.activity_at) == (3, minutes_ago(5))


def test_a_checkout_that_comes_after_newer_items_is_still_taken_over(runtime: Runtime, store: Store) -> None:
    more = replace(told.TOTE, quantity=3)
    told.apply(runtime, store, told.items_only(at=5, items=(more,)), told.cart(at=9))
    cart = told.row(runtime, Cart)
    assert (cart.email, cart.items[0]["quantity"]) == ("anna@example.com", 3)


@pytest.mark.parametrize("checkout_first", [True, False])
def test_news_without_prices_leave_those_that_a_checkout_tells(
    runtime: Runtime, store: Store, checkout_first: bool
) -> None:
    unpriced = (replace(told.TOTE, quantity=3, unit_price=None), Item("Mug", 1, "14"))
    news = [told.cart(at=9), told.items_only(at=5, items=unpriced)]
    told.apply(runtime, store, *(news if checkout_first else reversed(news)))
    items = told.row(runtime, Cart).items
    assert [(item["quantity"], item["unit_price"]) for item in items] == [(3, "24.00"), (1, None)]


def test_a_cart_known_by_its_token_is_the_checkout_that_carries_it(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.items_only(at=9), told.cart(at=5))
    assert _keys(runtime) == {("checkout_token", "checkout-1"): True, ("cart_token", "token-1"): True}
    assert told.row(runtime, Cart).email == "anna@example.com"


def test_an_empty_cart_that_nobody_knew_is_nothing(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.items_only(items=()))
    assert told.rows(runtime, Cart) == []


def test_two_carts_that_prove_to_be_one_become_the_one_with_the_checkout_token(
    runtime: Runtime, store: Store
) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        by_token = factories.make_cart(session, store, contact, [("cart_token", "token-1")], texts_sent=1)
        flow = session.scalar(select(Flow))
        assert flow is not None
        enrollment = factories.make_enrollment(session, store, flow, contact, by_token, sent=1)
        by_checkout = factories.make_cart(
            session, store, None, [("checkout_token", "checkout-1")], platform_updated_at=minutes_ago(60)
        )
    told.apply(runtime, store, told.cart())
    cart = told.row(runtime, Cart)
    assert (cart.id, cart.texts_sent) == (by_checkout.id, 1)
    with runtime.database.session() as session:
        assert session.get_one(Enrollment, enrollment.id).subject_id == by_checkout.id
        assert {key.cart_id for key in session.scalars(select(CartKey))} == {by_checkout.id}


def test_a_merged_cart_keeps_the_texts_and_links_of_both(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        loser = factories.make_cart(session, store, contact, [("cart_token", "token-1")])
        winner = factories.make_cart(session, store, contact, [("checkout_token", "checkout-1")])
        message = Message(
            store_id=store.id,
            contact_id=contact.id,
            cart_id=loser.id,
            phone=contact.phone,
            language="en",
            encoding="GSM-7",
            segments=1,
            lane=str(store.id),
            created_at=NOW,
        )
        session.add(message)
        session.flush()
        link = Link(
            store_id=store.id,
            token="abc",
            message_id=message.id,
            cart_id=loser.id,
            contact_id=contact.id,
            created_at=NOW,
            expires_at=NOW,
        )
        session.add(link)
    told.apply(runtime, store, told.cart(at=-1))
    with runtime.database.session() as session:
        assert session.get_one(Message, message.id).cart_id == winner.id
        assert session.get_one(Link, link.id).cart_id == winner.id


def test_carts_of_two_stores_with_the_same_tokens_stay_apart(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
    told.apply(runtime, store, told.cart())
    told.apply(runtime, neighbour, told.cart(shopper=NOBODY, items=(told.TOTE, told.TOTE)))
    mine, theirs = told.rows(runtime, Cart)
    assert (mine.store_id, len(mine.items), mine.email) == (store.id, 1, "anna@example.com")
    assert (theirs.store_id, len(theirs.items), theirs.email) == (neighbour.id, 2, None)
    told.apply(runtime, neighbour, CartDeleted((CHECKOUT,)))
    assert [cart.state for cart in told.rows(runtime, Cart)] == ["open", "emptied"]


def test_a_completed_checkout_is_ordered_and_frees_its_reusable_key(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9), told.cart(at=5, completed_at=minutes_ago(5)))
    cart = told.row(runtime, Cart)
    assert (cart.state, cart.ordered_at) == ("ordered", minutes_ago(5))
    assert _keys(runtime) == {("checkout_token", "checkout-1"): True, ("cart_token", "token-1"): False}
    assert _due(runtime) == {}
    assert _timeline(runtime)[-1] == ("ordered", None)


def test_the_next_cart_may_have_the_token_of_the_ordered_one(runtime: Runtime, store: Store) -> None:
    next_checkout = Key("checkout_token", "checkout-2")
    told.apply(runtime, store, told.cart(at=9, completed_at=minutes_ago(9)))
    told.apply(runtime, store, told.cart(at=5, keys=(next_checkout, TOKEN)))
    assert [cart.state for cart in told.rows(runtime, Cart)] == ["ordered", "open"]


def test_late_news_of_the_ordered_cart_does_not_touch_the_next_one(runtime: Runtime, store: Store) -> None:
    next_checkout = Key("checkout_token", "checkout-2")
    told.apply(runtime, store, told.cart(at=9, completed_at=minutes_ago(9)))
    told.apply(runtime, store, told.cart(at=5, keys=(next_checkout, TOKEN)))
    told.apply(runtime, store, told.cart(at=8, shopper=NOBODY, completed_at=minutes_ago(9)))
    ordered, following = told.rows(runtime, Cart)
    assert (ordered.state, following.state, following.email) == ("ordered", "open", "anna@example.com")


def test_late_items_of_the_ordered_cart_open_no_cart(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9, completed_at=minutes_ago(5)), told.items_only(at=7))
    assert len(told.rows(runtime, Cart)) == 1


def test_a_late_date_of_completion_still_counts(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=5), told.cart(at=9, completed_at=minutes_ago(9)))
    assert told.row(runtime, Cart).state == "ordered"


def test_an_emptied_cart_is_emptied_and_planned_no_more(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9))
    assert "cart_idle" in _due(runtime)
    told.apply(runtime, store, told.cart(at=5, items=()))
    assert told.row(runtime, Cart).state == "emptied"
    assert _due(runtime) == {}
    assert _timeline(runtime)[-1] == ("emptied", None)


def test_a_deleted_cart_is_emptied_but_an_ordered_one_stays_ordered(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9), CartDeleted((TOKEN,)))
    assert told.row(runtime, Cart).state == "emptied"
    told.apply(runtime, store, told.cart(at=5, completed_at=minutes_ago(5)), CartDeleted((CHECKOUT,)))
    assert told.row(runtime, Cart).state == "ordered"


def test_a_cart_that_fills_again_is_open_again(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9), told.cart(at=7, items=()), told.cart(at=5))
    assert told.row(runtime, Cart).state == "open"
    assert _due(runtime)["cart_idle"] == minutes_ago(5) + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("phone", "problem"), [("020 7946 0958", "not_mobile"), ("12", "invalid_number"), ("", None)]
)
def test_a_number_that_cannot_be_texted_says_why(
    runtime: Runtime, store: Store, phone: str, problem: str | None
) -> None:
    told.apply(runtime, store, told.cart(shopper=replace(told.ANNA, phones=(phone,))))
    cart = told.row(runtime, Cart)
    assert (cart.contact_id, cart.phone_problem) == (None, problem)


def test_the_address_says_which_country_a_short_number_belongs_to(runtime: Runtime, store: Store) -> None:
    swiss = replace(told.ANNA, phones=("078 123 45 67",), country="CH")
    told.apply(runtime, store, told.cart(shopper=swiss))
    with runtime.database.session() as session:
        contact = session.get_one(Contact, told.row(runtime, Cart).contact_id)
        assert (contact.phone, contact.country, contact.address_country) == ("+41781234567", "CH", "CH")


def test_idle_begins_with_the_last_activity_and_moves_with_it(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9))
    assert _due(runtime) == {"cart_idle": minutes_ago(9) + timedelta(minutes=30)}
    told.apply(runtime, store, told.cart(at=5, step="shipping"))
    assert _due(runtime) == {"cart_idle": minutes_ago(5) + timedelta(minutes=30)}


def test_news_of_a_store_that_has_left_is_not_taken_over(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).status = "uninstalled"
    told.apply(runtime, store, told.cart())
    assert told.rows(runtime, Cart) == []


JOURNEY = (
    told.items_only(at=50),
    told.cart(at=40, shopper=NOBODY, step="cart"),
    told.items_only(at=30, items=(told.TOTE, told.TOTE)),
    told.cart(at=20, items=(told.TOTE, told.TOTE)),
    told.cart(at=10, items=(told.TOTE,), step="payment"),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.permutations(JOURNEY * 2))
def test_in_whatever_order_and_however_often_it_is_told_a_cart_ends_the_same(
    runtime: Runtime, order: list[Event]
) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB")
    told.apply(runtime, store, *order)
    with runtime.database.session() as session:
        [cart] = session.scalars(select(Cart).where(Cart.store_id == store.id)).all()
        described = (cart.state, cart.email, cart.step, len(cart.items), cart.total)
        assert described == ("open", "anna@example.com", "payment", 1, Decimal("48.00"))
        assert cart.activity_at == cart.platform_updated_at == cart.items_at == minutes_ago(10)
        keys = session.scalars(select(CartKey).where(CartKey.store_id == store.id))
        assert sorted(key.kind for key in keys if key.in_use) == ["cart_token", "checkout_token"]
