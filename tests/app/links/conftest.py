"""The application with this one room, on the test database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.clock import FixedClock
from app.runtime import Runtime
from app.web import EXTENSION
from tests import factories
from tests.app.links.texted import Shop


@pytest.fixture
def application(database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr("app.ROOMS", ("links",))
    application = create_app(factories.make_settings(database_url), clock)
    yield application
    application.extensions[EXTENSION].close()


@pytest.fixture
def runtime(application: Flask) -> Runtime:
    runtime: Runtime = application.extensions[EXTENSION]
    return runtime


@pytest.fixture
def client(application: Flask) -> FlaskClient:
    return application.test_client()


@pytest.fixture
def shop(runtime: Runtime, client: FlaskClient) -> Shop:
    return Shop(runtime, client)
