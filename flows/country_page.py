"""The tables of docs/compliance.md, written from the rule tables: ``python -m flows.country_page``."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

from flows import catalogs
from flows.language import languages_of
from flows.rules import read_table
from flows.rules.document import day, holidays, place, table
from flows.rules.form import Row

_NAMES = {"yes": "free", "registered": "registered first", "no": "refused"}
_HEADER = (
    *("place", "Monday to Friday", "Saturday", "Sunday", "holidays", "texts per cart", "texts within a day"),
    *("double opt-in", "name as sender", "languages", "sure"),
)
_REMINDER = "sms.reminder"
_WHAT = {"quiet_hours": "hours", "countries": "carts", "caps": "texts within a day", "senders": "senders"}

# The row for any other country, and France's law, whose operators keep shorter hours.
_NOT_FOLLOWED = (("*", ""), ("FR", ""))


def tables() -> str:
    """All tables in Markdown, each under its heading."""
    parts = [
        ("Countries with rules of their own", table(_HEADER, _ruled())),
        ("All other countries", table(("country", "name as sender", "languages", "sure"), _others())),
        ("Weak rows", table(("what", "place", "basis", "what is known"), _weak())),
        ("Sources", table(("what", "places", "source", "read"), _sources())),
    ]
    return "\n".join(f"### {title}\n\n{body}" for title, body in parts)


def _ruled() -> Iterator[Sequence[str]]:
    hours = {(row["country"], row["region"]): row for row in read_table("quiet_hours")}
    caps = {(row["country"], row["region"]): row for row in read_table("caps")}
    for row in read_table("countries"):
        hours.setdefault((row["country"], ""), hours["*", ""] | {"country": row["country"]})
    for key, row in hours.items():
        if key not in _NOT_FOLLOWED:
            yield [*_hours(row), *_limits(row["country"], caps.get(key) or caps.get((key[0], "")), row)]


def _hours(row: Row) -> list[str]:
    return [place(row), *(day(row, name) for name in ("weekday", "saturday", "sunday")), holidays(row)]


def _limits(country: str, cap: Row | None, hours: Row) -> list[str]:
    carts = {row["country"]: row for row in read_table("countries")}.get(country)
    sender = _sender(country)
    rows = {"hours": hours, "carts": carts, "day": cap, "sender": sender}
    return [
        f"{carts['max_texts_per_cart']} within {carts['max_age_hours']} h" if carts else "the flow's",
        f"{cap['max_texts']} in {cap['hours']} h" if cap else "no cap",
        "due" if carts and carts["double_opt_in"] == "yes" else "the store's wish",
        _names(sender),
        _languages(country),
        ", ".join(f"{what} {_sure(row)}" for what, row in rows.items() if row is not None),
    ]


def _others() -> Iterator[Sequence[str]]:
    ruled = {row["country"] for name in ("quiet_hours", "countries") for row in read_table(name)}
    for row in read_table("senders"):
        if row["country"] not in ruled:
            yield [place(row), _names(row), _languages(row["country"]), _sure(row)]


def _sender(country: str) -> Row:
    rows = {row["country"]: row for row in read_table("senders")}
    return rows.get(country) or rows["*"]


def _names(row: Row) -> str:
    asked = [f"begins {row['starts_with']}"] if row["starts_with"] else []
    asked += [f"{row['exact_length']} letters"] if row["exact_length"] else []
    asked += ["no space"] if row["spaces"] == "no" else []
    return _NAMES[row["names"]] + (f" ({', '.join(asked)})" if asked else "")


def _languages(country: str) -> str:
    """Those of the country in which there is a text; else the store's."""
    return ", ".join(languages_of(country, catalogs.languages_with(_REMINDER))) or "the store's"


def _sure(row: Row) -> str:
    return "**low**" if row["confidence"] == "low" else row["confidence"]


def _weak() -> Iterator[Sequence[str]]:
    for name in ("quiet_hours", "countries", "caps"):
        for row in read_table(name):
            if row["confidence"] == "low":
                yield [_WHAT[name], place(row), row["basis"], row.get("note", "")]


def _sources() -> Iterator[Sequence[str]]:
    """What was read where; rows of the same source together."""
    for name, what in _WHAT.items():
        told: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in read_table(name):
            key = "-".join(filter(None, (row["country"], row.get("region"))))
            told[row["source"], row["read_on"]].append("any other" if key == "*" else key)
        for (source, read_on), places in told.items():
            if source:
                yield [what, ", ".join(places), source, read_on]


if __name__ == "__main__":
    sys.stdout.write(tables())
