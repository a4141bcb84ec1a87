"""Charts drawn on the server: plain geometry, so that a page needs no script to show them.

Only the plot is SVG, stretched to its place; words beside it are HTML, for SVG text would shrink on
phones. Units of the plot are 1000 by 1000.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SIZE = 1000
TICKS = 4
INTERVALS = (4, 3, 5)
STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class LineChart:
    """A line over an area, and a second line to compare. Paths are SVG path data.

    ``ticks`` are the values of the horizontal lines from the top down; ``labels`` name some places within
    the series and where they lie across the plot, in percent.
    """

    line: str
    area: str
    compared: str
    ticks: tuple[float, ...]
    labels: tuple[tuple[int, str], ...]


def line_chart(values: Sequence[float], compared: Sequence[float]) -> LineChart:
    """The chart of a series of at least one value; ``compared`` may be empty."""
    top = ceiling(max((*values, *compared, 0)))
    line = path(values, top)
    return LineChart(
        line=line,
        area=f"{line}V{SIZE}H0Z",
        compared=path(compared, top),
        ticks=tuple(top * step / TICKS for step in range(TICKS, -1, -1)),
        labels=label_places(len(values)),
    )


def path(values: Sequence[float], top: float) -> str:
    """Path data through all values, the first at the left edge, the last at the right one.

    A single value is drawn as a level line. Negative values (refunds beyond the day's orders) lie on
    the ground.
    """
    if not values:
        return ""
    series = [*values, *values] if len(values) == 1 else values
    width = SIZE / (len(series) - 1)
    points = (f"{_short(at * width)} {_short(height(value, top))}" for at, value in enumerate(series))
    return "M" + "L".join(points)


def height(value: float, top: float) -> float:
    """How far from the top of the plot a value lies."""
    return SIZE - SIZE * max(0.0, value) / top


def ceiling(highest: float) -> float:
    """The round number at the top of the scale, so that all its ticks are round too."""
    if highest <= 0:
        return TICKS
    step = highest / TICKS
    magnitude = 10 ** math.floor(math.log10(step))
    fitting = (magnitude * factor for factor in STEPS if magnitude * factor >= step * (1 - 1e-9))
    return float(TICKS * next(fitting))


def label_places(count: int) -> tuple[tuple[int, str], ...]:
    """A few places within a series, the first and the last among them, as evenly spread as can be."""
    if count < 2:
        return ((0, "0%"),) * count
    even = (intervals for intervals in INTERVALS if (count - 1) % intervals == 0)
    steps = next(even, min(INTERVALS[0], count - 1))
    places = [round(at * (count - 1) / steps) for at in range(steps + 1)]
    return tuple((place, f"{_short(100 * place / (count - 1))}%") for place in places)


def bar(part: float | None) -> str:
    """The width of a bar that shows a share, in percent; what is not nothing is always seen."""
    return f"{_short(max(0.5, min(100.0, 100 * part)))}%" if part else "0%"


def _short(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")
