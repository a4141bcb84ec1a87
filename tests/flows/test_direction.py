"""Right-to-left texts: marks where a phone would turn a line round, and nowhere else."""

from __future__ import annotations

import pytest

from flows.direction import RIGHT_TO_LEFT_MARK, directed, is_right_to_left, latin_neighbours

LINK = "https://go.example.com/r/AbCdEfGhIjKl"


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        (f"Kamra: סל הקניות שלך {LINK}", True),
        (f"סל הקניות שלך {LINK}", False),
        ("2 Kamra שלום", True),
        (f"Kamra: {LINK}", False),
        ("", False),
    ],
)
def test_a_line_that_would_run_from_the_left_gets_a_mark(line: str, marked: bool) -> None:
    assert directed(line, "he") == (RIGHT_TO_LEFT_MARK if marked else "") + line
    assert directed(line, "en") == line


def test_each_line_is_marked_by_itself() -> None:
    assert directed("Kamra: سلتك\nللإلغاء STOP\nSTOP للإلغاء", "ar") == (
        "\u200fKamra: سلتك\nللإلغاء STOP\n\u200fSTOP للإلغاء"
    )


@pytest.mark.parametrize(
    ("body", "touches"),
    [
        (f"Kamra: שלך {LINK}", False),
        (f"שלך Kamra: {LINK}", True),
        (f"{LINK} שלך", False),
        (f"{LINK} Kamra", True),
        (f"Kamra\n{LINK}", False),
    ],
)
def test_latin_beside_a_link_is_found(body: str, touches: bool) -> None:
    assert latin_neighbours(body, LINK) is touches


def test_the_languages_that_are_read_from_right_to_left() -> None:
    assert [tag for tag in ("ar", "he", "de-x-formal", "ja", "ar-EG") if is_right_to_left(tag)] == [
        "ar",
        "he",
        "ar-EG",
    ]
