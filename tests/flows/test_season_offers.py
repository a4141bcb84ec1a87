"""Offers of a season: its rung, its end, its limit, and nothing of it when it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.clock import FixedClock
from app.models import Discount
from app.runtime import Runtime
from flows import dispatch
from tests.flows.offering import DAY, TOTE, code, flow, set_up, states, told
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import make_scene
from tests.queries import statements

PLAIN = flow(None, ("reminder", "none"))
SALE: dict[str, Any] = {
    "season": "black_friday",
    "from": "2026-11-20",
    "to": "2026-11-22",
    "offers": {"best": {"kind": "percent", "percent": 25}},
    "rungs": {"reminder": "best"},
    "offer_texts": {"reminder": {"en": "{store}: Black Friday, {discount} off until {ends}: {link}"}},
}


def test_a_season_s_offer_is_made_where_the_flow_makes_none_and_ends_with_the_season(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    set_up(runtime, PLAIN | {"seasons": [SALE]})
    dispatch.drain(runtime)
    assert "Black Friday, 25% off until 22 Nov:" in provider.texts[0].body
    made = code(runtime)
    assert (made.rung, made.season, made.value) == ("best", "black_friday-2026", 25)
    assert made.ends_at.isoformat() == "2026-11-22T23:59:59+00:00"


def test_a_full_season_sends_its_texts_without_an_offer(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    first = set_up(runtime, PLAIN | {"seasons": [SALE | {"most_offers": 1}]})
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        second = make_scene(session, first.store, first.flow, currency="GBP", items=[TOTE])
    dispatch.drain(runtime)
    assert ["off until" in text.body for text in provider.texts] == [True, False]
    assert told(runtime, second, "no_offer") == ["season_full"]


def test_the_codes_of_a_season_without_a_limit_are_not_counted(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    set_up(runtime, PLAIN | {"seasons": [SALE]})
    with statements(runtime) as sent:
        assert dispatch.drain(runtime) == 1
    assert [one for one in sent if "GROUP BY discount.store_id, discount.season" in one] == []


def test_texts_that_come_due_together_share_what_is_left_of_a_season(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    first = set_up(runtime, PLAIN | {"seasons": [SALE | {"most_offers": 2}]})
    with runtime.database.session() as session:
        for _ in range(2):
            make_scene(session, first.store, first.flow, currency="GBP", items=[TOTE])
    dispatch.drain(runtime)
    assert sorted("off until" in text.body for text in provider.texts) == [False, True, True]
    assert len(shop.codes) == 2


def test_a_season_for_other_countries_has_a_limit_of_its_own(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    here, there = SALE | {"most_offers": 1, "countries": ["GB"]}, SALE | {"countries": ["IE"]}
    first = set_up(runtime, PLAIN | {"seasons": [here, there]})
    with runtime.database.session() as session:
        irish = {"currency": "GBP", "items": [TOTE], "country": "IE"}
        make_scene(session, first.store, first.flow, **irish)
    dispatch.drain(runtime)
    assert ["off until" in text.body for text in provider.texts] == [True, True]


def test_last_year_s_season_does_not_fill_this_one(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop
) -> None:
    before = set_up(runtime, PLAIN | {"seasons": [SALE | {"most_offers": 1}]})
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        session.get_one(Discount, code(runtime).id).season = "black_friday-2025"
        make_scene(session, before.store, before.flow, currency="GBP", items=[TOTE])
    dispatch.drain(runtime)
    assert ["off until" in text.body for text in provider.texts] == [True, True]


def test_a_text_that_comes_due_when_the_season_is_over_makes_no_offer(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    clock.advance(2 * DAY)
    left = clock.now() - timedelta(minutes=31)
    set_up(runtime, PLAIN | {"seasons": [SALE]}, activity_at=left, event_at=clock.now())
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert "Black Friday" not in provider.texts[0].body
    assert states(runtime) == []
