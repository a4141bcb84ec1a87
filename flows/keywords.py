"""What a reply asks for: stop, start, help, or a person.

The words are in ``rules/keywords.csv``; each row names its evidence and source. ``within`` says that a
stop word also counts inside a short text. Words with another everyday meaning (END, CANCEL, REMOVE,
ENDE, ANNULLA, ...) do not: "cancel my order" and "end of the week?" are for a person to answer. All
words of all languages count for everyone, for the law asks what was said, not in which language
(47 CFR 64.1200(a)(10)).
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

MOST_WORDS = 4
"""A longer text that holds a stop word is a conversation, and goes to a person."""

_DOTLESS_I = str.maketrans("ı", "i")
_APOSTROPHES = frozenset("'’‘ʼ`´")


class Kind(StrEnum):
    """What the reply asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    CONFIRM = "confirm"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Intent:
    """``exact``: the whole text is one of our words; a stop that is not exact needs a person's eye.

    ``word`` is the word that decided, normalised. YES counts as ``start``: it confirms a pending
    consent and re-opens a stopped number, and gives nothing else. The same word of another language
    (JA, OUI) is ``confirm``: it answers our own request and re-opens nothing, for no provider does so.
    """

    kind: Kind
    exact: bool
    word: str | None = None


def intent(body: str) -> Intent:
    """The intent of a reply. Never raises; what is not understood is ``other``."""
    spellings = (_joined(body), _words(body))
    for kind in _MATCHED:
        for text in spellings:
            if text in _EXACT[kind]:
                return Intent(kind, exact=True, word=text)
    words = _words(body)
    if len(words.split()) <= MOST_WORDS:
        for stop in _WITHIN:
            if f" {stop} " in f" {words} ":
                return Intent(Kind.STOP, exact=False, word=stop)
    return Intent(Kind.OTHER, exact=False)


def _joined(text: str) -> str:
    """The text without punctuation and emoji: "S.T.O.P!" is "stop"."""
    return _squeezed(character for character in _plain(text) if character.isalnum() or character.isspace())


def _words(text: str) -> str:
    """The text with a space for punctuation and emoji: "stop,please" is two words, "don't" is one."""
    return _squeezed(
        character if character.isalnum() else " "
        for character in _plain(text)
        if character not in _APOSTROPHES
    )


def _plain(text: str) -> Iterator[str]:
    """Lower case, without marks; a Turkish dotted or dotless I is an i."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_DOTLESS_I))
    unmarked = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return iter(unmarked.casefold())


def _squeezed(characters: Iterable[str]) -> str:
    return " ".join("".join(characters).split())


def _rows() -> list[dict[str, str]]:
    text = files("flows").joinpath("rules/keywords.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


_MATCHED = (Kind.STOP, Kind.START, Kind.HELP, Kind.CONFIRM)
_ROWS = _rows()
_EXACT = {
    kind: frozenset(
        spelling
        for row in _ROWS
        if row["intent"] == kind
        for spelling in (_joined(row["keyword"]), _words(row["keyword"]))
    )
    for kind in _MATCHED
}
_WITHIN = sorted({_words(row["keyword"]) for row in _ROWS if row["within"] == "yes"}, key=len, reverse=True)
