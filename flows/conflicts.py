"""Two workers that met in the same rows: the loser does its work again and sees what the other did."""

from __future__ import annotations

from datetime import timedelta

import tenacity
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

# Serialization failure, deadlock, lock time-out, unique violation (PostgreSQL, appendix A, error codes).
_CONFLICTS = frozenset({"40001", "40P01", "55P03", "23505"})

# How long an event waits after each conflict with somebody else's work; after the last one it fails.
PAUSES = (timedelta(0), timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30))


class NotYet(LookupError):
    """What an event is about is still being written by somebody else: applied again shortly, it fits."""


def is_conflict(error: BaseException) -> bool:
    """Whether the same work, done again, can succeed."""
    if isinstance(error, NotYet):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _CONFLICTS


def is_database_away(error: BaseException) -> bool:
    """Whether nothing can be done until the database is back."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, TimeoutError)
    return error.connection_invalidated or (isinstance(error, OperationalError) and not is_conflict(error))


again = tenacity.retry(
    retry=tenacity.retry_if_exception(is_conflict),
    stop=tenacity.stop_after_attempt(4),
    wait=tenacity.wait_random(0, 0.1),
    reraise=True,
)
"""Decorator for a function that is one whole transaction: done again when it lost a conflict."""
