from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connectors.shopify.graphql import AdminClient
from connectors.shopify.http import open_session
from connectors.shopify.store import ShopifyStore
from connectors.shopify.tokens import TokenEndpoint
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin

SHOP = "good.myshopify.com"
Connect = Callable[[str], AdminClient]


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


@pytest.fixture
def connect(standin: ShopifyStandin, session: requests.Session, clock: Clock) -> Connect:
    """Gives a client for a shop, with a token of its own."""

    def connected(shop: str) -> AdminClient:
        standin.shop(shop)
        endpoint = TokenEndpoint(shop, CLIENT_ID, [CLIENT_SECRET], session, standin.url)
        tokens = endpoint.exchange(standin.id_token(shop), clock())
        return AdminClient(shop, lambda: tokens.access_token, session, standin.url, clock.sleep)

    return connected


@pytest.fixture
def store(connect: Connect) -> ShopifyStore:
    return ShopifyStore(connect(SHOP))
