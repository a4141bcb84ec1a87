"""Claiming due rows: a batch out of a million that wait, against one out of ten thousand."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import timedelta
from statistics import median

from sqlalchemy import text

from app.runtime import Runtime
from bench import profiles
from bench.figures import Figure, at_most, figure, in_turn, ratio
from bench.stage import Stage, say
from flows import due

TITLE = "Claiming"
METHOD = """
One claim of 500 due steps by `flows.due.claim`, in its own committed transaction: among 1,000,000 rows that
wait, and among 10,000, each in a database of its own. Nine tenths of the rows are one store's, and they are
the oldest ones; the rest is shared by 1,000 other stores. What was claimed is put back as it
was, outside the measured time, and the table is vacuumed after each round of 7 claims; the value of a round
is the median of its claims. How long the other stores wait is counted in claims: how many it takes until each
of them got its first row out, when nothing is put back.
"""
SLOWER = at_most(1.3)
WAITING_LONGER = at_most(1.0)
MANY, FEW = 1_000_000, 10_000
SMALL_LANES = 1_000
BATCH = 500
LEASE = timedelta(minutes=2)
CLAIMS_PER_ROUND = 7
ROUNDS = 15


def measure(stage: Stage) -> list[Figure]:
    with ExitStack() as stack:
        many, few = (
            _Lanes(stack.enter_context(stage.runtime(stage.new_database(f"claim_{rows}"))), rows)
            for rows in (MANY, FEW)
        )
        rounds = in_turn(many.milliseconds, few.milliseconds, ROUNDS)
        name = f"Claim among {MANY:,} rows : among {FEW:,}"
        details = f"{median(rounds.first):.1f} ms and {median(rounds.second):.1f} ms for {BATCH} rows"
        speed = profiles.explained(ratio(name, rounds, SLOWER, details), many.profile)
        return [speed, _wait(many, few)]


def _wait(many: _Lanes, few: _Lanes) -> Figure:
    long, short = many.claims_until_all_are_served(), few.claims_until_all_are_served()
    details = f"{long} and {short} claims until each of the {SMALL_LANES:,} small stores was served"
    return figure("Claims that the other stores wait, likewise", [long / short], "", WAITING_LONGER, details)


STORES = text(
    """
    INSERT INTO store (public_id, platform, domain, name, url, currency, timezone, locale, name_products,
        sample, status, installed_at, created_at, updated_at)
    SELECT 'lane' || number, 'shopify', 'lane' || number || '.myshopify.com', 'Lane', 'https://example.com',
        'EUR', 'UTC', 'en', true, false, 'active', :now, :now, :now
    FROM generate_series(1, :stores) AS number
    """
)
ROWS = text(
    """
    INSERT INTO due (store_id, kind, subject, lane, due_at, once_key, attempts, created_at)
    SELECT store.id, 'step', number, store.id::text,
        CAST(:now AS timestamptz) - number * interval '2 milliseconds',
        'step:' || store.id || ':' || number, 0, :now
    FROM store CROSS JOIN LATERAL generate_series(
        1, CASE WHEN store.id = (SELECT min(id) FROM store) THEN :most ELSE :least END
    ) AS number
    """
)


class _Lanes:
    """Rows that wait: nine tenths in one store's lane, the rest shared by a thousand stores."""

    def __init__(self, runtime: Runtime, rows: int) -> None:
        say(f"  {rows:,} rows")
        self._runtime, self._rows = runtime, rows
        self._now = runtime.clock.now()
        values = {"now": self._now, "most": rows * 9 // 10, "least": rows // 10 // SMALL_LANES}
        with runtime.database.session() as session:
            session.execute(STORES, {"now": self._now, "stores": SMALL_LANES + 1})
            session.execute(ROWS, values)
        self._vacuum()

    def milliseconds(self) -> float:
        """What a claim takes; what was claimed is put back as it was."""
        times = []
        for _ in range(CLAIMS_PER_ROUND):
            began_at = time.perf_counter()
            claims = self._claim()
            times.append(time.perf_counter() - began_at)
            with self._runtime.database.session() as session:
                due.put_back_all(session, [due.Later(claim, claim.due_at) for claim in claims])
        self._vacuum()
        say(f"  among {self._rows:,} rows: {median(times) * 1000:.1f} ms")
        return median(times) * 1000

    def claims_until_all_are_served(self) -> int:
        """How many claims it takes until every store got its first row out."""
        served: set[str] = set()
        number = 0
        while len(served) <= SMALL_LANES:
            served |= {claim.lane for claim in self._claim()}
            number += 1
        return number

    def profile(self) -> list[str]:
        with profiles.profiled() as lines:
            for _ in range(CLAIMS_PER_ROUND):
                self._claim()
        return lines

    def _claim(self) -> list[due.Claim]:
        claims = due.claim(self._runtime.database, due.STEP, BATCH, self._now, LEASE)
        if len(claims) != BATCH:
            raise RuntimeError(f"{len(claims)} rows were claimed instead of {BATCH}")
        return claims

    def _vacuum(self) -> None:
        with self._runtime.database.autocommit.connect() as connection:
            connection.execute(text("VACUUM (ANALYZE) due"))
