"""Two periods side by side, and the parts that a period is made of.

What each figure counts is said in ``flows.stats``. Money of different currencies is never added up
and never converted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from app.models import DailyFigure, Store
from flows import stats
from flows.stats import Figures, Overview

LENGTHS = (7, 30, 90)
USUAL_LENGTH = 30
PARTS = {"step": DailyFigure.step_key, "country": DailyFigure.country, "language": DailyFigure.language}
COUNTS = ("texts", "delivered", "clicked", "converted", "orders")


@dataclass(frozen=True)
class Comparison:
    """A period of whole days up to today, and the one of the same length before it."""

    now: Overview
    before: Overview

    @property
    def length(self) -> int:
        return len(self.now.days)

    @property
    def currencies(self) -> list[str]:
        """The currencies in which something was recovered, the one with the highest sum first."""
        amounts = self.before.total.revenue | self.now.total.revenue
        return sorted(amounts, key=lambda code: (-self.now.total.revenue.get(code, Decimal(0)), code))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show at all yet."""
        totals = (self.now.total, self.before.total)
        return not any(total.texts or total.orders for total in totals)

    def pairs(self) -> list[tuple[date, Figures, Figures]]:
        """Each day with its figures and those of the day in the same place of the period before."""
        earlier = list(self.before.days.values())
        return [(day, figures, earlier[at]) for at, (day, figures) in enumerate(self.now.days.items())]


@dataclass(frozen=True)
class Part:
    """The figures of one step, country or language; an empty name is that of texts without one."""

    name: str
    figures: Figures


def compare(session: Session, store: Store, length: int, now: datetime) -> Comparison:
    """The last ``length`` days of the store's zone, today included, and as many before them."""
    last = stats.local_day(now, store.timezone)
    first = last - timedelta(days=length - 1)
    earlier = first - timedelta(days=length)
    return Comparison(
        stats.overview(session, store.id, first, last),
        stats.overview(session, store.id, earlier, first - timedelta(days=1)),
    )


def parts(session: Session, store: Store, span: Overview, dimension: str) -> list[Part]:
    """The span by step, country or language, the one with most texts first."""
    column = PARTS[dimension]
    counts = [cast(func.sum(getattr(DailyFigure, name)), BigInteger).label(name) for name in COUNTS]
    rows = session.execute(
        select(
            column.label("name"),
            DailyFigure.currency,
            *counts,
            func.sum(DailyFigure.revenue).label("revenue"),
        )
        .where(DailyFigure.store_id == store.id, DailyFigure.day.between(span.since, span.until))
        .group_by(column, DailyFigure.currency)
    )
    found: dict[str, Figures] = {}
    for row in rows:
        figures = found.setdefault(row.name, Figures())
        for name in COUNTS:
            setattr(figures, name, getattr(figures, name) + getattr(row, name))
        if row.currency:
            figures.revenue[row.currency] = row.revenue
    return [Part(name, found[name]) for name in sorted(found, key=lambda name: (-found[name].texts, name))]


def return_on_spend(figures: Figures) -> dict[str, Decimal]:
    """Revenue per unit of cost, by currency: where both are in the same one."""
    shared = {code: cost for code, cost in figures.cost.items() if cost > 0 and code in figures.revenue}
    return {code: figures.revenue[code] / cost for code, cost in shared.items()}


def share(part: int | Decimal, whole: int | Decimal) -> float | None:
    """A part of a whole; None of nothing."""
    return float(part / whole) if whole else None


def growth(now: int | Decimal, before: int | Decimal) -> float | None:
    """By which share of itself a figure grew; None where there was nothing before."""
    return float((now - before) / before) if before else None
