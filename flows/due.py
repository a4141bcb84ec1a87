"""Everything that happens later is a row here: scheduled once, claimed under a lease, then finished.

A claim moves ``due_at`` to the end of the lease and writes the lease down. A worker that dies
needs no clean-up: its rows come due again by themselves, and only the holder of the lease can
finish a row or put it back. Claims rotate over lanes, so that a million rows of one store never
delay another store's.
"""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NotRequired, TypedDict, Unpack
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Connection, delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db import Database
from app.models import Due
from flows import bulk, spread

log = structlog.get_logger()

CART_IDLE, STEP, CART_EXPIRY, RESEND, IN_DOUBT = "cart_idle", "step", "cart_expiry", "resend", "in_doubt"
OPT_IN, CONSENT_SYNC, DISCOUNT_END = "opt_in", "consent_sync", "discount_end"
KINDS = (CART_IDLE, STEP, CART_EXPIRY, RESEND, IN_DOUBT, OPT_IN, CONSENT_SYNC, DISCOUNT_END)
HELD_KINDS = (CART_IDLE, STEP, CART_EXPIRY, RESEND, OPT_IN)

# A claim looks into so many lanes at most, and takes at least so many rows of one: a batch that is
# spread over more lanes costs more than it is worth. The next claim goes on behind them.
LANES_PER_CLAIM = 1000
ROWS_PER_LANE = 8
# Whoever claimed it has died so often: the row itself may be what kills.
STUCK_AFTER = 5


