"""While a sale of the whole shop runs, texts tell of it, and no longer than it lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.clock import FixedClock
from app.runtime import Runtime
from connectors.discounts import Sale
from connectors.platform import Reconnect
from connectors.sms import Category, Refused
from flows import discount_facts, dispatch
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.offering import HOUR, TOTE, flow, set_up, told
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import fresh, make_british_store


def test_a_sale_that_is_as_good_is_told_and_no_code_made(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    scene = set_up(runtime, flow())
    shop.sale = Sale("Summer", 20)
    dispatch.drain(runtime)
    assert shop.asked == [] and "20%" in provider.texts[0].body
    assert told(runtime, scene, "no_offer") == ["sale_is_as_good"]
    kept = {"name": "Summer", "percent": 20, "ends_at": None, "beside_shipping": True}
    assert fresh(runtime, scene.store).sale == kept


def test_a_text_that_tells_of_a_sale_does_not_outlive_it_when_it_goes_once_more(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    shop.sale = Sale("Summer", 20, ends_at=NOW + 2 * HOUR)
    set_up(runtime, flow())
    provider.answers = [Refused(Category.TEMPORARY, "30001", "queue overflow")]
    dispatch.drain(runtime)
    clock.advance(HOUR)
    assert dispatch.drain(runtime) == 1
    assert provider.texts[-1].validity == HOUR.total_seconds()


@pytest.mark.parametrize(("last", "reason"), [("2026-11-21", "offer_over"), ("2026-11-22", None)])
def test_a_text_that_tells_of_a_sale_does_not_go_once_more_after_it(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    last: str,
    reason: str | None,
) -> None:
    sale = {"name": "Autumn", "from": "2026-11-20", "to": last, "percent": 20}
    scene = set_up(runtime, flow({"sales": [sale]}))
    provider.answers = [Refused(Category.TEMPORARY, "30001", "queue overflow")]
    dispatch.drain(runtime)
    clock.advance(16 * HOUR)
    assert dispatch.drain(runtime) == (0 if reason else 1)
    assert all("20%" in sent.body for sent in provider.texts)
    assert fresh(runtime, scene.enrollment).reason == reason


def test_a_text_that_tells_of_a_sale_does_not_outlive_it(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    shop.sale = Sale("Summer", 20, ends_at=NOW + HOUR)
    set_up(runtime, flow())
    dispatch.drain(runtime)
    assert provider.texts[0].validity == HOUR.total_seconds()


def test_the_shops_sale_is_read_at_most_once_a_minute(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    with runtime.database.session() as session:
        known = {"sale": {"name": "Summer", "percent": 20, "ends_at": None}, "sale_read_at": NOW}
        shopify = {"platform": "shopify", "url": "https://good.myshopify.com"}
        store = make_british_store(session, **(known | shopify))
    scene = set_up(runtime, flow(), store)
    dispatch.drain(runtime)
    assert told(runtime, scene, "no_offer") == ["sale_is_as_good"]


def test_a_shop_that_does_not_tell_its_sale_is_asked_no_more_often_than_others(
    runtime: Runtime,
    provider: PocketProvider,
    shop: PocketShop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def refuse(now: Any) -> None:
        asked.append(now)
        raise Reconnect("no right to discounts")

    monkeypatch.setattr(shop, "running_sale", refuse)
    first = set_up(runtime, flow())
    for seconds in (0, 59, 2):
        clock.advance(timedelta(seconds=seconds))
        assert dispatch.drain(runtime) == 1
        with runtime.database.session() as session:
            scenes.make_scene(session, first.store, first.flow, currency="GBP", items=[TOTE])
    assert asked == [NOW, NOW + timedelta(seconds=61)]


def test_a_shop_that_nobody_came_to_ask_is_asked_about_its_sale_next_time(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discount_facts, "ASK_SECONDS", 0.0)
    scene = set_up(runtime, flow())
    assert dispatch.drain(runtime) == 0
    assert fresh(runtime, scene.store).sale_read_at is None
