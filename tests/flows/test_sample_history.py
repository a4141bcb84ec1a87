"""The sample store's past: plausible, true to the gates, and counted like any other store's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from app.clock import FixedClock
from app.models import (
    Cart,
    Consent,
    DailyCost,
    DailyFigure,
    Due,
    Enrollment,
    Link,
    Message,
    Order,
    Recovery,
    Store,
    Suppression,
    TimelineEntry,
)
from app.runtime import Runtime
from flows import attribution, rollups, sample_history, timing
from flows.countries import country_rule
from flows.reasons import REASONS
from flows.sample_history.past import Past
from flows.sample_history.people import NUMBERS
from flows.sample_history.settings import CURRENCY, DAYS, PRICES
from flows.sample_history.story import tell
from flows.stats import overview
from flows.windows import windows_for
from flows.zones import possible_zones, regions_of
from tests.factories import NOW, make_store

ADDRESS = "https://warmcart.example.com"


@pytest.fixture(scope="module")
def past() -> Past:
    return tell(NOW, ADDRESS)


@pytest.fixture
def store(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store with a few carts a day: enough of everything."""
    monkeypatch.setattr("flows.sample_history.story.CARTS_A_DAY", 5)
    return sample_history.keep_current(runtime)


def texts(past: Past) -> list[dict[str, object]]:
    return [row for row in past.rows["message"] if row["kind"] == "marketing"]


def moments(past: Past) -> Iterator[datetime]:
    for rows in past.rows.values():
        for row in rows:
            planned = ("until", "expires_at", "validity_until", "ends_at")
            yield from (
                value for name, value in row.items() if isinstance(value, datetime) and name not in planned
            )


# The story


def test_the_same_end_tells_the_same_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.sample_history.story.CARTS_A_DAY", 5)
    assert tell(NOW, ADDRESS).rows == tell(NOW, ADDRESS).rows


def test_it_is_ninety_days_and_some_six_thousand_texts(past: Past) -> None:
    begun = [row["created_at"] for row in past.rows["cart"]]
    assert NOW - timedelta(days=DAYS) < min(begun) < NOW - timedelta(days=DAYS - 2)
    assert NOW - timedelta(hours=1) < max(begun) < NOW
    assert 5_000 < len(texts(past)) < 7_000


def test_nothing_of_it_lies_in_the_future(past: Past) -> None:
    assert max(moments(past)) <= NOW


def test_its_numbers_belong_to_nobody(past: Past) -> None:
    for row in past.rows["contact"]:
        assert row["phone"] in NUMBERS[row["country"]]
    phones = [row["phone"] for row in past.rows["contact"]]
    assert len(set(phones)) == len(phones)


def test_its_rates_are_those_that_shops_have(past: Past) -> None:
    sent = texts(past)
    clicked = sum(row["clicked_at"] is not None for row in sent) / len(sent)
    texted = {row["cart_id"] for row in sent}
    recovered = len({row["cart_id"] for row in past.rows["recovery"]} & texted) / len(texted)
    assert 0.12 < clicked < 0.19
    assert 0.05 < recovered < 0.10
    assert 0.95 < sum(row["status"] == "delivered" for row in sent) / len(sent) < 0.99


def test_no_text_went_outside_the_hours_of_its_number(past: Past) -> None:
    for row in texts(past):
        phone, at = str(row["phone"]), row["created_at"]
        assert isinstance(at, datetime)
        country = str(row["country"])
        windows = windows_for(regions_of(phone, country, None))
        zones = possible_zones(phone, country, None)
        assert isinstance(timing.state(at, windows, zones), timing.Open)


def test_the_united_states_got_one_text_per_cart_and_only_after_a_second_yes(past: Past) -> None:
    american = [row for row in texts(past) if country_rule(str(row["country"])).double_opt_in]
    assert american
    assert max(Counter(row["cart_id"] for row in american).values()) == 1
    confirmed = {row["address"] for row in past.rows["consent_event"] if row["confirmed"]}
    assert {row["phone"] for row in american} <= confirmed


