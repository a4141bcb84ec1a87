"""Texts that are read from right to left, and what of other letters stands in them.

Phones take the direction of a line from its first letter (UAX #9, rules P2 and P3). A line of Arabic
or Hebrew that begins with a Latin shop name would run from left to right, with its words in the wrong
order: a RIGHT-TO-LEFT MARK before it sets that right. It costs one UCS-2 unit and is put in only where
it is needed. Isolates cost two and help only where Latin touches Latin; the words are written so that
it does not: ``latin_neighbours`` finds where it would.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import langcodes

RIGHT_TO_LEFT_MARK = "\u200f"
_SCRIPTS = frozenset({"Arab", "Hebr"})
_RIGHT_TO_LEFT = ("R", "AL")


@lru_cache(maxsize=256)
def is_right_to_left(language: str) -> bool:
    """Whether the language of a BCP 47 tag is written from right to left."""
    return langcodes.Language.get(language.partition("-x-")[0]).maximize().script in _SCRIPTS


def directed(body: str, language: str) -> str:
    """``body`` with a mark before each line that would run the wrong way."""
    if not is_right_to_left(language):
        return body
    return "\n".join(_directed_line(line) for line in body.split("\n"))


def latin_neighbours(body: str, part: str) -> bool:
    """Whether ``part`` (a link, a word to reply with) touches other Latin letters of its line.

    Only spaces and punctuation between them join both to one run from left to right, in which the
    link no longer stands where the sentence puts it.
    """
    line = next(line for line in body.split("\n") if part in line)
    before, _, after = line.partition(part)
    return "L" in (_first_strong(before[::-1]), _first_strong(after))


def _directed_line(line: str) -> str:
    runs_left = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in line)
    return RIGHT_TO_LEFT_MARK + line if runs_left and _first_strong(line) == "L" else line


def _first_strong(text: str) -> str | None:
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next(("L" if kind == "L" else "R" for kind in kinds if kind in ("L", *_RIGHT_TO_LEFT)), None)
