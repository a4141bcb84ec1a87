"""Phone numbers as shoppers type them, made into numbers that a text can reach.

Read with libphonenumber's full metadata. What a shopper meant is never guessed at when another
reading would reach somebody else: letters, extensions and a number with a valid country code
that is too short or too long are refused rather than repaired.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

Kind = Literal["mobile", "fixed_or_mobile"]

# Where fixed and mobile phones share their numbers (US, CA, ...), only a paid look-up could tell them apart.
_KINDS: dict[int, Kind] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can receive texts. ``country`` is the number's own, ISO 3166-1 alpha-2."""

    e164: str
    country: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class PhoneProblem:
    """Why something typed as a phone number cannot be texted."""

    reason: Literal["invalid_number", "not_mobile"]


def read_phone(raw: str, country_hint: str | None) -> Phone | PhoneProblem:
    """The number in ``raw``; ``country_hint`` is the country of the address, for numbers without a +.

    Read as typed first. Only if that gives no valid number, once more with what shoppers and shop
    plug-ins commonly add taken away: see ``_rewritten``.
    """
    if any(character.isalpha() for character in raw):
        return PhoneProblem("invalid_number")
    hint = _known_country(country_hint)
    for text in (raw, _rewritten(raw)):
        number = _parse(text, hint)
        if number is not None and number.extension:
            break
        if number is not None and phonenumbers.is_valid_number(number):
            return _reachable(number)
    return PhoneProblem("invalid_number")


def best_phone(raws: Iterable[str | None], hint: str | None) -> Phone | PhoneProblem | None:
    """The first of several typed numbers that can be texted; None if nothing was typed at all.

    If none can be texted, ``not_mobile`` says more than ``invalid_number``.
    """
    found = [read_phone(raw, hint) for raw in raws if raw and raw.strip()]
    phones = [phone for phone in found if isinstance(phone, Phone)]
    if phones:
        return phones[0]
    return PhoneProblem("not_mobile") if PhoneProblem("not_mobile") in found else next(iter(found), None)


@lru_cache(maxsize=4096)
def country_of(e164: str) -> str | None:
    """The country whose number it is; None for a number that belongs to no country, or to none any more."""
    number = _parse(e164, None)
    region = phonenumbers.region_code_for_number(number) if number else None
    return region if region != phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else None


def mask(e164: str) -> str:
    """The number as logs and pages may show it: the country code and at most the last three digits."""
    number = _parse(e164, None)
    if number is None:
        return "•••"
    code, _, national = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL).partition(" ")
    shown = max(0, min(3, sum(map(str.isdigit, national)) - 3))
    hidden = "".join("•" if character.isdigit() else character for character in national)
    return f"{code} {hidden[: len(hidden) - shown]}{national[len(national) - shown :]}"


def _known_country(hint: str | None) -> str | None:
    country = (hint or "").strip().upper()
    return country if country in phonenumbers.SUPPORTED_REGIONS else None


def _parse(raw: str, hint: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(raw, hint)
    except NumberParseException:
        return None


def _rewritten(raw: str) -> str:
    """``raw`` without the trunk zero in brackets, with + for a leading 00, and without a + before a 0.

    ``+39 (0)333 123 4567``, ``0039 333 ..`` typed in the United States, ``+040 123 456`` for 040 123 456.
    """
    bare = raw.replace("(0)", "")
    digits = phonenumbers.normalize_digits_only(bare)
    if digits.startswith("00"):
        return "+" + digits[2:]
    return digits if digits.startswith("0") else bare


def _reachable(number: PhoneNumber) -> Phone | PhoneProblem:
    kind = _KINDS.get(phonenumbers.number_type(number))
    country = phonenumbers.region_code_for_number(number)
    if kind is None or country is None:
        return PhoneProblem("not_mobile")
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), country, kind)
