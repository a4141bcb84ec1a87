"""Ratios are taken round by round, and a missed target is never hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import profiles
from bench.figures import Figure, Rounds, at_least, at_most, figure, in_turn, ratio


def test_both_measures_are_taken_in_turn_and_change_places() -> None:
    order: list[str] = []

    def measure(name: str, value: float) -> float:
        order.append(name)
        return value

    rounds = in_turn(lambda: measure("first", 2.0), lambda: measure("second", 4.0), 3)
    assert order == ["first", "second", "second", "first", "first", "second"]
    assert rounds == Rounds([2.0, 2.0, 2.0], [4.0, 4.0, 4.0])


def test_a_ratio_compares_what_was_measured_side_by_side() -> None:
    found = ratio("A : B", Rounds([10.0, 40.0, 30.0], [20.0, 40.0, 10.0]), at_least(0.5), "how")
    assert (found.value, found.low, found.high) == (1.0, 0.5, 3.0)
    assert found.details == "how"


@given(st.lists(st.floats(0.1, 1e6), min_size=1))
def test_the_median_lies_between_the_extremes(values: list[float]) -> None:
    found = figure("any", values)
    assert found.low <= found.value <= found.high
    assert {found.low, found.high} <= set(values)


@pytest.mark.parametrize(
    ("target", "value", "missed"),
    [
        (at_least(0.3), 0.3, False),
        (at_least(0.3), 0.29, True),
        (at_most(1.3), 1.3, False),
        (at_most(1.3), 1.31, True),
        (None, 99.0, False),
    ],
)
def test_a_figure_is_missed_beyond_its_target(target: object, value: float, missed: bool) -> None:
    assert figure("any", [value], target=target).is_missed is missed  # type: ignore[arg-type]


def test_only_a_missed_figure_is_explained() -> None:
    missed = Figure("any", 0.2, 0.2, 0.2, target=at_least(0.3))
    met = Figure("any", 0.4, 0.4, 0.4, target=at_least(0.3))
    assert profiles.explained(missed, lambda: ["why"]).profile == ("why",)
    assert profiles.explained(met, lambda: ["why"]) == met
