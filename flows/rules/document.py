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
        [place(row), day(row, "weekday"), day(row, "saturday"), day(row, "sunday"), holidays(row)] + _why(row)
        for row in read_table("quiet_hours")
    ]
    caps = [
        [place(row), f"{row['max_texts']} in {row['hours']} hours", *_why(row)] for row in read_table("caps")
    ]
    limits = [
        [
            place(row),
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
    return "\n".join(f"### {title}\n\n{table(header, rows)}" for title, header, rows in parts)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def place(row: Row) -> str:
    """The place of a row in English."""
    if row["country"] == "*":
        return "any other country"
    name, region = _NAMES[row["country"]], row.get("region")
    if row["country"] == "FR" and "weekday_from" in row:
        return f"{name}, followed" if region == _PROFILE else f"{name}, the law's outer limit"
    return f"{name}, {region}" if region else name


def day(row: Row, name: str) -> str:
    """The hours of weekday, saturday or sunday."""
    start, end = row[f"{name}_from"], row[f"{name}_to"]
    return "none" if start == "none" else f"{start}-{end}"


def holidays(row: Row) -> str:
    """What holds on public holidays."""
    return "as any day" if row["holidays_allowed"] == "yes" else "none"


def _why(row: Row) -> list[str]:
    """A weak row stands out."""
    sure = "**low**" if row["confidence"] == "low" else row["confidence"]
    return [row["basis"], sure, row["read_on"]]


if __name__ == "__main__":
    sys.stdout.write(tables())
