"""The figures as a page and as lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import dedent

from bench.figures import Figure, Target

INTRODUCTION = """\
# Performance

What Warmcart's speed was measured to be, by `make bench`, which writes this page. Most figures are ratios of
two things measured in turn in the same run: they hold on slower and busier machines too, where absolute
values do not. A ratio is the median of several rounds; the range is that of all rounds.
"""


@dataclass(frozen=True)
class Part:
    """What one part measured, and how."""

    title: str
    method: str
    figures: Sequence[Figure]


def page(parts: Sequence[Part], measured_on: date, machine: Mapping[str, str]) -> str:
    """The whole of ``docs/performance.md``."""
    described = "\n".join(f"- {name}: {value}" for name, value in machine.items())
    sections = [
        INTRODUCTION,
        _table([figure for part in parts for figure in part.figures]),
        f"Measured on {measured_on:%Y-%m-%d}, load and servers on one machine:\n\n{described}\n",
        "## How it was measured\n",
        *(_section(part) for part in parts),
    ]
    return "\n".join(sections).rstrip() + "\n"


def line(figure: Figure) -> str:
    """One figure for the terminal, with the profile if it was missed."""
    verdict = {"yes": "  met   ", "no": "  MISSED", "": "        "}[_met(figure)]
    target = f", target {_target(figure.target, figure.unit)}" if figure.target else ""
    text = f"{verdict} {figure.name}: {_measured(figure)}{target}"
    details = f" ({figure.details})" if figure.details else ""
    return "\n".join([text + details, *(f"             {line}" for line in figure.profile)])


def _table(figures: Sequence[Figure]) -> str:
    rows = [
        f"| {figure.name} | {_target(figure.target, figure.unit)} | {_measured(figure)} | {_met(figure)} |"
        for figure in figures
    ]
    return "\n".join(["| figure | target | measured | met? |", "|---|---|---|---|", *rows]) + "\n"


def _section(part: Part) -> str:
    details = [f"- {figure.name}: {figure.details}." for figure in part.figures if figure.details]
    profiles = [_profile(figure) for figure in part.figures if figure.profile]
    blocks = [f"### {part.title}", dedent(part.method).strip(), "\n".join(details), *profiles]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _profile(figure: Figure) -> str:
    lines = "\n".join(figure.profile)
    return f"{figure.name} misses its target; where the time goes:\n\n```\n{lines}\n```"


def _target(target: Target | None, unit: str) -> str:
    if target is None:
        return ""
    return f"{'≥' if target.at_least else '≤'} {_number(target.limit)}{_unit(unit)}"


def _measured(figure: Figure) -> str:
    value = f"{_number(figure.value)}{_unit(figure.unit)}"
    if figure.low == figure.high:
        return value
    return f"{value} ({_number(figure.low)} to {_number(figure.high)})"


def _met(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return "no" if figure.is_missed else "yes"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _number(value: float) -> str:
    """Three significant digits, but no fewer than the whole ones."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2f}"
