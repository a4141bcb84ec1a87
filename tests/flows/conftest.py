"""A runtime on the test database, at a moment that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.clock import FixedClock
from app.runtime import Runtime, make_runtime
from tests import factories


@pytest.fixture
def runtime(database_url: str, redis_url: str, clock: FixedClock) -> Iterator[Runtime]:
    runtime = make_runtime(factories.make_settings(database_url, redis_url), clock)
    yield runtime
    runtime.close()
