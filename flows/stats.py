"""The figures that merchants see: what each one means, and how a page gets them.

Pages read roll-ups only, which ``flows.rollups`` counts from the rows, so that a page costs the same
whether there were ten thousand texts or ten million. A day is a day of the store's own time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, cast, exists, func, select, tuple_
from sqlalchemy.orm import Session

from app.models import DailyCost, DailyFigure, StoreFlag
from flows.rollups import (
    FIGURES,
    any_flagged,
    day_bounds,
    day_of,
    drain,
    flag,
    flag_days,
    flag_figures,
    local_day,
    rebuild,
    rebuild_all,
)

__all__ = [
    "DEFINITIONS",
    "Figures",
    "Overview",
    "any_flagged",
    "day_bounds",
    "day_of",
    "drain",
    "flag",
    "flag_days",
    "flag_figures",
    "local_day",
    "overview",
    "rebuild",
    "rebuild_all",
]

DEFINITIONS: Mapping[str, str] = {
    "texts": "Texts about carts that the SMS provider accepted, on the day it accepted them; "
    "answers to STOP, START and HELP are not counted.",
    "delivered": "Of the texts of a day, those that the network reported as delivered, whenever it did.",
    "clicked": "Of the texts of a day, those whose link a person opened, whenever they did; "
    "link previews and bots do not count.",
    "converted": "Of the texts of a day, those to which a recovered order is credited, whenever it came.",
    "segments": "The parts in which the texts of a day are billed: one holds up to 160 characters, "
    "or 70 where a character lies outside the GSM alphabet.",
    "carts_texted": "Carts whose first text was accepted on that day.",
    "carts_recovered": "Of the carts first texted on a day, those with a recovered order, whenever it came.",
    "recovery_rate": "Recovered carts divided by texted carts; the rate of the last days still grows.",
    "reached_contact": "Of the clicked texts of a day, those after whose opening the shopper changed "
    "something in a checkout that has an e-mail or a phone, or ordered; the opening alone does not count.",
    "reached_shipping": "Of these, those whose checkout then had an address, too.",
    "reached_payment": "Of these, those whose checkout then had a way of delivery or of payment, or was "
    "submitted.",
    "reached_order": "Of the clicked texts of a day, those that were opened last before a recovered order, "
    "also if it was cancelled later.",
    "offered": "Of the texts of a day, those that told of a discount code of ours.",
    "orders": "Recovered orders, on the day they were placed: an order of the same cart placed after a text "
    "about it was accepted, an order with the code that such a text offered, or an order of the same contact "
    "placed within 7 days of a person's click on such a text; test orders, cancelled and fully "
    "refunded orders do not count.",
    "orders_clicked": "Of the recovered orders, those whose shopper opened a link of ours before ordering.",
    "orders_without_click": "Recovered orders whose shopper opened no link of ours before ordering.",
    "revenue": "The totals of recovered orders less what was refunded of them, in the shop's currency; "
    "different currencies are never added up.",
    "revenue_clicked": "The revenue of those orders whose shopper opened a link of ours before ordering.",
    "orders_with_code": "Of the recovered orders, those that used a discount code of ours.",
    "orders_without_code": "Recovered orders that used no discount code of ours.",
    "revenue_with_code": "The revenue of those orders that used a discount code of ours.",
    "given_away": "What these codes took off, reckoned from the totals of their orders, for only those are "
    "stored: a sum in full, percents as if all of the order had been lowered, free shipping not at all.",
    "cost": "What the SMS provider charged for the texts of a day, in the provider's currency; "
    "answers to STOP, START and HELP are included.",
    "unpriced": "Texts of a day whose price the provider has not told yet; the cost grows when it does.",
    "roas": "Return on spend: revenue divided by cost, where the whole cost is in the same currency.",
    "previous": "The period of the same number of days right before the one shown.",
}
"""Every figure by the name that roll-ups and pages use, and what exactly it counts."""

FUNNEL = ("texts", "delivered", "clicked", "converted")
AFTER_TAP = ("reached_contact", "reached_shipping", "reached_payment", "reached_order")
COUNTS_OF_PARTS = (*FUNNEL, "segments", "carts_texted", "carts_recovered", "orders", "orders_clicked")
COUNTS = (*COUNTS_OF_PARTS, *AFTER_TAP, "offered", "orders_with_code")
MONEY_OF_PARTS = ("revenue", "revenue_clicked")
MONEY = (*MONEY_OF_PARTS, "revenue_with_code", "given_away")


@dataclass(slots=True)
class Figures:
    """Figures of a day, of a span of days, or of a part of one; see DEFINITIONS. Money is by currency."""

    texts: int = 0
    delivered: int = 0
    clicked: int = 0
    converted: int = 0
    segments: int = 0
    carts_texted: int = 0
    carts_recovered: int = 0
    reached_contact: int = 0
    reached_shipping: int = 0
    reached_payment: int = 0
    reached_order: int = 0
    offered: int = 0
    orders: int = 0
    orders_clicked: int = 0
    orders_with_code: int = 0
    unpriced: int = 0
    revenue: dict[str, Decimal] = field(default_factory=dict)
    revenue_clicked: dict[str, Decimal] = field(default_factory=dict)
    revenue_with_code: dict[str, Decimal] = field(default_factory=dict)
    given_away: dict[str, Decimal] = field(default_factory=dict)
    cost: dict[str, Decimal] = field(default_factory=dict)

    @property
    def orders_without_click(self) -> int:
        return self.orders - self.orders_clicked

    @property
    def orders_without_code(self) -> int:
        return self.orders - self.orders_with_code

    @property
    def recovery_rate(self) -> float | None:
        """Between 0 and 1; None where no cart was texted."""
        return self.carts_recovered / self.carts_texted if self.carts_texted else None

    def roas(self, currency: str) -> Decimal | None:
        """Revenue per unit of cost; None where nothing was charged, or anything in another currency."""
        charged = {code: amount for code, amount in self.cost.items() if amount}
        if charged.keys() != {currency}:
            return None
        return self.revenue.get(currency, Decimal(0)) / charged[currency]

    @property
    def funnel(self) -> tuple[tuple[str, int], ...]:
        """How many texts came how far, by the names in DEFINITIONS."""
        return tuple((name, getattr(self, name)) for name in FUNNEL)


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of a store from ``since`` to ``until``, both days included: whole, by day and by part.

    ``days`` has every day of the span, also those on which nothing happened. ``behind``: some figures
    are being counted anew right now. ``previous`` and ``previous_days`` are the period of equal length
    right before. ``by_step``, ``by_country`` and ``by_language`` are the parts of the span, without
    cost, offers and steps after the tap; the empty name is that of texts without one.
    """

    since: date
    until: date
    total: Figures
    days: dict[date, Figures]
    behind: bool
    previous: Figures
    previous_days: dict[date, Figures]
    by_step: dict[str, Figures]
    by_country: dict[str, Figures]
    by_language: dict[str, Figures]

    @property
    def currencies(self) -> list[str]:
        """The currencies in which something was recovered in either period, the highest sum first."""
        sums, codes = self.total.revenue, self.previous.revenue | self.total.revenue
        return sorted(codes, key=lambda code: (-sums.get(code, Decimal(0)), code))


