"""What a season makes of a flow: at the borders of days, in every zone, and when it is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definition import FlowDefinition
from flows.in_season import Running, in_season, last_day, running, running_at, spread_over
from flows.offer_form import Rung
from flows.seasons import dates
from tests.flows.test_season_form import FULL, TEN, parsed

FRIDAY, MONDAY = date(2027, 11, 26), date(2027, 11, 29)
NEW_YORK, BERLIN, HONOLULU = "America/New_York", "Europe/Berlin", "Pacific/Honolulu"


@pytest.fixture(name="flow", scope="module")
def a_flow() -> FlowDefinition:
    return parsed(FULL)


def at(flow: FlowDefinition, country: str | None, day: date) -> str | None:
    found = running(flow, country, day)
    return found.mark if found else None


def test_a_season_runs_from_its_first_day_to_its_last_and_ends_by_itself(flow: FlowDefinition) -> None:
    days = [FRIDAY - timedelta(days=1), FRIDAY, MONDAY, MONDAY + timedelta(days=1)]
    assert [at(flow, "US", day) for day in days] == [
        None,
        "black_friday-2027-DE-US",
        "black_friday-2027-DE-US",
        None,
    ]


@pytest.mark.parametrize("country", ["FR", None])
def test_elsewhere_the_flow_stays_as_it_is(flow: FlowDefinition, country: str | None) -> None:
    assert at(flow, country, FRIDAY) is None


def test_a_season_of_one_year_does_not_come_back(flow: FlowDefinition) -> None:
    assert at(flow, "US", date(2028, 11, 24)) is None
    every_year = parsed({"season": "black_friday"})
    assert at(every_year, "US", date(2028, 11, 24)) == "black_friday-2028"


def test_a_season_that_is_switched_off_does_not_run() -> None:
    assert at(parsed(FULL | {"active": False}), "US", FRIDAY) is None


def test_days_of_the_merchants_own_hold_in_place_of_the_calendars() -> None:
    own = parsed({"season": "black_friday", "from": "2027-11-22", "to": "2027-11-23"})
    assert at(own, "JP", date(2027, 11, 22)) == "black_friday-2027"
    assert at(own, "JP", FRIDAY) is None


def test_a_season_over_new_year_keeps_its_name() -> None:
    spain = parsed({"season": "christmas", "countries": ["ES"]})
    assert {at(spain, "ES", day) for day in (date(2027, 12, 31), date(2028, 1, 2))} == {"christmas-2027-ES"}
    assert at(spain, "ES", date(2028, 1, 3)) is None


def test_no_country_named_means_all_that_have_the_season() -> None:
    flow = parsed({"season": "boxing_day"})
    assert at(flow, "GB", date(2027, 12, 26)) == "boxing_day-2027"
    assert at(flow, "US", date(2027, 12, 26)) is None


@pytest.mark.parametrize(
    ("moment", "zones", "runs"),
    [
        (datetime(2027, 11, 26, 4, 59, tzinfo=UTC), [NEW_YORK], False),
        (datetime(2027, 11, 26, 5, 0, tzinfo=UTC), [NEW_YORK], True),
        (datetime(2027, 11, 26, 5, 0, tzinfo=UTC), [NEW_YORK, HONOLULU], False),
        (datetime(2027, 11, 26, 10, 0, tzinfo=UTC), [NEW_YORK, HONOLULU], True),
        (datetime(2027, 11, 30, 4, 59, tzinfo=UTC), [NEW_YORK], True),
        (datetime(2027, 11, 30, 5, 0, tzinfo=UTC), [NEW_YORK], False),
        (datetime(2027, 11, 30, 5, 0, tzinfo=UTC), [NEW_YORK, HONOLULU], False),
        (datetime(2027, 11, 30, 5, 0, tzinfo=UTC), [HONOLULU], True),
    ],
)
def test_a_season_begins_and_ends_on_every_clock_of_the_shopper(
    flow: FlowDefinition, moment: datetime, zones: list[str], runs: bool
) -> None:
    assert (running_at(flow, "US", moment, zones) is not None) is runs


def test_between_two_seasons_a_text_belongs_to_none() -> None:
    flow = parsed({"season": "black_friday"}, {"season": "christmas"})
    midnight = datetime(2027, 11, 30, 5, 0, tzinfo=UTC)
    assert running_at(flow, "US", midnight, [NEW_YORK, HONOLULU]) is None


def test_a_season_replaces_the_words_and_rungs_that_it_names_and_no_other(flow: FlowDefinition) -> None:
    reminder, second, last = flow.steps
    found = running(flow, "US", FRIDAY)
    step, offers = in_season(flow, reminder, found)
    assert (step.offer, step.texts["en"]) == (Rung.SMALL, FULL["texts"]["reminder"]["en"])
    assert step.offer_texts == FULL["offer_texts"]["reminder"]
    assert (offers.small and offers.small.percent, offers.best and offers.best.percent) == (10, 20)
    assert in_season(flow, second, found)[0] == second
    assert in_season(flow, last, found)[0].offer is Rung.BEST
    assert in_season(flow, reminder, None) == (reminder, flow.offers)


def test_languages_of_which_the_season_has_no_words_keep_the_flows() -> None:
    steps = [
        {"key": "reminder", "delay": "PT0S", "texts": {"de": "Ihr Korb: {link}", "en": "Basket: {link}"}}
    ]
    flow = parsed(
        {"season": "christmas", "texts": {"reminder": {"en": "Gifts! {link}"}}},
        steps=steps,
        offers={"small": TEN},
    )
    step, offers = in_season(flow, flow.steps[0], running(flow, "DE", date(2027, 12, 5)))
    assert step.texts == {"de": "Ihr Korb: {link}", "en": "Gifts! {link}"}
    assert offers == flow.offers


def test_an_offer_never_outlives_its_season(flow: FlowDefinition) -> None:
    found = running(flow, "US", MONDAY)
    assert last_day(MONDAY + timedelta(days=2), found) == MONDAY
    assert last_day(FRIDAY, found) == FRIDAY
    assert last_day(MONDAY + timedelta(days=2), None) == MONDAY + timedelta(days=2)


@given(st.dates(date(2026, 1, 1), date(2040, 12, 31)), st.sampled_from(["US", "GB", "AR", "NO", "ZZ", None]))
def test_a_season_runs_exactly_on_the_days_of_the_calendar(day: date, country: str | None) -> None:
    found = running(parsed({"season": "mothers_day"}), country, day)
    days = dates("mothers_day", country or "*", day.year)
    assert (found is not None) is (days is not None and days[0] <= day <= days[1])
    assert found is None or found == Running(found.season, *days)  # type: ignore[misc]


@given(
    st.integers(1, 2**62),
    st.timedeltas(timedelta(0), timedelta(hours=24)),
    st.timedeltas(-timedelta(1), timedelta(2)),
)
def test_the_spread_of_a_contact_is_always_the_same_and_within_its_room(
    contact: int, spread: timedelta, room: timedelta
) -> None:
    told = spread_over(contact, spread, room)
    assert told == spread_over(contact, spread, room)
    assert timedelta(0) <= told <= max(timedelta(0), min(spread, room))


def test_contacts_are_spread_evenly() -> None:
    hours = [spread_over(contact, timedelta(hours=6), timedelta(days=1)) for contact in range(1, 601)]
    counts = [sum(int(hour / timedelta(hours=1)) == one for hour in hours) for one in range(6)]
    assert all(80 < count < 120 for count in counts)
