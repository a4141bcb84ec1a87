"""A small simulated year has no violation; and the judge sees every gate that is broken on purpose."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from app.ops.command_line import main
from flows import compose, consent, gates, public_holidays, senders, spread
from flows.consent import Consent, ConsentEvent
from flows.countries import CountryRule
from flows.gates import Answer, Outcome, Situation
from flows.segments import Measure
from flows.simulation import life, simulate
from flows.simulation.judge import violations
from flows.simulation.life import live
from flows.simulation.people import shoppers
from flows.simulation.places import countries
from flows.simulation.truth import Shopper, Story
from flows.windows import Window

YEAR, SEED = 2027, 4
HOUR = timedelta(hours=1)

FIELDS = ["cart", "country", "region", "zones", "consent_history", "asked_at", "answer", "reason", "sent_at",
          "language", "body", "segments"]  # fmt: skip


def test_a_few_hundred_carts_in_all_countries_break_no_rule() -> None:
    out, broken = io.StringIO(), []
    report = simulate(350, YEAR, SEED, out, violated=broken.append)
    assert list(map(str, broken)) == []
    assert list(report.lines())[-1] == "violations: 0"
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {row["cart"] for row in rows} == set(range(1, 351))
    assert all(list(row) == FIELDS for row in rows)
    assert {row["country"] for row in rows} >= {"US", "CA", "PR", "FR", "IN", "KR", "RU", "AU"}
    sent = [row for row in rows if row["sent_at"]]
    assert all(row["body"] and row["segments"] and row["language"] and row["answer"] == "go" for row in sent)
    assert {row["answer"] for row in rows} >= {"go", "hold", "wait", "end"}


def test_every_country_with_mobile_numbers_has_carts() -> None:
    made = list(shoppers(len(countries()) * 2, YEAR, SEED))
    codes = {shopper.country for shopper in made}
    assert len(countries()) > 240
    # A few territories share the numbers of another country.
    assert len({country.code for country in countries()} - codes) < 12


def test_the_same_seed_tells_the_same_year() -> None:
    first, second, other = io.StringIO(), io.StringIO(), io.StringIO()
    simulate(20, YEAR, 5, first)
    simulate(20, YEAR, 5, second)
    simulate(20, YEAR, 6, other)
    assert first.getvalue() == second.getvalue() != other.getvalue()


def test_the_command_ends_with_the_number_of_violations_and_needs_no_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WARMCART_DATABASE_URL", "WARMCART_REDIS_URL", "WARMCART_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    ran = CliRunner().invoke(main, ["simulate", "--carts", "8", "--year", str(YEAR)])
    assert (ran.exit_code, ran.stdout.splitlines()[-1]) == (0, "violations: 0")
    assert ran.stderr.splitlines()[-1] == "8 of 8 carts, 0 violations"

    monkeypatch.setattr(consent, "derive", lambda events: Consent(consent.Standing.GIVEN, True))
    ran = CliRunner().invoke(main, ["simulate", "--carts", "40", "--year", str(YEAR)])
    last = ran.stdout.splitlines()[-1]
    assert ran.exit_code == 1
    assert int(last.removeprefix("violations: ")) > 10
    complaints = [line for line in ran.stderr.splitlines() if line.startswith("violation: cart ")]
    assert len(complaints) == 10


def _without(delays: tuple[Any, ...], *reasons: str) -> tuple[Any, ...]:
    return tuple(one for one in delays if one[0] not in reasons)


def _later(window: Window) -> Window:
    """The same hours, told by an hour more: open from 09:00 to 21:00 where the table says 08:00 to 20:00."""
    late = [hours and tuple(at.replace(hour=min(23, at.hour + 1)) for at in hours)
            for hours in (window.weekday, window.saturday, window.sunday)]  # fmt: skip
    return replace(window, weekday=late[0], saturday=late[1], sunday=late[2])


def shifted_hours(patch: pytest.MonkeyPatch) -> None:
    real = life.windows_for
    patch.setattr(life, "windows_for", lambda places: tuple(map(_later, real(places))))


def no_holidays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(public_holidays, "_days", lambda country, region, year: frozenset())


def one_zone_of_many(patch: pytest.MonkeyPatch) -> None:
    real = life.possible_zones
    patch.setattr(life, "possible_zones", lambda *where: real(*where)[:1])


def no_stops(patch: pytest.MonkeyPatch) -> None:
    real = consent.derive

    def deaf(events: Iterable[ConsentEvent]) -> Consent:
        return real(event for event in events if event.state != "withdrawn")

    patch.setattr(consent, "derive", deaf)


def any_yes_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(consent, "_counts", lambda story, event: True)


def no_double_opt_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gates, "country_rule", lambda country: CountryRule(country))


def without_ends(*reasons: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(gates, "_ENDS", _without(gates._ENDS, *reasons))


def without_holds(*reasons: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(gates, "_HOLDS", _without(gates._HOLDS, *reasons))


def late_release(patch: pytest.MonkeyPatch) -> None:
    real = gates.may_send

    def tardy(situation: Situation) -> Answer:
        answer = real(situation)
        late = answer.until is not None and answer.outcome is Outcome.HOLD
        return replace(answer, until=answer.until + HOUR / 4) if late and answer.until else answer

    patch.setattr(gates, "may_send", tardy)


def endless_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spread, "delay", lambda place, contact, room: 2 * HOUR)


def ends_for_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        gates, "_ENDS", (*gates._ENDS, ("country_off", lambda situation: situation.country == "US"))
    )


def any_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gates, "_within_hours", lambda situation, holiday: Answer(Outcome.GO))


def wrong_language(patch: pytest.MonkeyPatch) -> None:
    real = compose.choose_language
    patch.setattr(
        compose,
        "choose_language",
        lambda wishes, among: replace(real(wishes, among), tag="fi"),  # type: ignore[type-var]
    )


def divided_segments(patch: pytest.MonkeyPatch) -> None:
    real = compose.measure

    def divide(text: str) -> Measure:
        told = real(text)
        return replace(told, segments=-(-told.units // 160))

    patch.setattr(compose, "measure", divide)


def no_way_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(compose, "_footer", lambda template, language, store, stop_link: "Have a nice day")


def names_everywhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(senders, "name_in", lambda identity, country: identity.name or "Kamra")


BROKEN: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "hours moved by one": (shifted_hours, "no text is allowed at that hour|earliest lawful moment"),
    "holidays forgotten": (no_holidays, "no text is allowed at that hour"),
    "one zone of many": (one_zone_of_many, "zones .* are possible"),
    "stops not heard": (no_stops, "consent is withdrawn"),
    "any yes counts after a stop": (any_yes_counts, "consent is withdrawn"),
    "countries have no rules": (no_double_opt_in, "must be confirmed|there were 1 texts"),
    "orders not seen": (without_ends("ordered"), "the shopper had ordered"),
    "emptied carts": (without_ends("cart_emptied"), "the cart was empty"),
    "kinds nobody wants": (without_ends("kind_off"), "does not want this kind"),
    "countries switched off": (without_ends("country_off"), "the store does not text"),
    "many texts for a cart": (without_ends("one_text_per_cart"), "there were 1 texts about this cart"),
    "carts from before": (without_ends("before_install"), "before the app was installed"),
    "cap between texts": (without_holds("cap_reached"), "the last marketing text was less than"),
    "daily cap": (without_holds("daily_cap"), "texts within"),
    "pauses": (without_holds("store_paused", "store_inactive"), "the store sends nothing then"),
    "news that waits": (
        without_holds("event_pending", "idle_again"),
        "had ordered|was still active|was empty",
    ),
    "conversations": (without_holds("conversation_open"), "waits for a person"),
    "released too late": (late_release, "the earliest lawful moment is"),
    "a line without end": (endless_line, "it was to be asked again at"),
    "ended for nothing": (ends_for_nothing, "refused as country_off, which was not so"),
    "no hours at all": (any_hour, "no text is allowed at that hour|was too old"),
    "another language": (wrong_language, "fi is not what is known"),
    "segments divided": (divided_segments, "segments are counted"),
    "no way out": (no_way_out, "the last line is no way out"),
    "names where they are refused": (names_everywhere, "may not stand above a text"),
}


@pytest.fixture(scope="module")
def crowd() -> list[Shopper]:
    return list(shoppers(2500, YEAR, SEED))


@pytest.mark.parametrize("name", BROKEN)
def test_the_judge_sees_what_is_broken_on_purpose(
    name: str, crowd: list[Shopper], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it, sentence = BROKEN[name]
    break_it(monkeypatch)
    assert any(re.search(sentence, told) for told in complaints(crowd))


def complaints(crowd: list[Shopper]) -> Iterator[str]:
    for shopper in crowd:
        for violation in violations(live(shopper, Random(shopper.id)), YEAR):
            yield violation.sentence


def test_the_judge_sees_a_text_that_was_lost(crowd: list[Shopper]) -> None:
    story = live(crowd[0], Random(1))
    cut = Story(story.shopper, story.said, story.zones, story.region, story.decisions[:-1])
    assert [one.sentence for one in violations(story, YEAR)] == []
    assert [one.sentence for one in violations(cut, YEAR)] == ["it came to no end"]


def test_the_year_ends_and_begins_without_a_seam() -> None:
    """Carts of New Year's Eve live on in the next year, whose holidays count."""
    carts = [shopper for shopper in shoppers(1200, YEAR, SEED)]
    late = [one for one in carts if one.carts[0].activity[0].at >= datetime(YEAR, 12, 30, tzinfo=UTC)]
    stories = [live(shopper, Random(shopper.id)) for shopper in late]
    sent = [one.sent_at for story in stories for one in story.decisions if one.sent_at]
    assert any(at.year == YEAR + 1 for at in sent)
    assert [str(one) for story in stories for one in violations(story, YEAR)] == []
