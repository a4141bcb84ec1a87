"""Where the owner of a number may be, as the judge reads the tables and libphonenumber."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import phonenumbers
from phonenumbers import timezone

from flows.simulation.judge.hours import Place
from flows.simulation.judge.tables import rows

_STATES_OF_THE_US = ("AS", "GU", "MP", "PR", "VI")
Address = tuple[str | None, str | None, str | None]


def places_and_zones(phone: str, address: Address) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    """All places whose rules may hold, and all clocks by which the owner may live."""
    number = phonenumbers.parse(phone)
    told = _told_by_number(number, phone)
    there = _address(number, address)
    code = "".join((address[2] or "").split()) if there else ""
    if there is None or (there[1] is None and there[0] == told[0][0]):
        return told, tuple(sorted(_here(told, number, code)))
    agrees = there[0] == told[0][0] and (told[0][1] is None or there in told)
    if agrees:
        return (there,), tuple(sorted(_here((there,), number, code)))
    return (there, *told), tuple(sorted(_zones(there, code) | _here(told, number, code)))


def _told_by_number(number: phonenumbers.PhoneNumber, phone: str) -> tuple[Place, ...]:
    country = phonenumbers.region_code_for_number(number) or ""
    if country in ("US", "CA"):
        for row in rows("area_codes"):
            if row["area_code"] == phone[2:5]:
                return tuple((row["country"], region) for region in row["regions"].split())
    return ((country, None),)


def _address(number: phonenumbers.PhoneNumber, address: Address) -> Place | None:
    country, region, postcode = ((part or "").strip().upper() for part in address)
    region = region.removeprefix(country + "-")
    if country == "US" and region in _STATES_OF_THE_US:
        country, region = region, ""
    if phonenumbers.country_code_for_region(country) != number.country_code:
        return None
    if country in ("US", "CA") and (country, region, "") not in _table():
        region = ""
    return country, region or _by_postcode(country, "".join(postcode.split()))


def _by_postcode(country: str, code: str) -> str | None:
    if country not in ("FR", "ES") or len(code) != 5 or not code.isdecimal():
        return None
    return code[:3] if country == "FR" and code[:2] in ("97", "98") else code[:2]


def _here(places: tuple[Place, ...], number: phonenumbers.PhoneNumber, code: str) -> set[str]:
    """The zones of the places; of several, those that libphonenumber names for the number, if any."""
    there = {zone for place in places for zone in _zones(place, code)}
    if len(there) == 1:
        return there
    names = {zone for zone in timezone.time_zones_for_number(number) if zone != timezone.UNKNOWN_TIMEZONE}
    canonical = {_links().get(zone, zone) for zone in names}
    return {zone for zone in there if _links().get(zone, zone) in canonical} or there or names


def _zones(place: Place, code: str) -> set[str]:
    country, region = place
    keys = [(country, region or "", "")]
    if code[:4].isdecimal() and len(code) >= 4:
        keys += [(country, "", code[:2]), (country, "", code[:1])]
    found = next((_table()[key] for key in keys if key in _table()), None)
    return set(found if found is not None else _zone_tab().get(country, ()))


@cache
def _table() -> dict[tuple[str, str, str], list[str]]:
    found = rows("address_zones")
    return {(row["country"], row["region"], row["postcode"]): row["zones"].split() for row in found}


@cache
def _zone_tab() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in _lines("zone.tab"):
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return found


@cache
def _links() -> dict[str, str]:
    """Every other name of a zone to the one that the tz database calls it by."""
    pairs = {line.split()[2]: line.split()[1] for line in _lines("tzdata.zi") if line.startswith("L ")}
    for name, target in pairs.items():
        while target in pairs:
            target = pairs[target]
        pairs[name] = target
    return pairs


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
