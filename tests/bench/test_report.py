"""The page and the lines that ``make bench`` writes."""

from __future__ import annotations

from datetime import date

from bench import report
from bench.figures import Figure, at_least, at_most
from bench.report import Part

MET = Figure("Intake : empty", 0.4123, 0.38, 0.44, target=at_least(0.3), details="1,950 of 4,730 requests/s")
MISSED = Figure("Claim", 1.42, 1.4, 1.5, target=at_most(1.3), profile=("60% in due.py:claim", "0.8 ms x 3"))
TOLD = Figure("Server time", 12.345, 11.0, 14.0, "ms")
LARGEST = Figure("Web process", 112.4, 112.4, 112.4, "MB", at_most(120))
PARTS = [
    Part("Webhooks", "\nHow it\nwas done.\n", [MET]),
    Part("Pages", "Another way.", [MISSED, TOLD, LARGEST]),
]


def _page() -> str:
    return report.page(PARTS, date(2026, 11, 21), {"Processor": "Abacus, 2 cores", "Python": "3.11.7"})


def test_the_page_has_a_row_for_each_figure() -> None:
    lines = _page().splitlines()
    assert lines[lines.index("|---|---|---|---|") + 1 :][:4] == [
        "| Intake : empty | ≥ 0.30 | 0.41 (0.38 to 0.44) | yes |",
        "| Claim | ≤ 1.30 | 1.42 (1.40 to 1.50) | no |",
        "| Server time |  | 12.3 ms (11 to 14) |  |",
        "| Web process | ≤ 120 MB | 112 MB | yes |",
    ]


def test_the_page_says_when_on_what_and_how_it_was_measured() -> None:
    page = _page()
    assert "Measured on 2026-11-21" in page
    assert "- Processor: Abacus, 2 cores\n- Python: 3.11.7\n" in page
    assert "### Webhooks\n\nHow it\nwas done.\n\n- Intake : empty: 1,950 of 4,730 requests/s.\n" in page
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


def test_the_page_gives_the_profile_of_what_was_missed_and_of_nothing_else() -> None:
    page = _page()
    assert "Claim misses its target" in page
    assert "```\n60% in due.py:claim\n0.8 ms x 3\n```" in page
    assert page.count("misses its target") == 1


def test_a_line_says_whether_the_target_was_met() -> None:
    assert report.line(MET) == (
        "  met    Intake : empty: 0.41 (0.38 to 0.44), target ≥ 0.30 (1,950 of 4,730 requests/s)"
    )
    assert report.line(TOLD) == "         Server time: 12.3 ms (11 to 14)"


def test_a_missed_figure_is_followed_by_its_profile() -> None:
    first, *rest = report.line(MISSED).splitlines()
    assert first == "  MISSED Claim: 1.42 (1.40 to 1.50), target ≤ 1.30"
    assert [line.strip() for line in rest] == ["60% in due.py:claim", "0.8 ms x 3"]