class Plan(TypedDict):
    """What to do later. ``lane`` is the store's own unless given."""

    store_id: int
    kind: str
    subject: int
    due_at: datetime
    once_key: str
    now: datetime
    lane: NotRequired[str | None]
    reason: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours until the lease ends. ``due_at`` is when it was due before the claim.

    ``attempts`` counts the claims since the row was planned or put back, this one included.
    """

    id: int
    store_id: int
    kind: str
    subject: int
    lane: str
    due_at: datetime
    lease: str
    attempts: int
    once_key: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Later:
    """A claimed row, and when and why it is looked at again."""

    claim: Claim
    due_at: datetime
    reason: str | None = None


def once_key(kind: str, subject: int) -> str:
    """The name of the one row that a subject has of a kind."""
    return f"{kind}:{subject}"


def schedule(session: Session, **plan: Unpack[Plan]) -> None:
    """Make it happen at ``due_at``, whatever was planned under ``once_key`` before.

    Somebody who holds the row right now loses the lease and can no longer finish it.
    """
    schedule_all(session, [plan])


def schedule_all(session: Session, plans: Sequence[Plan]) -> None:
    """``schedule`` for many, no two of them under the same ``once_key``."""
    if not plans:
        return
    rows = sorted((_row(plan) for plan in plans), key=lambda row: str(row["once_key"]))
    bulk.insert_all(session, Due, [{**row, "lease": None, "attempts": 0} for row in rows], on_conflict=REPLAN)


REPLAN = (
    "(once_key) DO UPDATE SET due_at = excluded.due_at, lane = excluded.lane, reason = excluded.reason,"
    " lease = NULL, attempts = 0"
)


def schedule_once(session: Session, **plan: Unpack[Plan]) -> bool:
    """Plan it unless something is planned under ``once_key`` already; says whether it did."""
    statement = insert(Due).values(**_row(plan)).on_conflict_do_nothing(index_elements=[Due.once_key])
    return session.execute(statement.returning(Due.id)).first() is not None


def _row(plan: Plan) -> dict[str, Any]:
    row: dict[str, Any] = {**plan, "created_at": plan["now"], "reason": plan.get("reason")}
    row["lane"] = plan.get("lane") or str(plan["store_id"])
    del row["now"]
    return row


def claim(database: Database, kind: str, limit: int, now: datetime, lease: timedelta) -> list[Claim]:
    """Take up to ``limit`` due rows in a transaction of its own; two claimers never get the same row.

    The batch is shared out evenly over the lanes that have work; what a short lane leaves over goes
    to the others.
    """
    lease_id = str(uuid.uuid4())
    taken: list[Claim] = []
    with database.session() as session:
        connection = session.connection()
        lanes = _lanes(connection, database, kind, limit, now)
        while lanes and len(taken) < limit:
            lanes = lanes[: limit - len(taken)]
            share = (limit - len(taken)) // len(lanes)
            got = _pick(connection, kind, lanes, share, now, lease_id)
            connection.execute(
                LEASE, {"ids": [one.id for one in got], "lease": lease_id, "until": now + lease}
            )
            taken += got
            lanes = _lanes_not_empty(lanes, got, share)
    for one in taken:
        if one.attempts >= STUCK_AFTER:
            log.error("due_row_stuck", due_id=one.id, store_id=one.store_id, kind=kind, claims=one.attempts)
    return taken


def _lanes_not_empty(lanes: Sequence[str], got: Sequence[Claim], share: int) -> list[str]:
    counts = Counter(one.lane for one in got)
    return [lane for lane in lanes if counts[lane] == share]


PICK = text(
    """
    SELECT waiting.*
    FROM unnest(CAST(:lanes AS text[])) AS wanted(lane)
    CROSS JOIN LATERAL (
        SELECT id, store_id, kind, subject, due.lane, due_at, attempts + 1 AS attempts, once_key, reason
        FROM due
        WHERE kind = :kind AND due.lane = wanted.lane AND due_at <= :now
        ORDER BY due_at, id LIMIT :share
        FOR UPDATE SKIP LOCKED
    ) AS waiting
    """
)


def _pick(
    connection: Connection, kind: str, lanes: Sequence[str], share: int, now: datetime, lease: str
) -> list[Claim]:
    """Pick and lock up to ``share`` rows of each lane; rows that somebody else is picking are skipped."""
    rows = connection.execute(PICK, {"kind": kind, "lanes": list(lanes), "share": share, "now": now})
    return [Claim(**row, lease=lease) for row in rows.mappings()]


LEASE = text(
    """
    UPDATE due SET due_at = :until, lease = CAST(:lease AS uuid), attempts = attempts + 1
    WHERE id = ANY(CAST(:ids AS bigint[]))
    """
)

OLDEST = text("SELECT lane FROM due WHERE kind = :kind AND due_at <= :now ORDER BY due_at LIMIT :count")


def _lanes(connection: Connection, database: Database, kind: str, limit: int, now: datetime) -> list[str]:
    """The lanes among which a batch is shared.

    When all that is due fits one batch, these are its lanes. Otherwise the next lanes in turn, and
    the lane of the oldest row, so that a claim never comes back empty while anything is due.
    """
    oldest = connection.scalars(OLDEST, {"kind": kind, "now": now, "count": limit + 1}).all()
    if len(oldest) <= limit:
        return sorted(set(oldest))
    lanes = _next_lanes(connection, database, kind, max(1, limit // ROWS_PER_LANE), now)
    return lanes if oldest[0] in lanes else [*lanes, oldest[0]]


# A loose index scan: two index probes per lane, however many rows the lane has.
NEXT_LANES = text(
    """
    WITH RECURSIVE walk(lane, has_work, visited, found) AS (
        SELECT CAST(:behind AS text), FALSE, 0, 0
        UNION ALL
        SELECT next.lane, next.has_work, visited + 1, found + CAST(next.has_work AS integer)
        FROM walk CROSS JOIN LATERAL (
            SELECT lane, EXISTS (
                SELECT FROM due WHERE kind = :kind AND lane = candidate.lane AND due_at <= :now
            ) AS has_work
            FROM due AS candidate WHERE kind = :kind AND lane > walk.lane ORDER BY lane LIMIT 1
        ) AS next
        WHERE visited < :most AND found < :count
    )
    SELECT lane, has_work FROM walk WHERE visited > 0 ORDER BY visited
    """
)

# Behind which lane the next claim of this process goes on, per database and kind.
_cursors: WeakKeyDictionary[Database, dict[str, str]] = WeakKeyDictionary()


def _next_lanes(
    connection: Connection, database: Database, kind: str, count: int, now: datetime
) -> list[str]:
    """Up to ``count`` lanes with work, going on where the last claim stopped, round and round."""
    cursors = _cursors.setdefault(database, {})
    # A fresh process begins anywhere: short-lived ones would else always serve the same lanes first.
    behind = cursors.get(kind, str(secrets.randbelow(1_000_000)))
    lanes: dict[str, None] = {}
    for start in (behind, ""):
        values = {"kind": kind, "now": now, "most": LANES_PER_CLAIM, "count": count - len(lanes)}
        visited = connection.execute(NEXT_LANES, {**values, "behind": start}).all()
        lanes |= {lane: None for lane, has_work in visited if has_work}
        cursors[kind] = visited[-1].lane if visited else ""
        if len(lanes) == count or len(visited) == LANES_PER_CLAIM:
            break
    return list(lanes)


FINISH = text(
    """
    DELETE FROM due USING unnest(CAST(:ids AS bigint[]), CAST(:leases AS uuid[])) AS ours(id, lease)
    WHERE due.id = ours.id AND due.lease = ours.lease
    RETURNING due.id
    """
)
HOLD = text(
    """
    SELECT due.id FROM due
    JOIN unnest(CAST(:ids AS bigint[]), CAST(:leases AS uuid[])) AS ours(id, lease) USING (id, lease)
    ORDER BY due.id FOR UPDATE OF due
    """
)
PUT_BACK = text(
    """
    UPDATE due SET due_at = later.due_at, reason = later.reason, lease = NULL, attempts = 0
    FROM unnest(
        CAST(:ids AS bigint[]), CAST(:leases AS uuid[]),
        CAST(:moments AS timestamptz[]), CAST(:reasons AS text[])
    ) AS later(id, lease, due_at, reason)
    WHERE due.id = later.id AND due.lease = later.lease
    RETURNING due.id
    """
)


def finish(session: Session, claims: Sequence[Claim]) -> set[int]:
    """Delete the rows whose lease is still ours; returns their ids."""
    return set(session.scalars(FINISH, _ours(claims))) if claims else set()


def hold(session: Session, claims: Sequence[Claim]) -> set[int]:
    """Lock the rows whose lease is still ours until the transaction ends; returns their ids.

    Whoever wants to cancel or move one of them waits; what was cancelled or moved is not returned.
    """
    return set(session.scalars(HOLD, _ours(claims))) if claims else set()


def put_back(session: Session, claim: Claim, due_at: datetime, reason: str | None = None) -> bool:
    """Let the row wait again until ``due_at``, if the lease is still ours."""
    return bool(put_back_all(session, [Later(claim, due_at, reason)]))


def put_back_all(session: Session, later: Sequence[Later]) -> set[int]:
    """Let many rows wait again, those whose lease is still ours; returns their ids."""
    if not later:
        return set()
    values = _ours([one.claim for one in later])
    values["moments"] = [one.due_at for one in later]
    values["reasons"] = [one.reason for one in later]
    return set(session.scalars(PUT_BACK, values))


def _ours(claims: Sequence[Claim]) -> dict[str, list[Any]]:
    return {"ids": [one.id for one in claims], "leases": [one.lease for one in claims]}


def cancel(session: Session, store_id: int, kind: str, subjects: Sequence[int]) -> int:
    """Delete what is planned for these subjects; says how many rows that were.

    Somebody who holds such a row right now can no longer finish it.
    """
    if not subjects:
        return 0
    names = [once_key(kind, subject) for subject in subjects]
    statement = delete(Due).where(Due.store_id == store_id, Due.once_key.in_(names))
    return len(session.execute(statement.returning(Due.id)).all())


# In a line as ``spread.delay`` has it, the longest planned first; nothing later than it would have been.
HASTEN = text(
    """
    UPDATE due SET lease = NULL, attempts = 0,
        due_at = least(due_at, :now + make_interval(secs => seconds))
    FROM (
        SELECT id, greatest(0, (row_number() OVER (ORDER BY created_at, id) - 1 - :at_once) / :per_second)
            % :longest AS seconds
        FROM due
        WHERE kind = ANY(CAST(:kinds AS text[])) AND lane = :lane AND store_id = :store_id
            AND reason = :reason
    ) AS held
    WHERE due.id = held.id
    """
)


def hasten(session: Session, store_id: int, reason: str, now: datetime) -> None:
    """What a store's own lane holds for this reason comes due: the reason is gone.

    The first at once, the others in a line, so that thousands do not leave in one second.
    """
    values = {"kinds": list(HELD_KINDS), "lane": str(store_id), "store_id": store_id, "reason": reason}
    line = {"at_once": spread.AT_ONCE, "per_second": spread.PER_SECOND}
    line["longest"] = int(spread.LONGEST.total_seconds())
    session.execute(HASTEN, {**values, **line, "now": now})


WAITING = text(
    """
    SELECT kind, EXISTS (SELECT FROM due WHERE due.kind = kinds.kind AND due_at <= :now)
    FROM unnest(CAST(:kinds AS text[])) AS kinds(kind)
    """
)


def waiting(session: Session | Connection, now: datetime) -> dict[str, bool]:
    """Which kinds have something due at ``now``."""
    rows = session.execute(WAITING, {"kinds": list(KINDS), "now": now})
    return {kind: has_work for kind, has_work in rows}