def overview(session: Session, store_id: int, since: date, until: date) -> Overview:
    """Read the roll-ups of a span of days and of the one before.

    Raises ValueError if ``until`` lies before ``since``.
    """
    length = (until - since).days + 1
    if length < 1:
        raise ValueError(f"a period cannot end ({until}) before it begins ({since})")
    first = since - timedelta(days=length)
    days = {first + timedelta(days=number): Figures() for number in range(2 * length)}
    for row in _by_day(session, store_id, first, until):
        _add_row(days[row.day], row, COUNTS, MONEY)
    for row in _cost_by_day(session, store_id, first, until):
        days[row.day].unpriced += row.unpriced
        _add_money(days[row.day].cost, row.currency, row.cost)
    now = {day: figures for day, figures in days.items() if day >= since}
    before = {day: figures for day, figures in days.items() if day < since}
    return Overview(
        since,
        until,
        _sum(now.values()),
        now,
        _is_behind(session, store_id),
        _sum(before.values()),
        before,
        **_by_part(session, store_id, since, until),
    )


def _figures(counts: Sequence[str], money: Sequence[str]) -> list[ColumnElement[Any]]:
    counted = [cast(func.sum(getattr(DailyFigure, name)), BigInteger).label(name) for name in counts]
    return counted + [func.sum(getattr(DailyFigure, name)).label(name) for name in money]


