from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo import places
from app.demo.words import LANGUAGES
from flows import demo
from flows.countries import country_rule
from flows.phones import Phone, read_phone

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
NIGHT = datetime(2026, 11, 25, 1, tzinfo=UTC)


@pytest.mark.parametrize("country", places.ZONES)
def test_every_country_offers_a_number_that_can_be_texted(country: str) -> None:
    phone = read_phone(places.example_number(country), None)
    assert isinstance(phone, Phone)
    assert phone.country == country


def test_the_shop_ships_to_all_of_them() -> None:
    assert set(demo.SHOP["ships_to"]) == set(places.ZONES)


def test_every_language_has_a_country_to_begin_with() -> None:
    assert set(places.NEAR) == set(LANGUAGES)
    assert {country for near in places.NEAR.values() for country in near} <= set(places.ZONES)


def test_a_region_that_the_browser_names_comes_first() -> None:
    assert places.first_country("de", ["AT"]) == "AT"
    assert places.first_country("de", ["BR", "CH"]) == "CH"


def test_a_country_that_asks_for_a_second_yes_is_left_to_those_who_choose_it() -> None:
    assert places.first_country("en", ["US"]) == "GB"


def test_by_day_the_visitor_stays_at_home() -> None:
    assert places.awake_country("DE", "de", NOON) == "DE"


def test_at_night_the_shop_goes_where_it_is_day() -> None:
    assert places.awake_country("GB", "en", NIGHT) == "NZ"
    assert places.awake_country("DE", "de", NIGHT) in ("JP", "NZ", "AU")


def test_on_a_sunday_germany_sleeps_and_switzerland_does_not() -> None:
    assert places.awake_country("DE", "de", datetime(2026, 11, 22, 12, tzinfo=UTC)) == "CH"


@given(
    st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda later: NIGHT + later),
    st.sampled_from(sorted(places.ZONES)),
    st.sampled_from(sorted(LANGUAGES)),
)
def test_at_any_hour_there_is_a_place_where_a_text_may_come_at_once(
    now: datetime, home: str, language: str
) -> None:
    country = places.awake_country(home, language, now)
    assert places.hours(country, now).opens_at is None
    assert places.hours(country, now + places.VISIT - timedelta(seconds=1)).opens_at is None
    assert not country_rule(country).double_opt_in


def test_the_hours_are_those_of_the_number_and_told_in_its_own_time() -> None:
    found = places.hours("DE", NIGHT, "+819012345678")
    assert (found.country, found.now.hour, found.opens_at) == ("JP", 10, None)
    berlin = places.hours("DE", NIGHT)
    assert berlin.opens_at is not None
    assert (berlin.now.hour, berlin.opens_at.hour) == (2, 8)


def test_a_number_from_a_country_that_the_shop_does_not_know_has_hours_too() -> None:
    assert places.hours("DE", NOON, "+5511961234567").country == "BR"
