"""What a reply asks for: stop, start, help, a confirmation, or a person.

The words are in ``rules/keywords.csv``; each row names its evidence and source. ``within`` says that a
stop word also counts inside a short text. Words with another everyday meaning (END, CANCEL, REMOVE,
ENDE, ANNULLA, ...) do not: "cancel my order" and "end of the week?" are for a person to answer. All
words of all languages count for everyone, for the law asks what was said, not in which language
(47 CFR 64.1200(a)(10)). What is said in sentences is read by ``flows.withdrawals``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flows import withdrawals
from flows.plain_words import joined, words
from flows.rules import read_table
from flows.withdrawals import Reading

MOST_WORDS = 4
"""A longer text that holds a stop word is a conversation, and goes to a person."""


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
    spellings = (joined(body), words(body))
    for kind, known in _EXACT.items():
        for text in spellings:
            if text in known:
                return Intent(kind, exact=True, word=text)
    withdrawal = withdrawals.read(body)
    if withdrawal.reading is Reading.WITHDRAWN:
        return Intent(Kind.STOP, exact=False, word=withdrawal.words)
    plain = words(body)
    if withdrawal.reading is Reading.SILENT and len(plain.split()) <= MOST_WORDS:
        for stop in _WITHIN:
            if f" {stop} " in f" {plain} ":
                return Intent(Kind.STOP, exact=False, word=stop)
    return Intent(Kind.OTHER, exact=False)


def confirms(body: str, language: str) -> bool:
    """Whether a reply says yes to a request in ``language`` (a catalog's tag).

    The word must be of that language: "po" is yes in Albanian, and no answer in Polish.
    """
    spoken = {language, language.partition("-x-")[0], language.partition("-")[0]}
    words_said = {joined(body), words(body)}
    return any(
        {joined(row["keyword"]), words(row["keyword"])} & words_said
        for row in _ROWS
        if row["intent"] == Kind.CONFIRM and row["language"] in spoken
    )


_ROWS = read_table("keywords")
_EXACT = {
    kind: frozenset(
        spelling
        for row in _ROWS
        if row["intent"] == kind
        for spelling in (joined(row["keyword"]), words(row["keyword"]))
    )
    for kind in (Kind.STOP, Kind.START, Kind.HELP, Kind.CONFIRM)
}
_WITHIN = sorted({words(row["keyword"]) for row in _ROWS if row["within"] == "yes"}, key=len, reverse=True)
