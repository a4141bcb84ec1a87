"""The metrics, read from rows when they are scraped: every process shows the same figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import DailyCost, DailyFigure, Due, InboundEvent, Message, RetentionRun, Store
from app.runtime import Runtime
from flows import compliance, discount_failures
from flows.heartbeats import last_beats

METRICS = {
    "warmcart_pending_events": "Events that came in and are not applied yet",
    "warmcart_oldest_pending_event_seconds": "Age of the oldest of them",
    "warmcart_failed_events": "Events that could not be applied and wait for somebody to look",
    "warmcart_overdue": "Due rows whose moment has come, by kind",
    "warmcart_oldest_overdue_seconds": "How late the latest of them is, by kind",
    "warmcart_sending_messages": "Texts handed to a provider whose answer is not recorded",
    "warmcart_texts_total": "Texts that a provider accepted",
    "warmcart_segments_total": "Segments of those texts",
    "warmcart_recovered_orders_total": "Orders that count as recovered",
    "warmcart_codes_not_made": "Discount codes that were not made in the last hour, by platform and reason",
    "warmcart_codes_not_withdrawn": "Codes that are over and cannot be withdrawn, by platform and reason",
    "warmcart_open_requests": "Requests for data or their erasure that are not answered yet",
    "warmcart_overdue_requests": "Those of them whose deadline has passed",
    "warmcart_erased_rows": "Rows that were erased today (UTC) because their time was over, by kind",
    "warmcart_oldest_retention_seconds": "How long ago the store that waits longest had its old data erased",
    "warmcart_heartbeat_age_seconds": "Time since the last sign of life, by role",
}


@dataclass(frozen=True)
class RowFigures:
    """What waits, in rows and seconds."""

    pending: int
    oldest_pending: float
    failed: int
    overdue: dict[str, tuple[int, float]]
    sending: int
    open_requests: int
    overdue_requests: int

    @classmethod
    def read(cls, session: Session, now: datetime) -> RowFigures:
        """Reads only what waits, by partial indexes; never the history."""
        pending, oldest = session.execute(
            select(func.count(), func.min(InboundEvent.received_at)).where(InboundEvent.state == "pending")
        ).one()
        due = session.execute(
            select(Due.kind, func.count(), func.min(Due.due_at)).where(Due.due_at <= now).group_by(Due.kind)
        )
        return cls(
            pending=pending,
            oldest_pending=_age(oldest, now),
            failed=_count(session, InboundEvent, InboundEvent.state == "failed"),
            overdue={kind: (count, _age(first, now)) for kind, count, first in due},
            sending=_count(session, Message, Message.status == "sending"),
            open_requests=compliance.open_count(session),
            overdue_requests=compliance.overdue(session, now),
        )

    def summary(self) -> dict[str, Any]:
        return {
            "pending_events": self.pending,
            "oldest_pending_event_seconds": self.oldest_pending,
            "failed_events": self.failed,
            "overdue": sum(count for count, _ in self.overdue.values()),
            "overdue_requests": self.overdue_requests,
            "oldest_overdue_seconds": max((age for _, age in self.overdue.values()), default=0.0),
        }


def _count(session: Session, model: Any, condition: Any) -> int:
    return session.scalar(select(func.count()).select_from(model).where(condition)) or 0


def _age(moment: datetime | None, now: datetime) -> float:
    return round(max(0.0, (now - moment).total_seconds()), 3) if moment else 0.0


class Figures(Collector):
    """Asks the database once per scrape."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        now = self._runtime.clock.now()
        with self._runtime.database.session() as session:
            rows = RowFigures.read(session, now)
            beats = last_beats(session)
            texts, segments = session.execute(
                select(func.sum(DailyCost.texts), func.sum(DailyCost.segments))
            ).one()
            erased = _erased(session, now)
            retained = session.scalar(select(func.min(Store.retained_at)))
            orders = session.scalar(select(func.sum(DailyFigure.orders)))
            not_made = discount_failures.not_made(session, now - timedelta(hours=1))
            not_withdrawn = discount_failures.not_withdrawn(session, now)
        yield _gauge("warmcart_pending_events", rows.pending)
        yield _gauge("warmcart_oldest_pending_event_seconds", rows.oldest_pending)
        yield _gauge("warmcart_failed_events", rows.failed)
        yield _gauge("warmcart_sending_messages", rows.sending)
        yield _by_platform("warmcart_codes_not_made", not_made)
        yield _by_platform("warmcart_codes_not_withdrawn", not_withdrawn)
        yield _gauge("warmcart_open_requests", rows.open_requests)
        yield _gauge("warmcart_overdue_requests", rows.overdue_requests)
        yield _by_label(
            "warmcart_overdue", "kind", {kind: count for kind, (count, _) in rows.overdue.items()}
        )
        yield _by_label(
            "warmcart_oldest_overdue_seconds", "kind", {kind: age for kind, (_, age) in rows.overdue.items()}
        )
        yield _by_label(
            "warmcart_heartbeat_age_seconds", "role", {role: _age(at, now) for role, at in beats.items()}
        )
        yield _by_label("warmcart_erased_rows", "kind", erased)
        yield _gauge("warmcart_oldest_retention_seconds", _age(retained, now))
        yield _counter("warmcart_texts_total", texts)
        yield _counter("warmcart_segments_total", segments)
        yield _counter("warmcart_recovered_orders_total", orders)


def _erased(session: Session, now: datetime) -> dict[str, int]:
    query = select(RetentionRun.kind, func.sum(RetentionRun.erased)).where(RetentionRun.day == now.date())
    return {kind: int(rows) for kind, rows in session.execute(query.group_by(RetentionRun.kind))}


def _gauge(name: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, METRICS[name], value=value)


def _by_label(name: str, label: str, values: dict[str, Any]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, METRICS[name], labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _by_platform(name: str, counted: discount_failures.Counted) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, METRICS[name], labels=["platform", "reason"])
    for platform, reason, count in sorted(counted):
        family.add_metric([platform, reason], count)
    return family


def _counter(name: str, value: Any) -> CounterMetricFamily:
    return CounterMetricFamily(name, METRICS[name], value=float(value or 0))
