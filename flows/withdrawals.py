"""Who asks in their own words to get no more texts: "please don't text me again".

The law asks what was said, not how: any reasonable way of saying it ends consent (47 CFR
64.1200(a)(10)). The phrases are in ``rules/withdrawals.csv``, for every language and for everyone:

- ``stop``: says it by itself, whatever else the text is about
- ``likely``: says it unless a ``guard`` word of the same language stands in the same sentence: "stop
  sending me the wrong size" is about an order, and for a person to answer
- ``guard``: a word of orders, parcels, e-mail: what else a shopper may want to be stopped
- ``wanted``: says that the texts are missed: "I don't want to miss your texts", "I no longer get them";
  no phrase counts in such a sentence

A phrase is words in their order. ``...`` stands for up to three words, ``|`` for a choice, ``*`` for
the rest (or the beginning) of a word. Phrases are written as anybody would; they are compared without
case, marks and apostrophes (``flows.plain_words``). Languages that put no spaces between words are
searched for the parts of a phrase in their order; a hyphen there keeps a space inside a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from flows.plain_words import words
from flows.rules import read_table

LONGEST = 1600
"""No provider delivers a longer text; what stands further behind is not read."""

UNSPACED = frozenset({"ja", "zh", "zh-Hans", "zh-Hant", "th"})

_GAP = "..."
_FEW_WORDS, _FEW_SIGNS = r"(?: \S+){0,3}", r".{0,12}?"
_SENTENCE_END = re.compile(r"[.!?;\n…。！？]+")


class Reading(StrEnum):
    """What a text says of being texted. GUARDED: it may look like a stop, and is about something else."""

    WITHDRAWN = "withdrawn"
    GUARDED = "guarded"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """``words`` are those of the text that decided, normalised; ``phrase`` is the row that they fit."""

    reading: Reading
    words: str | None = None
    phrase: str | None = None


@dataclass(frozen=True, slots=True)
class _Phrase:
    language: str
    phrase: str
    pattern: re.Pattern[str]


def read(body: str) -> Withdrawal:
    """What a reply says, sentence by sentence; a stop anywhere is a stop. Never raises."""
    sentences = [f" {plain} " for part in _SENTENCE_END.split(body[:LONGEST]) if (plain := words(part))]
    found = [_read(sentence) for sentence in sentences]
    for reading in (Reading.WITHDRAWN, Reading.GUARDED):
        for one in found:
            if one.reading is reading:
                return one
    return Withdrawal(Reading.SILENT)


def _read(sentence: str) -> Withdrawal:
    if _first(_phrases("wanted"), sentence) is not None:
        return Withdrawal(Reading.GUARDED)
    stop = _first(_phrases("stop"), sentence)
    if stop is not None:
        return stop
    guards = {guard.language for guard in _phrases("guard") if guard.pattern.search(sentence)}
    likely = _first((one for one in _phrases("likely") if one.language not in guards), sentence)
    return likely or Withdrawal(Reading.GUARDED if guards else Reading.SILENT)


def _first(phrases: Iterable[_Phrase], sentence: str) -> Withdrawal | None:
    for one in phrases:
        if match := one.pattern.search(sentence):
            return Withdrawal(Reading.WITHDRAWN, match.group().strip(), one.phrase)
    return None


@cache
def _phrases(kind: str) -> tuple[_Phrase, ...]:
    rows = [row for row in read_table("withdrawals") if row["kind"] == kind]
    return tuple(
        _Phrase(row["language"], row["phrase"], _compile(row["phrase"], row["language"])) for row in rows
    )


def _compile(phrase: str, language: str) -> re.Pattern[str]:
    """Raises ValueError for a phrase that would stand for anything."""
    parts = phrase.split()
    if not parts or _GAP in (parts[0], parts[-1]):
        raise ValueError(f"withdrawals.csv: {phrase!r} must begin and end with a word")
    if language in UNSPACED:
        return re.compile(_FEW_SIGNS.join(_choice(part, "") for part in parts if part != _GAP))
    pattern = "".join(_FEW_WORDS if part == _GAP else " " + _choice(part, r"\S*") for part in parts)
    return re.compile(pattern + r"(?= )")


def _choice(part: str, rest: str) -> str:
    options = [_word(option, rest) for option in part.split("|")]
    return f"(?:{'|'.join(options)})"


def _word(option: str, rest: str) -> str:
    plain = words(option.strip("*"))
    if not plain:
        raise ValueError(f"withdrawals.csv: {option!r} holds no word")
    return (
        (rest if option.startswith("*") else "") + re.escape(plain) + (rest if option.endswith("*") else "")
    )
