"""Roll-ups: the figures of one store and day, counted from the rows, and the flags that name the days.

Whoever changes what a figure counts flags the days concerned in the same transaction; upkeep counts
flagged days anew. Each call adds a flag of its own, so that two transactions that change the same day
never wait for each other, and a flag that came while its day was being counted is still there
afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.crypto import random_token
from app.models import DailyCost, DailyFigure, Message, Order, Recovery, Store, StoreFlag, Usage
from app.runtime import Runtime

FIGURES = "figures"
FLAGS_PER_ROUND = 5000


def local_day(moment: datetime, timezone: str) -> date:
    """The day on which a moment falls for a store of that time zone."""
    return moment.astimezone(_zone(timezone)).date()


def day_of(store: Store, moment: datetime) -> date:
    """The day on which a moment falls for the store."""
    return local_day(moment, store.timezone)


def day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """The first moment of a local day and that of the next; 23 or 25 hours apart where clocks change."""
    zone = _zone(timezone)
    begins, ends = (datetime.combine(day + timedelta(days=more), time.min, zone) for more in (0, 1))
    return begins.astimezone(UTC), ends.astimezone(UTC)


@lru_cache
def _zone(timezone: str) -> ZoneInfo:
    """The zone of that name. A store whose platform names none that we know counts its days in UTC."""
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def flag_figures(session: Session, store_id: int, day: date, now: datetime) -> None:
    """What counts on that day of the store has changed."""
    flag_days(session, [(store_id, day)], now)


def flag(session: Session, store_id: int, timezone: str, moments: Iterable[datetime], now: datetime) -> None:
    """What counts on the store's days of these moments has changed."""
    flag_days(session, [(store_id, local_day(moment, timezone)) for moment in moments], now)


def flag_days(session: Session, days: Iterable[tuple[int, date]], now: datetime) -> None:
    """What counts on these (store id, day) pairs has changed."""
    rows = [
        {"store_id": store_id, "name": FIGURES, "value": f"{day}#{random_token()}", "flagged_at": now}
        for store_id, day in set(days)
    ]
    if rows:
        session.execute(insert(StoreFlag), rows)


def flag_all(session: Session, store: Store, now: datetime) -> None:
    """All that ever counted has moved to other days: the store's time zone has changed."""
    flag_days(session, [(store.id, day) for day in _days_with_rows(session, store)], now)


def any_flagged(session: Session) -> bool:
    """Whether figures wait to be counted."""
    return bool(session.scalar(select(exists().where(StoreFlag.name == FIGURES))))


def flagged_day(value: str, timezone: str) -> date:
    """The day that a flag means. A click flags the moment of its text: it does not know the store's zone."""
    named = datetime.fromisoformat(value.partition("#")[0])
    return local_day(named, timezone) if named.tzinfo else named.date()


def drain(runtime: Runtime, deadline: datetime | None = None) -> int:
    """Count flagged days anew, the longest flagged first, until none is left or ``deadline`` is reached.

    Says how many days that were. Days that another worker counts right now are left to it.
    """
    count = 0
    while True:
        counted = 0
        for store_id, day in _flagged_days(runtime):
            if deadline is not None and runtime.clock.now() >= deadline:
                return count + counted
            counted += _work_off(runtime, store_id, day)
        if not counted:
            return count
        count += counted


def _flagged_days(runtime: Runtime) -> list[tuple[int, date]]:
    with runtime.database.session() as session:
        flags = session.execute(
            select(StoreFlag.store_id, StoreFlag.value, Store.timezone)
            .join(Store, Store.id == StoreFlag.store_id)
            .where(StoreFlag.name == FIGURES)
            .order_by(StoreFlag.flagged_at)
            .limit(FLAGS_PER_ROUND)
        ).all()
    return list(dict.fromkeys((store_id, flagged_day(value, zone)) for store_id, value, zone in flags))


