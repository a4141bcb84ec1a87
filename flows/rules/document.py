"""The tables of docs/hours.md, written from the rule tables: ``python -m flows.rules.document``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from babel import Locale

from flows.rules import read_table
from flows.rules.form import Row

_NAMES = Locale("en").territories
_PROFILE = "operator-strict"


def tables() -> str:
    """All tables in Markdown, each under its heading."""
    hours = [
        [_place(row), _day(row, "weekday"), _day(row, "saturday"), _day(row, "sunday"), _holidays(row)]
        + _why(row)
        for row in read_table("quiet_hours")
    ]
    caps = [
        [_place(row), f"{row['max_texts']} in {row['hours']} hours", *_why(row)] for row in read_table("caps")
    ]
    limits = [
        [
            _place(row),
            row["max_texts_per_cart"],
            f"{row['max_age_hours']} hours",
            row["double_opt_in"],
            *_why(row),
        ]
        for row in read_table("countries")
    ]
    rates = [
        [row["provider"], row["sender"], row["segments_per_second"], *_why(row)]
        for row in read_table("sender_rates")
    ]
    why = ["basis", "sure", "read"]
    parts = [
        ("Hours", ["place", "Monday to Friday", "Saturday", "Sunday", "holidays", *why], hours),
        ("Texts within a day", ["place", "texts to a number", *why], caps),
        ("Carts", ["place", "texts per cart", "within", "double opt-in", *why], limits),
        ("Senders", ["provider", "sender", "segments a second", *why], rates),
    ]
    return "\n".join(f"### {title}\n\n{_table(header, rows)}" for title, header, rows in parts)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _place(row: Row) -> str:
    if row["country"] == "*":
        return "any other country"
    name, region = _NAMES[row["country"]], row.get("region")
    if row["country"] == "FR" and "weekday_from" in row:
        return f"{name}, followed" if region == _PROFILE else f"{name}, the law's outer limit"
    return f"{name}, {region}" if region else name


def _day(row: Row, day: str) -> str:
    start, end = row[f"{day}_from"], row[f"{day}_to"]
    return "none" if start == "none" else f"{start}-{end}"


def _holidays(row: Row) -> str:
    return "as any day" if row["holidays_allowed"] == "yes" else "none"


def _why(row: Row) -> list[str]:
    """A weak row stands out."""
    sure = "**low**" if row["confidence"] == "low" else row["confidence"]
    return [row["basis"], sure, row["read_on"]]


if __name__ == "__main__":
    sys.stdout.write(tables())
