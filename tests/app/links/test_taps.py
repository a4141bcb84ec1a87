"""A tap is one row and one statement, and what no person did is no click."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Click, TimelineEntry
from app.runtime import Runtime
from flows import links, rollups, stats
from tests.app.links.agents import IPHONE, PEOPLE, PROGRAMS
from tests.app.links.texted import CHECKOUT, STATUS_PAGE, Shop
from tests.factories import NOW
from tests.queries import statements


def test_a_tap_is_a_click(shop: Shop) -> None:
    shop.tap()

    assert shop.clicks() == [True]
    assert shop.clicked_at() == NOW
    assert shop.story() == [("clicked", shop.message.id)]


@pytest.mark.parametrize(
    ("left_on", "told"),
    [
        ("computer", {"opened_on": "phone", "left_on": "computer"}),
        ("phone", {"opened_on": "phone"}),
        (None, {"opened_on": "phone"}),
    ],
)
def test_a_tap_on_another_device_than_the_cart_was_left_on_is_told(
    shop: Shop, left_on: str | None, told: dict[str, str]
) -> None:
    shop.change(shop.cart, device=left_on)
    shop.tap()

    with shop.runtime.database.session() as session:
        assert session.scalar(select(TimelineEntry.details)) == told


def test_a_click_is_in_the_figures_after_the_next_counting(shop: Shop) -> None:
    shop.tap()

    assert rollups.drain(shop.runtime) == 1

    with shop.runtime.database.session() as session:
        day = date(2026, 11, 21)
        assert stats.overview(session, shop.store.id, day, day).total.clicked == 1


def test_the_day_to_count_is_that_of_the_text_in_the_zone_of_the_store(
    runtime: Runtime, client: FlaskClient, clock: FixedClock
) -> None:
    shop = Shop(runtime, client, timezone="Pacific/Auckland")
    clock.advance(timedelta(days=3))
    shop.tap()

    rollups.drain(runtime)

    with runtime.database.session() as session:
        found = stats.overview(session, shop.store.id, date(2026, 11, 20), date(2026, 11, 25))
    assert [day for day, figures in found.days.items() if figures.clicked] == [date(2026, 11, 22)]


def test_a_second_tap_is_a_second_line_and_the_same_click_of_the_text(shop: Shop, clock: FixedClock) -> None:
    shop.tap()
    rollups.drain(shop.runtime)
    clock.advance(timedelta(hours=1))
    shop.tap()

    assert shop.clicks() == [True, True]
    assert shop.clicked_at() == NOW
    assert [kind for kind, _ in shop.story()] == ["clicked", "clicked"]
    assert rollups.drain(shop.runtime) == 0


def test_a_text_whose_acceptance_is_not_recorded_yet_can_be_clicked(shop: Shop) -> None:
    shop.change(shop.message, accepted_at=None, status="sending")

    assert shop.leads_to().startswith(CHECKOUT)
    assert shop.clicked_at() == NOW


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_led_on_but_not_counted(shop: Shop, name: str) -> None:
    response = shop.tap(PROGRAMS[name])

    assert response.headers["Location"].startswith(CHECKOUT)
    assert shop.clicks() == [False]
    assert shop.clicked_at() is None
    assert shop.story() == [("bot_clicked", shop.message.id)]
    assert rollups.drain(shop.runtime) == 0


def test_programs_are_told_of_once_per_link(shop: Shop) -> None:
    for agent in (PROGRAMS["iMessage"], PROGRAMS["WhatsApp"], IPHONE, PROGRAMS["iMessage"]):
        shop.tap(agent)

    assert [kind for kind, _ in shop.story()] == ["bot_clicked", "clicked"]
    assert shop.clicks() == [False, False, True, False]


@pytest.mark.parametrize(("agent", "kind"), [(IPHONE, "clicked"), (PROGRAMS["iMessage"], "bot_clicked")])
def test_several_openings_at_one_instant_mark_the_text_once(shop: Shop, agent: str, kind: str) -> None:
    together = threading.Barrier(4)

    def open_it() -> None:
        together.wait()
        links.open_link(shop.runtime, shop.link.token, person=agent == IPHONE, agent=agent)

    with ThreadPoolExecutor(4) as pool:
        for opening in [pool.submit(open_it) for _ in range(4)]:
            opening.result()

    assert len(shop.clicks()) == 4
    assert [kind for kind, _ in shop.story()] == ([kind] * 4 if agent == IPHONE else [kind])
    assert rollups.drain(shop.runtime) == (1 if agent == IPHONE else 0)


def test_a_request_for_the_headers_is_no_click(shop: Shop) -> None:
    response = shop.tap(method="HEAD")

    assert response.headers["Location"].startswith(CHECKOUT)
    assert shop.clicked_at() is None


def test_a_page_loaded_ahead_is_no_click(shop: Shop) -> None:
    shop.tap(**{"Sec-Purpose": "prefetch"})

    assert shop.clicked_at() is None


def test_an_agent_without_end_is_kept_to_a_point(shop: Shop) -> None:
    shop.tap(PEOPLE["Chrome"] + "x" * 5000)

    with shop.runtime.database.session() as session:
        assert len(session.scalar(select(Click.agent)) or "") == 300


def test_a_tap_changes_nothing_of_another_link_or_store(
    runtime: Runtime, client: FlaskClient, shop: Shop
) -> None:
    neighbour = Shop(runtime, client)
    neighbour.order(status_url=runtime.cipher.encrypt(STATUS_PAGE))
    shop.tap()

    assert neighbour.clicked_at() is None
    with runtime.database.session() as session:
        assert set(session.scalars(select(Click.store_id))) == {shop.store.id}
        assert set(session.scalars(select(TimelineEntry.store_id))) == {shop.store.id}


@pytest.mark.parametrize("agent", [IPHONE, PROGRAMS["WhatsApp"]], ids=["person", "preview"])
def test_a_tap_is_recorded_and_redirected_with_one_statement(shop: Shop, agent: str) -> None:
    with statements(shop.runtime) as seen:
        shop.tap(agent)

    assert len(seen) == 1