def _work_off(runtime: Runtime, store_id: int, day: date) -> bool:
    """Count a day and take away the flags that were there before, if nobody else is at it.

    The flags are read first: whatever they stand for was committed with them, so the counting sees it.
    """
    with runtime.database.session() as session:
        if not session.scalar(TRY_LOCK, {"name": _lock_name(store_id, day)}):
            return False
        store = session.get(Store, store_id)
        of_store = (StoreFlag.store_id == store_id) & (StoreFlag.name == FIGURES)
        values = session.scalars(select(StoreFlag.value).where(of_store)).all() if store else []
        ours = [value for value in values if store and flagged_day(value, store.timezone) == day]
        if store is None or not ours:
            return False
        rebuild(session, store, day)
        session.execute(delete(StoreFlag).where(of_store, StoreFlag.value == func.any(ours)))
    return True


TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def _lock_name(store_id: int, day: date) -> str:
    return f"{FIGURES}:{store_id}:{day}"


def rebuild(session: Session, store: Store, day: date) -> None:
    """Count one day of a store anew from its rows; ``flows.stats.DEFINITIONS`` says what counts."""
    session.execute(LOCK, {"name": _lock_name(store.id, day)})
    begins, ends = day_bounds(day, store.timezone)
    values = {"store": store.id, "day": day, "begins": begins, "ends": ends}
    for model in (DailyFigure, DailyCost):
        session.execute(delete(model).where(model.store_id == store.id, model.day == day))
    for statement in (COUNT_TEXTS, COUNT_ORDERS, COUNT_COST):
        session.execute(statement, values)


def rebuild_all(runtime: Runtime, store: Store) -> int:
    """Count every day of a store anew, each in a transaction of its own; says how many days that were.

    For repair: what changes a day flags it.
    """
    with runtime.database.session() as session:
        days = _days_with_rows(session, store)
    for day in days:
        with runtime.database.session() as session:
            rebuild(session, store, day)
    return len(days)


def _days_with_rows(session: Session, store: Store) -> list[date]:
    """Every day from the first to the last that has figures, or should have."""
    counted = [
        (DailyFigure.day, DailyFigure.store_id),
        (DailyCost.day, DailyCost.store_id),
        (Message.accepted_at, Message.store_id),
        (Usage.occurred_at, Usage.store_id),
    ]
    queries = [select(func.min(at), func.max(at)).where(owner == store.id) for at, owner in counted]
    orders = select(func.min(Order.placed_at), func.max(Order.placed_at)).where(Order.store_id == store.id)
    of_recovery = (Recovery.store_id == Order.store_id) & (Recovery.order_id == Order.id)
    ends = [
        end
        for query in [*queries, orders.join(Recovery, of_recovery)]
        for end in session.execute(query).one()
    ]
    days = [day_of(store, end) if isinstance(end, datetime) else end for end in ends if end is not None]
    if not days:
        return []
    return [min(days) + timedelta(days=number) for number in range((max(days) - min(days)).days + 1)]


# What counts as an order: flows.stats.DEFINITIONS["orders"]. XXX is ISO 4217 for "no currency".
COUNTED_ORDERS = """
    recovery r JOIN "order" o ON o.store_id = r.store_id AND o.id = r.order_id
        AND NOT o.test AND o.status NOT IN ('cancelled', 'refunded') AND o.currency NOT IN ('', 'XXX')
        AND NOT (o.refunded >= o.total AND o.total > 0)
"""

