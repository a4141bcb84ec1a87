"""A sender sends so many segments a second, whoever claims its texts."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import FixedClock
from app.runtime import Runtime
from connectors.platform import Throttled
from flows import dispatch, pace, providers, rules
from flows.pace import Clock, Turn, give_turns, segments_per_second
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.offering import flow, set_up
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import make_british_store, make_scene

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("_ours_again")


def turns(*segments: int, until: timedelta = HOUR, promised: bool = False) -> list[Turn]:
    return [Turn("S", count, NOW + until, promised) for count in segments]


def given_out(wishes: list[Turn], clock: Clock = Clock(NOW, NOW)) -> tuple[list[float], float]:  # noqa: B008
    """The seconds after which each goes at one segment a second, and after which the next turn is free."""
    moments, clock = give_turns(clock, wishes, 1, NOW, MINUTE)
    return [(moment - NOW) / SECOND for moment in moments], (clock.free_at - NOW) / SECOND


def test_a_second_s_worth_goes_at_once_and_then_one_after_the_other() -> None:
    assert given_out(turns(1, 1, 1, 3, 1)) == ([0, 0, 2, 3, 6], 7)


def test_an_idle_sender_saves_nothing_up() -> None:
    assert given_out(turns(1, 1, 1), Clock(NOW - HOUR, NOW - HOUR)) == ([0, 0, 2], 3)


def test_a_text_without_room_before_closing_takes_nobody_s_turn() -> None:
    wishes = [*turns(60, 60), *turns(1, until=90 * SECOND), *turns(1)]
    assert given_out(wishes) == ([0, 60, 120, 120], 121)


def test_turns_that_were_missed_come_one_after_the_other_and_before_new_texts() -> None:
    """Four were promised while the worker was away; a hundred more wait behind them."""
    clock = Clock(NOW + 100 * SECOND, NOW - MINUTE)
    missed, fresh = turns(1, 1, 1, 1, promised=True), turns(1)
    assert given_out([*missed, *fresh], clock) == ([0, 0, 2, 3, 100], 101)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), min_size=1, max_size=30),
    st.sampled_from([0.5, 1, 3, 10]),
    st.lists(st.integers(1, 40), min_size=1, max_size=10),
)
def test_all_texts_go_and_no_stretch_holds_more_than_its_seconds_one_second_and_one_text(
    asked: list[tuple[int, int]], rate: float, pauses: list[int]
) -> None:
    """A worker that comes when it comes, over texts that come due when they come due."""
    waiting = [(NOW + second * SECOND, segments, False) for second, segments in asked]
    sent: list[tuple[datetime, int]] = []
    clock, now, rounds = Clock(NOW, NOW), NOW, itertools.cycle([*pauses, 1])
    while waiting:
        now += next(rounds) * SECOND
        waiting.sort()
        due = [one for one in waiting if one[0] <= now]
        wishes = [Turn("S", segments, now + 10 * HOUR, promised) for _, segments, promised in due]
        moments, clock = give_turns(clock, wishes, rate, now, MINUTE)
        waiting = [one for one in waiting if one[0] > now]
        for moment, (_, segments, _) in zip(moments, due, strict=True):
            if moment == now:
                sent.append((now, segments))
            else:
                waiting.append((moment, segments, True))
    assert len(sent) == len(asked)
    for first, last in itertools.combinations_with_replacement(range(len(sent)), 2):
        length = (sent[last][0] - sent[first][0]) / SECOND
        total = sum(segments for _, segments in sent[first : last + 1])
        assert total <= rate * (length + 1) + 6


def write_rates(folder: Path, rows: list[str]) -> None:
    lines = ["provider,sender,segments_per_second,basis,confidence,source,read_on"]
    lines += [f"{row},test,high,test,2026-11-21" for row in rows]
    (folder / "sender_rates.csv").write_text("\n".join(lines) + "\n")
    rules.use(str(folder))


@pytest.mark.parametrize(
    ("sender", "rate"),
    [
        ("+12015550123", 1),
        ("+12015550199", 40),
        ("+18005550123", 3),
        ("12345", 100),
        ("LumenLoom", None),
        ("+38640123456", None),
    ],
)
def test_a_sender_s_own_row_or_its_kind_tells_its_pace(
    tmp_path: Path, sender: str, rate: float | None
) -> None:
    rates = {"long_code_us": 1, "toll_free": 3, "+12015550199": 40}
    write_rates(tmp_path, [f"twilio,{name},{per_second}" for name, per_second in rates.items()])
    assert segments_per_second("twilio", sender) == rate
    assert segments_per_second("sandbox", sender) is None


@pytest.fixture
def _one_a_second(tmp_path: Path) -> None:
    write_rates(tmp_path, ["sandbox,Warmcart,1"])


@pytest.mark.usefixtures("_one_a_second")
def test_texts_of_one_sender_wait_for_their_turn_over_all_stores(runtime: Runtime, clock: FixedClock) -> None:
    provider = PocketProvider()
    providers.use(runtime, provider)
    with runtime.database.session() as session:
        carts = [make_scene(session, store=make_british_store(session)) for _ in range(4)]
    dispatch.drain(runtime)
    assert len(provider.texts) == 2
    assert sorted(scenes.planned(runtime).values())[:2] == [NOW + 2 * SECOND, NOW + 3 * SECOND]
    stories = [scenes.story(runtime, one.cart) for one in carts]
    assert stories.count([("held", "paced")]) == 2
    for sent in (2, 3, 4):
        assert len(provider.texts) == sent
        clock.advance(2 * SECOND if sent == 2 else SECOND)
        dispatch.drain(runtime)
    assert len(provider.texts) == 4


@pytest.mark.usefixtures("_one_a_second")
def test_a_text_in_line_at_a_busy_shop_takes_no_second_turn_of_its_sender(
    runtime: Runtime, provider: PocketProvider, shop: PocketShop, clock: FixedClock
) -> None:
    offering = set_up(runtime, flow())
    shop.goods_told = Throttled("slower", 7.0)
    assert dispatch.drain(runtime) == 0
    clock.advance(7 * SECOND)
    with runtime.database.session() as session:
        for _ in range(2):
            make_scene(session, store=make_british_store(session))
    assert dispatch.drain(runtime) == 2
    assert scenes.story(runtime, offering.cart) == []


@pytest.mark.usefixtures("_one_a_second")
def test_a_worker_that_was_away_does_not_catch_up_all_at_once(runtime: Runtime, clock: FixedClock) -> None:
    provider = PocketProvider()
    providers.use(runtime, provider)
    with runtime.database.session() as session:
        for _ in range(5):
            make_scene(session, store=make_british_store(session))
    dispatch.drain(runtime)
    clock.advance(MINUTE)
    dispatch.drain(runtime)
    assert len(provider.texts) == 4
    clock.advance(2 * SECOND)
    dispatch.drain(runtime)
    assert len(provider.texts) == 5, "its turn is the next, whoever waits besides"


@pytest.mark.usefixtures("_one_a_second")
def test_what_has_no_turn_before_closing_waits_for_the_next_opening(
    runtime: Runtime, clock: FixedClock
) -> None:
    """British hours end at 21:00; at two minutes to it only a minute is left to deliver."""
    provider = PocketProvider()
    providers.use(runtime, provider)
    clock.advance(3 * HOUR - 2 * MINUTE)
    with runtime.database.session() as session:
        scene = make_scene(session)
        session.execute(
            pace.LOCK, {"provider": "sandbox", "sender": "Warmcart", "now": clock.now() + 90 * SECOND}
        )
    dispatch.drain(runtime)
    assert provider.texts == []
    assert scenes.story(runtime, scene.cart) == [("held", "quiet_hours")]
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + 15 * HOUR}
