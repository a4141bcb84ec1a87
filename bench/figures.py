"""What is measured: figures with their targets, and ratios of two measures taken in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Target:
    """A figure is to be at least or at most this much."""

    limit: float
    at_least: bool

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


def at_least(limit: float) -> Target:
    return Target(limit, at_least=True)


def at_most(limit: float) -> Target:
    return Target(limit, at_least=False)


@dataclass(frozen=True)
class Figure:
    """One measured figure. ``low`` and ``high`` are the extremes of its rounds, ``details`` the absolute
    values behind it; without a target it is only told. ``profile`` says why a target was missed."""

    name: str
    value: float
    low: float
    high: float
    unit: str = ""
    target: Target | None = None
    details: str = ""
    profile: tuple[str, ...] = ()

    @property
    def is_missed(self) -> bool:
        return self.target is not None and not self.target.is_met(self.value)


@dataclass(frozen=True)
class Rounds:
    """Values of two measures, taken in turn."""

    first: list[float]
    second: list[float]

    @property
    def ratios(self) -> list[float]:
        """First to second, round by round: neighbours in time had the same machine."""
        return [one / other for one, other in zip(self.first, self.second, strict=True)]


def in_turn(first: Callable[[], float], second: Callable[[], float], rounds: int) -> Rounds:
    """Measure both ``rounds`` times; who goes first changes from round to round."""
    found = Rounds([], [])
    turns = [(first, found.first), (second, found.second)]
    for _ in range(rounds):
        for measure, values in turns:
            values.append(measure())
        turns.reverse()
    return found


def ratio(name: str, rounds: Rounds, target: Target, details: str) -> Figure:
    """The median of the rounds' ratios."""
    return figure(name, rounds.ratios, target=target, details=details)


def figure(
    name: str, values: Sequence[float], unit: str = "", target: Target | None = None, details: str = ""
) -> Figure:
    """The median of several values."""
    return Figure(name, median(values), min(values), max(values), unit, target, details)
