"""Codes are made before a text tells of them, once, and for those who are to have one."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Due
from app.runtime import Runtime
from connectors.discounts import CodeTaken, DiscountKind, DiscountRefused, Goods
from connectors.platform import Reconnect, Throttled, Unreachable
from connectors.sms import Category, Refused
from flows import discount_failures, discounts, dispatch, due, platform_calls
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.offering import (
    DAY,
    HOUR,
    TOTE,
    an_order,
    another_cart,
    code,
    flow,
    landing,
    offered,
    set_up,
    states,
    told,
    upkeep,
)
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import fresh, make_scene
from tests.queries import statements


def test_a_text_tells_of_a_code_that_the_shop_has_and_its_link_applies_it(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    assert dispatch.drain(runtime) == 1
    made = code(runtime)
    (asked,) = shop.asked
    assert asked.code == made.code and made.platform_id == f"id-{made.code}"
    assert (asked.kind, asked.value, asked.currency) == (DiscountKind.PERCENT, Decimal(10), "GBP")
    assert (asked.starts_at < NOW, asked.ends_at) == (True, made.ends_at)
    (text,) = provider.texts
    assert "10% off until" in text.body
    assert f"discount={made.code}" in landing(runtime, scenes.message(runtime).link_token)
    (line,) = offered(runtime)
    assert line.details["code"] == made.code and line.details["value"] == "10"
    assert told(runtime, scene, "no_offer") == []


def test_the_words_name_the_last_day_on_the_shoppers_clock(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    set_up(runtime, flow())
    dispatch.drain(runtime)
    made = code(runtime)
    day = (NOW + 2 * DAY).strftime("%-d %b")
    assert f"until {day}:" in provider.texts[0].body
    assert made.ends_at.strftime("%-d %b %H:%M:%S") == f"{day} 23:59:59"


def test_a_step_without_a_rung_asks_no_shop(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow(None, ("reminder", "none"), ("second_call", "best")))
    dispatch.drain(runtime)
    assert shop.asked == [] and "saved" in provider.texts[0].body
    assert "discount" not in landing(runtime, scenes.message(runtime).link_token)
    assert told(runtime, scene, "no_offer") == []


def test_texts_without_a_rung_cost_no_statement_about_codes(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    set_up(runtime, flow(None, ("reminder", "none"), ("second_call", "best")))
    set_up(runtime, flow(None, ("reminder", "none")), event_at=NOW - HOUR)
    ended = set_up(runtime, flow(None, ("reminder", "none")), state="emptied")
    with statements(runtime) as sent:
        assert dispatch.drain(runtime) == 2
    assert [one for one in sent if re.search(r"\b(FROM|JOIN|INTO|UPDATE) discount\b", one)] == []
    assert fresh(runtime, ended.enrollment).state == "ended"


def test_codes_are_looked_for_among_those_of_their_stores(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    """Without its store no index helps: all codes of all stores would be read for each batch."""
    set_up(runtime, flow())
    provider.answers = [Refused(Category.TEMPORARY, "30001", "queue overflow")]
    with statements(runtime) as sent:
        dispatch.drain(runtime)
        clock.advance(HOUR)
        dispatch.drain(runtime)
    asked = [one for one in sent if "FROM discount" in one and "discount.enrollment_id = ANY" in one]
    assert asked and all("discount.store_id = ANY" in one for one in asked)


def test_a_later_code_takes_the_place_of_the_earlier_one(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    set_up(runtime, flow(None, ("reminder", "small"), ("second_call", "best")))
    dispatch.drain(runtime)
    first = code(runtime)
    clock.advance(DAY)
    dispatch.drain(runtime)
    assert states(runtime) == [("reminder", "ended", "replaced"), ("second_call", "made", None)]
    upkeep(runtime)
    assert shop.withdrawn == [first.code] and len(shop.codes) == 1
    (best,) = shop.codes
    for message in scenes.messages(runtime):
        assert f"discount={best}" in landing(runtime, message.link_token)


@pytest.mark.parametrize(
    ("error", "reason", "failure"),
    [
        (Unreachable("away"), "code_not_made", "no_answer"),
        (Throttled("slower", 5.0), "code_not_made", "throttled"),
        (Reconnect("keys"), "code_not_made", "no_access"),
        (DiscountRefused("too many codes"), "code_refused", "refused"),
    ],
)
def test_no_text_promises_a_code_that_could_not_be_made(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, error: Any, reason: str, failure: str
) -> None:
    scene = set_up(runtime, flow())
    shop.errors = [error]
    dispatch.drain(runtime)
    assert "saved" in provider.texts[0].body and "off" not in provider.texts[0].body
    assert told(runtime, scene, "no_offer") == [reason]
    assert states(runtime) == [("reminder", "ended", "not_made")]
    row = code(runtime)
    assert (row.failure, row.failure_told, row.failed_at) == (failure, str(error), NOW)
    assert "discount" not in landing(runtime, scenes.message(runtime).link_token)


def test_a_code_whose_answer_got_lost_is_withdrawn(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    set_up(runtime, flow())
    shop.lost = [Unreachable("no answer in time")]
    dispatch.drain(runtime)
    assert len(shop.codes) == 1
    clock.advance(timedelta(minutes=2))
    upkeep(runtime)
    assert len(shop.codes) == 1
    clock.advance(timedelta(minutes=2))
    upkeep(runtime)
    assert shop.codes == {} and code(runtime).withdrawn_at == clock.now()


def test_a_text_may_wait_for_its_code(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow({"without_code": "wait"}))
    shop.errors = [Throttled("slower", 300.0)]
    assert dispatch.drain(runtime) == 0
    assert told(runtime, scene, "held") == ["no_code"]
    assert scenes.planned(runtime)[f"step:{scene.enrollment.id}"] == NOW + timedelta(minutes=5)
    clock.advance(timedelta(minutes=5))
    assert dispatch.drain(runtime) == 1
    assert "10% off" in provider.texts[0].body
    first, second = shop.asked
    assert first.code == second.code
    assert (code(runtime).failure, code(runtime).failed_at) == (None, None)


def test_a_text_waits_half_a_day_for_its_code_and_no_longer(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow({"without_code": "wait"}))
    shop.errors = [Unreachable("away")] * 20
    dispatch.drain(runtime)
    clock.advance(24 * HOUR)
    dispatch.drain(runtime)
    assert "saved" in provider.texts[0].body
    assert told(runtime, scene, "no_offer") == ["code_not_made"]


def test_a_code_that_the_shop_has_already_is_made_under_another_name(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    set_up(runtime, flow())
    shop.errors = [CodeTaken("taken")]
    dispatch.drain(runtime)
    first, second = shop.asked
    assert first.code != second.code == code(runtime).code
    assert "10% off" in provider.texts[0].body


def test_an_order_that_the_last_look_finds_makes_no_code(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    shop.order = an_order(scene)
    assert dispatch.drain(runtime) == 0
    assert shop.asked == [] and states(runtime) == []


def test_one_shopper_gets_one_offer_in_its_time(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    data = flow({"once_in": "P30D"})
    first = set_up(runtime, data)
    dispatch.drain(runtime)
    clock.advance(20 * DAY)
    second = another_cart(runtime, first, clock.now())
    dispatch.drain(runtime)
    assert len(shop.asked) == 1
    assert told(runtime, second, "no_offer") == ["offer_not_yet"]
    clock.advance(11 * DAY)
    another_cart(runtime, first, clock.now())
    dispatch.drain(runtime)
    assert len(shop.asked) == 2


@pytest.mark.parametrize(
    ("first", "second", "offers"),
    [
        ({"customer_id": "7"}, {"customer_id": "7"}, 1),
        ({"email": "mia@example.com"}, {"email": "mia@example.com"}, 1),
        ({"email": "mia@example.com"}, {"email": "leo@example.com", "customer_id": "7"}, 2),
    ],
)
def test_another_number_of_the_same_shopper_gets_no_second_offer(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, first: Any, second: Any, offers: int
) -> None:
    scene = set_up(runtime, flow(), contact=first)
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        make_scene(session, scene.store, scene.flow, second, currency="GBP", items=[TOTE])
    dispatch.drain(runtime)
    assert (len(provider.texts), len(shop.asked)) == (2, offers)


def test_two_numbers_of_one_shopper_that_come_due_together_get_one_offer(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    first = set_up(runtime, flow(), contact={"customer_id": "7"})
    with runtime.database.session() as session:
        same = {"customer_id": "7"}
        second = make_scene(session, first.store, first.flow, same, currency="GBP", items=[TOTE])
    dispatch.drain(runtime)
    assert (len(provider.texts), len(shop.asked)) == (2, 1)
    assert told(runtime, first, "no_offer") + told(runtime, second, "no_offer") == ["offer_given_away"]


def test_a_shopper_who_buys_without_offers_is_spared(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow({"spare_returning": True}))
    with runtime.database.session() as session:
        earlier = {"contact_id": scene.contact.id, "placed_at": NOW - 90 * DAY}
        factories.make_order(session, scene.store, **earlier)
    dispatch.drain(runtime)
    assert told(runtime, scene, "no_offer") == ["returning_shopper"]


def test_a_shopper_who_bought_under_another_number_is_spared_too(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow({"spare_returning": True}), contact={"customer_id": "7"})
    with runtime.database.session() as session:
        earlier = factories.make_contact(session, scene.store, customer_id="7")
        factories.make_order(session, scene.store, contact_id=earlier.id, placed_at=NOW - 90 * DAY)
    dispatch.drain(runtime)
    assert told(runtime, scene, "no_offer") == ["returning_shopper"]


def test_a_cart_with_a_code_of_the_shops_own_gets_no_other(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow(), discount_codes=["SUMMER"])
    dispatch.drain(runtime)
    assert told(runtime, scene, "no_offer") == ["has_discount"]


def test_what_the_shop_says_of_the_goods_decides(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    items = {item["product_id"] for item in scene.cart.items}
    shop.goods_told = {name: Goods(gift_card=True) for name in items}
    dispatch.drain(runtime)
    assert told(runtime, scene, "no_offer") == ["nothing_qualifies"]


def test_no_offer_is_made_for_goods_that_the_shop_does_not_tell_of(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    shop.goods_told = Unreachable("away")
    dispatch.drain(runtime)
    assert told(runtime, scene, "no_offer") == ["goods_unknown"]


def test_a_text_waits_for_its_turn_at_a_shop_that_is_busy_for_a_moment(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow())
    shop.goods_told = Throttled("slower", 7.0)
    assert dispatch.drain(runtime) == 0
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + timedelta(seconds=7)}
    assert scenes.story(runtime, scene.cart) == []
    shop.goods_told = {}
    clock.advance(timedelta(seconds=7))
    assert dispatch.drain(runtime) == 1
    assert "10% off" in provider.texts[0].body


def test_a_text_goes_rather_without_its_offer_than_never(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discounts, "MOST_TURNS", 2)
    scene = set_up(runtime, flow())
    shop.goods_told = Throttled("slower", 1.0)
    for _ in range(2):
        assert dispatch.drain(runtime) == 0
        clock.advance(timedelta(seconds=discounts.TURN_PAUSE))
    assert dispatch.drain(runtime) == 1
    assert told(runtime, scene, "no_offer") == ["goods_unknown"]


def test_two_texts_to_one_number_do_not_lose_each_others_count_of_turns(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discounts, "MOST_TURNS", 1)
    another_cart(runtime, set_up(runtime, flow()), NOW)
    shop.goods_told = Throttled("slower", 1.0)
    for _ in range(4):
        dispatch.drain(runtime)
        clock.advance(timedelta(seconds=discounts.TURN_PAUSE))
    assert len(provider.texts) == 1


@pytest.mark.parametrize(
    ("seconds", "offers", "failures"),
    [(7.0, [False, True], {"throttled"}), (600.0, [False, False], {"throttled", "not_asked"})],
)
def test_texts_whose_codes_could_not_be_asked_for_as_well_keep_their_offers_if_that_is_soon(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    offers: list[bool],
    failures: set[str],
) -> None:
    monkeypatch.setitem(platform_calls.AT_ONE_SHOP, "shopify", 1)
    first = set_up(runtime, flow())
    with runtime.database.session() as session:
        scenes.make_scene(session, first.store, first.flow, currency="GBP", items=[TOTE])
    shop.errors = [Throttled("slower", seconds)]
    dispatch.drain(runtime)
    clock.advance(timedelta(seconds=seconds))
    dispatch.drain(runtime)
    assert ["10% off" in text.body for text in provider.texts] == offers
    with runtime.database.session() as session:
        assert {reason for _, reason, _ in discount_failures.not_made(session, NOW - DAY)} == failures


def test_a_text_that_goes_once_more_does_not_outlive_its_offer(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    scene = set_up(runtime, flow({"lasts": "PT1H"}))
    provider.answers = [Refused(Category.TEMPORARY, "30001", "queue overflow")]
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        session.scalars(select(Due).where(Due.kind == due.RESEND)).one().due_at = NOW + DAY
    clock.advance(DAY)
    assert code(runtime).ends_at < clock.now()
    assert dispatch.drain(runtime) == 0
    assert fresh(runtime, scene.enrollment).reason == "offer_over"
