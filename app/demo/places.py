"""Where the demo shop delivers, and whether a text may arrive there now.

Quiet hours hold in the demo as in life. So that a visitor need not wait for the morning, the shop
picks a country where texts may go now, unless the visitor chooses one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from flows import timing
from flows.countries import country_rule
from flows.phones import Phone, country_of, read_phone
from flows.public_holidays import is_holiday
from flows.windows import windows_for
from flows.zones import possible_zones, regions_of

ZONES = {
    "AT": "Europe/Vienna",
    "AU": "Australia/Sydney",
    "CA": "America/Toronto",
    "CH": "Europe/Zurich",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "MX": "America/Mexico_City",
    "NL": "Europe/Amsterdam",
    "NZ": "Pacific/Auckland",
    "PL": "Europe/Warsaw",
    "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana",
    "US": "America/New_York",
}
"""The countries, each with the zone in which its times are shown."""

NEAR = {
    "de": ("DE", "AT", "CH"),
    "en": ("GB", "IE", "NZ", "AU"),
    "es": ("ES", "MX"),
    "fr": ("FR", "CH"),
    "pl": ("PL",),
    "sl": ("SI",),
}
"""The countries to begin with, by the visitor's language."""

# Time enough to look around, leave a cart and get three texts.
VISIT = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Hours:
    """What the clock says at a place. ``opens_at`` is when texts may arrive again; None: they may now."""

    country: str
    zone: ZoneInfo
    now: datetime
    opens_at: datetime | None


def first_country(language: str, regions: Sequence[str]) -> str:
    """Where a visitor is taken to be: a region that the browser names, else the language's first country.

    A country that asks for a confirmed opt-in is left to those who choose it: the way is longer there.
    """
    named = (region for region in regions if region in ZONES and not country_rule(region).double_opt_in)
    return next(named, NEAR[language][0])


def awake_country(home: str, language: str, now: datetime) -> str:
    """``home`` if texts may arrive there for a while yet; else the nearest country where they may."""
    wanted = (home, *NEAR[language], *ZONES)
    easy = (country for country in wanted if not country_rule(country).double_opt_in)
    return next((country for country in easy if _open_for(country, now) >= VISIT), home)


def hours(country: str, now: datetime, phone: str | None = None) -> Hours:
    """The hours for a text to ``phone`` (E.164), or to anybody in ``country`` if none was typed."""
    e164 = phone or example_number(country, PhoneNumberFormat.E164)
    zones = possible_zones(e164, country, None)
    sky = timing.state(now, windows_for(regions_of(e164, country, None)), zones, holiday=is_holiday)
    place = country_of(e164) or country
    zone = ZoneInfo(ZONES.get(place) or zones[0])
    opens_at = sky.opens_at if isinstance(sky, timing.Closed) else None
    return Hours(place, zone, now.astimezone(zone), opens_at and opens_at.astimezone(zone))


def last_day(ends_at: datetime, country: str, phone: str | None = None) -> date:
    """The day that ends with a moment, at whichever place of that number the calendar is behind."""
    zones = possible_zones(phone or example_number(country, PhoneNumberFormat.E164), country, None)
    moment = ends_at - timedelta(seconds=1)
    return min(moment.astimezone(ZoneInfo(zone)).date() for zone in zones)


def typed_phone(typed: str, country: str) -> Phone | str | None:
    """What a visitor typed: a number, the reason why it cannot be texted, or None for nothing."""
    if not typed:
        return None
    found = read_phone(typed, country)
    return found if isinstance(found, Phone) else found.reason


@cache
def example_number(country: str, form: int = PhoneNumberFormat.INTERNATIONAL) -> str:
    """A mobile number of the country that a visitor can take: nothing leaves the demo."""
    number = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    if number is None:
        raise LookupError(f"libphonenumber knows no mobile number of {country}")
    return phonenumbers.format_number(number, form)


def _open_for(country: str, now: datetime) -> timedelta:
    e164 = example_number(country, PhoneNumberFormat.E164)
    windows = windows_for(regions_of(e164, country, None))
    sky = timing.state(now, windows, possible_zones(e164, country, None), holiday=is_holiday)
    return sky.closes_at - now if isinstance(sky, timing.Open) else timedelta()
