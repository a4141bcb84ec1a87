"""Calls to many shops at once: each gets its turn, whatever the others do, and none gets too many."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.clock import FixedClock
from app.models import Store
from app.runtime import Runtime
from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from flows import platform_calls, silence
from flows.platform_calls import AT_ONCE, NotAsked, call_makers
from tests import factories
from tests.flows.offering import no_more_time

MOST = platform_calls.AT_ONE_SHOP["shopify"]

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_calls, "AT_ONE_SHOP", {"shopify": 1})
    monkeypatch.setattr(platform_calls, "FOUND_NOBODY", 2)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Until it is set, or the test is over, a shop answers nothing."""
    event = threading.Event()
    yield event
    event.set()


def make_stores(runtime: Runtime, count: int) -> list[Store]:
    with runtime.database.session() as session:
        return [factories.make_store(session) for _ in range(count)]


def ask(
    runtime: Runtime, stores: dict[int, Store], answer: Callable[[int], Any], seconds: float = 30.0
) -> dict[int, Any]:
    return call_makers(runtime, stores, lambda maker, name: answer(name), seconds)


def raising(*errors: ConnectorError | None) -> Callable[[int], int]:
    """Raises the errors in order, None for an answer; then all are answered."""
    left = list(errors)

    def answer(name: int) -> int:
        if left and (error := left.pop(0)) is not None:
            raise error
        return name

    return answer


def kinds(answers: dict[int, Any]) -> list[str]:
    return [type(answer).__name__ for _, answer in sorted(answers.items())]


def test_shops_that_do_not_answer_keep_no_other_from_being_asked(
    runtime: Runtime, release: threading.Event
) -> None:
    *hanging, good = make_stores(runtime, AT_ONCE // MOST)
    stores = dict(enumerate([store for store in hanging for _ in range(3 * MOST)]))
    first = len(stores)
    stores |= {first + number: good for number in range(2 * MOST)}
    answered: list[int] = []

    def answer(name: int) -> int:
        if name < first:
            release.wait(30)
        else:
            answered.append(name)
        if len(answered) == 2 * MOST:
            release.set()
        return name

    assert ask(runtime, stores, answer) == {name: name for name in stores}


def test_a_shop_that_does_not_answer_is_left_in_peace_for_a_while(
    runtime: Runtime, clock: FixedClock, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores, begun = dict(enumerate(make_stores(runtime, 1))), threading.Event()

    def answer(name: int) -> int:
        begun.set()
        release.wait(30)
        return name

    no_more_time(monkeypatch, begun)
    assert kinds(ask(runtime, stores, answer)) == ["Unreachable"]
    assert kinds(ask(runtime, stores, raising())) == ["Unreachable"]
    clock.advance(silence.LEFT_IN_PEACE)
    assert ask(runtime, stores, raising()) == {0: 0}


def test_a_shop_gets_few_calls_at_a_time(runtime: Runtime, release: threading.Event) -> None:
    stores = dict.fromkeys(range(3 * MOST), make_stores(runtime, 1)[0])
    begun: list[int] = []

    def answer(name: int) -> int:
        begun.append(name)
        release.wait(30)
        return name

    ask(runtime, stores, answer, seconds=0.05)
    assert begun == list(range(len(begun))) and len(begun) <= MOST


def test_all_calls_are_answered_however_many_there_are(runtime: Runtime) -> None:
    stores = dict.fromkeys(range(5 * MOST), make_stores(runtime, 1)[0])
    assert ask(runtime, stores, raising()) == {name: name for name in stores}


@pytest.mark.usefixtures("one_at_a_time")
@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([Reconnect("keys")], ["Reconnect"] * 4),
        ([None, Throttled("slower", 7.0)], ["int", "Throttled", "NotAsked", "NotAsked"]),
        ([Unreachable("502")], ["Unreachable", "int", "int", "int"]),
        ([Unreachable("502")] * 9, ["Unreachable"] * 4),
    ],
    ids=["keys are gone", "slow down", "one call found nobody", "none found anybody"],
)
def test_a_shop_is_asked_no_more_once_that_makes_no_sense(
    runtime: Runtime, errors: list[ConnectorError | None], told: list[str]
) -> None:
    stores = dict.fromkeys(range(4), make_stores(runtime, 1)[0])
    answers = ask(runtime, stores, raising(*errors))
    assert kinds(answers) == told
    assert [one.after for one in answers.values() if isinstance(one, NotAsked)] == [7.0] * told.count(
        "NotAsked"
    )


def test_a_store_whose_connection_is_broken_is_not_asked(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        broken = factories.make_store(session, status="reconnect", status_reason="The key was revoked.")
    (answer,) = ask(runtime, {0: broken}, raising()).values()
    assert isinstance(answer, Reconnect) and str(answer) == "The key was revoked."


def test_calls_for_which_no_time_is_left_were_never_begun_and_silence_nobody(runtime: Runtime) -> None:
    stores = dict(enumerate(make_stores(runtime, 1)))
    assert kinds(ask(runtime, stores, raising(), seconds=0.0)) == ["NotAsked"]
    assert ask(runtime, stores, raising()) == {0: 0}


def test_a_fault_of_ours_in_one_call_keeps_no_other_back(runtime: Runtime) -> None:
    stores = dict.fromkeys(range(MOST + 1), make_stores(runtime, 1)[0])

    def answer(name: int) -> int:
        if name < MOST:
            raise ValueError("ours")
        return name

    assert kinds(ask(runtime, stores, answer)) == ["ConnectorError"] * MOST + ["int"]
