"""A runtime on the test database, at a moment that stands still, and what most tests of texts need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.clock import FixedClock
from app.runtime import Runtime, make_runtime
from flows import providers, rules
from tests import factories
from tests.flows.pocket_provider import PocketProvider
from tests.flows.pocket_shop import PocketShop
from tests.flows.scenes import Scene, make_scene


@pytest.fixture
def runtime(database_url: str, redis_url: str, clock: FixedClock) -> Iterator[Runtime]:
    runtime = make_runtime(factories.make_settings(database_url, redis_url), clock)
    yield runtime
    runtime.close()


@pytest.fixture
def provider(runtime: Runtime) -> PocketProvider:
    """What every text of the runtime goes to."""
    pocket = PocketProvider()
    providers.use(runtime, pocket)
    return pocket


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> PocketShop:
    """What every store of the runtime is at."""
    shop = PocketShop()
    for name in ("discount_maker", "store_client"):
        monkeypatch.setattr(f"flows.connections.{name}", lambda runtime, store: shop)
    return shop


@pytest.fixture
def scene(runtime: Runtime) -> Scene:
    """A cart whose first text is due now."""
    with runtime.database.session() as session:
        return make_scene(session)


@pytest.fixture
def _ours_again() -> Iterator[None]:
    """Whatever tables a test lets speak, ours alone speak afterwards."""
    yield
    rules.use(None)
