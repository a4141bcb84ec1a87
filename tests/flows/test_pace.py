"""A sender sends so many segments a second, whoever claims its texts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import FixedClock
from app.runtime import Runtime
from flows import dispatch, pace, providers, rules
from flows.pace import Turn, give_turns, segments_per_second
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import make_british_store, make_scene

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def turns(*segments: int, until: timedelta = HOUR) -> list[Turn]:
    return [Turn("S", count, NOW + until) for count in segments]


def test_a_second_s_worth_goes_at_once_and_then_one_after_the_other() -> None:
    moments, free_at = give_turns(NOW, turns(1, 1, 1, 3, 1), 1, NOW, MINUTE)
    assert [moment - NOW for moment in moments] == [
        0 * SECOND,
        0 * SECOND,
        2 * SECOND,
        3 * SECOND,
        6 * SECOND,
    ]
    assert free_at == NOW + 7 * SECOND


def test_an_idle_sender_saves_nothing_up() -> None:
    moments, _ = give_turns(NOW - HOUR, turns(1, 1, 1), 1, NOW, MINUTE)
    assert [moment - NOW for moment in moments] == [0 * SECOND, 0 * SECOND, 2 * SECOND]


def test_a_text_without_room_before_closing_takes_nobody_s_turn() -> None:
    wishes = [*turns(60, 60), *turns(1, until=90 * SECOND), *turns(1)]
    moments, free_at = give_turns(NOW, wishes, 1, NOW, MINUTE)
    assert [moment - NOW for moment in moments] == [0 * SECOND, MINUTE, 2 * MINUTE, 2 * MINUTE]
    assert free_at == NOW + 121 * SECOND


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=60),
    st.sampled_from([0.5, 1, 3, 10]),
)
def test_no_stretch_holds_more_segments_than_its_seconds_one_second_and_one_text(
    asked: list[tuple[int, int]], rate: float
) -> None:
    free_at, sent = NOW, []
    for second, segments in sorted(asked):
        (moment,), free_at = give_turns(free_at, turns(segments), rate, NOW + second * SECOND, MINUTE)
        sent.append((moment, segments))
    sent.sort()
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            length = (sent[last][0] - sent[first][0]) / SECOND
            total = sum(segments for _, segments in sent[first : last + 1])
            assert total <= rate * (length + 1) + max(segments for _, segments in sent) + 1e-6


@pytest.mark.parametrize(
    ("sender", "rate"),
    [
        ("+12015550123", 1),
        ("+18005550123", None),
        ("12345", 100),
        ("LumenLoom", None),
        ("+38640123456", None),
    ],
)
def test_a_sender_s_kind_tells_its_pace(sender: str, rate: float | None) -> None:
    assert segments_per_second("twilio", sender) == rate
    assert segments_per_second("sandbox", sender) is None


@pytest.fixture
def _one_a_second(tmp_path: Path) -> Iterator[None]:
    columns = "provider,sender,segments_per_second,basis,confidence,source,read_on"
    row = "sandbox,Warmcart,1,test,high,test,2026-11-21"
    (tmp_path / "sender_rates.csv").write_text(f"{columns}\n{row}\n")
    rules.use(str(tmp_path))
    yield
    rules.use(None)


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
def test_a_turn_that_was_missed_is_given_anew(runtime: Runtime, clock: FixedClock) -> None:
    provider = PocketProvider()
    providers.use(runtime, provider)
    with runtime.database.session() as session:
        for _ in range(5):
            make_scene(session, store=make_british_store(session))
    dispatch.drain(runtime)
    clock.advance(MINUTE)
    dispatch.drain(runtime)
    assert len(provider.texts) == 4, "a worker that was away does not catch up all at once"


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
