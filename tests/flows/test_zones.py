from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from flows.phones import country_of
from flows.zones import Place, canonical, clocks, possible_zones, regions_of, zones_of_country

# No entry in zone.tab: libphonenumber's answer stays.
UNLISTED = {"AC", "TA", "XK"}


def example(region: str) -> str:
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    number = number or phonenumbers.example_number(region)
    assert number is not None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+38640123456", ("Europe/Ljubljana",)),
        ("+447400123456", ("Europe/London",)),
        ("+353850123456", ("Europe/Dublin",)),
        ("+918123456789", ("Asia/Kolkata",)),
        ("+9779841234567", ("Asia/Kathmandu",)),
        ("+5491123456789", ("America/Argentina/Buenos_Aires",)),
        ("+34612345678", ("Atlantic/Canary", "Europe/Madrid")),
        ("+351912345678", ("Atlantic/Azores", "Europe/Lisbon")),
        ("+593991234567", ("America/Guayaquil", "Pacific/Galapagos")),
        (
            "+61412345678",
            (
                "Australia/Adelaide",
                "Australia/Brisbane",
                "Australia/Eucla",
                "Australia/Lord_Howe",
                "Australia/Perth",
                "Australia/Sydney",
            ),
        ),
        ("+12015550123", ("America/New_York",)),
        ("+19075550100", ("America/Adak", "America/Anchorage")),
        ("+12085550123", ("America/Boise", "America/Los_Angeles")),
    ],
)
def test_a_number_alone_leaves_the_zones_of_its_country_that_it_names(
    e164: str, zones: tuple[str, ...]
) -> None:
    assert possible_zones(e164, None, None) == zones


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ("DZ", "Africa/Algiers"),
        ("LY", "Africa/Tripoli"),
        ("MA", "Africa/Casablanca"),
        ("NI", "America/Managua"),
        ("EE", "Europe/Tallinn"),
        ("LT", "Europe/Vilnius"),
        ("LV", "Europe/Riga"),
    ],
)
def test_where_only_a_neighbour_is_named_all_zones_of_the_country_stay_possible(
    region: str, zone: str
) -> None:
    assert possible_zones(example(region), None, None) == (zone,)


@pytest.mark.parametrize(
    ("region", "zone"),
    [("XK", "Europe/Belgrade"), ("AC", "Atlantic/St_Helena"), ("TA", "Atlantic/St_Helena")],
)
def test_a_country_without_zones_of_its_own_keeps_what_the_number_names(region: str, zone: str) -> None:
    assert possible_zones(example(region), None, None) == (zone,)


def test_a_russian_mobile_may_be_in_thirteen_zones_and_a_brazilian_of_unknown_area_in_sixteen() -> None:
    assert len(possible_zones("+79123456789", None, None)) == 13
    assert len(possible_zones("+551112345", None, None)) == 16


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_country_s_number_has_zones_and_only_its_own(region: str) -> None:
    e164 = example(region)
    country = country_of(e164)
    assert country is not None
    zones = possible_zones(e164, None, None)
    assert zones
    assert country in UNLISTED or set(zones) <= set(zones_of_country(country))
    assert all(clocks(zone) for zone in zones)


@pytest.mark.parametrize(
    ("e164", "country", "region", "postcode", "zones"),
    [
        ("+14155550123", "US", "CA", "94107", ("America/Los_Angeles",)),
        ("+18005550100", "US", "OH", None, ("America/New_York",)),
        ("+18005550100", "US", "TX", None, ("America/Chicago", "America/Denver")),
        ("+15024592181", "US", "KY", "40202", ("America/New_York",)),
        ("+16135550135", "CA", "ON", None, ("America/Toronto",)),
        ("+16135550135", "CA", "CA-ON", None, ("America/Toronto",)),
        ("+34612345678", "ES", "GC", "35001", ("Atlantic/Canary",)),
        ("+34612345678", "ES", "M", "28 001", ("Europe/Madrid",)),
        ("+34612345678", "ES", None, "51001", ("Africa/Ceuta",)),
        ("+34612345678", "ES", None, "35", ("Atlantic/Canary", "Europe/Madrid")),
        ("+351912345678", "PT", None, "9500-150", ("Atlantic/Azores",)),
        ("+351912345678", "PT", None, "9000-001", ("Atlantic/Madeira",)),
        ("+351912345678", "PT", None, "1100-048", ("Europe/Lisbon",)),
    ],
)
def test_an_address_that_keeps_one_clock_decides_and_one_with_several_narrows(
    e164: str, country: str, region: str | None, postcode: str | None, zones: tuple[str, ...]
) -> None:
    assert possible_zones(e164, country, region, postcode) == zones


