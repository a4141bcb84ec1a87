"""A dry run of a season: where, when, in which words, for how much; and which rows it is drawn from."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from app.config import Settings
from app.models import Store
from app.runtime import Runtime
from flows import dry_run, season_calendar, season_facts
from flows.dry_run import PlaceRun
from flows.season_calendar import Coming
from flows.season_facts import Facts, Place
from flows.senders import Identity
from tests import factories
from tests.factories import NOW
from tests.flows.scenes import make_british_store
from tests.flows.test_season_form import FULL, TEN, parsed

TODAY, LONDON = date(2027, 11, 1), "https://warmcart.example.com"


def store(**columns: Any) -> Store:
    usual = {"name": "Lumen & Loom", "domain": "lumen.example.com", "currency": "USD", "locale": "en"}
    settings = {"days_off": [], "name_products": True, "reserves_carts": False, "economy_texts": False}
    return Store(**(usual | settings | columns))


def run(season: dict[str, Any], *places: Place, shop: Store | None = None, **facts: Any) -> list[PlaceRun]:
    flow = parsed(season, **facts.pop("flow", {}))
    known = Facts(places, facts.pop("prices", {}), Identity(number="+15550100"))
    return dry_run.run(flow, flow.seasons[0], shop or store(), known, LONDON, TODAY)


def test_each_country_has_its_days_words_offers_and_as_many_texts_as_carriers_allow() -> None:
    german, american = run(
        FULL, Place("DE", 28, ("de", "en-GB")), Place("US", 7, ("en",)), Place("FR", 9, ())
    )
    assert (german.country, american.country) == ("DE", "US"), "the season is for these two"
    assert german.days == (date(2027, 11, 26), date(2027, 11, 29))
    assert (german.carts, german.expected, american.expected) == (28, 8, 2)
    assert [spoken.locale for spoken in german.spoken] == ["de", "en-GB"]
    first, second, last = german.spoken[1].texts
    assert first.text and first.text.body.startswith("Lumen & Loom: Black Friday, 10 % off until 28 Nov")
    assert first.plain and first.plain.body.startswith("Lumen & Loom: Black Friday is on.")
    assert first.offer and (first.offer.percent, first.ends) == (10, date(2027, 11, 28))
    assert (second.offer, second.ends) == (None, None)
    assert last.offer and (last.offer.percent, last.day, last.ends) == (
        20,
        date(2027, 11, 28),
        date(2027, 11, 29),
    )
    assert german.spoken[0].texts[0].text and german.spoken[0].texts[0].text.language == "de"
    assert [text.step_key for text in american.spoken[0].texts] == ["reminder"]
    assert american.most_texts == 1


def test_a_text_that_comes_when_the_season_is_over_is_an_ordinary_one() -> None:
    season = {"season": "singles_day", "rungs": {"second_call": "best"}, "offers": {"best": TEN}}
    (china,) = run(season, Place("CN", 0, ()))
    assert [(text.within, text.offer is not None) for text in china.spoken[0].texts] == [
        (True, False),
        (False, False),
        (False, False),
    ]


def test_hours_are_those_of_the_season_s_weekdays_less_the_merchant_s_own() -> None:
    shop = store(quiet_from=time(12), quiet_to=time(13), days_off=[6])
    (germany,) = run(FULL, Place("DE", 0, ()), shop=shop)
    hours = dict(germany.hours)
    assert set(hours) == {4, 5, 6, 0}
    assert hours[4] == ((time(8), time(12)), (time(13), time(20)))
    assert hours[6] == ()


def test_cost_is_known_where_texts_have_been_priced() -> None:
    german, american = run(
        FULL, Place("DE", 0, ()), Place("US", 0, ()), prices={"DE": (Decimal("0.07"), "EUR")}
    )
    first = german.spoken[0].texts[0]
    assert first.text
    assert first.cost == (Decimal("0.07") * first.text.measure.segments, "EUR")
    assert american.spoken[0].texts[0].cost is None


def test_a_season_that_is_over_sends_nothing() -> None:
    assert run(FULL | {"year": 2026}, Place("US", 5, ())) == []
    assert run(FULL | {"active": False}, Place("US", 5, ())), "one that is off is tried out as if it were on"


def test_a_season_of_next_year_is_known_more_than_a_year_before() -> None:
    season = parsed({"season": "black_friday", "year": 2027}).seasons[0]
    found = season_calendar.next_days(season, "DE", date(2026, 11, 17))
    assert found == (date(2027, 11, 26), date(2027, 11, 29))
    assert season_calendar.next_days(season, "DE", date(2027, 11, 30)) is None


def test_the_calendar_groups_countries_by_days_and_tells_where_a_season_is_prepared() -> None:
    flow = parsed(FULL, {"season": "boxing_day", "active": False})
    coming = season_calendar.coming(flow, ["US", "FR", "GB"], date(2027, 11, 27))
    first, *_, last = coming
    days = (date(2027, 11, 26), date(2027, 11, 29))
    assert first == Coming("black_friday", days, ("FR", "GB", "US"), ("US",))
    assert (last.key, last.days[0]) == ("singles_day", date(2028, 11, 11))
    boxing = next(one for one in coming if one.key == "boxing_day")
    assert (boxing.countries, boxing.prepared) == (("GB",), ())
    assert [one.days for one in coming] == sorted(one.days for one in coming)


def test_places_and_prices_are_read_from_the_store_s_latest_rows_alone(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        shop, other = make_british_store(session, ships_to=["IE", "FR"]), make_british_store(session)
        flow = factories.make_flow(session, shop)
        for number, (country, locale, days, owner) in enumerate(
            [
                ("GB", "en", 1, shop),
                ("GB", "cy", 1, shop),
                ("GB", "en", 13, shop),
                ("FR", "fr", 2, shop),
                ("DE", "de", 2, shop),
                ("GB", "en", 15, shop),
                ("IE", "en", 1, other),
            ]
        ):
            person = factories.make_contact(session, owner, phone=f"+44770090010{number}", country="GB")
            at = NOW - timedelta(days=days)
            cart = factories.make_cart(session, owner, person, country=country, locale=locale, activity_at=at)
            if owner is shop:
                factories.make_enrollment(session, owner, flow, person, cart)
        for segments, price in ((1, "0.04"), (2, "0.08"), (1, None)):
            cost = Decimal(price) if price else None
            factories.make_usage(session, shop, country="GB", segments=segments, price=cost, currency="GBP")
        found = season_facts.load(session, Settings(), shop, NOW)
    assert list(found.places) == [Place("GB", 3, ("en", "cy")), Place("FR", 1, ("fr",))]
    assert found.prices == {"GB": (Decimal("0.04"), "GBP")}
