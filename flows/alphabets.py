"""What can be written in GSM-7, language by language: ``rules/alphabets.csv``, each row with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from flows.language import parents
from flows.rules import read_table
from flows.segments import Encoding


@dataclass(frozen=True, slots=True)
class Alphabet:
    """In what the first text of a language travels, and whether its letters may lose their marks.

    ``economy``: readers understand a text without marks as it was meant.
    """

    encoding: Encoding
    reason: str
    economy: bool
    economy_reason: str


@cache
def alphabet(language: str) -> Alphabet | None:
    """That of a tag or of the one it inherits from; None for a language without a row."""
    rows = {row["language"]: row for row in read_table("alphabets")}
    row = next((rows[tag] for tag in (*parents(language), language.partition("-")[0]) if tag in rows), None)
    if row is None:
        return None
    return Alphabet(Encoding(row["alphabet"]), row["reason"], row["economy"] == "yes", row["economy_reason"])
