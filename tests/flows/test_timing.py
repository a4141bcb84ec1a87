from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.public_holidays import is_holiday
from flows.rules import read_table
from flows.timing import HORIZON, Closed, Never, Open, State, state, validity
from flows.windows import Hours, Window, windows_for
from flows.zones import Place, possible_zones, regions_of
from tests.flows.judge import is_open
from tests.flows.test_zones import example

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
YEAR = datetime(2027, 1, 1, tzinfo=UTC)

Recipient = tuple[str, str | None, str | None]

# Every country's mobile, every state's row, and numbers that tell nothing or contradict the address.
RECIPIENTS: list[Recipient] = [
    *((example(region), None, None) for region in sorted(phonenumbers.SUPPORTED_REGIONS)),
    *(("+18005550100", "US", row["region"]) for row in read_table("address_zones") if row["country"] == "US"),
    ("+18005550100", None, None),
    ("+16005550100", None, None),
    ("+18675550100", None, None),
    ("+12015550123", "US", "CA"),
    ("+13345550123", "US", "RI"),
    ("+12045550123", "CA", "BC"),
    ("+16135550135", "US", "TX"),
    ("+551112345", None, None),
]


def places_and_zones(recipient: Recipient) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    return regions_of(*recipient), possible_zones(*recipient)


def real_state(now: datetime, places: tuple[Place, ...], zones: tuple[str, ...]) -> State:
    return state(now, windows_for(places), zones, holiday=is_holiday)


def at(zone_free: str) -> datetime:
    return datetime.fromisoformat(zone_free).replace(tzinfo=UTC)


def window(country: str, region: str | None = None, **changes: Any) -> Window:
    (found,) = windows_for([Place(country, region)])
    return replace(found, **changes)


def every_day(start: time, end: time) -> Window:
    return window("DE", weekday=(start, end), saturday=(start, end), sunday=(start, end))


minutes_of_the_year = st.integers(0, 365 * 24 * 60 - 1).map(lambda minute: YEAR + minute * MINUTE)


