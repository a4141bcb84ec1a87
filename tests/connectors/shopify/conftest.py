from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connectors.shopify.http import open_session
from tests.standins.shopify import ShopifyStandin


class Clock:
    """A clock that a test moves; ``sleep`` moves it too, and remembers for how long."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standin(clock: Clock) -> Iterator[ShopifyStandin]:
    with ShopifyStandin(clock=clock) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with open_session() as opened:
        yield opened
