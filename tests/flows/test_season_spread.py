"""In a season a flow's first texts go in the season's words, spread over some time, and once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Due
from app.runtime import Runtime
from connectors.sms import Category, Refused
from flows import dispatch, due
from tests import factories
from tests.factories import DEFINITION, NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import Scene, make_british_store, make_scene

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
SALE: dict[str, Any] = {
    "season": "black_friday",
    "from": "2026-11-20",
    "to": "2026-11-22",
    "texts": {"reminder": {"en": "{store}: it is Black Friday! {link}"}},
    "spread": "PT1H",
}


def scenes_in(runtime: Runtime, season: dict[str, Any], count: int = 1, **cart: Any) -> list[Scene]:
    with runtime.database.session() as session:
        store = make_british_store(session)
        flow = factories.make_flow(session, store, DEFINITION | {"seasons": [season]})
        return [make_scene(session, store, flow, **cart) for _ in range(count)]


def waits(runtime: Runtime, scenes_: Sequence[Scene]) -> list[timedelta]:
    planned = scenes.planned(runtime)
    return [planned[f"step:{one.enrollment.id}"] - NOW for one in scenes_]


def reasons(runtime: Runtime) -> set[str | None]:
    with runtime.database.session() as session:
        return set(session.scalars(select(Due.reason).where(Due.kind == due.STEP)))


def test_first_texts_of_a_season_are_spread_and_then_go_in_its_words(
    runtime: Runtime, clock: FixedClock, provider: PocketProvider
) -> None:
    crowd = scenes_in(runtime, SALE, 6)
    dispatch.drain(runtime)
    assert provider.texts == []
    assert all(timedelta(0) < wait < HOUR for wait in waits(runtime, crowd))
    assert len(set(waits(runtime, crowd))) == 6
    assert scenes.story(runtime, crowd[0].cart) == [("held", "season_spread")]
    clock.advance(HOUR)
    dispatch.drain(runtime)
    assert len(provider.texts) == 6
    assert all("it is Black Friday!" in text.body for text in provider.texts)


def test_a_text_is_spread_once_even_where_it_was_held_for_something_else_since(
    runtime: Runtime, clock: FixedClock, provider: PocketProvider
) -> None:
    (scene,) = scenes_in(runtime, SALE)
    dispatch.drain(runtime)
    clock.advance(waits(runtime, [scene])[0])
    with runtime.database.session() as session:
        session.get_one(type(scene.cart), scene.cart.id).activity_at = clock.now() - 29 * MINUTE
    dispatch.drain(runtime)
    assert reasons(runtime) == {"idle_again"}
    clock.advance(MINUTE)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_later_texts_are_not_spread(runtime: Runtime, clock: FixedClock, provider: PocketProvider) -> None:
    (scene,) = scenes_in(runtime, SALE)
    with runtime.database.session() as session:
        session.get_one(type(scene.enrollment), scene.enrollment.id).step_index = 1
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert "Black Friday" not in provider.texts[0].body


@pytest.mark.parametrize(
    "change", [{"spread": "PT0S"}, {"active": False}, {"countries": ["IE"]}, {"from": "2026-11-22"}]
)
def test_where_no_season_is_spread_texts_go_at_once(
    runtime: Runtime, provider: PocketProvider, change: dict[str, Any]
) -> None:
    scenes_in(runtime, SALE | change)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1


def test_nothing_is_spread_out_of_the_hours_or_beyond_the_cart_or_the_season(
    runtime: Runtime, clock: FixedClock, provider: PocketProvider
) -> None:
    """Texts to Britain go until 21:00; it is 18:00, and the old carts die in half an hour."""
    british = scenes_in(runtime, SALE | {"spread": "PT24H"}, 4)
    ending = scenes_in(runtime, SALE | {"spread": "PT24H", "to": "2026-11-21"}, 4)
    old = scenes_in(runtime, SALE | {"spread": "PT24H"}, 4, activity_at=NOW - 4 * DAY + 30 * MINUTE)
    dispatch.drain(runtime)
    assert HOUR < max(waits(runtime, british + ending)) < 3 * HOUR
    assert max(waits(runtime, old)) < 30 * MINUTE
    for pause in (29 * MINUTE, 2 * HOUR + 30 * MINUTE):
        clock.advance(pause)
        dispatch.drain(runtime)
    assert len(provider.texts) == 12


def test_what_comes_due_when_the_season_is_over_is_an_ordinary_text_again(
    runtime: Runtime, clock: FixedClock, provider: PocketProvider
) -> None:
    (scene,) = scenes_in(runtime, SALE)
    monday = datetime.combine(date(2026, 11, 23), NOW.timetz())
    with runtime.database.session() as session:
        for row in session.scalars(select(Due)):
            row.due_at = monday
    clock.advance(monday - NOW)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert "Black Friday" not in provider.texts[0].body
    assert scenes.story(runtime, scene.cart) == [("sending", None), ("sent", None)]


@pytest.mark.parametrize(("last", "reason"), [("2026-11-21", "offer_over"), ("2026-11-22", None)])
def test_words_of_a_season_that_is_over_do_not_go_once_more(
    runtime: Runtime, clock: FixedClock, provider: PocketProvider, last: str, reason: str | None
) -> None:
    (scene,) = scenes_in(runtime, SALE | {"spread": "PT0S", "to": last})
    provider.answers = [Refused(Category.TEMPORARY, "30001", "queue overflow")]
    dispatch.drain(runtime)
    clock.advance(16 * HOUR)
    assert dispatch.drain(runtime) == (0 if reason else 1)
    assert len(provider.texts) == (1 if reason else 2)
    assert scenes.fresh(runtime, scene.enrollment).reason == reason
