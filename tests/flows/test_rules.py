from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from flows import country_page
from flows.caps import Cap, caps_for
from flows.countries import country_rule
from flows.reasons import REASONS
from flows.rules import document, read_table
from flows.windows import windows_for
from flows.zones import Place, zones_of_country
from tests.flows.judge import packaged

ORIGINAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "sms" / "quiet_hours_extended.csv"

REGION_NAMES = {
    "Alabama": "AL", "Alaska": "AK", "Alberta": "AB", "Arizona": "AZ", "Arkansas": "AR",
    "British Columbia": "BC", "British Colombia": "BC", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA",
    "Maine": "ME", "Manitoba": "MB", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI",
    "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE",
    "Nevada": "NV", "New Brunswick": "NB", "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM",
    "New York": "NY", "Newfoundland and Labrador": "NL", "North Carolina": "NC", "North Dakota": "ND",
    "Northwest Territories": "NT", "Nova Scotia": "NS", "Nunavut": "NU", "Ohio": "OH", "Oklahoma": "OK",
    "Ontario": "ON", "Oregon": "OR", "Pennsylvania": "PA", "Prince Edward Island": "PE", "Quebec": "QC",
    "Rhode Island": "RI", "Saskatchewan": "SK", "South Carolina": "SC", "South Dakota": "SD",
    "Tennessee": "TN", "Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA",
    "Washington D.C.": "DC", "Washington State": "WA", "West Virginia": "WV", "Wisconsin": "WI",
    "Wyoming": "WY", "Yukon": "YT",
}  # fmt: skip


def test_the_hours_table_holds_every_row_of_its_original() -> None:
    ours = read_table("quiet_hours")
    assert len(ours) == 57
    if ORIGINAL.exists():
        with ORIGINAL.open(encoding="utf-8", newline="") as file:
            assert [row | {"read_on": "2026-11-21"} for row in csv.DictReader(file)] == ours


def test_a_region_s_row_comes_before_the_country_s_and_that_before_the_general_one() -> None:
    places = [Place("US", "KY"), Place("US", "OH"), Place("JP", None), Place("FR", "75"), Place("AT", "9")]
    assert [window.row for window in windows_for(places)] == ["US-KY", "US", "*", "FR-operator-strict", "AT"]


def test_a_region_s_row_replaces_the_country_s() -> None:
    kentucky, alabama = windows_for([Place("US", "KY"), Place("US", "AL")])
    assert kentucky.hours(0) == (time(10), time(21))
    assert alabama.hours(6) is None
    assert not alabama.holidays_allowed


def test_france_follows_its_operators_rather_than_its_law() -> None:
    (france,) = windows_for([Place("FR", None)])
    assert [france.hours(day) for day in (4, 5, 6)] == [
        (time(8, 30), time(20)),
        (time(10), time(19)),
        None,
    ]
    assert france.confidence == "medium"


@pytest.mark.parametrize("country", ["US", "CA", "PR"])
def test_north_american_carriers_allow_one_confirmed_text_within_two_days(country: str) -> None:
    rule = country_rule(country)
    assert (rule.max_texts_per_cart, rule.max_age, rule.double_opt_in) == (1, timedelta(hours=48), True)
    assert rule.source
    assert rule.read_on


@pytest.mark.parametrize("country", ["SI", "GB", "MX", None])
def test_elsewhere_the_flow_decides(country: str | None) -> None:
    rule = country_rule(country)
    assert (rule.max_texts_per_cart, rule.max_age, rule.double_opt_in) == (None, None, False)


def test_three_states_and_two_countries_cap_what_a_number_gets_in_a_day() -> None:
    day = timedelta(days=1)
    for region in ("FL", "OK", "MD"):
        assert caps_for([Place("US", region)]) == (Cap(3, day),)
    assert caps_for([Place("US", "TX"), Place("SI", None)]) == ()
    assert caps_for([Place("EC", "P"), Place("VN", None)]) == (Cap(1, day), Cap(1, day))


def test_area_codes_name_the_states_that_libphonenumber_names() -> None:
    """Read from its files as text: loading its geocoder takes seconds and 130 MB, hence our own table."""
    entry = re.compile(r"'1(\d{3})\d*':\{'en': '([^',]+)'")
    named: dict[str, set[str]] = {}
    for module in files("phonenumbers").joinpath("geodata").iterdir():
        if re.fullmatch(r"data\d+\.py", module.name):
            for area_code, places in entry.findall(module.read_text(encoding="utf-8")):
                known = {REGION_NAMES[place] for place in places.split("/") if place in REGION_NAMES}
                named[area_code] = named.get(area_code, set()) | known
    ours = {row["area_code"]: set(row["regions"].split()) for row in read_table("area_codes")}
    states = {area_code: regions for area_code, regions in named.items() if regions}
    assert len(states) > 380
    assert {area_code: ours.get(area_code) for area_code in states} == states


def test_addresses_are_mapped_to_zones_of_their_country() -> None:
    for row in read_table("address_zones"):
        assert set(row["zones"].split()) <= set(zones_of_country(row["country"]))


def _offsets(zone: str) -> tuple[timedelta | None, ...]:
    start = datetime(2027, 1, 1, tzinfo=UTC)
    return tuple(
        (start + timedelta(days=day)).astimezone(packaged(zone)).utcoffset() for day in range(0, 730, 5)
    )


@pytest.mark.parametrize("country", ["US", "CA", "ES", "PT"])
def test_no_clock_of_a_country_is_missing_from_its_addresses(country: str) -> None:
    mapped = {
        _offsets(zone)
        for row in read_table("address_zones")
        if row["country"] == country
        for zone in row["zones"].split()
    }
    assert {_offsets(zone) for zone in zones_of_country(country)} == mapped


def test_every_area_code_s_state_is_mapped_to_zones() -> None:
    mapped = {(row["country"], row["region"]) for row in read_table("address_zones")}
    for row in read_table("area_codes"):
        assert {(row["country"], region) for region in row["regions"].split()} <= mapped


def test_the_page_about_hours_shows_the_tables_as_they_are() -> None:
    page = Path(__file__).parents[2] / "docs" / "hours.md"
    assert page.read_text(encoding="utf-8").endswith(document.tables())


def test_the_page_about_countries_shows_the_tables_as_they_are() -> None:
    page = Path(__file__).parents[2] / "docs" / "compliance.md"
    assert page.read_text(encoding="utf-8").endswith(country_page.tables())


def test_the_page_about_countries_tells_of_every_country_of_the_tables_and_of_every_weak_row() -> None:
    told = country_page.tables()
    for name in ("quiet_hours", "countries", "caps", "senders"):
        for row in read_table(name):
            assert f"| {document.place(row)} |" in told or row["country"] in ("*", "FR")
            assert row["source"] in told
    rows = [row for name in ("quiet_hours", "countries", "caps") for row in read_table(name)]
    weak = [row for row in rows if row["confidence"] == "low"]
    assert told.count("**low**") > 80
    assert all(f"| {document.place(row)} | {row['basis']} |" in told for row in weak)


def test_the_page_about_hours_names_every_reason_that_hours_and_caps_give() -> None:
    page = (Path(__file__).parents[2] / "docs" / "hours.md").read_text(encoding="utf-8")
    reasons = ("quiet_hours", "low_receptivity", "cap_reached", "daily_cap", "conversation_open",
               "store_paused", "no_open_window", "too_late")  # fmt: skip
    assert all(f"`{reason}`" in page and reason in REASONS for reason in reasons)
