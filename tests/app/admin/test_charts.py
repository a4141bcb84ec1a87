from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.admin import charts
from app.admin.charts import LineChart

# Money has three decimals at most.
amounts = st.floats(-1e6, 1e9).map(lambda amount: round(amount, 3))
values = st.lists(amounts, min_size=1, max_size=100)


def points(path: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_a_chart_of_three_days() -> None:
    chart = charts.line_chart([0, 50, 100], [100, 0, 0])
    assert chart == LineChart(
        line="M0 1000L500 500L1000 0",
        area="M0 1000L500 500L1000 0V1000H0Z",
        compared="M0 0L500 1000L1000 1000",
        ticks=(100, 75, 50, 25, 0),
        labels=((0, "0%"), (1, "50%"), (2, "100%")),
    )


def test_a_single_day_is_a_level_line() -> None:
    chart = charts.line_chart([5], [])
    assert (points(chart.line), chart.compared) == ([(0, 166.7), (1000, 166.7)], "")


def test_days_without_anything_lie_on_the_ground() -> None:
    chart = charts.line_chart([0, 0], [0, 0])
    assert points(chart.line) == [(0, 1000), (1000, 1000)]
    assert chart.ticks == (4, 3, 2, 1, 0)


def test_a_day_of_refunds_lies_on_the_ground_and_not_below_it() -> None:
    assert points(charts.line_chart([-80, 100], []).line) == [(0, 1000), (1000, 0)]


@given(values, values)
def test_every_point_lies_within_the_plot_and_in_order(now: list[float], before: list[float]) -> None:
    chart = charts.line_chart(now, before)
    for path in (chart.line, chart.compared):
        across = [x for x, _ in points(path)]
        assert across == sorted(across) and across[0] == 0 and across[-1] == 1000
        assert all(0 <= y <= 1000 for _, y in points(path))


@given(values)
def test_the_highest_value_is_within_the_scale_and_uses_more_than_half_of_it(now: list[float]) -> None:
    top = charts.line_chart(now, []).ticks[0]
    highest = max(now)
    assert top >= highest * (1 - 1e-6)
    assert highest <= 0 or highest > top * 0.6


@pytest.mark.parametrize(
    ("highest", "top"), [(1, 1), (3, 3.2), (7, 8), (9.9, 10), (100, 100), (1360, 1600), (8001, 10_000)]
)
def test_scales_end_at_round_numbers(highest: float, top: float) -> None:
    assert charts.ceiling(highest) == pytest.approx(top)


@pytest.mark.parametrize(("highest", "top"), [(1, 4), (5, 8), (9, 12), (13, 16), (130, 160)])
def test_scales_of_counts_have_whole_ticks(highest: int, top: float) -> None:
    assert charts.line_chart([highest], [], whole=True).ticks == tuple(
        top * step / 4 for step in (4, 3, 2, 1, 0)
    )


@pytest.mark.parametrize(
    ("days", "places"), [(0, []), (1, [0]), (2, [0, 1]), (7, [0, 2, 4, 6]), (30, [0, 7, 14, 22, 29])]
)
def test_the_first_and_the_last_day_are_named_and_some_between(days: int, places: list[int]) -> None:
    assert [place for place, _ in charts.label_places(days)] == places


@pytest.mark.parametrize(
    ("share", "width"),
    [(None, "0%"), (0.0, "0%"), (0.0001, "0.5%"), (0.25, "25%"), (1.0, "100%"), (1.4, "100%")],
)
def test_a_bar_shows_what_is_there_and_never_more_than_all(share: float | None, width: str) -> None:
    assert charts.bar(share) == width
