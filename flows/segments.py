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
    if _fits_gsm7(text):
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
    if _fits_gsm7(text):
        return text
    spaced = unicodedata.normalize("NFC", text).translate(_ALWAYS)
    plain = unicodedata.normalize("NFC", spaced.translate(_INTO_GSM7))
    return plain if _fits_gsm7(plain) else spaced


def _fits_gsm7(text: str) -> bool:
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
