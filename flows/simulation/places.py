"""Where simulated shoppers live: countries by weight, numbers that are valid there, addresses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from flows.rules import read_table
from flows.zones import zones_of_country

Address = tuple[str | None, str | None, str | None]

MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
# A country without rules of its own and with one clock weighs 1; the US and Canada stand for many states.
_OWN_RULES, _WEIGHTS = 6, {"US": 90, "CA": 24, "FR": 12, "ES": 10, "PT": 8, "DE": 12, "CH": 8}
_TERRITORIES = ("AS", "GU", "MP", "PR", "VI")
_STATED = {
    "DE": "BW BY BE BB HB HH HE MV NI NW RP SL SN ST SH TH",
    "CH": "AG BE GE GR LU SG TI VD VS ZH",
    "AU": "NSW QLD SA TAS VIC WA ACT NT",
    "BR": "AC AM BA CE MG PE RJ RS SC SP",
    "ES": "B M GC TF SE V CT AN",
    "IT": "BZ MI RM NA",
    "IN": "MH DL KA TN",
    "AT": "1 3 5 7 9",
    "GB": "ENG SCT WLS NIR",
    "MX": "CMX JAL ROO BCN",
}
_POSTCODES = {
    "FR": ("57000", "67000", "68100", "75011", "13001", "20000", "97400", "97110", "69 002"),
    "ES": ("28001", "08001", "35001", "38001", "41001", "46001", "51001", "01001", "20001"),
    "PT": ("1000-001", "4000-322", "9000-017", "9500-150", "9900-011"),
    "DE": ("10115", "80331"),
    "US": ("10001", "94103"),
}
_LAST_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    example: str
    weight: float


@cache
def countries() -> tuple[Country, ...]:
    """All whose mobile numbers libphonenumber knows an example of."""
    ruled = {row["country"] for name in ("quiet_hours", "countries", "caps") for row in read_table(name)}
    found = []
    for code in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = phonenumbers.example_number_for_type(code, PhoneNumberType.MOBILE)
        if number is not None and phonenumbers.number_type(number) in MOBILE:
            example = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            found.append(Country(code, example, _weight(code, code in ruled)))
    return tuple(found)


def _weight(code: str, ruled: bool) -> float:
    zones = len(zones_of_country(code))
    return _WEIGHTS.get(code) or 1 + _OWN_RULES * ruled + math.sqrt(max(0, zones - 1))


@cache
def _states(country: str) -> tuple[str, ...]:
    """States or provinces of the US and Canada, in which addresses lie."""
    rows = read_table("address_zones")
    return tuple(row["region"] for row in rows if row["country"] == country and row["region"])


@cache
def _area_codes() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in read_table("area_codes"):
        for state in row["regions"].split():
            found.setdefault((row["country"], state), []).append(row["area_code"])
    return found


def settle(country: Country, chance: Random) -> tuple[str, Address]:
    """A number (E.164) and, where it is known, the address of somebody who lives there."""
    code = country.code
    if code in ("US", "CA"):
        return _in_a_state(country, chance)
    phone = vary(country.example, chance)
    if chance.random() < 0.35:
        return phone, (None, None, None)
    region = chance.choice(_STATED[code].split()) if code in _STATED and chance.random() < 0.6 else None
    postcode = chance.choice(_POSTCODES[code]) if code in _POSTCODES and chance.random() < 0.7 else None
    if code in _TERRITORIES and chance.random() < 0.3:
        return phone, ("US", code, None)
    if chance.random() < 0.04:
        return phone, (chance.choice(countries()).code, None, None)
    return phone, (code, region, postcode)


def _in_a_state(country: Country, chance: Random) -> tuple[str, Address]:
    code = country.code
    state = chance.choice(_states(code))
    phone = _number_in(country, state, chance)
    rolled = chance.random()
    if rolled < 0.35:
        return phone, (None, None, None)
    if rolled < 0.45:  # somebody who moved and kept the number
        state = chance.choice(_states(code))
    if rolled < 0.48:
        other = "CA" if code == "US" else "US"
        return phone, (other, chance.choice(_states(other)), None)
    if rolled < 0.52:
        return phone, (code, None, None)
    spelled = f"{code}-{state}" if chance.random() < 0.1 else state
    return phone, (code, spelled.lower() if chance.random() < 0.05 else spelled, None)


def _number_in(country: Country, state: str, chance: Random) -> str:
    codes = _area_codes().get((country.code, state))
    if country.code == "US" and chance.random() < 0.04:
        return f"+1800{chance.randint(2_000_000, 9_999_999)}"
    if not codes:
        return vary(country.example, chance)
    for _ in range(20):
        phone = f"+1{chance.choice(codes)}{chance.randint(2_000_000, 9_999_999)}"
        if phonenumbers.is_valid_number(phonenumbers.parse(phone)):
            return phone
    return vary(country.example, chance)


def vary(example: str, chance: Random) -> str:
    """Another valid mobile number of the same country, with other last digits."""
    home = phonenumbers.region_code_for_number(phonenumbers.parse(example)) or ""
    for _ in range(10):
        digits = "".join(chance.choices("0123456789", k=min(_LAST_DIGITS, len(example) - 6)))
        phone = example[: -len(digits)] + digits
        number = phonenumbers.parse(phone)
        if (
            phonenumbers.is_valid_number_for_region(number, home)
            and phonenumbers.region_code_for_number(number) == home
            and phonenumbers.number_type(number) in MOBILE
        ):
            return phone
    return example
