"""Codes that a shop did not make, or has not withdrawn: why, and how many of them there are.

What kept a code from being made stands in its own row until it is made; what keeps one from being withdrawn
stands in the due row by which it is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.models import Discount, Due, Store
from connectors.discounts import CodeTaken, DiscountRefused
from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from flows import due
from flows.platform_calls import NotAsked

AGAIN_AFTER = timedelta(minutes=15)
"""After this long a shop that has not withdrawn a code is asked again."""
WORTH_TELLING = 3
"""So many codes that were not made within a day; one may be chance."""
LONGEST_TOLD = 500
MOST_STORES = 20

REASONS: tuple[tuple[type[ConnectorError], str], ...] = (
    (DiscountRefused, "refused"),
    (CodeTaken, "taken"),
    (Throttled, "throttled"),
    (Reconnect, "no_access"),
    (NotAsked, "not_asked"),
    (Unreachable, "no_answer"),
)
OTHER = "other"

Counted = Sequence[tuple[Any, ...]]


def reason(error: ConnectorError) -> str:
    """One word for what a shop, or the way to it, had against a call."""
    return next((word for kind, word in REASONS if isinstance(error, kind)), OTHER)


def note(session: Session, failed: Mapping[int, ConnectorError], now: datetime) -> None:
    """Write down why these codes, by their ids, were not made; unless another worker has made one since."""
    for discount_id, error in sorted(failed.items(), key=lambda one: one[0]):
        told = {"failure": reason(error), "failure_told": str(error)[:LONGEST_TOLD], "failed_at": now}
        wanted = (Discount.id == discount_id) & (Discount.state == "wanted")
        session.execute(update(Discount).where(wanted).values(told))


MADE_AFTER_ALL: dict[str, None] = {"failure": None, "failure_told": None, "failed_at": None}


def not_made(session: Session, since: datetime) -> Counted:
    """How many codes were not made since then: platform, reason, count."""
    rows = select(Store.platform, Discount.failure, func.count()).join(Store, Store.id == Discount.store_id)
    rows = rows.where(*_failed(since)).group_by(Store.platform, Discount.failure)
    return [tuple(row) for row in session.execute(rows)]


def not_withdrawn(session: Session, now: datetime) -> Counted:
    """How many codes that are over were tried in vain to be withdrawn: platform, reason, count."""
    rows = select(Store.platform, Due.reason, func.count()).join(Store, Store.id == Due.store_id)
    rows = rows.where(*_tried(now)).group_by(Store.platform, Due.reason)
    return [tuple(row) for row in session.execute(rows)]


def stores_not_making(session: Session, now: datetime) -> Counted:
    """A few stores whose shops made too few codes within a day: domain, count, reasons, the last words."""
    words = func.array_agg(aggregate_order_by(Discount.failure_told, Discount.failed_at.desc()))
    reasons = func.array_agg(Discount.failure.distinct())
    rows = select(Store.domain, func.count(), reasons, words[1]).join(Store, Store.id == Discount.store_id)
    rows = rows.where(*_failed(now - timedelta(days=1))).group_by(Store.domain)
    rows = rows.having(func.count() >= WORTH_TELLING).order_by(Store.domain).limit(MOST_STORES)
    return [tuple(row) for row in session.execute(rows)]


def stores_not_withdrawing(session: Session, now: datetime) -> Counted:
    """A few stores whose shops have not withdrawn codes that are over: domain, count, reasons."""
    rows = select(Store.domain, func.count(), func.array_agg(Due.reason.distinct()))
    rows = rows.join(Store, Store.id == Due.store_id).where(*_tried(now)).group_by(Store.domain)
    return [tuple(row) for row in session.execute(rows.order_by(Store.domain).limit(MOST_STORES))]


def _failed(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return Discount.failure.is_not(None), Discount.failed_at > since


def _tried(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """None is planned later than the next try: no need to look through the codes that still hold."""
    return Due.kind == due.DISCOUNT_END, Due.due_at <= now + AGAIN_AFTER, Due.reason.is_not(None)
