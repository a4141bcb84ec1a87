"""Roll-ups equal the rows: of any history, counted day by day and straight from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Store
from app.runtime import Runtime
from flows import rollups, stats
from flows.stats import Figures
from tests import factories
from tests.factories import NOW

TODAY = date(2026, 11, 21)
LANGUAGES, COUNTRIES, STEPS = ("de", "sl"), ("SI", None), ("reminder", "last_call")


@dataclass(frozen=True)
class Text:
    hours_ago: int
    accepted: bool
    kind: str
    status: str
    clicked: bool
    segments: int
    step: str
    country: str | None
    language: str


@dataclass(frozen=True)
class Purchase:
    text: int
    hours_ago: int
    total: int
    refunded: int
    status: str
    currency: str
    test: bool
    clicked: bool
    uses_code: bool


texts = st.builds(
    Text,
    hours_ago=st.integers(0, 200),
    accepted=st.booleans(),
    kind=st.sampled_from(("marketing", "marketing", "service", "help")),
    status=st.sampled_from(("accepted", "delivered", "undelivered")),
    clicked=st.booleans(),
    segments=st.integers(1, 3),
    step=st.sampled_from(STEPS),
    country=st.sampled_from(COUNTRIES),
    language=st.sampled_from(LANGUAGES),
)
purchases = st.builds(
    Purchase,
    text=st.integers(0, 20),
    hours_ago=st.integers(0, 200),
    total=st.sampled_from((0, 10, 25)),
    refunded=st.sampled_from((0, 0, 5, 10)),
    status=st.sampled_from(("placed", "paid", "cancelled", "refunded")),
    currency=st.sampled_from(("EUR", "USD", "XXX")),
    test=st.booleans(),
    clicked=st.booleans(),
    uses_code=st.booleans(),
)
carts = st.lists(st.tuples(st.lists(texts, max_size=4), st.lists(purchases, max_size=2)), max_size=6)
charges = st.lists(
    st.tuples(
        st.integers(0, 200), st.sampled_from((None, "0.07", "0.10")), st.sampled_from((None, "EUR", "USD"))
    ),
    max_size=5,
)


def write_history(runtime: Runtime, store: Store, history: Any, costs: Any) -> None:
    with runtime.database.session() as session:
        contact = factories.make_contact(session, store)
        flow = factories.make_flow(session, store)
        for number, (sent, bought) in enumerate(history):
            cart = factories.make_cart(session, store, contact, keys=[])
            enrollment = factories.make_enrollment(session, store, flow, contact, cart)
            code = f"back-of-{number}"
            factories.make_discount(session, enrollment, code=code, value=Decimal(20))
            messages = [
                factories.make_message(
                    session,
                    store,
                    cart,
                    accepted_at=NOW - timedelta(hours=one.hours_ago) if one.accepted else None,
                    clicked_at=NOW if one.clicked else None,
                    kind=one.kind,
                    status=one.status if one.accepted else "sending",
                    segments=one.segments,
                    step_key=one.step,
                    enrollment_id=enrollment.id,
                    country=one.country,
                    language=one.language,
                )
                for one in sent
            ]
            credited = [message for message in messages if message.accepted_at and message.kind != "help"]
            for one in bought if credited else []:
                order = factories.make_order(
                    session,
                    store,
                    total=Decimal(one.total),
                    refunded=Decimal(min(one.refunded, one.total)),
                    status=one.status,
                    currency=one.currency,
                    test=one.test,
                    discount_codes=[code.upper()] if one.uses_code else [],
                    placed_at=NOW - timedelta(hours=one.hours_ago),
                )
                message = credited[one.text % len(credited)]
                factories.make_recovery(session, store, order, message, clicked=one.clicked)
        for hours_ago, price, currency in costs:
            columns = {"price": price and Decimal(price), "currency": currency}
            factories.make_usage(session, store, occurred_at=NOW - timedelta(hours=hours_ago), **columns)


COUNTED_TEXTS = "m.store_id = :store AND m.accepted_at IS NOT NULL AND m.kind NOT LIKE '%help'"
COUNTED_ORDERS = """
    o.store_id = :store AND o.test IS FALSE AND o.currency <> 'XXX' AND o.status IN ('placed', 'paid')
    AND (o.total = 0 OR o.refunded < o.total)
