"""How a text travels: its alphabet, its length in units and the segments it is billed in.

Facts: 3GPP TS 23.038 (GSM 7 bit default alphabet and its extension table) and TS 23.040
(concatenation). One segment holds 160 GSM-7 or 70 UCS-2 units; in a longer text every segment
gives up room for its header and holds 153 or 67.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM7 = GSM7_BASIC | GSM7_EXTENSION

_ALWAYS = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " "))
_INTO_GSM7 = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("–—‐‑−", "-"),
        "…": "...",
        **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\ufeff\u00ad"),
    }
)


# Letters that no mark can be taken from, and the two for which GSM-7 has a nearer one.
_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "œ": "oe", "Œ": "OE", "ő": "ö", "Ő": "Ö", "ű": "ü", "Ű": "Ü"}
)


class Encoding(StrEnum):
    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text costs. ``units`` are septets in GSM-7, 16-bit units in UCS-2."""

    encoding: Encoding
    units: int
    segments: int


def measure(text: str) -> Measure:
    """The encoding, units and segments of ``text`` as it stands; an empty text has no segment."""
    if fits_gsm7(text):
        units = len(text) + sum(map(text.count, GSM7_EXTENSION))
        return Measure(Encoding.GSM7, units, _segments(text, units, _gsm7_units, single=160, several=153))
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return Measure(Encoding.UCS2, units, _segments(text, units, _ucs2_units, single=70, several=67))


def offending_characters(text: str) -> tuple[str, ...]:
    """The characters that keep ``text`` out of GSM-7, each once, in order of appearance."""
    return tuple(dict.fromkeys(character for character in text if character not in _GSM7))


def normalise(text: str) -> str:
    """``text`` without the characters that cost money and say nothing.

    Always: characters are composed (NFC) and no-break and thin spaces, which CLDR puts into money,
    become plain ones. Typographic quotes, dashes, dots and invisible characters are replaced only
    if the whole text then fits GSM-7: elsewhere nothing is gained and the words would lose.
    """
    if fits_gsm7(text):
        return text
    spaced = unicodedata.normalize("NFC", text).translate(_ALWAYS)
    plain = unicodedata.normalize("NFC", spaced.translate(_INTO_GSM7))
    return plain if fits_gsm7(plain) else spaced


def without_marks(text: str) -> str:
    """``text`` in GSM-7 with plain letters for those that it lacks (š is s, ł is l, ő is ö), or as it was
    where that cannot be done: a letter without another form is never left out or replaced by a sign."""
    spaced = unicodedata.normalize("NFC", text).translate(_ALWAYS).translate(_INTO_GSM7).translate(_LETTERS)
    plain = "".join(letter if letter in _GSM7 else _unmarked(letter) for letter in spaced)
    return plain if fits_gsm7(plain) else text


def _unmarked(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


def fits_gsm7(text: str) -> bool:
    """Whether ``text`` can travel in GSM-7 as it stands."""
    return _GSM7.issuperset(text)


def _gsm7_units(character: str) -> int:
    return 2 if character in GSM7_EXTENSION else 1


def _ucs2_units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def _segments(text: str, units: int, units_of: Callable[[str], int], single: int, several: int) -> int:
    """Fill segment after segment: an escape pair or a surrogate pair never straddles two.

    Where there are no pairs this is a division.
    """
    if units <= single:
        return 1 if units else 0
    if units == len(text):
        return -(-units // several)
    segments, room = 1, several
    for character in text:
        needed = units_of(character)
        if needed > room:
            segments, room = segments + 1, several
        room -= needed
    return segments
