"""Offers from the text to the checkout and the order, at the stand-ins of both platforms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Cart, Discount, Recovery, Store, TimelineEntry
from app.runtime import Runtime, make_runtime
from connectors.events import ConsentSignal, ConsentState
from flows import consents, discount_ends, discount_rows, dispatch, enrollment
from tests import factories
from tests.flows import offering, scenes
from tests.flows.platform_shops import (
    LAMP,
    MUG,
    PHONE,
    SOCKS,
    TOTE,
    VOUCHER,
    AtShopify,
    AtWooCommerce,
    Goods,
    PlatformShop,
)
from tests.flows.pocket_provider import PocketProvider
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin
from tests.standins.woocommerce import WooCommerceStandin

IDLE, DAY = timedelta(minutes=31), timedelta(days=1)
PHONE_BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) Mobile/15E148 Safari/604.1"
BRITISH = {"currency": "GBP", "country": "GB", "timezone": "Europe/London", "utc_offset": 0}


@pytest.fixture(params=["shopify", "woocommerce"])
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def standin(
    platform: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ShopifyStandin | WooCommerceStandin]:
    monkeypatch.setattr("connectors.shopify.graphql._JITTER", 0.0)
    with ExitStack() as stack:
        if platform == "shopify":
            yield stack.enter_context(ShopifyStandin(clock=clock.now))
        else:
            yield stack.enter_context(WooCommerceStandin(now=clock.now, **BRITISH))


@pytest.fixture
def runtime(database_url: str, redis_url: str, clock: FixedClock, standin: Any) -> Iterator[Runtime]:
    own = {"shopify_api_key": CLIENT_ID, "shopify_api_secret": (CLIENT_SECRET,)}
    own |= {"shopify_admin_url": standin.url, "allow_private_stores": True}
    runtime = make_runtime(factories.make_settings(database_url, redis_url, **own), clock)
    yield runtime
    runtime.close()


@pytest.fixture
def shop(runtime: Runtime, standin: Any) -> PlatformShop:
    made = AtShopify if isinstance(standin, ShopifyStandin) else AtWooCommerce
    return made(runtime, standin)


def use_flow(shop: PlatformShop, offers: dict[str, Any] | None = None, *steps: tuple[str, str]) -> None:
    with shop.runtime.database.session() as session:
        factories.make_flow(session, shop.store, definition=offering.flow(offers, *steps))


def leave(shop: PlatformShop, clock: FixedClock, goods: Goods, currency: str = "GBP") -> None:
    """Until its text has left, or waits."""
    shop.leave(goods, currency=currency)
    clock.advance(IDLE)
    enrollment.drain(shop.runtime)
    dispatch.drain(shop.runtime)


def tokens(runtime: Runtime) -> list[str]:
    return [message.link_token or "" for message in scenes.messages(runtime)]


def story(runtime: Runtime, shop: PlatformShop) -> list[tuple[str, str | None]]:
    with runtime.database.session() as session:
        rows = session.scalars(select(TimelineEntry).order_by(TimelineEntry.id))
        return [(row.kind, row.reason) for row in rows if row.kind in TOLD]


TOLD = ("offered", "no_offer", "withdrawn", "recovered", "clicked", "ordered")


def upkeep(runtime: Runtime) -> None:
    discount_ends.drain(runtime, offering.LATER)


def test_an_offer_is_seen_in_the_checkout_used_and_gone(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2})
    [code] = shop.codes()
    assert "10% off until" in provider.texts[0].body
    [token] = tokens(runtime)
    seen = shop.open(token)
    assert (seen.place, seen.codes, seen.off) == ("checkout", [code], Decimal("4.80"))
    shop.buy(None, [code])
    upkeep(runtime)
    assert shop.codes() == []
    assert story(runtime, shop) == [
        ("offered", None),
        ("clicked", None),
        ("withdrawn", "ordered"),
        ("ordered", None),
        ("recovered", None),
    ]
    with runtime.database.session() as session:
        assert [one.rule for one in session.scalars(select(Recovery))] == ["cart"]


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [("throttle", "code_not_made"), ("refuse", "code_refused"), ("lose", "code_not_made")],
)
def test_a_code_that_could_not_be_made_is_promised_by_no_text_and_left_nowhere(
    shop: PlatformShop,
    runtime: Runtime,
    provider: PocketProvider,
    clock: FixedClock,
    trouble: str,
    reason: str,
) -> None:
    use_flow(shop)
    shop.trouble(trouble)
    leave(shop, clock, {TOTE: 2})
    assert "saved" in provider.texts[0].body and "off" not in provider.texts[0].body
    assert story(runtime, shop) == [("no_offer", reason)]
    seen = shop.open(tokens(runtime)[0])
    assert (seen.place, seen.codes, seen.said) == ("checkout", [], [])
    assert len(shop.codes()) == (trouble == "lose")
    clock.advance(discount_ends.AFTER_LOST_CALL)
    upkeep(runtime)
    assert shop.codes() == []


@pytest.mark.parametrize("trouble", ["throttle", "lose"])
def test_a_text_that_waits_for_its_code_tells_of_it_once_it_is_made(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock, trouble: str
) -> None:
    use_flow(shop, {"without_code": "wait"})
    shop.trouble(trouble)
    leave(shop, clock, {TOTE: 2})
    assert provider.texts == []
    clock.advance(timedelta(minutes=5))
    dispatch.drain(runtime)
    assert "10% off" in provider.texts[0].body
    assert shop.open(tokens(runtime)[0]).codes == shop.codes()


def test_a_code_that_the_shop_has_already_is_left_alone(
    shop: PlatformShop,
    runtime: Runtime,
    provider: PocketProvider,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_flow(shop)
    shop.make_own_code("welcome")
    names = iter(["welcome", "back-2"])
    monkeypatch.setattr(discount_rows, "_random_code", lambda: next(names))
    leave(shop, clock, {TOTE: 2})
    assert sorted(shop.codes()) == ["back-2", "welcome"]
    assert shop.open(tokens(runtime)[0]).codes == ["back-2"]
    shop.buy(None, ["back-2"])
    upkeep(runtime)
    assert shop.codes() == ["welcome"]


def test_after_the_end_the_cart_opens_without_the_offer_and_says_nothing_of_it(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2})
    [code], [token] = shop.codes(), tokens(runtime)
    clock.advance(row(runtime).ends_at - clock.now() - timedelta(seconds=1))
    assert shop.open(token).codes == [code]
    clock.advance(timedelta(seconds=1))
    seen = shop.open(token)
    assert (seen.place, seen.codes, seen.off, seen.said) == ("checkout", [], 0, [])
    clock.advance(timedelta(hours=1))
    upkeep(runtime)
    assert shop.codes() == []
    assert ("withdrawn", "over") in story(runtime, shop)


def row(runtime: Runtime) -> Discount:
    with runtime.database.session() as session:
        return session.scalars(select(Discount)).one()


def test_after_the_order_the_link_takes_no_code_along(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2})
    [code], [token] = shop.codes(), tokens(runtime)
    shop.buy(None, [code])
    seen = shop.open(token)
    assert seen.place == ("order" if shop.order_page else "front page")
    assert code not in seen.address


def test_every_device_that_opens_the_link_gets_the_offer_and_the_order_counts_once(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2})
    [code], [token] = shop.codes(), tokens(runtime)
    for agent in (PHONE_BROWSER, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15"):
        assert shop.open(token, agent).codes == [code]
    shop.buy(token, [code])
    upkeep(runtime)
    assert shop.codes() == []
    with runtime.database.session() as session:
        assert [one.rule for one in session.scalars(select(Recovery))] == ["cart"]
        assert [cart.state for cart in session.scalars(select(Cart))] == ["ordered"]


def test_what_is_put_into_the_cart_later_is_lowered_too_but_sale_items_where_the_platform_can(
    platform: str, shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2})
    shop.leave({TOTE: 2, LAMP: 1, SOCKS: 1})
    seen = shop.open(tokens(runtime)[0])
    off = {"shopify": "13.80", "woocommerce": "12.80"}[platform]
    assert (seen.codes, seen.off) == (shop.codes(), Decimal(off))


def test_a_cart_below_the_lowest_value_opens_and_the_shop_says_why_it_lowers_nothing(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop, {"lowest_cart": {"GBP": "40.00"}})
    leave(shop, clock, {TOTE: 2})
    shop.leave({MUG: 1})
    seen = shop.open(tokens(runtime)[0])
    assert (seen.place, seen.codes, seen.off) == ("checkout", [], 0)
    assert len(seen.said) == 1 and "minimum" in seen.said[0]


def test_goods_that_are_excluded_are_not_lowered_and_the_text_names_the_sum(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2, VOUCHER: 1})
    assert "£4.80 off" in provider.texts[0].body
    seen = shop.open(tokens(runtime)[0])
    assert (seen.codes, seen.off) == (shop.codes(), Decimal("4.80"))
    shop.leave({VOUCHER: 1})
    assert shop.open(tokens(runtime)[0]).off == 0


def test_a_sale_of_the_whole_shop_is_told_and_no_code_made(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    shop.have_sale(20)
    leave(shop, clock, {TOTE: 2})
    assert "20%" in provider.texts[0].body and shop.codes() == []
    assert story(runtime, shop) == [("no_offer", "sale_is_as_good")]
    assert shop.open(tokens(runtime)[0]).codes == []


def test_an_order_for_another_cart_withdraws_the_code(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2})
    clock.advance(timedelta(minutes=1))
    shop.leave({LAMP: 1}, cart="b")
    shop.buy(None, cart="b")
    upkeep(runtime)
    assert shop.codes() == [] and shop.open(tokens(runtime)[0]).codes == []
    assert ("withdrawn", "ordered") in story(runtime, shop)


def test_a_stop_withdraws_the_code_and_the_link_leads_to_the_front_page(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop)
    leave(shop, clock, {TOTE: 2})
    stop(shop)
    upkeep(runtime)
    assert shop.codes() == []
    seen = shop.open(tokens(runtime)[0])
    assert seen.place == "front page" and "?" not in seen.address


def stop(shop: PlatformShop) -> None:
    now, hash_key = shop.runtime.clock.now(), shop.runtime.settings.hash_key
    signal = ConsentSignal(ConsentState.WITHDRAWN, PHONE, "reply", occurred_at=now)
    with shop.runtime.database.session() as session:
        store = session.get_one(Store, shop.store.id)
        consents.record_signal(session, store, PHONE, signal, now, "reply:1", hash_key=hash_key)


def test_a_later_code_takes_the_place_of_the_earlier_one_in_both_links(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    use_flow(shop, None, ("reminder", "small"), ("second_call", "best"))
    leave(shop, clock, {TOTE: 2})
    [first] = shop.codes()
    clock.advance(DAY)
    dispatch.drain(runtime)
    upkeep(runtime)
    [second] = shop.codes()
    assert first != second
    assert [shop.open(token).codes for token in tokens(runtime)] == [[second], [second]]


def test_free_shipping_is_seen_in_the_checkout(
    shop: PlatformShop, runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    shop.ship_freely_with_a_code()
    use_flow(shop, {"best": {"kind": "free_shipping"}})
    leave(shop, clock, {TOTE: 2})
    seen = shop.open(tokens(runtime)[0])
    assert (seen.codes, seen.shipping) == (shop.codes(), 0)
    assert shop.codes() != []


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        ({}, "10% off"),
        ({"best": {"kind": "amount", "amounts": {"GBP": "5.00", "USD": "6.00"}}}, "saved"),
        ({"lowest_cart": {"GBP": "40.00"}}, "saved"),
    ],
    ids=["percents", "a sum", "a lowest value"],
)
def test_whoever_pays_in_another_currency_is_promised_no_sum(
    shop: PlatformShop,
    runtime: Runtime,
    provider: PocketProvider,
    clock: FixedClock,
    offers: dict[str, Any],
    said: str,
) -> None:
    use_flow(shop, offers)
    leave(shop, clock, {TOTE: 2}, currency="USD")
    assert said in provider.texts[0].body
    assert story(runtime, shop) == [("offered", None) if said != "saved" else ("no_offer", "prices_unknown")]


@pytest.mark.parametrize("platform", ["woocommerce"], indirect=True)
@pytest.mark.parametrize("state", ["an older version", "an order that waits to be paid"])
def test_a_way_back_that_takes_no_coupon_along_promises_none(
    shop: AtWooCommerce, runtime: Runtime, provider: PocketProvider, clock: FixedClock, state: str
) -> None:
    if state == "an older version":
        shop.be_of_version("9.9.5")
    use_flow(shop)
    shop.leave({TOTE: 1})
    if state != "an older version":
        shop.submit()
    clock.advance(IDLE)
    enrollment.drain(runtime)
    dispatch.drain(runtime)
    assert "saved" in provider.texts[0].body and shop.codes() == []
    assert story(runtime, shop) == [("no_offer", "link_cannot_apply")]
