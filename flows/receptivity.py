"""The hours at which a store's shoppers opt out more often than at others, learnt from its own texts.

A stop counts for the last text before it, within a week, and for the hour on the shopper's clock at
which that text went. What is learnt only narrows the hours, and is forgotten after half a year: an
hour without texts gives no evidence, so it gets its chance again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from math import sqrt

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.orm import Session

from app.models import AuditEvent, HourFigure, Message, Store
from app.runtime import Runtime
from flows.consent import KEYWORD_STOP, PLAIN_WORDS

# An hour is avoided only with so many texts, a share of stops over so many times the store's, and a
# lower bound of that share (Wilson, 95 %) above the store's; and never more than this part of the hours.
LEAST_TEXTS = 200
TIMES_THE_STORE = 2
CONFIDENCE = 1.96
LARGEST_PART = 3

# A stop belongs to a text for a week, so the last days are counted anew, with room for a missed night.
STOP_FOLLOWS = timedelta(days=7)
COUNTED_ANEW = timedelta(days=9)
REMEMBERED = timedelta(days=180)

# Said by the shopper, not read out of a platform's records.
SOURCES = (KEYWORD_STOP, PLAIN_WORDS, "provider_opt_out", "stop_page")


def hours_to_avoid(texts: Mapping[int, int], stops: Mapping[int, int]) -> tuple[int, ...]:
    """The hours (0 to 23) to avoid, given texts and stops by hour, the surest first in doubt."""
    total, stopped = sum(texts.values()), sum(stops.values())
    if not stopped:
        return ()
    usual = stopped / total
    bad: dict[int, float] = {}
    for hour, count in texts.items():
        share, least = _share(stops.get(hour, 0), count)
        if count >= LEAST_TEXTS and share > TIMES_THE_STORE * usual and least > usual:
            bad[hour] = least
    most = sum(count > 0 for count in texts.values()) // LARGEST_PART
    return tuple(sorted(sorted(bad, key=lambda hour: (-bad[hour], hour))[:most]))


def _share(stops: int, texts: int) -> tuple[float, float]:
    """The share of stops, and the least that it may really be (Wilson's score interval, 1927)."""
    if not texts:
        return 0.0, 0.0
    share, square = stops / texts, CONFIDENCE**2
    spread = CONFIDENCE * sqrt(share * (1 - share) / texts + square / (4 * texts**2))
    return share, (share + square / (2 * texts) - spread) / (1 + square / texts)


def learn(runtime: Runtime, deadline: datetime) -> int:
    """Count the last days of every store that texted, and decide anew; says how many stores changed.

    In any order: where one night is too short for all of them, it is not always the same that come last.
    """
    now, changed = runtime.clock.now(), 0
    with runtime.database.session() as session:
        stores = session.scalars(_stores_with_figures_or_texts(now)).all()
    for store_id in stores:
        if runtime.clock.now() >= deadline:
            break
        with runtime.database.session() as session:
            count_hours(session, store_id, now)
            changed += _decide(session, store_id, now)
    return changed


def figures(session: Session, store_id: int) -> tuple[dict[int, int], dict[int, int]]:
    """Texts and stops by hour, as far as they are remembered."""
    rows = session.execute(
        select(HourFigure.hour, func.sum(HourFigure.texts), func.sum(HourFigure.stops))
        .where(HourFigure.store_id == store_id)
        .group_by(HourFigure.hour)
    ).all()
    return {hour: int(texts) for hour, texts, _ in rows}, {hour: int(stops) for hour, _, stops in rows}


def _stores_with_figures_or_texts(now: datetime) -> Select[int]:
    texted = select(Message.store_id).where(
        Message.store_id == Store.id, Message.created_at >= _first_day(now)
    )
    known = select(HourFigure.store_id).where(HourFigure.store_id == Store.id)
    return select(Store.id).where(texted.exists() | known.exists()).order_by(func.random())


def _first_day(now: datetime) -> datetime:
    return datetime.combine((now - COUNTED_ANEW).astimezone(UTC).date(), time.min, UTC)


COUNT = text(
    """
    WITH sent AS (
        SELECT phone, local_hour, created_at,
            least(lead(created_at) OVER (PARTITION BY contact_id ORDER BY created_at),
                  created_at + :follows) AS ends_at
        FROM message
        WHERE store_id = :store AND created_at >= :since AND accepted_at IS NOT NULL
            AND kind IN ('marketing', 'service')
    )
    INSERT INTO hour_figure (store_id, day, hour, texts, stops)
    SELECT :store, CAST(created_at AT TIME ZONE 'UTC' AS date), local_hour, count(*),
        count(*) FILTER (WHERE EXISTS (
            SELECT FROM consent_event said
            WHERE said.store_id = :store AND said.channel = 'sms' AND said.address = sent.phone
                AND said.state = 'withdrawn' AND said.source = ANY(CAST(:sources AS text[]))
                AND said.occurred_at >= sent.created_at AND said.occurred_at < sent.ends_at
        ))
    FROM sent WHERE local_hour IS NOT NULL
    GROUP BY 2, 3
    """
)


def count_hours(session: Session, store_id: int, now: datetime) -> None:
    """Count the store's last days anew from its rows, and forget those of long ago."""
    since = _first_day(now)
    session.execute(
        delete(HourFigure).where(
            HourFigure.store_id == store_id,
            (HourFigure.day >= since.date()) | (HourFigure.day < (now - REMEMBERED).date()),
        )
    )
    values = {"store": store_id, "since": since, "follows": STOP_FOLLOWS, "sources": list(SOURCES)}
    session.execute(COUNT, values)


def _decide(session: Session, store_id: int, now: datetime) -> bool:
    """Take over what the figures say; what changes is in the audit trail."""
    store = session.get(Store, store_id, with_for_update={"key_share": True})
    found = list(hours_to_avoid(*figures(session, store_id)))
    if store is None or store.avoided_hours == found:
        return False
    store.avoided_hours, store.updated_at = found, now
    details = {"hours": [f"{hour:02}:00" for hour in found]}
    session.add(
        AuditEvent(store_id=store_id, actor="system", action="hours_learnt", details=details, occurred_at=now)
    )
    return True