def test_nobody_was_texted_without_consent_or_after_a_stop(past: Past) -> None:
    given = {
        row["address"]: row["occurred_at"] for row in past.rows["consent_event"] if row["state"] == "given"
    }
    stopped = dict(past.stopped)
    for row in texts(past):
        assert given[row["phone"]] <= row["created_at"]
        assert row["phone"] not in stopped or row["created_at"] < stopped[row["phone"]]


def test_nobody_was_texted_after_ordering(past: Past) -> None:
    ordered = {row["cart_id"]: row["placed_at"] for row in past.rows["order"]}
    assert all(row["created_at"] < ordered.get(row["cart_id"], NOW) for row in texts(past))


def test_last_texts_offer_codes_and_some_orders_use_them(past: Past) -> None:
    made = {row["code"]: row for row in past.rows["discount"]}
    assert len(made) == len(past.rows["discount"]) > 300
    assert {row["step_key"] for row in made.values()} == {"last_call"}
    assert {"made", "ended"} == {row["state"] for row in made.values()}
    assert {None, "over", "ordered"} <= {row["reason"] for row in made.values()}
    used = [row for row in past.rows["order"] if row["discount_codes"]]
    assert 5 < len(used) < len(made) / 5
    for order in used:
        [code] = order["discount_codes"]
        whole = past.rows["cart"][order["cart_id"]]["total"]
        assert order["cart_id"] == made[code]["cart_id"]
        assert order["placed_at"] < made[code]["ends_at"]
        assert order["total"] == (whole * Decimal("0.9")).quantize(Decimal("0.01"))


def test_a_text_without_an_offer_has_its_reason(past: Past) -> None:
    last = {row["cart_id"] for row in texts(past) if row["step_key"] == "last_call"}
    offered = {row["cart_id"] for row in past.rows["discount"]}
    reasons = {
        row["cart_id"]: row["reason"] for row in past.rows["timeline_entry"] if row["kind"] == "no_offer"
    }
    assert last == offered | reasons.keys()
    assert not offered & reasons.keys()
    assert set(reasons.values()) == {"cart_too_small", "offer_not_yet"}


def test_it_shows_why_texts_did_not_go(past: Past) -> None:
    of_texts = [row for row in past.rows["timeline_entry"] if row["kind"] not in ("no_offer", "withdrawn")]
    told = {row["reason"] for row in of_texts} - {None, "unreachable"}
    assert told <= set(REASONS)
    assert {
        "quiet_hours",
        "no_consent",
        "no_number",
        "no_double_opt_in",
        "stopped",
        "cap_reached",
        "ordered",
    } <= told
    assert {"one_text_per_cart", "too_late", "not_mobile", "invalid_number"} <= told


def test_it_speaks_all_languages_from_several_countries_in_two_currencies_at_most(past: Past) -> None:
    spoken = {row["language"].partition("-")[0] for row in texts(past)}
    assert spoken == {"de", "en", "es", "fr", "pl", "sl"}
    assert {row["country"] for row in texts(past)} == set(PRICES)
    assert {row["currency"] for row in past.rows["order"]} | {
        row["currency"] for row in past.rows["usage"]
    } == {CURRENCY}


def test_every_text_has_its_own_link_in_its_words(past: Past) -> None:
    tokens = [row["link_token"] for row in texts(past)]
    assert len(set(tokens)) == len(tokens)
    assert all(f"{ADDRESS}/r/{row['link_token']}" in str(row["body"]) for row in texts(past))


def test_weeks_have_a_rhythm_and_the_shop_grows(past: Past) -> None:
    days = Counter(row["created_at"].date() for row in past.rows["cart"])
    full = sorted(days)[2:-2]
    by_weekday = Counter[int]()
    for day in full:
        by_weekday[day.weekday()] += days[day]
    assert by_weekday[6] > by_weekday[5]
    assert sum(days[day] for day in full[-28:]) > sum(days[day] for day in full[:28])


