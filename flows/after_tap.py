"""How far shoppers come after the tap: what the platform tells of the checkout once a link was opened.

Only what the shopper does counts, as the platform's own events tell it; the opening itself moves nothing.
A link's ``progress`` only moves forward: the moment at which a step was first told stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Store
from flows import stats
from flows.devices import device

STEPS = ("contact", "shipping", "payment", "ordered")
# Platforms tell whole seconds: what came right after the tap may seem to come before it.
PLATFORM_PRECISION = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Tap:
    """The opening of a link after which a step was reached; ``device`` is None where nobody knows."""

    device: str | None


def passed(step: str, at: datetime) -> Mapping[str, str]:
    """What a checkout at that step has passed, each dated ``at``; nothing for a mere cart."""
    count = STEPS.index(step) + 1 if step in STEPS else 0
    return dict.fromkeys(STEPS[:count], at.isoformat())


def reach(session: Session, store: Store, cart_id: int, step: str, at: datetime, now: datetime) -> Tap | None:
    """Note that the cart's shopper was at ``step``, for the link that a person opened last before ``at``.

    None if nobody opened one, or the step was known.
    """
    fresh = passed(step, at)
    if not fresh:
        return None
    values = {
        "store": store.id,
        "cart": cart_id,
        "step": step,
        "fresh": json.dumps(fresh),
        "latest": at + PLATFORM_PRECISION,
    }
    session.flush()
    row = session.execute(REACH, values).one_or_none()
    if row is None:
        return None
    if row.accepted_at is not None:
        stats.flag(session, store.id, store.timezone, [row.accepted_at], now)
    return Tap(device(row.agent))


REACH = text(
    """
    WITH tapped AS (
        SELECT l.id, c.agent
        FROM link l JOIN click c ON c.store_id = l.store_id AND c.link_id = l.id
        WHERE l.store_id = :store AND l.cart_id = :cart AND c.human AND c.occurred_at <= :latest
        ORDER BY c.occurred_at DESC, c.id DESC LIMIT 1
    )
    UPDATE link l SET progress = cast(:fresh AS jsonb) || coalesce(l.progress, '{}')
    FROM tapped, message m
    WHERE l.store_id = :store AND l.id = tapped.id AND m.store_id = l.store_id AND m.id = l.message_id
        AND NOT jsonb_exists(coalesce(l.progress, '{}'), :step)
    RETURNING m.accepted_at, tapped.agent
    """
)


def elsewhere(opened_on: str | None, other: str | None) -> bool:
    """Whether two devices are certainly not the same."""
    return opened_on is not None and other is not None and opened_on != other
