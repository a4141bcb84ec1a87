"""The tables of docs/seasons.md, written from ``rules/seasons.csv``: ``python -m flows.season_page``."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from flows.rules import read_table
from flows.rules.document import place, table
from flows.rules.form import Row
from flows.seasons import NAMES, dates

_SHOWN = (2027, 2028)
_HEADER = ("place", "from", "to", *map(str, _SHOWN), "basis", "sure", "what is known", "read")


def tables() -> str:
    """A table per season in Markdown, each under its heading."""
    return "\n".join(f"### {name}\n\n{table(_HEADER, _lines(key))}" for key, name in NAMES.items())


def _lines(season: str) -> Iterator[Sequence[str]]:
    """Countries about which all is the same stand in one line."""
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in read_table("seasons"):
        if row["season"] == season:
            alike[tuple(value for name, value in row.items() if name != "country")].append(row)
    for rows in alike.values():
        row = rows[0]
        yield [
            ", ".join(place(one) for one in rows) + (f", {row['year']} alone" if row["year"] else ""),
            *(_rule(row[name]) for name in ("begins", "ends")),
            *(_days(row, year) for year in _SHOWN),
            row["basis"],
            "**low**" if row["confidence"] == "low" else row["confidence"],
            row["note"],
            row["read_on"],
        ]


def _rule(rule: str) -> str:
    return rule if rule == "none" else f"`{rule}`"


def _days(row: Row, year: int) -> str:
    if row["year"] not in ("", str(year)):
        return ""
    found = dates(row["season"], row["country"], year)
    return f"{_day(found[0])} to {_day(found[1])}" if found else "none"


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


if __name__ == "__main__":
    sys.stdout.write(tables())
