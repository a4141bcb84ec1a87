"""What a page shows: read from roll-ups, defined in words, and equal to what the rows say."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.models import Cart, Contact, DailyFigure, Message
from app.runtime import Runtime
from flows import after_tap, stats
from flows.stats import DEFINITIONS, Figures, Overview, overview
from tests import factories
from tests.factories import NOW

TODAY = date(2026, 11, 21)
MONTH = (TODAY - timedelta(days=29), TODAY)
DOCUMENT = Path(__file__).parents[2] / "docs" / "figures.md"


class Shop:
    """A store whose rows are counted as soon as somebody asks for its figures."""

    def __init__(self, runtime: Runtime, **columns: object) -> None:
        self.runtime = runtime
        with runtime.database.session() as session:
            self.store = factories.make_store(session, **columns)

    def cart(self) -> Cart:
        with self.runtime.database.session() as session:
            return factories.make_cart(session, self.store, factories.make_contact(session, self.store))

    def text(self, cart: Cart | None = None, **columns: object) -> Message:
        cart = cart or self.cart()
        with self.runtime.database.session() as session:
            return factories.make_message(session, self.store, cart, **columns)

    def order(self, text: Message, clicked: bool = True, **columns: object) -> None:
        with self.runtime.database.session() as session:
            order = factories.make_order(session, self.store, **columns)
            factories.make_recovery(session, self.store, order, text, clicked=clicked)

    def charge(self, **columns: object) -> None:
        with self.runtime.database.session() as session:
            factories.make_usage(session, self.store, **columns)

    def overview(self, since: date = MONTH[0], until: date = MONTH[1]) -> Overview:
        stats.rebuild_all(self.runtime, self.store)
        with self.runtime.database.session() as session:
            return overview(session, self.store.id, since, until)


@pytest.fixture
def shop(runtime: Runtime) -> Shop:
    return Shop(runtime, currency="EUR", timezone="Europe/Ljubljana")


def test_texts_are_counted_on_the_day_the_provider_accepted_them(shop: Shop) -> None:
    shop.text(segments=2)
    shop.text(accepted_at=NOW - timedelta(days=1), created_at=NOW - timedelta(days=2))
    shop.text(accepted_at=None, status="sending")

    found = shop.overview()

    assert (found.total.texts, found.total.segments) == (2, 3)
    assert (found.days[TODAY].texts, found.days[TODAY - timedelta(days=1)].texts) == (1, 1)


def test_answers_to_stop_and_help_are_no_texts_about_carts(shop: Shop) -> None:
    for kind in ("stop_confirmation", "start_confirmation", "help"):
        shop.text(kind=kind)

    assert shop.overview().total.texts == 0


def test_what_became_of_a_text_is_counted_on_the_day_of_the_text(shop: Shop) -> None:
    yesterday = NOW - timedelta(days=1)
    text = shop.text(accepted_at=yesterday, status="delivered", delivered_at=NOW, clicked_at=NOW)
    shop.text(accepted_at=yesterday, status="undelivered")
    shop.order(text)

    found = shop.overview()

    assert found.days[TODAY - timedelta(days=1)].funnel == (
        ("texts", 2),
        ("delivered", 1),
        ("clicked", 1),
        ("converted", 1),
    )
    assert found.days[TODAY].funnel == (("texts", 0), ("delivered", 0), ("clicked", 0), ("converted", 0))


def test_steps_after_the_tap_are_counted_on_the_day_of_the_text(shop: Shop) -> None:
    yesterday = NOW - timedelta(days=1)
    for step in ("cart", "contact", "shipping", "payment", "ordered"):
        text = shop.text(accepted_at=yesterday, clicked_at=NOW)
        with shop.runtime.database.session() as session:
            factories.make_link(session, shop.store, text, progress=dict(after_tap.passed(step, NOW)) or None)

    figures = shop.overview().days[TODAY - timedelta(days=1)]

    names = ("clicked", *stats.AFTER_TAP)
    assert [getattr(figures, name) for name in names] == [5, 4, 3, 2, 1]


def test_a_cart_is_texted_once_however_many_texts_it_got(shop: Shop) -> None:
    cart = shop.cart()
    for number, step in enumerate(("reminder", "second_call", "last_call")):
        shop.text(cart, step_key=step, accepted_at=NOW - timedelta(days=2 - number))

    found = shop.overview()

    assert (found.total.texts, found.total.carts_texted) == (3, 1)
    assert found.days[TODAY - timedelta(days=2)].carts_texted == 1
    assert found.by_step["reminder"].carts_texted == 1
    assert found.by_step["last_call"].carts_texted == 0


def test_the_recovery_rate_is_that_of_the_carts_texted_in_the_period(shop: Shop) -> None:
    texts = [shop.text() for _ in range(4)]
    shop.order(texts[0], placed_at=NOW + timedelta(days=3))
    shop.order(texts[0], placed_at=NOW + timedelta(days=4))

    found = shop.overview()

    assert (found.total.carts_texted, found.total.carts_recovered) == (4, 1)
    assert found.total.recovery_rate == 0.25


def test_without_texts_there_is_no_rate(shop: Shop) -> None:
    found = shop.overview()

    assert found.total == Figures()
    assert found.total.recovery_rate is None
    assert found.total.roas("EUR") is None


def test_orders_and_revenue_are_counted_on_the_day_of_the_order_per_currency(shop: Shop) -> None:
    text = shop.text(accepted_at=NOW - timedelta(days=1))
    shop.order(text, currency="EUR", total=Decimal("40.00"))
    shop.order(text, clicked=False, currency="EUR", total=Decimal("10.50"))
    shop.order(text, currency="USD", total=Decimal("7.00"))

    figures = shop.overview().days[TODAY]

    assert (figures.orders, figures.orders_clicked, figures.orders_without_click) == (3, 2, 1)
    assert figures.revenue == {"EUR": Decimal("50.50"), "USD": Decimal("7.00")}
    assert figures.revenue_clicked == {"EUR": Decimal("40.00"), "USD": Decimal("7.00")}


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "cancelled"},
        {"status": "refunded"},
        {"refunded": Decimal("48.00")},
        {"test": True},
        {"currency": "XXX"},
    ],
    ids=str,
)
def test_an_order_that_was_none_in_the_end_counts_nowhere(shop: Shop, columns: dict[str, Any]) -> None:
    shop.order(shop.text(), **columns)

    total = shop.overview().total

    assert (total.orders, total.converted, total.carts_recovered, total.revenue) == (0, 0, 0, {})


def test_a_partial_refund_takes_its_part_of_the_revenue(shop: Shop) -> None:
    shop.order(shop.text(), total=Decimal("48.00"), refunded=Decimal("8.50"))

    total = shop.overview().total

    assert (total.orders, total.revenue) == (1, {"EUR": Decimal("39.50")})


def test_an_order_of_nothing_is_an_order_all_the_same(shop: Shop) -> None:
    shop.order(shop.text(), total=Decimal(0))

    total = shop.overview().total

    assert (total.orders, total.converted, total.revenue) == (1, 1, {"EUR": Decimal(0)})


def test_an_order_that_no_text_is_credited_with_counts_nowhere(shop: Shop) -> None:
    with shop.runtime.database.session() as session:
        factories.make_order(session, shop.store)

    assert shop.overview().total.orders == 0


def offering(shop: Shop, **columns: Any) -> Message:
    """A text that told of a code, unless ``columns`` of the code say otherwise."""
    cart = shop.cart()
    with shop.runtime.database.session() as session:
        named = {"name": f"Flow {cart.id}", "active": False}
        flow = factories.make_flow(session, shop.store, factories.DEFINITION | named)
        contact = session.get_one(Contact, cart.contact_id)
        enrollment = factories.make_enrollment(session, shop.store, flow, contact, cart)
        factories.make_discount(session, enrollment, **columns)
    return shop.text(cart, enrollment_id=enrollment.id, step_key="last_call")


def test_a_text_offers_if_it_told_of_a_code_that_was_made(shop: Shop) -> None:
    offering(shop, code="back-1")
    offering(shop, code="back-2", state="ended", reason="ordered")
    offering(shop, code="back-3", state="ended", reason="not_made", made_at=None)
    offering(shop, code="back-4", state="ended", reason="not_told")
    offering(shop, code="back-5", step_key="second_call")
    shop.text()

    total = shop.overview().total

    assert (total.texts, total.offered) == (6, 2)


def test_orders_with_a_code_stand_beside_those_without(shop: Shop) -> None:
    percent, amount = offering(shop, code="back-1"), offering(shop, code="back-2", kind="amount", value=5)
    shipping = offering(shop, code="back-3", kind="free_shipping", value=None)
    shop.order(percent, total=Decimal(90), discount_codes=["BACK-1", "WELCOME"])
    shop.order(amount, total=Decimal(40), refunded=Decimal(10), discount_codes=["back-2"])
    shop.order(shipping, total=Decimal(20), discount_codes=["back-3"])
    shop.order(percent, total=Decimal(70), discount_codes=["WELCOME"])
    shop.order(percent, total=Decimal(50))

    total = shop.overview().total

    assert (total.orders, total.orders_with_code, total.orders_without_code) == (5, 3, 2)
    assert total.revenue_with_code == {"EUR": Decimal(90 + 30 + 20)}
    assert total.given_away == {"EUR": Decimal(10 + 5)}


def test_the_code_of_another_store_is_none_of_ours(runtime: Runtime, shop: Shop) -> None:
    offering(Shop(runtime, currency="EUR"), code="back-1")
    shop.order(shop.text(), discount_codes=["back-1"])

    assert shop.overview().total.orders_with_code == 0


def test_cost_is_kept_in_the_currencies_of_the_providers(shop: Shop) -> None:
    shop.charge(price=Decimal("0.0712"), currency="USD", segments=2)
    shop.charge(price=Decimal("0.0300"), currency="USD", provider="twilio")
    shop.charge(price=Decimal("0.0500"), currency="EUR", occurred_at=NOW - timedelta(days=1))
    shop.charge()

    total = shop.overview().total

    assert total.cost == {"USD": Decimal("0.1012"), "EUR": Decimal("0.0500")}
    assert total.unpriced == 1


def test_return_on_spend_needs_the_whole_cost_in_the_currency_of_the_revenue() -> None:
    revenue = {"EUR": Decimal(90)}

    assert Figures(revenue=revenue, cost={"EUR": Decimal(3)}).roas("EUR") == 30
    assert Figures(revenue=revenue, cost={"EUR": Decimal(3), "SEK": Decimal(0)}).roas("EUR") == 30
    assert Figures(revenue=revenue, cost={"USD": Decimal(3)}).roas("EUR") is None
    assert Figures(revenue=revenue, cost={"EUR": Decimal(3), "USD": Decimal(1)}).roas("EUR") is None
    assert Figures(revenue=revenue, cost={"EUR": Decimal(0)}).roas("EUR") is None
    assert Figures(cost={"EUR": Decimal(3)}).roas("EUR") == 0


def test_the_parts_name_where_and_how_the_texts_went(shop: Shop) -> None:
    text = shop.text(step_key="reminder", country="SI", language="sl", clicked_at=NOW)
    shop.text(step_key="second_call", country=None, language="sl")
    shop.order(text, total=Decimal("20.00"))

    found = shop.overview()

    assert {name: part.texts for name, part in found.by_step.items()} == {"reminder": 1, "second_call": 1}
    assert {name: part.texts for name, part in found.by_country.items()} == {"SI": 1, "": 1}
    assert found.by_language["sl"].texts == 2
    assert found.by_country["SI"].revenue == {"EUR": Decimal("20.00")}
    assert found.by_country["SI"].orders == 1


def test_a_period_has_each_of_its_days_and_is_compared_with_the_one_before(shop: Shop) -> None:
    last_week = (TODAY - timedelta(days=6), TODAY)
    for days_ago in (0, 6, 7, 13, 14):
        shop.text(accepted_at=NOW - timedelta(days=days_ago))

    found = shop.overview(*last_week)

    assert list(found.days) == [TODAY - timedelta(days=days_ago) for days_ago in range(6, -1, -1)]
    assert list(found.previous_days) == [TODAY - timedelta(days=days_ago) for days_ago in range(13, 6, -1)]
    assert (found.total.texts, found.previous.texts) == (2, 2)


def test_currencies_come_with_the_highest_sum_first(shop: Shop) -> None:
    text = shop.text()
    shop.order(text, currency="EUR", total=Decimal(5))
    shop.order(text, currency="USD", total=Decimal(9))
    shop.order(text, currency="GBP", total=Decimal(99), placed_at=NOW - timedelta(days=30))

    assert shop.overview().currencies == ["USD", "EUR", "GBP"]


def test_a_period_that_ends_before_it_begins_is_refused(shop: Shop) -> None:
    with pytest.raises(ValueError, match="cannot end"):
        shop.overview(TODAY, TODAY - timedelta(days=1))


def test_the_figures_of_one_store_never_show_in_another(runtime: Runtime, shop: Shop) -> None:
    neighbour = Shop(runtime, currency="EUR", sample=True)
    shop.order(shop.text())
    shop.charge(price=Decimal(1), currency="EUR")
    before = shop.overview()
    neighbour.order(neighbour.text())
    neighbour.charge(price=Decimal(1), currency="EUR")

    assert neighbour.overview().total == before.total
    assert shop.overview() == before


def test_a_page_tells_that_figures_are_being_counted(runtime: Runtime, shop: Shop) -> None:
    with runtime.database.session() as session:
        stats.flag_figures(session, shop.store.id, TODAY, NOW)
    assert shop.overview().behind

    stats.drain(runtime)
    assert not shop.overview().behind


def test_pages_read_nothing_but_roll_ups(runtime: Runtime, shop: Shop) -> None:
    with runtime.database.session() as session:
        row = {"currency": "", "step_key": "reminder", "country": "SI", "language": "sl"}
        session.add(DailyFigure(store_id=shop.store.id, day=TODAY, texts=1_000_000, **row))
        session.flush()

        assert overview(session, shop.store.id, TODAY, TODAY).total.texts == 1_000_000


def figure_names() -> set[str]:
    fields = {one.name for one in dataclasses.fields(Figures)}
    derived = {"orders_without_click", "orders_without_code", "recovery_rate", "roas"}
    columns = {column.name for column in DailyFigure.__table__.columns if not column.primary_key}
    assert columns <= fields
    assert all(hasattr(Figures, name) for name in derived)
    return fields | derived


def test_every_figure_is_defined_in_one_plain_sentence() -> None:
    assert DEFINITIONS.keys() == figure_names() | {"previous"}
    for sentence in DEFINITIONS.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert ". " not in sentence


def test_the_document_defines_every_figure_in_the_same_words() -> None:
    rows = [f"| `{name}` | {sentence} |" for name, sentence in DEFINITIONS.items()]
    written = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]

    assert written == rows, "docs/figures.md should say:\n" + "\n".join(rows)