COUNT_TEXTS = text(
    f"""
    WITH accepted AS MATERIALIZED (
        SELECT m.id, m.cart_id, m.step_key, m.country, m.language, m.segments, m.status, m.clicked_at,
            (SELECT l.progress FROM link l
                WHERE l.store_id = m.store_id AND l.message_id = m.id AND m.clicked_at IS NOT NULL
                LIMIT 1) AS progress,
            EXISTS (
                SELECT FROM discount d
                WHERE d.store_id = m.store_id AND d.enrollment_id = m.enrollment_id
                    AND d.step_key = m.step_key AND d.made_at IS NOT NULL
                    AND coalesce(d.reason, '') NOT IN ('not_told', 'not_made')
            ) AS offered,
            m.cart_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM message earlier
                WHERE earlier.store_id = m.store_id AND earlier.cart_id = m.cart_id
                    AND earlier.kind IN ('marketing', 'service')
                    AND (earlier.accepted_at, earlier.id) < (m.accepted_at, m.id)
            ) AS first_of_cart
        FROM message m
        WHERE m.store_id = :store AND m.accepted_at >= :begins AND m.accepted_at < :ends
            AND m.kind IN ('marketing', 'service')
    ), recovered AS MATERIALIZED (
        SELECT DISTINCT r.cart_id, r.message_id FROM {COUNTED_ORDERS}
        WHERE r.store_id = :store AND r.cart_id IN (SELECT cart_id FROM accepted)
    )
    INSERT INTO daily_figure (store_id, day, currency, step_key, country, language,
        texts, delivered, clicked, converted, segments, carts_texted, carts_recovered,
        reached_contact, reached_shipping, reached_payment, reached_order, offered)
    SELECT :store, :day, '', coalesce(step_key, ''), coalesce(country, ''), language,
        count(*),
        count(*) FILTER (WHERE status = 'delivered'),
        count(*) FILTER (WHERE clicked_at IS NOT NULL),
        count(*) FILTER (WHERE id IN (SELECT message_id FROM recovered)),
        sum(segments),
        count(*) FILTER (WHERE first_of_cart),
        count(*) FILTER (WHERE first_of_cart AND cart_id IN (SELECT cart_id FROM recovered)),
        count(*) FILTER (WHERE jsonb_exists(progress, 'contact')),
        count(*) FILTER (WHERE jsonb_exists(progress, 'shipping')),
        count(*) FILTER (WHERE jsonb_exists(progress, 'payment')),
        count(*) FILTER (WHERE jsonb_exists(progress, 'ordered')),
        count(*) FILTER (WHERE offered)
    FROM accepted
    GROUP BY 4, 5, 6
    """  # noqa: S608  (the inserted part is a constant of this module)
)

COUNT_ORDERS = text(
    f"""
    INSERT INTO daily_figure (store_id, day, currency, step_key, country, language,
        orders, orders_clicked, orders_with_code, revenue, revenue_clicked, revenue_with_code, given_away)
    SELECT :store, :day, o.currency,
        coalesce(m.step_key, ''), coalesce(m.country, ''), coalesce(m.language, ''),
        count(*),
        count(*) FILTER (WHERE r.clicked),
        count(d.code),
        sum(greatest(o.total - o.refunded, 0)),
        coalesce(sum(greatest(o.total - o.refunded, 0)) FILTER (WHERE r.clicked), 0),
        coalesce(sum(greatest(o.total - o.refunded, 0)) FILTER (WHERE d.code IS NOT NULL), 0),
        coalesce(sum(CASE
            WHEN d.kind = 'percent' AND d.value < 100 THEN o.total * d.value / (100 - d.value)
            WHEN d.kind = 'amount' AND d.currency = o.currency THEN d.value
            ELSE 0
        END), 0)
    FROM {COUNTED_ORDERS}
    LEFT JOIN message m ON m.store_id = r.store_id AND m.id = r.message_id
    LEFT JOIN LATERAL (
        SELECT discount.code, kind, value, discount.currency
        FROM unnest(o.discount_codes) AS used(code)
        JOIN discount ON discount.store_id = o.store_id AND discount.code = lower(used.code)
        ORDER BY discount.id DESC LIMIT 1
    ) AS d ON true
    WHERE o.store_id = :store AND o.placed_at >= :begins AND o.placed_at < :ends
    GROUP BY 3, 4, 5, 6
    """  # noqa: S608  (the inserted part is a constant of this module)
)

COUNT_COST = text(
    """
    INSERT INTO daily_cost (store_id, day, currency, provider, texts, segments, unpriced, cost)
    SELECT :store, :day, coalesce(currency, ''), provider, count(*), sum(segments),
        count(*) FILTER (WHERE price IS NULL), coalesce(sum(price), 0)
    FROM usage
    WHERE store_id = :store AND occurred_at >= :begins AND occurred_at < :ends
    GROUP BY 3, 4
    """
)
