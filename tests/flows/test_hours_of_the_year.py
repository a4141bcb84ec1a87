"""A text that is asked about at any minute of the year, anywhere: it goes at the first lawful one, or ends.

What is lawful says ``judge``, which reads the tables itself and shares no code with the gates.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.gates import Answer, Outcome, Situation, may_send
from flows.phones import country_of
from flows.rules import read_table
from flows.windows import Hours, windows_for
from flows.zones import Place, possible_zones, regions_of
from tests.flows.judge import is_open
from tests.flows.situations import situation
from tests.flows.test_zones import example

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Every boundary of the tables, and every clock of the world, falls on a quarter of an hour.
QUARTER = timedelta(minutes=15)
YEAR = datetime(2027, 1, 1, tzinfo=UTC)

Address = tuple[str, str | None, str | None, str | None]


def of_row(row: dict[str, str]) -> Address:
    """A number and address for which that row of the table holds."""
    country, region = row["country"], row["region"]
    if country == "*":
        return example("JP"), None, None, None
    if country == "US" and region:
        return "+18005550100", country, region, None
    return example(country), None, None, None


ROWS = {f"{row['country']}-{row['region']}": of_row(row) for row in read_table("quiet_hours")}
WHERE: dict[str, Address] = ROWS | {
    "Moselle": (example("FR"), "FR", None, "57000"),
    "Paris": (example("FR"), "FR", None, "75011"),
    "Bavaria": (example("DE"), "DE", "BY", None),
    "Barcelona": (example("ES"), "ES", "B", None),
    "Canaries": (example("ES"), "ES", "GC", "35001"),
    "Ticino": (example("CH"), "CH", "TI", None),
    "Azores": (example("PT"), "PT", None, "9500-150"),
    "Yukon": ("+18675550100", "CA", "YT", None),
    "two states": ("+13345550123", "US", "RI", None),
    "two countries": ("+16135550135", "US", "TX", None),
    "anywhere in the US": ("+18005550100", None, None, None),
    "Samoa, UTC+13": (example("WS"), None, None, None),
    "American Samoa, UTC-11": (example("AS"), None, None, None),
    "Nepal, UTC+5:45": (example("NP"), None, None, None),
    "Lord Howe and the rest of Australia": (example("AU"), None, None, None),
}
# Evenings before clocks change or holidays come, where a hold has the most to get wrong.
EVES = ("2027-03-13T23:00", "2027-03-27T22:00", "2027-04-03T12:00", "2027-10-30T21:00", "2027-11-06T23:00",
        "2027-12-24T19:00", "2027-03-25T20:00")  # fmt: skip


def asked_at(where: Address, now: datetime, **changes: object) -> tuple[Situation, tuple[Place, ...]]:
    places = regions_of(*where)
    asked = situation(
        now=now,
        last_activity_at=now - HOUR,
        phone=where[0],
        country=country_of(where[0]),
        confirmed=True,
        windows=windows_for(places),
        zones=possible_zones(*where),
    )
    return replace(asked, **changes), places


def story(asked: Situation) -> Iterator[tuple[datetime, Answer]]:
    """What the gates answer, each time at the moment until which they held."""
    while True:
        answer = may_send(asked)
        yield asked.now, answer
        if answer.outcome is not Outcome.HOLD:
            return
        assert answer.until is not None
        asked = replace(asked, now=answer.until)


def first_lawful(asked: Situation, places: tuple[Place, ...]) -> datetime | None:
    """By the judge; None if there is none a minute before the cart's deadline."""
    last = asked.deadline - MINUTE
    if asked.now <= last and lawful(asked, places, asked.now):
        return asked.now
    moment = YEAR + ((asked.now - YEAR) // QUARTER + 1) * QUARTER
    while moment <= last:
        if lawful(asked, places, moment):
            return moment
        moment += QUARTER
    return None


def lawful(asked: Situation, places: tuple[Place, ...], moment: datetime) -> bool:
    return is_open(moment, places, asked.zones, asked.quiet, asked.days_off)


def check(asked: Situation, places: tuple[Place, ...]) -> None:
    told = list(story(asked))
    at, last = told[-1]
    expected = first_lawful(asked, places)
    if expected is None:
        assert last.outcome is Outcome.END
        assert last.reason in ("too_late", "no_open_window")
        return
    assert (last.outcome, at) == (Outcome.GO, expected)
    assert len(told) <= 2, "held once, until the moment at which it goes"
    assert last.until is not None
    assert lawful(asked, places, last.until - MINUTE), "nor may the provider deliver it later"


@pytest.mark.parametrize("name", WHERE)
def test_a_text_goes_at_the_first_lawful_minute_or_ends(name: str) -> None:
    chance = random.Random(name)
    moments = [datetime.fromisoformat(f"{eve}+00:00") for eve in chance.sample(EVES, 2)]
    moments += [YEAR + chance.randrange(365 * 24 * 60) * MINUTE for _ in range(4)]
    for now in moments:
        check(*asked_at(WHERE[name], now))


quarters = st.integers(0, 95).map(lambda number: time(number // 4, number % 4 * 15))
quiet_hours = st.lists(st.tuples(quarters, quarters), max_size=2).map(tuple)
minutes = st.integers(0, 365 * 24 * 60 - 1).map(lambda minute: YEAR + minute * MINUTE)


@settings(max_examples=100)
@given(
    st.sampled_from(sorted(WHERE)),
    minutes,
    quiet_hours,
    st.frozensets(st.integers(0, 6), max_size=3),
    st.sampled_from([3 * HOUR, DAY, 4 * DAY]),
)
def test_the_merchant_s_and_the_shopper_s_wishes_move_the_first_lawful_minute_and_lose_no_text(
    name: str, now: datetime, quiet: tuple[Hours, ...], days_off: frozenset[int], cutoff: timedelta
) -> None:
    check(*asked_at(WHERE[name], now, quiet=quiet, days_off=days_off, cutoff=cutoff))


@settings(max_examples=100)
@given(
    st.sampled_from(sorted(WHERE)), minutes, st.frozensets(st.integers(0, 23), max_size=8), st.integers(1, 6)
)
def test_learnt_hours_never_open_what_is_closed_and_never_cost_a_text(
    name: str, now: datetime, avoided: frozenset[int], cutoff: int
) -> None:
    plain, places = asked_at(WHERE[name], now, cutoff=cutoff * 12 * HOUR)
    *_, (_, without) = story(plain)
    told = list(story(replace(plain, avoided_hours=avoided)))
    at, last = told[-1]
    assert last.outcome is without.outcome
    assert len(told) <= 4
    assert last.outcome is not Outcome.GO or lawful(plain, places, at)


@pytest.mark.parametrize(("name", "hours"), [("RU-", 4), ("AU-", 8), ("anywhere in the US", 7)])
def test_a_number_in_many_zones_is_texted_only_in_the_hours_that_they_share(name: str, hours: int) -> None:
    """On Wednesday, 20 January 2027."""
    noon = datetime(2027, 1, 20, tzinfo=UTC)
    moments = [noon + number * QUARTER for number in range(96)]
    answers = [may_send(asked_at(WHERE[name], moment)[0]).outcome for moment in moments]
    assert answers.count(Outcome.GO) in (hours * 4, (hours + 1) * 4)


@pytest.mark.parametrize("month", [1, 7])
def test_the_store_s_own_clock_means_nothing(month: int) -> None:
    """Quiet from 18:00 to 10:00 for a shopper in Auckland, winter and summer: no offset is fixed."""
    where, quiet = (example("NZ"), None, None, None), ((time(18), time(10)),)
    night = datetime(2027, month, 13, 12, tzinfo=UTC)
    held = may_send(asked_at(where, night, quiet=quiet)[0])
    assert held.until is not None
    assert held.until.astimezone(ZoneInfo("Pacific/Auckland")).time() == time(10)
