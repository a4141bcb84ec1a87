"""Roll-ups: figures that pages read, rebuilt from the rows a store-day at a time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class DailyFigure(Base):
    """What happened in one store on one day of its own time zone, per currency, step, country and language.

    ``currency`` is the shop currency of orders; cost is kept per its own currency in ``DailyCost``.
    Empty strings stand for "none" in the key. The definitions are in ``flows/stats.py``.
    """

    __tablename__ = "daily_figure"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    step_key: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    texts: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    delivered: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    clicked: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    converted: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    segments: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    carts_texted: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    carts_recovered: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    reached_contact: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    reached_shipping: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    reached_payment: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    reached_order: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    offered: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    orders: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    orders_clicked: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    orders_with_code: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    revenue: Mapped[Decimal] = mapped_column(server_default=text("0"), default=Decimal(0))
    revenue_clicked: Mapped[Decimal] = mapped_column(server_default=text("0"), default=Decimal(0))
    revenue_with_code: Mapped[Decimal] = mapped_column(server_default=text("0"), default=Decimal(0))
    given_away: Mapped[Decimal] = mapped_column(server_default=text("0"), default=Decimal(0))


class HourFigure(Base):
    """How many texts reached shoppers of a store within one hour of their own day, and how many said stop.

    ``day`` is the day (UTC) on which the texts were claimed, ``hour`` that of the shopper's clock, 0 to
    23. A stop counts for the last text before it.
    """

    __tablename__ = "hour_figure"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    hour: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    texts: Mapped[int]
    stops: Mapped[int]


class DailyCost(Base):
    """What the texts of one day cost, per currency of the provider's price."""

    __tablename__ = "daily_cost"

    store_id: Mapped[int] = mapped_column(ForeignKey("store.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    texts: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    segments: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    unpriced: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    cost: Mapped[Decimal] = mapped_column(server_default=text("0"), default=Decimal(0))