def _by_day(session: Session, store_id: int, since: date, until: date) -> Sequence[Row[*tuple[Any, ...]]]:
    return session.execute(
        select(DailyFigure.day, DailyFigure.currency, *_figures(COUNTS, MONEY))
        .where(DailyFigure.store_id == store_id, DailyFigure.day.between(since, until))
        .group_by(DailyFigure.day, DailyFigure.currency)
    ).all()


def _cost_by_day(
    session: Session, store_id: int, since: date, until: date
) -> Sequence[Row[*tuple[Any, ...]]]:
    return session.execute(
        select(DailyCost.day, DailyCost.currency, DailyCost.unpriced, DailyCost.cost).where(
            DailyCost.store_id == store_id, DailyCost.day.between(since, until)
        )
    ).all()


def _by_part(session: Session, store_id: int, since: date, until: date) -> dict[str, dict[str, Figures]]:
    """All three divisions in one reading of the rows; GROUPING has a bit set for each column left out."""
    step, country, language = parts = (DailyFigure.step_key, DailyFigure.country, DailyFigure.language)
    sets = func.grouping_sets(*(tuple_(part, DailyFigure.currency) for part in parts))
    left_out = func.grouping(step, country, language).label("left_out")
    figures = _figures(COUNTS_OF_PARTS, MONEY_OF_PARTS)
    rows = session.execute(
        select(left_out, step, country, language, DailyFigure.currency, *figures)
        .where(DailyFigure.store_id == store_id, DailyFigure.day.between(since, until))
        .group_by(sets)
    )
    named: dict[int, tuple[str, str]] = {
        0b011: ("by_step", "step_key"),
        0b101: ("by_country", "country"),
        0b110: ("by_language", "language"),
    }
    found: dict[str, dict[str, Figures]] = {division: {} for division, _ in named.values()}
    for row in rows:
        division, column = named[row.left_out]
        part = found[division].setdefault(getattr(row, column), Figures())
        _add_row(part, row, COUNTS_OF_PARTS, MONEY_OF_PARTS)
    return found


def _is_behind(session: Session, store_id: int) -> bool:
    flagged = exists().where(StoreFlag.store_id == store_id, StoreFlag.name == FIGURES)
    return bool(session.scalar(select(flagged)))


def _sum(several: Iterable[Figures]) -> Figures:
    total = Figures()
    for figures in several:
        for name in (*COUNTS, "unpriced"):
            setattr(total, name, getattr(total, name) + getattr(figures, name))
        for name in (*MONEY, "cost"):
            for currency, amount in getattr(figures, name).items():
                _add_money(getattr(total, name), currency, amount)
    return total


def _add_row(
    figures: Figures, row: Row[*tuple[Any, ...]], counts: Sequence[str], money: Sequence[str]
) -> None:
    for name in counts:
        setattr(figures, name, getattr(figures, name) + getattr(row, name))
    for name in money:
        _add_money(getattr(figures, name), row.currency, getattr(row, name))


def _add_money(sums: dict[str, Decimal], currency: str, amount: Decimal) -> None:
    """Rows without a currency carry no money."""
    if currency:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