# The store


def test_the_store_is_marked_its_rows_are_its_own_and_nothing_comes_due(
    runtime: Runtime, store: Store
) -> None:
    assert store.sample
    with runtime.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Due)) == 0
        for model in (Cart, Message, Link, Order, Recovery, TimelineEntry, Enrollment, Consent):
            total, own = (
                session.scalar(select(func.count()).select_from(model).where(condition))
                for condition in (text("true"), model.store_id == store.id)
            )
            assert total == own > 0, model
        other = make_store(session)
        today = rollups.day_of(other, NOW)
        assert overview(session, other.id, today - timedelta(days=DAYS), today).total.texts == 0


def test_the_figures_equal_what_a_plain_count_says(runtime: Runtime, store: Store) -> None:
    today = rollups.day_of(store, NOW)
    with runtime.database.session() as session:
        shown = overview(session, store.id, today - timedelta(days=DAYS), today).total
        of_store = Message.store_id == store.id
        sent = of_store & (Message.kind == "marketing")
        counted = session.execute(
            select(
                func.count(),
                func.count().filter(Message.status == "delivered"),
                func.count().filter(Message.clicked_at.is_not(None)),
                func.count(Message.cart_id.distinct()),
                func.sum(Message.segments),
            ).where(sent)
        ).one()
        texted = select(Message.cart_id).where(sent)
        recovered = session.scalar(
            select(func.count(Recovery.cart_id.distinct())).where(
                Recovery.store_id == store.id, Recovery.cart_id.in_(texted)
            )
        )
        orders, revenue = session.execute(
            select(func.count(), func.sum(Order.total))
            .select_from(Recovery)
            .join(Order, (Order.store_id == Recovery.store_id) & (Order.id == Recovery.order_id))
            .where(Recovery.store_id == store.id)
        ).one()
        cost = session.scalar(
            text("SELECT sum(price) FROM usage WHERE store_id = :store"), {"store": store.id}
        )
    assert counted == (shown.texts, shown.delivered, shown.clicked, shown.carts_texted, shown.segments)
    assert (shown.carts_recovered, shown.orders) == (recovered, orders)
    assert shown.revenue == {CURRENCY: revenue}
    assert shown.cost == {CURRENCY: Decimal(str(cost))}


def test_recovered_is_what_the_rule_of_attribution_says(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        by_order = select(Recovery).where(Recovery.store_id == store.id).order_by(Recovery.order_id)
        columns = ("order_id", "cart_id", "message_id", "rule", "clicked", "recovered_at")
        told = [tuple(getattr(row, name) for name in columns) for row in session.scalars(by_order)]
        for order in session.scalars(select(Order).where(Order.store_id == store.id)).all():
            attribution.attribute(session, store, order, NOW)
        session.flush()
        session.expire_all()
        assert [tuple(getattr(row, name) for name in columns) for row in session.scalars(by_order)] == told


def test_started_again_on_another_day_the_past_ends_today_under_the_same_name(
    runtime: Runtime, store: Store, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=3))
    assert sample_history.keep_current(runtime).created_at == NOW
    clock.advance(timedelta(days=8))
    again = sample_history.keep_current(runtime)
    assert again.public_id == store.public_id
    with runtime.database.session() as session:
        assert session.scalars(select(Store.id).where(Store.sample)).all() == [again.id]
        latest = session.scalar(select(func.max(Message.created_at)))
        assert latest is not None and latest > clock.now() - timedelta(days=1)
        days = session.scalars(select(DailyFigure.day).union(select(DailyCost.day))).all()
        assert max(days) >= rollups.day_of(again, clock.now()) - timedelta(days=1)
        stops = session.scalar(select(func.count()).select_from(Consent).where(Consent.stopped))
        assert session.scalar(select(func.count()).select_from(Suppression)) == stops
