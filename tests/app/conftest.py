"""The whole application, as merchants meet it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.clock import FixedClock
from app.runtime import Runtime, make_runtime
from app.web import EXTENSION
from tests.conftest import Servers
from tests.factories import make_settings


@pytest.fixture(scope="session")
def built_app(servers: Servers) -> Iterator[Flask]:
    """The whole application, wired once: reading its templates is what takes time."""
    app = create_app(make_settings(servers.postgres.url))
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def app(built_app: Flask, database_url: str, clock: FixedClock) -> Iterator[Flask]:
    """The application on an empty database, without a Redis, at the moment of the tests."""
    first = built_app.extensions[EXTENSION]
    runtime = make_runtime(make_settings(database_url), clock)
    built_app.extensions[EXTENSION] = runtime
    yield built_app
    built_app.extensions[EXTENSION] = first
    runtime.close()


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    """The application's own runtime."""
    runtime: Runtime = app.extensions[EXTENSION]
    return runtime
