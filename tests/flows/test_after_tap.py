"""How far a shopper comes after the tap: told by the platform's own events, once, and never backwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.models import Cart, Click, Link, Message, Order, Recovery, StoreFlag, TimelineEntry
from app.runtime import Runtime
from connectors.events import Key
from flows import after_tap
from flows.after_tap import STEPS, passed
from flows.devices import device
from tests import factories
from tests.app.links.agents import IPHONE
from tests.factories import NOW
from tests.flows import told
from tests.flows.told import ANNA, TOTE, minutes_ago

IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
TAB = "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"


class Shop:
    """A store where Anna left a checkout an hour ago and was texted half an hour ago."""

    def __init__(self, runtime: Runtime, **changes: Any) -> None:
        self.runtime = runtime
        with runtime.database.session() as session:
            self.store = factories.make_store(session, country="GB", currency="USD")
        self.tell(told.cart(at=60, **changes))
        with runtime.database.session() as session:
            cart = session.scalars(select(Cart)).one()
            cart.texts_sent = 1
            message = factories.make_message(session, self.store, cart, accepted_at=minutes_ago(30))
            self.link = factories.make_link(session, self.store, message)

    def tell(self, *events: Any) -> None:
        told.apply(self.runtime, self.store, *events)

    def tap(self, at: datetime, agent: str = IPHONE, human: bool = True, link: Link | None = None) -> None:
        link = link or self.link
        with self.runtime.database.session() as session:
            opened = {"store_id": self.store.id, "link_id": link.id, "human": human, "agent": agent}
            session.add(Click(occurred_at=at, **opened))
            if human:
                of_link = Message.id == link.message_id
                session.execute(update(Message).where(of_link).values(clicked_at=at))

    def progress(self, link: Link | None = None) -> dict[str, Any] | None:
        with self.runtime.database.session() as session:
            return session.get_one(Link, (link or self.link).id).progress

    def lines(self, kind: str) -> list[dict[str, Any]]:
        with self.runtime.database.session() as session:
            query = select(TimelineEntry.details).where(TimelineEntry.kind == kind)
            return list(session.scalars(query.order_by(TimelineEntry.id)))


@pytest.fixture
def shop(runtime: Runtime) -> Shop:
    return Shop(runtime)


def test_a_tap_alone_reaches_nothing(shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.cart(at=19))

    assert shop.progress() is None


def test_the_steps_after_the_tap_are_dated_when_the_platform_told_them(shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.cart(at=18, step="shipping"), told.cart(at=15, step="payment"), told.order(at=12))

    assert shop.progress() == {
        "contact": minutes_ago(18).isoformat(),
        "shipping": minutes_ago(18).isoformat(),
        "payment": minutes_ago(15).isoformat(),
        "ordered": minutes_ago(12).isoformat(),
    }
    assert [line.get("after_tap") for line in shop.lines("changed")] == [True, True]


def test_a_step_back_takes_nothing_away(shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.cart(at=18, step="payment"))
    before = shop.progress()
    shop.tell(told.cart(at=15, step="contact", items=(replace(TOTE, quantity=3),)))

    assert shop.progress() == before
    assert [line.get("after_tap") for line in shop.lines("changed")] == [True, None]


def test_what_came_before_the_tap_or_without_one_does_not_count(shop: Shop) -> None:
    shop.tell(told.cart(at=25, step="shipping"))
    shop.tap(minutes_ago(20))
    shop.tap(minutes_ago(5), human=False)

    assert shop.progress() is None


def test_a_preview_is_no_tap(shop: Shop) -> None:
    shop.tap(minutes_ago(20), human=False)
    shop.tell(told.cart(at=18, step="payment"), told.order(at=12))

    assert shop.progress() is None


def test_the_link_that_was_opened_last_is_the_one(runtime: Runtime, shop: Shop) -> None:
    with runtime.database.session() as session:
        cart = session.scalars(select(Cart)).one()
        second = factories.make_link(session, shop.store, factories.make_message(session, shop.store, cart))
    shop.tap(minutes_ago(20), link=second)
    shop.tap(minutes_ago(10))
    shop.tell(told.cart(at=15, step="shipping"), told.cart(at=8, step="payment"))

    assert set(shop.progress(second) or {}) == {"contact", "shipping"}
    assert set(shop.progress() or {}) == {"contact", "shipping", "payment"}


def test_an_order_at_once_has_passed_every_step(shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.order(at=12))

    assert set(shop.progress() or {}) == set(STEPS)


def test_a_test_order_is_no_step(shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.order(at=12, test=True))

    assert shop.progress() is None


def test_the_day_of_the_text_is_counted_anew(runtime: Runtime, shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.cart(at=18, step="shipping"))

    with runtime.database.session() as session:
        [value] = session.scalars(select(StoreFlag.value).where(StoreFlag.store_id == shop.store.id))
    assert value.startswith(f"{minutes_ago(30):%Y-%m-%d}#")


def test_a_tap_in_one_store_moves_nothing_in_another(runtime: Runtime, shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    with runtime.database.session() as session:
        other = factories.make_store(session)
        found = after_tap.reach(session, other, shop.link.cart_id, "payment", NOW, NOW)

    assert found is None
    assert shop.progress() is None


def test_an_order_on_another_device_than_the_tap_is_told(runtime: Runtime, shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.order(at=12, user_agent=WINDOWS))

    assert told.row(runtime, Order).device == "computer"
    [line] = shop.lines("recovered")
    assert (line["opened_on"], line["ordered_on"]) == ("phone", "computer")


@pytest.mark.parametrize("agent", [PIXEL, None, "curl/8"])
def test_the_same_device_or_one_that_nobody_knows_is_not_told(shop: Shop, agent: str | None) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(told.order(at=12, user_agent=agent))

    [line] = shop.lines("recovered")
    assert "ordered_on" not in line


def test_the_device_of_a_checkout_is_kept_where_it_is_told(runtime: Runtime) -> None:
    shop = Shop(runtime, user_agent=WINDOWS)
    shop.tell(told.cart(at=40, shopper=replace(ANNA, first_name="Ann")))

    assert told.row(runtime, Cart).device == "computer"


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (IPHONE, "phone"),
        (PIXEL, "phone"),
        (IPAD, "tablet"),
        (TAB, "tablet"),
        (WINDOWS, "computer"),
        (FIREFOX, "computer"),
        ("WooCommerce/10.9 (curl)", None),
        ("", None),
        (None, None),
    ],
)
def test_a_browser_names_its_kind_of_device(agent: str | None, kind: str | None) -> None:
    assert device(agent) == kind


@given(st.sampled_from([*STEPS, "cart", "", "elsewhere"]))
def test_whoever_is_at_a_step_has_passed_those_before(step: str) -> None:
    told = passed(step, NOW + timedelta(seconds=1))
    assert tuple(told) == STEPS[: len(told)]
    assert not told or list(told)[-1] == step


# A checkout that our link filled anew


def fresh(shop: Shop, at: float, **changes: Any) -> Any:
    """The checkout that the permalink opened: another token, and no number yet."""
    values = {"keys": (FRESH,), "shopper": replace(ANNA, phones=(), customer_id=None)}
    return told.cart(at=at, **(values | {"opened_by": shop.link.token, "step": "contact"} | changes))


FRESH = Key("checkout_token", "checkout-2")


def test_a_checkout_that_our_link_filled_goes_on_with_the_cart(runtime: Runtime, shop: Shop) -> None:
    before = told.row(runtime, Cart)
    shop.tap(minutes_ago(20))
    shop.tell(fresh(shop, at=19))

    cart = told.row(runtime, Cart)
    assert (cart.id, cart.contact_id) == (before.id, before.contact_id)
    assert cart.activity_at == before.activity_at, "the link filled it, not the shopper"
    assert shop.progress() is None
    shop.tell(fresh(shop, at=15, step="shipping"))
    assert set(shop.progress() or {}) == {"contact", "shipping"}


def test_a_draft_of_a_cart_that_goes_on_under_its_key_is_not_the_shoppers_doing(
    runtime: Runtime, shop: Shop
) -> None:
    going_on = Key("woo_session", "5e" * 16)
    shop.tell(told.cart(at=25, keys=(*told.cart().keys, going_on)))
    before = told.row(runtime, Cart).activity_at
    shop.tap(minutes_ago(20))
    shop.tell(fresh(shop, at=19, keys=(Key("woo_order", "52"), going_on), step="cart"))

    assert told.row(runtime, Cart).activity_at == before
    shop.tell(fresh(shop, at=15, keys=(going_on,), step="shipping"))
    assert set(shop.progress() or {}) == {"contact", "shipping"}


def test_a_checkout_that_is_submitted_when_first_seen_is_the_shoppers_doing(runtime: Runtime) -> None:
    shop = Shop(runtime, step="payment")
    shop.tap(minutes_ago(20))
    shop.tell(fresh(shop, at=15, step="payment"))

    assert set(shop.progress() or {}) == {"contact", "shipping", "payment"}
    assert told.row(runtime, Cart).activity_at == minutes_ago(15)


def test_an_order_from_it_is_an_order_of_the_cart(runtime: Runtime, shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    shop.tell(fresh(shop, at=19), told.order(at=12, keys=(FRESH,), shopper=told.NOBODY))

    assert told.row(runtime, Cart).state == "ordered"
    assert (told.row(runtime, Recovery).rule, told.row(runtime, Recovery).clicked) == ("cart", True)
    assert set(shop.progress() or {}) == set(STEPS)


def test_an_order_that_comes_before_its_checkout_finds_the_cart_too(runtime: Runtime, shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    ordered = told.order(at=12, keys=(FRESH,), shopper=told.NOBODY, opened_by=shop.link.token)
    shop.tell(ordered, fresh(shop, at=13))

    assert told.row(runtime, Cart).state == "ordered"


def test_two_carts_that_prove_to_be_one_are_one(runtime: Runtime, shop: Shop) -> None:
    before = told.row(runtime, Cart).id
    shop.tell(fresh(shop, at=19, opened_by=None))
    assert len(told.rows(runtime, Cart)) == 2
    shop.tell(fresh(shop, at=18, step="shipping"))

    assert told.row(runtime, Cart).id == before


def test_after_the_purchase_the_link_joins_nothing(runtime: Runtime, shop: Shop) -> None:
    shop.tell(told.order(at=25), fresh(shop, at=19))

    assert sorted(cart.state for cart in told.rows(runtime, Cart)) == ["open", "ordered"]


def test_late_news_of_a_bought_cart_is_no_news_of_the_link(runtime: Runtime, shop: Shop) -> None:
    shop.tell(fresh(shop, at=29, opened_by=None), told.order(at=28, keys=(FRESH,), shopper=told.NOBODY))
    shop.tell(fresh(shop, at=27))

    assert [cart.state for cart in told.rows(runtime, Cart)] == ["open", "ordered"]


@pytest.mark.parametrize("token", ["AbCdEfGhIjKl", "", "x" * 64])
def test_a_token_that_is_none_of_ours_joins_nothing(runtime: Runtime, shop: Shop, token: str) -> None:
    shop.tell(fresh(shop, at=19, opened_by=token))

    assert len(told.rows(runtime, Cart)) == 2


def test_a_link_that_ended_joins_nothing(runtime: Runtime, shop: Shop) -> None:
    with runtime.database.session() as session:
        session.execute(update(Link).values(ended_at=NOW))
    shop.tell(fresh(shop, at=19))

    assert len(told.rows(runtime, Cart)) == 2


def test_a_token_of_another_store_joins_nothing(runtime: Runtime, shop: Shop) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session)
    told.apply(runtime, other, fresh(shop, at=19))

    assert [cart.store_id for cart in told.rows(runtime, Cart)] == [shop.store.id, other.id]


def test_another_cart_that_the_same_shopper_buys_after_the_tap_is_the_last_step(shop: Shop) -> None:
    shop.tap(minutes_ago(20))
    other = told.order(at=12, keys=(Key("checkout_token", "checkout-9"),), order_id="1009")
    shop.tell(other)

    assert set(shop.progress() or {}) == set(STEPS)
