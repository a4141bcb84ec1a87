"""How long each kind of data is kept: the table's days at most, fewer where somebody says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from flows.rules import from_tables, packaged, read_table


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of data. ``days`` is the most, ``least`` the fewest that may be chosen: fixed where equal."""

    kind: str
    days: int
    least: int
    what: str
    why: str
    source: str

    @property
    def fixed(self) -> bool:
        return self.days == self.least


@from_tables
@cache
def rules() -> Mapping[str, Rule]:
    """The rules by kind, in the order of the table. An operator's table only shortens."""
    ours = {row["kind"]: _rule(**row) for row in packaged("retention")}
    wished = {row["kind"]: int(row["days"]) for row in read_table("retention")}
    return {kind: replace(rule, days=_within(rule, wished[kind])) for kind, rule in ours.items()}


def days(kind: str, *wishes: Mapping[str, int]) -> int:
    """For how many days a kind is kept: the fewest that anybody wishes, within what the rule allows."""
    rule = rules()[kind]
    return _within(rule, min([rule.days, *(wish[kind] for wish in wishes if kind in wish)]))


def _within(rule: Rule, wished: int) -> int:
    return max(rule.least, min(rule.days, wished))


def _rule(kind: str, days: str, least: str, what: str, why: str, source: str) -> Rule:
    return Rule(kind, int(days), int(least), what, why, source)
