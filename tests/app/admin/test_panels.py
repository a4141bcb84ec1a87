"""The overview's figures, from the roll-ups to the words on the page."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from app.admin import panels
from app.admin.formats import Formats
from app.models import Store
from app.runtime import Runtime
from flows import stats
from flows.stats import Overview
from tests.app.admin import history
from tests.factories import NOW

WORDING = Formats(Locale("en", "IE"), ZoneInfo("Europe/Ljubljana"))


@pytest.fixture
def full(runtime: Runtime, store: Store) -> Store:
    """Two days of this period and one of the period before, in two currencies."""
    with runtime.database.session() as session:
        history.figures(
            session, store, texts=80, delivered=76, clicked=20, converted=6, segments=160,
            carts_texted=50, carts_recovered=6,
            reached_contact=9, reached_shipping=7, reached_payment=6, reached_order=6,
        )  # fmt: skip
        history.figures(
            session, store, 1, texts=20, delivered=19, clicked=4, converted=2, segments=20,
            carts_texted=10, carts_recovered=3, country="AT", language="de", step_key="last_call",
        )  # fmt: skip
        history.figures(
            session, store, currency="EUR", orders=6, orders_clicked=4,
            revenue=Decimal(600), revenue_clicked=Decimal(450),
        )  # fmt: skip
        history.figures(
            session, store, 1, currency="USD", orders=2, orders_clicked=2,
            revenue=Decimal(50), revenue_clicked=Decimal(50), country="AT", language="de",
        )  # fmt: skip
        history.figures(session, store, 7, texts=50, carts_texted=40, carts_recovered=4)
        history.figures(session, store, 7, currency="EUR", orders=4, revenue=Decimal(400))
        history.cost(session, store, "8.00", "EUR", unpriced=3)
        history.cost(session, store, "4.00", "EUR", days_ago=7)
    return store


def compare(runtime: Runtime, store: Store, length: int = 7) -> Overview:
    today = stats.local_day(NOW, store.timezone)
    with runtime.database.session() as session:
        return stats.overview(session, store.id, today - timedelta(days=length - 1), today)


def kpi(seen: Overview, name: str) -> panels.Kpi:
    return next(found for found in panels.kpis(seen, WORDING) if found.name == name)


def test_currencies_stand_apart_and_are_never_added_up(runtime: Runtime, full: Store) -> None:
    earned = panels.earned(compare(runtime, full), WORDING)
    assert [amount for amount, _ in earned.amounts] == ["€600.00", "US$50.00"]
    assert (earned.clicked, earned.unclicked) == (["€450.00", "US$50.00"], ["€150.00"])


def test_a_figure_is_compared_to_the_period_before(runtime: Runtime, full: Store) -> None:
    (euro, euro_change), (_, dollar_change) = panels.earned(compare(runtime, full), WORDING).amounts
    assert (euro, euro_change.written, euro_change.good) == ("€600.00", "50%", True)
    assert (dollar_change.share, dollar_change.good) == (None, False)


def test_orders_with_and_without_a_click_stand_apart(runtime: Runtime, full: Store) -> None:
    orders = kpi(compare(runtime, full), "Recovered orders")
    assert (orders.values, orders.detail) == (["8"], "6 after a click, 2 without")


def test_offers_stand_beside_what_comes_without_them(runtime: Runtime, full: Store) -> None:
    assert panels.offers(compare(runtime, full), WORDING) == []
    with runtime.database.session() as session:
        history.figures(session, full, 2, texts=30, offered=12)
        history.figures(
            session, full, 2, currency="EUR", orders=3, orders_with_code=2, revenue=Decimal(100),
            revenue_with_code=Decimal(80), given_away=Decimal("8.90"),
        )  # fmt: skip
    told = {
        found.name: (found.values, found.detail) for found in panels.offers(compare(runtime, full), WORDING)
    }
    assert told == {
        "Texts with an offer": (["12"], "of 130 texts"),
        "Orders with a code": (["2"], "9 without one"),
        "Revenue with a code": (["€80.00"], "€620.00 and US$50.00 without one"),
        "Given away, about": (["€8.90"], None),
    }


def test_the_recovery_rate_is_compared_in_points(runtime: Runtime, full: Store) -> None:
    rate = kpi(compare(runtime, full), "Recovery rate")
    assert (rate.values, rate.detail) == (["15%"], "9 of 60 carts")
    assert rate.change is not None and rate.change.written == "5 pt"


def test_the_return_divides_money_of_one_currency_only(runtime: Runtime, full: Store) -> None:
    returned = kpi(compare(runtime, full), "Return on spend")
    assert returned.values == ["75×"]
    assert returned.change is not None and returned.change.written == "25%" and not returned.change.good


def test_a_cost_in_another_currency_gives_no_return(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        history.figures(session, store, currency="EUR", orders=1, revenue=Decimal(100))
        history.cost(session, store, "2.00", "USD")
    returned = kpi(compare(runtime, store), "Return on spend")
    assert (returned.values, returned.detail) == ([], "Revenue and cost are in different currencies")


def test_texts_whose_price_is_not_known_yet_are_told_beside_the_cost(runtime: Runtime, full: Store) -> None:
    cost = kpi(compare(runtime, full), "Cost")
    assert (cost.values, cost.detail) == (["€8.00"], "3 texts without a price yet")


def test_spending_more_is_nothing_to_be_glad_of(runtime: Runtime, full: Store) -> None:
    for name in ("Texts", "Cost"):
        change = kpi(compare(runtime, full), name).change
        assert change is not None and change.share == 1.0 and not change.good


def test_every_figure_says_what_it_counts(runtime: Runtime, full: Store) -> None:
    seen = compare(runtime, full)
    definitions = [found.definition for found in panels.kpis(seen, WORDING)]
    definitions += [stage.definition for stage in panels.funnel(seen.total, WORDING)]
    definitions += [stage.definition for stage in panels.after_tap(seen.total, WORDING)]
    definitions.append(panels.earned(seen, WORDING).definition)
    assert len(definitions) == 15 and all(len(definition) > 20 for definition in definitions)


def test_the_funnel_counts_shares_of_all_texts(runtime: Runtime, full: Store) -> None:
    stages = panels.funnel(compare(runtime, full).total, WORDING)
    assert [(stage.name, stage.count, stage.share, stage.width) for stage in stages] == [
        ("Sent", "100", "100%", "100%"),
        ("Delivered", "95", "95%", "95%"),
        ("Clicked", "24", "24%", "24%"),
        ("Ordered", "8", "8%", "8%"),
    ]


def test_the_funnel_after_the_tap_counts_shares_of_the_opened_texts(runtime: Runtime, full: Store) -> None:
    stages = panels.after_tap(compare(runtime, full).total, WORDING)
    assert [(stage.name, stage.count, stage.share) for stage in stages] == [
        ("Landed", "24", "100%"),
        ("Contact", "9", "37.5%"),
        ("Shipping", "7", "29.2%"),
        ("Payment", "6", "25%"),
        ("Ordered", "6", "25%"),
    ]


@pytest.mark.parametrize(
    ("dimension", "names"),
    [
        ("step", ["Reminder", "Last call"]),
        ("country", ["Slovenia", "Austria"]),
        ("language", ["Slovenian", "German"]),
    ],
)
def test_the_period_is_broken_down(runtime: Runtime, full: Store, dimension: str, names: list[str]) -> None:
    rows = panels.breakdown(compare(runtime, full), dimension, WORDING)
    assert [row.name for row in rows] == names
    assert (rows[0].texts, rows[0].clicked, rows[0].width) == ("80", "25%", "100%")
    assert "€600.00" in rows[0].revenue


def test_texts_without_a_country_have_a_row_of_their_own(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        history.figures(session, store, texts=1, country="")
    rows = panels.breakdown(compare(runtime, store), "country", WORDING)
    assert [row.name for row in rows] == ["Unknown"]


def test_the_chart_and_its_table_tell_the_same_as_its_summary(runtime: Runtime, full: Store) -> None:
    trend = panels.trend(compare(runtime, full), "revenue", "EUR", WORDING)
    assert trend.rows[-1] == ("21 Nov", "€600.00", "€400.00")
    assert [row[1:] for row in trend.rows[:-1]] == [("€0.00", "€0.00")] * 6
    assert trend.labels[-1] == ("21 Nov", "100%")
    assert "€600.00 in all, most on 21 Nov 2026" in trend.summary
    assert "€400.00 in the 7 days before" in trend.summary


def test_a_chart_of_orders_counts_in_whole_numbers(runtime: Runtime, full: Store) -> None:
    trend = panels.trend(compare(runtime, full), "orders", "EUR", WORDING)
    assert trend.scale == ["8", "6", "4", "2", "0"]


def test_nothing_at_all_is_no_error(runtime: Runtime, store: Store) -> None:
    seen = compare(runtime, store)
    assert seen.currencies == []
    assert [found.values for found in panels.kpis(seen, WORDING)] == [["0"], [], ["0"], [], []]
    assert panels.earned(seen, WORDING).amounts == []
    assert panels.trend(seen, "revenue", "EUR", WORDING).scale[0] == "€4"
