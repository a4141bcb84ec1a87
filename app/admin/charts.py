"""Charts drawn on the server: plain geometry, so that a page needs no script to show them.

Only the plot is SVG, stretched to its place; words beside it are HTML, for SVG text would shrink on
phones. Units of the plot are 1000 by 1000.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

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


def line_chart(values: Sequence[float], compared: Sequence[float], whole: bool = False) -> LineChart:
    """The chart of a series of at least one value; ``compared`` may be empty.

    ``whole``: the values are counts.
    """
    top = ceiling(max((*values, *compared, 0)), whole)
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


def ceiling(highest: float, whole: bool = False) -> float:
    """The round number at the top of the scale, so that all its ticks are round too.

    ``whole``: what is counted comes in whole numbers, and so do the ticks.
    """
    if highest <= 0:
        return TICKS
    wanted = highest / TICKS * (1 - 1e-9)
    magnitudes = count(math.floor(math.log10(wanted)))
    steps = (10.0**magnitude * factor for magnitude in magnitudes for factor in STEPS)
    return TICKS * next(step for step in steps if step >= wanted and (not whole or step % 1 == 0))


def label_places(length: int) -> tuple[tuple[int, str], ...]:
    """A few places within a series, the first and the last among them, as evenly spread as can be."""
    if length < 2:
        return ((0, "0%"),) * length
    even = (intervals for intervals in INTERVALS if (length - 1) % intervals == 0)
    steps = next(even, min(INTERVALS[0], length - 1))
    places = [round(at * (length - 1) / steps) for at in range(steps + 1)]
    return tuple((place, f"{_short(100 * place / (length - 1))}%") for place in places)


def bar(part: float | None) -> str:
    """The width of a bar that shows a share, in percent; what is not nothing is always seen."""
    return f"{_short(max(0.5, min(100.0, 100 * part)))}%" if part else "0%"


def _short(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")
