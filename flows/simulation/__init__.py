"""A synthetic year: the real gates and clock over made-up carts everywhere, and a judge beside them.

No settings, no database, no Redis. The same carts, year and seed give the same decisions.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TextIO

from flows.simulation.judge import Violation, violations
from flows.simulation.life import live
from flows.simulation.people import shoppers
from flows.simulation.report import Report, line_of

__all__ = ["Report", "Violation", "simulate"]


def simulate(
    carts: int,
    year: int,
    seed: int,
    out: TextIO | None = None,
    *,
    violated: Callable[[Violation], None] = lambda violation: None,
    progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Live through the year; every decision is judged, and written to ``out`` as a line of JSON.

    ``violated`` hears of every broken rule, ``progress`` after every shopper how far it is.
    """
    report = Report()
    for shopper in shoppers(carts, year, seed):
        story = live(shopper, Random(f"{seed}:{year}:{shopper.id}:life"))  # noqa: S311 - dice, no secrets
        report.add(story)
        for violation in violations(story, year):
            report.violations += 1
            violated(violation)
        if out is not None:
            out.writelines(line_of(story, one) + "\n" for one in story.decisions)
        progress(report)
    return report
