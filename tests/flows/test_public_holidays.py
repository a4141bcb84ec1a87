from __future__ import annotations

from datetime import UTC, date, datetime

import holidays
import pytest

from flows import public_holidays
from flows.public_holidays import is_holiday
from flows.rules import read_table
from flows.timing import Closed, Open, state
from flows.windows import window_for, windows_for
from flows.zones import Place, possible_zones, regions_of

GOOD_FRIDAY, BOXING_DAY = date(2027, 3, 26), date(2028, 12, 26)
FRENCH, SPANISH, GERMAN = "+33612345678", "+34612345678", "+4915123456789"


def closed(e164: str, day: date, country: str | None, region: str | None, postcode: str | None) -> bool:
    """Whether a text to this number and address meets a holiday on that day."""
    return any(is_holiday(window, day) for window in windows_for(regions_of(e164, country, region, postcode)))


@pytest.mark.parametrize(
    ("postcode", "is_closed"),
    [("57000", True), ("67 000", True), ("68100", True), ("75011", False), ("20090", False), (None, True)],
    ids=["Moselle", "Bas-Rhin", "Haut-Rhin", "Paris", "Corsica", "unknown"],
)
@pytest.mark.parametrize("day", [GOOD_FRIDAY, BOXING_DAY])
def test_good_friday_and_boxing_day_are_holidays_in_moselle_and_where_it_may_be(
    postcode: str | None, day: date, is_closed: bool
) -> None:
    assert closed(FRENCH, day, "FR", None, postcode) is is_closed


def test_a_french_number_alone_may_be_in_moselle() -> None:
    assert closed(FRENCH, GOOD_FRIDAY, None, None, None)
    assert closed(FRENCH, GOOD_FRIDAY, "DE", None, "75011"), "an address abroad tells nothing"


def test_an_overseas_department_has_its_own_holiday_and_nobody_else_has() -> None:
    abolition = date(2027, 12, 20)
    assert closed(FRENCH, abolition, "FR", None, "97400")
    assert not closed(FRENCH, abolition, "FR", None, None)


@pytest.mark.parametrize(
    ("e164", "address", "day", "is_closed"),
    [
        (GERMAN, ("DE", "BY", None), date(2027, 1, 6), True),
        (GERMAN, ("DE", "DE-NI", None), date(2027, 1, 6), False),
        (GERMAN, ("DE", None, "30159"), date(2027, 1, 6), True),
        (SPANISH, ("ES", "B", "08001"), date(2027, 6, 24), True),
        (SPANISH, ("ES", None, "08001"), date(2027, 6, 24), True),
        (SPANISH, ("ES", "M", None), date(2027, 6, 24), False),
        (SPANISH, (None, None, None), date(2027, 6, 24), True),
        ("+13345550123", (None, None, None), date(2027, 4, 26), True),
        ("+14015550123", (None, None, None), date(2027, 8, 9), True),
        ("+420601123456", (None, None, None), date(2027, 7, 6), True),
    ],
    ids=[
        "Bavaria", "Lower Saxony", "Germany", "Barcelona", "a postcode", "Madrid", "Spain", "Alabama",
        "Rhode Island", "Czechia",
    ],
)  # fmt: skip
def test_a_region_s_own_holiday_closes_it_and_all_places_that_may_be_in_it(
    e164: str, address: tuple[str | None, str | None, str | None], day: date, is_closed: bool
) -> None:
    assert closed(e164, day, *address) is is_closed


def test_a_half_day_is_a_holiday() -> None:
    assert is_holiday(window_for(Place("TR", None)), date(2027, 10, 28))


def test_a_country_that_the_calendar_does_not_know_has_no_holidays() -> None:
    assert not is_holiday(window_for(Place("", None)), date(2027, 1, 1))


def test_the_holiday_that_counts_is_that_of_the_local_day() -> None:
    """Réunion is four hours ahead of Greenwich: its 20 December begins on the 19th."""
    places = regions_of(FRENCH, "FR", None, "97400")
    evening = datetime(2027, 12, 19, 21, tzinfo=UTC)
    found = state(evening, windows_for(places), ["Indian/Reunion"], holiday=is_holiday)
    assert found == Closed(datetime(2027, 12, 21, 4, 30, tzinfo=UTC))


def test_a_text_waits_over_easter_in_moselle_and_not_in_paris() -> None:
    noon = datetime(2027, 3, 26, 11, tzinfo=UTC)
    zones = possible_zones(FRENCH, "FR", None, "57000")
    moselle, paris = (windows_for(regions_of(FRENCH, "FR", None, code)) for code in ("57000", "75011"))
    opens = datetime(2027, 3, 27, 9, tzinfo=UTC)
    assert state(noon, moselle, zones, holiday=is_holiday) == Closed(opens)
    assert isinstance(state(noon, paris, zones, holiday=is_holiday), Open)


def test_the_table_of_regions_names_only_what_the_calendar_knows() -> None:
    for row in read_table("holiday_regions"):
        known = holidays.list_supported_countries(include_aliases=False)[row["country"]]
        assert set(row["subdivisions"].split()) <= set(known)
        assert row["source"]
        assert row["read_on"]


def test_every_spanish_province_is_in_the_table_by_its_letters_and_by_its_postcode() -> None:
    spanish = {row["region"] for row in read_table("holiday_regions") if row["country"] == "ES"}
    assert {f"{number:02}" for number in range(1, 53)} <= spanish
    assert len(spanish) == 104


def test_the_calendar_knows_every_country_that_closes_on_holidays() -> None:
    for row in read_table("quiet_hours"):
        if row["holidays_allowed"] == "no":
            assert row["country"] in holidays.list_supported_countries()


def test_a_year_of_a_place_is_computed_once() -> None:
    public_holidays._days.cache_clear()
    window = window_for(Place("DE", "BY"))
    for month in range(1, 13):
        is_holiday(window, date(2027, month, 1))
    assert public_holidays._days.cache_info().misses == 1
