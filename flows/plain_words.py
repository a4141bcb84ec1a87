"""A shopper's words made comparable: lower case, without marks, apostrophes, punctuation and emoji."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

# Letters that have no decomposition, and are often typed as the plain letter.
_PLAIN_LETTERS = str.maketrans("ıłŁøØđĐ", "ilLoOdD")
_APOSTROPHES = frozenset("'’‘ʼ`´")


def joined(text: str) -> str:
    """The text without punctuation and emoji: "S.T.O.P!" is "stop"."""
    return _squeezed(character for character in _plain(text) if character.isalnum() or character.isspace())


def words(text: str) -> str:
    """The text with a space for punctuation and emoji: "stop,please" is two words, "don't" is one."""
    return _squeezed(
        character if character.isalnum() else " "
        for character in _plain(text)
        if character not in _APOSTROPHES
    )


def _plain(text: str) -> Iterator[str]:
    """Lower case, without marks; a Turkish dotted or dotless I is an i."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_PLAIN_LETTERS))
    unmarked = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return iter(unmarked.casefold())


def _squeezed(characters: Iterable[str]) -> str:
    return " ".join("".join(characters).split())
