"""The generated tables of docs/locales.md: every language, what its texts cost, its first text."""

from __future__ import annotations

from collections.abc import Iterable

from flows.locale_check import Report
from flows.locale_samples import Rendered
from flows.segments import Encoding

_COLUMNS = (
    ("reminder", "named", "reply"),
    ("reminder", "unnamed", "reply"),
    ("reminder", "outside_gsm7", "reply"),
    ("reminder", "named", "link"),
    ("second_call", "named", "reply"),
    ("last_call", "named", "reply"),
    ("offer", "named", "reply"),
    ("offer.shipping", "named", "reply"),
    ("sale", "named", "reply"),
    ("opt_in_request", "", ""),
    ("stop_confirmation", "", ""),
    ("start_confirmation", "", ""),
    ("help", "", ""),
    ("help.preferences", "", ""),
)
_COSTS_HEAD = (
    "| | first text | product not named | product outside GSM-7 | way out by link | second | last "
    "| offer | free shipping | sale | opt-in request | `STOP` answer | `START` answer | `HELP` answer "
    "| with the page |"
)


def tables(reports: Iterable[Report]) -> str:
    """Three tables in Markdown, one line per language in each."""
    known = list(reports)
    return "\n\n".join(
        [
            _table("| | alphabet | because | marks may go | because |", map(_language, known)),
            _table(_COSTS_HEAD, map(_costs, known)),
            _table("| | first text, with the longest names |", map(_first_text, known)),
        ]
    )


def _table(head: str, rows: Iterable[str]) -> str:
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *rows])


def _language(report: Report) -> str:
    inherits = f" (over {report.inherits})" if report.inherits else ""
    known = report.alphabet
    cells = (
        [known.encoding, known.reason, "yes" if known.economy else "no", known.economy_reason]
        if known
        else []
    )
    return f"| {report.language}{inherits} | {' | '.join(cells)} |"


def _costs(report: Report) -> str:
    usual = report.alphabet.encoding if report.alphabet else None
    texts = {(text.key, text.product, text.way_out): text for text in report.texts}
    cells = [_cost(texts[column], usual) if column in texts else "" for column in _COLUMNS]
    return f"| {report.language} | {' | '.join(cells)} |"


def _cost(text: Rendered, usual: Encoding | None) -> str:
    """``151 = 1``: units and segments; with the alphabet where it is not the language's own."""
    alphabet = "" if text.measure.encoding == usual else f"{text.measure.encoding} "
    return f"{alphabet}{text.measure.units} = {text.measure.segments}"


def _first_text(report: Report) -> str:
    bodies = (text.body for text in report.texts if (text.key, text.product) == ("reminder", "named"))
    return f"| {report.language} | {next(bodies, '').replace(chr(10), '<br>')} |"
