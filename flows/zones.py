"""Where the owner of a number may be: the states or provinces, and the time zones.

A number often tells less than it seems, and libphonenumber sometimes names a neighbour's zone or an
old name. The rule: the zones that libphonenumber names, as far as they are zones of the region; if
none of them is, all zones of the region. Zones are compared by their canonical names, which the link
lines of the tz database tell. An address narrows this; where address and area code name different
places, both stay possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

from flows.phones import country_of
from flows.rules import from_tables, read_table

# Shops write these territories as a state of the US; their numbers and rules are their own.
_US_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})

# Where an area code names a state or province, and rules differ between them.
_AREA_CODE_COUNTRIES = frozenset({"CA", "US"})

# Where shops write no region, or seldom, and the first digits of a postcode name it (holidays differ).
_POSTCODE_REGIONS = frozenset({"ES", "FR"})
_OVERSEAS = ("97", "98")


class Place(NamedTuple):
    """A country (ISO 3166-1 alpha-2) and, where known, its region (ISO 3166-2 without the country)."""

    country: str
    region: str | None


@from_tables
@lru_cache(maxsize=4096)
def regions_of(
    e164: str, address_country: str | None, address_region: str | None, postcode: str | None = None
) -> tuple[Place, ...]:
    """The places whose rules hold for a text to this number; more than one when the sources disagree.

    The address decides if the area code names the same state or none. An address whose country does
    not share the number's dialling code tells nothing: the number's country decides alone. In France
    and Spain the postcode names the region where the address does not.
    """
    address = _address(e164, address_country, address_region)
    if address is not None and address.region is None:
        address = Place(address.country, _region_of_postcode(address.country, postcode))
    elsewhere, here = _places(e164, address)
    return elsewhere + here


@from_tables
@lru_cache(maxsize=4096)
def possible_zones(
    e164: str, country: str | None, region: str | None, postcode: str | None = None
) -> tuple[str, ...]:
    """The zones in which the owner of the number may be, sorted; empty if nothing at all is known.

    ``country``, ``region`` and ``postcode`` are those of the address. A state or postcode that keeps
    one clock decides; one with several is narrowed by the number.
    """
    address = _address(e164, country, region)
    elsewhere, here = _places(e164, address)
    code = "".join((postcode or "").split()) if address else ""
    return tuple(sorted(_zones_of(elsewhere, code) | _narrowed(_zones_of(here, code), e164)))


@cache
def clocks(zone: str) -> tuple[ZoneInfo, ...]:
    """The clocks that a zone is read by: the packaged tz database's and this machine's.

    Countries change their clocks at short notice (Canada's west gave up changing them in 2026) and
    either copy may be the stale one. A moment is open only if it is open by both.
    """
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as packaged:
        return ZoneInfo.from_file(packaged, key=zone), ZoneInfo.no_cache(zone)


def local_hour(moment: datetime, zones: Iterable[str]) -> int | None:
    """The hour of the day by the clocks of these zones; None where they do not agree, or there is none."""
    hours = {moment.astimezone(clock).hour for zone in zones for clock in clocks(zone)}
    return hours.pop() if len(hours) == 1 else None


@cache
def zones_of_country(country: str) -> tuple[str, ...]:
    """All zones of a country by the tz database's ``zone.tab``; empty for XK, AC and TA, which it lacks."""
    return _zone_table().get(country, ())


@cache
def canonical(zone: str) -> str:
    """The name by which the tz database itself calls a zone: ``Asia/Kolkata`` for ``Asia/Calcutta``."""
    links = _links()
    while zone in links:
        zone = links[zone]
    return zone


def _told_by_number(e164: str) -> tuple[Place, ...]:
    country = country_of(e164)
    if country is None:
        return (Place("", None),)
    if country not in _AREA_CODE_COUNTRIES:
        return (Place(country, None),)
    return _area_codes().get(e164[2:5], (Place(country, None),))


def _address(e164: str, country: str | None, region: str | None) -> Place | None:
    """The address as far as it can tell where this number's owner is."""
    country = (country or "").strip().upper()
    region = (region or "").strip().upper().removeprefix(f"{country}-") or None
    if country == "US" and region in _US_TERRITORIES:
        country, region = region, None
    if not e164.startswith(f"+{phonenumbers.country_code_for_region(country)}"):
        return None
    if country in _AREA_CODE_COUNTRIES and (country, region, "") not in _address_zones():
        region = None
    return Place(country, region)


def _region_of_postcode(country: str, postcode: str | None) -> str | None:
    """The department or province that five digits begin with: 57 for 57000, 974 for 97400."""
    code = "".join((postcode or "").split())
    if country not in _POSTCODE_REGIONS or len(code) != 5 or not (code.isascii() and code.isdecimal()):
        return None
    return code[:3] if country == "FR" and code.startswith(_OVERSEAS) else code[:2]


def _places(e164: str, address: Place | None) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """Where the address alone puts the owner, against the number; and where both do, or the number."""
    told = _told_by_number(e164)
    if address is None:
        return (), told
    if address.country == told[0].country:
        if address.region is None:
            return (), told
        if told[0].region is None or address in told:
            return (), (address,)
    return (address,), told


def _zones_of(places: tuple[Place, ...], postcode: str) -> set[str]:
    return {zone for place in places for zone in _zones_at(place, postcode)}


def _narrowed(there: set[str], e164: str) -> set[str]:
    """The zones that the number names too; if it names none of them, all; at worst its own."""
    if len(there) == 1:
        return there
    named = _named_by_number(e164)
    wanted = {canonical(zone) for zone in named}
    return {zone for zone in there if canonical(zone) in wanted} or there or set(named)


def _zones_at(place: Place, postcode: str) -> tuple[str, ...]:
    table = _address_zones()
    prefixes = (postcode[:2], postcode[:1]) if postcode[:4].isdecimal() and len(postcode) >= 4 else ()
    keys = [(place.country, place.region or "", ""), *((place.country, "", prefix) for prefix in prefixes)]
    return next((table[key] for key in keys if key in table), zones_of_country(place.country))


def _named_by_number(e164: str) -> tuple[str, ...]:
    zones: Iterable[str] = timezone.time_zones_for_number(phonenumbers.parse(e164))
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


@from_tables
@cache
def _area_codes() -> Mapping[str, tuple[Place, ...]]:
    return {
        row["area_code"]: tuple(Place(row["country"], region) for region in row["regions"].split())
        for row in read_table("area_codes")
    }


@from_tables
@cache
def _address_zones() -> Mapping[tuple[str, str | None, str], tuple[str, ...]]:
    rows = read_table("address_zones")
    return {(row["country"], row["region"], row["postcode"]): tuple(row["zones"].split()) for row in rows}


@cache
def _zone_table() -> Mapping[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for line in _tzdata_lines("zone.tab"):
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            table[country] = (*table.get(country, ()), zone)
    return table


@cache
def _links() -> Mapping[str, str]:
    lines = (line.split() for line in _tzdata_lines("tzdata.zi") if line.startswith("L "))
    return {alias: target for _, target, alias in lines}


def _tzdata_lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
