"""The tables, read by the judge itself."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

Row = dict[str, str]


@cache
def rows(name: str) -> tuple[Row, ...]:
    text = (files("flows") / "rules" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def by_country(name: str) -> dict[str, Row]:
    return {row["country"]: row for row in rows(name)}


@cache
def by_region(name: str) -> dict[tuple[str, str], Row]:
    return {(row["country"], row["region"]): row for row in rows(name)}