@settings(max_examples=150)
@given(st.sampled_from(RECIPIENTS), minutes_of_the_year)
def test_open_means_open_in_every_zone_and_place_until_the_minute_of_closing(
    recipient: Recipient, now: datetime
) -> None:
    places, zones = places_and_zones(recipient)
    found = real_state(now, places, zones)
    assert not isinstance(found, Never)
    assert isinstance(found, Open) == is_open(now, places, zones)
    if isinstance(found, Open):
        assert is_open(found.closes_at - MINUTE, places, zones)
        assert not is_open(found.closes_at, places, zones)
        assert all(
            is_open(now + step * QUARTER, places, zones) for step in range((found.closes_at - now) // QUARTER)
        )


@settings(max_examples=100)
@given(st.sampled_from(RECIPIENTS), minutes_of_the_year)
def test_the_opening_is_the_first_lawful_minute(recipient: Recipient, now: datetime) -> None:
    places, zones = places_and_zones(recipient)
    found = real_state(now, places, zones)
    if isinstance(found, Closed):
        assert is_open(found.opens_at, places, zones)
        assert not is_open(found.opens_at - MINUTE, places, zones)
        assert not any(
            is_open(now + step * QUARTER, places, zones) for step in range((found.opens_at - now) // QUARTER)
        )


@pytest.mark.parametrize("seed", range(30))
def test_no_minute_before_the_opening_was_lawful(seed: int) -> None:
    """Scanned minute by minute from a moment at which a random recipient must not be texted."""
    chance = random.Random(seed)
    places, zones = places_and_zones(chance.choice(RECIPIENTS))
    now = YEAR + chance.randrange(365 * 24 * 60) * MINUTE
    asked = real_state(now, places, zones)
    now = asked.closes_at if isinstance(asked, Open) else now
    found = real_state(now, places, zones)
    while not is_open(now, places, zones):
        now += MINUTE
    assert found == Closed(now)


def open_hours(recipient: Recipient, day: str) -> float:
    """How long the first stretch lasts that begins after ``day``."""
    places, zones = places_and_zones(recipient)
    found = state(at(day), windows_for(places), zones)
    if isinstance(found, Open):
        found = state(found.closes_at, windows_for(places), zones)
    assert isinstance(found, Closed)
    opened = state(found.opens_at, windows_for(places), zones)
    assert isinstance(opened, Open)
    return (opened.closes_at - found.opens_at) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("recipient", "january", "july"),
    [
        (("+18005550100", None, None), 8, 7),
        (("+61412345678", None, None), 8, 8.5),
        (("+551112345", None, None), 7, 7),
        (("+34612345678", None, None), 11, 11),
        (("+351912345678", None, None), 10, 10),
        (("+593991234567", None, None), 8, 8),
        (("+79123456789", None, None), 4, 4),
        (("+447400123456", None, None), 13, 13),
        (("+918123456789", None, None), 12, 12),
    ],
    ids=["US unknown", "AU", "BR unknown", "ES", "PT", "EC", "RU", "GB", "IN"],
)
def test_a_number_in_many_zones_leaves_only_the_hours_they_share(
    recipient: Recipient, january: float, july: float
) -> None:
    assert open_hours(recipient, "2027-01-19T12:00") == january
    assert open_hours(recipient, "2027-07-20T12:00") == july


class TestWeekdays:
    """Germany closes on Sundays; which day it is, the recipient's clock says."""

    def state_in(self, zone: str, moment: str) -> object:
        return state(at(moment), [window("DE")], [zone])

    def test_monday_morning_at_utc_plus_13_is_still_sunday_in_utc(self) -> None:
        assert self.state_in("Pacific/Auckland", "2027-01-10T20:00") == Open(at("2027-01-11T07:00"))

    def test_sunday_at_utc_plus_13_is_already_closed_while_utc_has_saturday(self) -> None:
        assert self.state_in("Pacific/Auckland", "2027-01-09T23:00") == Closed(at("2027-01-10T19:00"))

    def test_saturday_evening_at_utc_minus_11_is_open_while_utc_has_sunday(self) -> None:
        assert self.state_in("Pacific/Pago_Pago", "2027-01-10T06:00") == Open(at("2027-01-10T07:00"))

    def test_sunday_evening_at_utc_minus_11_is_closed_while_utc_has_monday(self) -> None:
        assert self.state_in("Pacific/Pago_Pago", "2027-01-11T05:00") == Closed(at("2027-01-11T19:00"))


class TestClockChanges:
    @pytest.mark.parametrize(
        ("country", "zone", "before", "opens"),
        [
            ("GB", "Europe/London", "2027-03-27T22:00", "2027-03-28T08:00"),
            ("GB", "Europe/London", "2027-10-30T21:00", "2027-10-31T09:00"),
            ("US", "America/New_York", "2027-03-14T03:00", "2027-03-14T12:00"),
            ("US", "America/New_York", "2027-11-07T03:00", "2027-11-07T13:00"),
            ("AU", "Australia/Lord_Howe", "2027-04-03T12:00", "2027-04-03T22:30"),
            ("AU", "Australia/Lord_Howe", "2027-10-02T12:00", "2027-10-02T22:00"),
        ],
    )
    def test_a_hold_over_a_clock_change_ends_at_the_new_time(
        self, country: str, zone: str, before: str, opens: str
    ) -> None:
        assert state(at(before), [window(country)], [zone]) == Closed(at(opens))

    def test_an_opening_that_is_skipped_moves_to_the_later_reading(self) -> None:
        at_gap = every_day(time(2, 30), time(20))
        assert state(at("2027-03-28T00:00"), [at_gap], ["Europe/Berlin"]) == Closed(at("2027-03-28T01:30"))
        lord_howe = every_day(time(2, 15), time(20))
        assert state(at("2027-10-02T14:00"), [lord_howe], ["Australia/Lord_Howe"]) == Closed(
            at("2027-10-02T15:45")
        )

    def test_an_opening_that_comes_twice_waits_for_the_second(self) -> None:
        twice = every_day(time(2, 30), time(20))
        assert state(at("2027-10-31T00:40"), [twice], ["Europe/Berlin"]) == Closed(at("2027-10-31T01:30"))

    def test_a_closing_that_comes_twice_is_the_first(self) -> None:
        twice = every_day(time(0, 15), time(2, 30))
        assert state(at("2027-10-31T00:00"), [twice], ["Europe/Berlin"]) == Open(at("2027-10-31T00:30"))

    def test_a_closing_that_is_skipped_moves_to_the_earlier_reading(self) -> None:
        skipped = every_day(time(0, 15), time(2, 30))
        assert state(at("2027-03-28T00:00"), [skipped], ["Europe/Berlin"]) == Open(at("2027-03-28T00:30"))


class TestQuietHours:
    def open_now(self, local: str, *quiet: Hours) -> object:
        return state(at(local), [window("IN")], ["Etc/UTC"], quiet=quiet)

    def test_quiet_hours_over_midnight_close_earlier_and_open_later(self) -> None:
        quiet = (time(18), time(11))
        assert self.open_now("2027-01-13T10:00", quiet) == Closed(at("2027-01-13T11:00"))
        assert self.open_now("2027-01-13T11:00", quiet) == Open(at("2027-01-13T18:00"))
        assert self.open_now("2027-01-13T18:00", quiet) == Closed(at("2027-01-14T11:00"))

    def test_quiet_hours_within_the_day_leave_a_break(self) -> None:
        quiet = (time(12), time(14))
        assert self.open_now("2027-01-13T11:00", quiet) == Open(at("2027-01-13T12:00"))
        assert self.open_now("2027-01-13T12:30", quiet) == Closed(at("2027-01-13T14:00"))
        assert self.open_now("2027-01-13T14:00", quiet) == Open(at("2027-01-13T21:00"))

    def test_quiet_hours_that_begin_when_they_end_mean_nothing(self) -> None:
        assert self.open_now("2027-01-13T09:00", (time(8), time(8))) == Open(at("2027-01-13T21:00"))

    def test_quiet_hours_that_cover_the_window_leave_nothing(self) -> None:
        assert self.open_now("2027-01-13T12:00", (time(8), time(22))) == Never()

    def test_the_quiet_hours_of_the_merchant_and_of_the_shopper_both_hold(self) -> None:
        merchant, shopper = (time(12), time(14)), (time(18), time(11))
        assert self.open_now("2027-01-13T10:00", merchant, shopper) == Closed(at("2027-01-13T11:00"))
        assert self.open_now("2027-01-13T12:30", merchant, shopper) == Closed(at("2027-01-13T14:00"))
        assert self.open_now("2027-01-13T14:00", merchant, shopper) == Open(at("2027-01-13T18:00"))

    @settings(max_examples=100)
    @given(st.sampled_from(RECIPIENTS), minutes_of_the_year, st.tuples(st.times(), st.times()))
    def test_quiet_hours_only_ever_narrow(self, recipient: Recipient, now: datetime, quiet: Hours) -> None:
        places, zones = places_and_zones(recipient)
        windows = windows_for(places)
        narrowed, plain = state(now, windows, zones, quiet=[quiet]), state(now, windows, zones)
        if isinstance(narrowed, Open):
            assert isinstance(plain, Open)
            assert narrowed.closes_at <= plain.closes_at
        if isinstance(narrowed, Closed):
            assert isinstance(state(narrowed.opens_at, windows, zones), Open)


def test_two_places_must_both_be_open() -> None:
    alabama_and_rhode_island = windows_for([Place("US", "AL"), Place("US", "RI")])
    found = state(at("2027-01-16T14:00"), alabama_and_rhode_island, ["America/New_York"])
    assert found == Closed(at("2027-01-16T15:00"))
    assert state(at("2027-01-16T15:00"), alabama_and_rhode_island, ["America/New_York"]) == Open(
        at("2027-01-16T22:00")
    )


def test_hours_that_never_meet_are_never_open() -> None:
    assert state(at("2027-01-13T12:00"), [window("BR")], ["America/Sao_Paulo", "Asia/Tokyo"]) == Never()


def test_a_window_that_is_closed_every_day_is_never_open() -> None:
    closed = window("DE", weekday=None, saturday=None, sunday=None)
    assert state(at("2027-01-13T12:00"), [closed], ["Europe/Berlin"]) == Never()


def test_one_window_that_never_opens_keeps_all_closed() -> None:
    closed = window("DE", weekday=None, saturday=None, sunday=None)
    assert state(at("2027-01-13T12:00"), [window("DE"), closed], ["Europe/Berlin"]) == Never()


@pytest.mark.parametrize(("windows", "zones"), [([], ["Europe/Berlin"]), (["DE"], []), ([], [])])
def test_without_a_window_or_a_zone_nothing_is_open(windows: list[str], zones: list[str]) -> None:
    assert state(at("2027-01-13T12:00"), [window(country) for country in windows], zones) == Never()


class TestHolidays:
    def new_year(self, _window: Window, day: date) -> bool:
        return (day.month, day.day) == (1, 1)

    def test_a_window_that_closes_on_holidays_stays_closed(self) -> None:
        found = state(at("2027-01-01T12:00"), [window("DE")], ["Europe/Berlin"], holiday=self.new_year)
        assert found == Closed(at("2027-01-02T07:00"))

    def test_a_window_that_allows_holidays_does_not_ask(self) -> None:
        found = state(at("2027-01-01T12:00"), [window("GB")], ["Europe/London"], holiday=self.new_year)
        assert found == Open(at("2027-01-01T21:00"))

    def test_the_holiday_is_asked_for_the_local_day(self) -> None:
        evening = at("2027-01-01T01:00")
        found = state(evening, [window("US", "AL")], ["America/Chicago"], holiday=self.new_year)
        assert found == Open(at("2027-01-01T02:00"))

    def test_two_weeks_of_holidays_are_as_good_as_never(self) -> None:
        found = state(at("2027-01-04T00:00"), [window("DE")], ["Europe/Berlin"], holiday=lambda *_: True)
        assert found == Never()


def test_an_opening_beyond_the_horizon_is_never() -> None:
    first_day = date(2027, 1, 20)
    late = window("DE")
    found = state(at("2027-01-04T00:00"), [late], ["Europe/Berlin"], holiday=lambda _, day: day < first_day)
    assert found == Never()
    assert first_day - date(2027, 1, 4) > HORIZON


class TestValidity:
    now = at("2027-01-13T12:00")

    def test_a_provider_may_deliver_until_the_closing_or_the_deadline_whichever_is_first(self) -> None:
        hour, day = timedelta(hours=1), timedelta(days=1)
        assert validity(self.now, self.now + hour, self.now + day) == 3600
        assert validity(self.now, self.now + day, self.now + hour) == 3600

    def test_less_than_a_minute_is_not_worth_trying(self) -> None:
        later = self.now + timedelta(days=1)
        assert validity(self.now, self.now + timedelta(seconds=60), later) == 60
        assert validity(self.now, self.now + timedelta(seconds=59, milliseconds=999), later) is None
        assert validity(self.now, self.now - timedelta(hours=1), later) is None