def test_when_address_and_area_code_name_different_states_both_stay_possible() -> None:
    assert regions_of("+12015550123", "US", "CA") == (Place("US", "CA"), Place("US", "NJ"))
    assert possible_zones("+12015550123", "US", "CA") == ("America/Los_Angeles", "America/New_York")


def test_an_address_with_several_clocks_against_the_area_code_keeps_them_all() -> None:
    assert possible_zones("+12015550123", "US", "KY") == ("America/Chicago", "America/New_York")


def test_across_the_border_of_one_dialling_code_both_stay_possible() -> None:
    assert regions_of("+16135550135", "US", "NY") == (Place("US", "NY"), Place("CA", "ON"))
    assert regions_of("+447400123456", "JE", None) == (Place("JE", None), Place("GB", None))


@pytest.mark.parametrize(("country", "region"), [("DE", "BY"), ("", "CA"), (None, "CA"), ("??", None)])
def test_an_address_in_a_country_with_another_dialling_code_tells_nothing(
    country: str | None, region: str | None
) -> None:
    assert regions_of("+12015550123", country, region) == (Place("US", "NJ"),)
    assert possible_zones("+12015550123", country, region, "35001") == ("America/New_York",)


def test_a_postcode_of_such_a_country_tells_nothing_either() -> None:
    assert possible_zones("+34612345678", "DE", None, "35001") == ("Atlantic/Canary", "Europe/Madrid")


@pytest.mark.parametrize("region", [None, "", "ZZ"])
def test_an_unknown_state_leaves_the_decision_to_the_area_code(region: str | None) -> None:
    assert regions_of("+12015550123", "US", region) == (Place("US", "NJ"),)


def test_a_toll_free_number_takes_its_state_from_the_address() -> None:
    assert regions_of("+18005550100", None, None) == (Place("US", None),)
    assert regions_of("+18005550100", "US", "AL") == (Place("US", "AL"),)


def test_a_territory_written_as_a_state_is_a_country_of_its_own() -> None:
    assert regions_of("+17872345678", "US", "PR") == (Place("PR", None),)


def test_an_area_code_of_several_provinces_keeps_them_all_until_an_address_decides() -> None:
    assert regions_of("+18675550100", None, None) == (Place("CA", "NT"), Place("CA", "NU"), Place("CA", "YT"))
    assert {"America/Iqaluit", "America/Whitehorse"} <= set(possible_zones("+18675550100", None, None))
    assert possible_zones("+18675550100", "CA", "YT") == ("America/Dawson", "America/Whitehorse")


def test_a_region_outside_north_america_is_kept_for_rules_that_know_it() -> None:
    assert regions_of("+4915123456789", "de", "de-by") == (Place("DE", "BY"),)


def test_old_and_merged_names_have_one_canonical_name() -> None:
    assert canonical("Asia/Calcutta") == canonical("Asia/Kolkata") == "Asia/Kolkata"
    assert canonical("Europe/Ljubljana") == canonical("Europe/Belgrade")


@pytest.fixture
def stale_machine(tmp_path: Path) -> Iterator[None]:
    """A machine whose own tz database believes that Vancouver lives by Tokyo's clock."""
    with files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").open("rb") as tokyo:
        (tmp_path / "America").mkdir()
        (tmp_path / "America" / "Vancouver").write_bytes(tokyo.read())
    reset_tzpath(to=[str(tmp_path)])
    clocks.cache_clear()
    yield
    reset_tzpath()
    ZoneInfo.clear_cache()
    clocks.cache_clear()


@pytest.mark.usefixtures("stale_machine")
def test_a_zone_is_read_by_the_packaged_clock_and_by_the_machine_s() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    offsets = [noon.astimezone(clock).utcoffset() for clock in clocks("America/Vancouver")]
    assert offsets == [timedelta(hours=-7), timedelta(hours=9)]