"""
WITH_CODE = "cardinality(o.discount_codes) > 0"


def straight_from_the_rows(runtime: Runtime, store: Store) -> Figures:
    """The same figures by other queries: over all time at once, without days or keys."""
    joined = f'recovery r JOIN "order" o ON o.id = r.order_id AND {COUNTED_ORDERS}'
    queries = {
        "texts": f"SELECT count(*) FROM message m WHERE {COUNTED_TEXTS}",
        "delivered": f"SELECT count(*) FROM message m WHERE {COUNTED_TEXTS} AND m.status = 'delivered'",
        "clicked": f"SELECT count(m.clicked_at) FROM message m WHERE {COUNTED_TEXTS}",
        "converted": f"SELECT count(DISTINCT r.message_id) FROM {joined}",
        "segments": f"SELECT coalesce(sum(m.segments), 0) FROM message m WHERE {COUNTED_TEXTS}",
        "carts_texted": f"SELECT count(DISTINCT m.cart_id) FROM message m WHERE {COUNTED_TEXTS}",
        "carts_recovered": f"SELECT count(DISTINCT r.cart_id) FROM {joined}",
        "orders": f"SELECT count(*) FROM {joined}",
        "orders_clicked": f"SELECT count(*) FROM {joined} WHERE r.clicked",
        "offered": f"SELECT count(*) FROM message m WHERE {COUNTED_TEXTS} AND m.step_key = 'last_call'",
        "orders_with_code": f"SELECT count(*) FROM {joined} WHERE {WITH_CODE}",
        "unpriced": "SELECT count(*) FROM usage WHERE store_id = :store AND price IS NULL",
    }
    revenue = f"SELECT o.currency, sum(o.total - o.refunded) FROM {joined}"
    cost = "SELECT currency, coalesce(sum(price), 0) FROM usage WHERE store_id = :store AND currency <> ''"
    found = Figures()
    with runtime.database.session() as session:
        for name, query in queries.items():
            setattr(found, name, int(session.scalar(text(query), {"store": store.id})))
        found.revenue = sums(session, f"{revenue} GROUP BY 1", store)
        found.revenue_clicked = dict.fromkeys(found.revenue, Decimal(0))
        found.revenue_clicked |= sums(session, f"{revenue} WHERE r.clicked GROUP BY 1", store)
        nothing = dict.fromkeys(found.revenue, Decimal(0))
        found.revenue_with_code = nothing | sums(session, f"{revenue} WHERE {WITH_CODE} GROUP BY 1", store)
        # All codes take off a fifth: a quarter of what is left.
        given = f"SELECT o.currency, sum(o.total) / 4 FROM {joined} WHERE {WITH_CODE} GROUP BY 1"
        found.given_away = nothing | sums(session, given, store)
        found.cost = sums(session, f"{cost} GROUP BY 1", store)
    return found


def sums(session: Session, query: str, store: Store) -> dict[str, Decimal]:
    return {currency: amount for currency, amount in session.execute(text(query), {"store": store.id})}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=carts, costs=charges, timezone=st.sampled_from(("Asia/Kolkata", "America/St_Johns")))
def test_roll_ups_equal_the_rows_whatever_happened(
    runtime: Runtime, history: Any, costs: Any, timezone: str
) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, timezone=timezone)
    write_history(runtime, store, history, costs)

    rollups.rebuild_all(runtime, store)
    with runtime.database.session() as session:
        found = stats.overview(session, store.id, TODAY - timedelta(days=20), TODAY + timedelta(days=1))

    assert found.total == straight_from_the_rows(runtime, store)
    for parts in (found.by_step, found.by_country, found.by_language):
        assert sum(part.texts for part in parts.values()) == found.total.texts
        assert sum(part.carts_recovered for part in parts.values()) == found.total.carts_recovered
        assert sum(part.orders for part in parts.values()) == found.total.orders
    assert found.total.carts_recovered <= found.total.carts_texted
    assert found.total.converted <= found.total.texts
