"""Templates with named placeholders, and nothing else that a format string can do.

``{store}`` is a placeholder, ``{{`` and ``}}`` are braces. Attributes, indexes, conversions and
format specifications are refused. Values are put in as they are and never read again, so that
braces in a merchant's data stay braces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

ALLOWED = ("store", "first_name", "product", "count", "total", "link")
OF_OFFERS = (*ALLOWED, "discount", "ends")
"""Those of a text that makes an offer."""
MAX_CHARACTERS = 1000

# What touches a link on a phone becomes part of it; closing punctuation does not.
_FREE_LINK = re.compile(r"(?:^|[^\w/@.#&=%-])\0[.,;:!?)]*(?:$|\s)")


class TemplateError(ValueError):
    """A template that cannot be used; the message is fit for the merchant who wrote it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words, and the placeholder that follows them; None at the end of a template."""

    words: str
    placeholder: str | None


@lru_cache(maxsize=4096)
def parse(template: str) -> tuple[Piece, ...]:
    """The pieces of a template. Raises TemplateError."""
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise TemplateError("a brace has no partner; write {{ or }} for a brace in the text") from error
    for _, name, specification, conversion in parsed:
        if name is not None and (specification or conversion or not name.isidentifier()):
            raise TemplateError(
                f"a placeholder is a plain name in braces, such as {{link}}, not {{{name}...}}"
            )
    return tuple(Piece(words, name) for words, name, _, _ in parsed)


def placeholders(template: str) -> tuple[str, ...]:
    """The placeholders of a template, in order and as often as they stand there. Raises TemplateError."""
    return tuple(piece.placeholder for piece in parse(template) if piece.placeholder is not None)


def fill(pieces: tuple[Piece, ...], values: Mapping[str, str]) -> str:
    """The pieces with their values. Raises TemplateError for a placeholder without a value."""
    missing = {piece.placeholder for piece in pieces if piece.placeholder is not None} - values.keys()
    if missing:
        raise TemplateError(f"nothing is known for {', '.join(f'{{{name}}}' for name in sorted(missing))}")
    return "".join(
        piece.words + (values[piece.placeholder] if piece.placeholder is not None else "") for piece in pieces
    )


def problems(text: str, allowed: tuple[str, ...] = ALLOWED) -> tuple[str, ...]:
    """All that keeps a merchant's text from being sent, in words for the merchant; empty if nothing.

    ``allowed`` are the placeholders that it may use.
    """
    found = []
    if len(text) > MAX_CHARACTERS:
        found.append(f"has {len(text)} characters, at most {MAX_CHARACTERS} are possible")
    if has_control_characters(text):
        found.append("contains a control character")
    try:
        pieces = parse(text)
    except TemplateError as error:
        return (*found, str(error))
    names = [piece.placeholder for piece in pieces if piece.placeholder is not None]
    unknown = [name for name in dict.fromkeys(names) if name not in allowed]
    known = " ".join(f"{{{name}}}" for name in allowed)
    found += [f"{{{name}}} is no placeholder; possible are {known}" for name in unknown]
    if names.count("link") != 1:
        found.append(f"{{link}} must stand there once, it stands there {names.count('link')} times")
    elif not unknown and not _link_stands_free(pieces):
        found.append("{link} needs a space or a line break before and after it")
    return tuple(found)


def has_control_characters(text: str) -> bool:
    """Whether ``text`` holds what no text message and no database column can: NUL, lone surrogates."""
    return any(unicodedata.category(character) in ("Cc", "Cs") and character != "\n" for character in text)


def _link_stands_free(pieces: tuple[Piece, ...]) -> bool:
    sample = fill(pieces, {**dict.fromkeys(OF_OFFERS, "x"), "link": "\0"})
    return _FREE_LINK.search(sample) is not None
