"""The application with this one room, and a WooCommerce shop that may be connected."""

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
from tests.standins.woocommerce import WooCommerceStandin

PUBLIC_URL = "http://localhost"


@pytest.fixture
def application(
    database_url: str, redis_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    monkeypatch.setattr("app.ROOMS", ("install",))
    own = {"public_url": PUBLIC_URL, "allow_private_stores": True}
    settings = factories.make_settings(database_url, redis_url, **own)
    application = create_app(settings, clock)
    yield application
    application.extensions[EXTENSION].close()


@pytest.fixture
def runtime(application: Flask) -> Runtime:
    runtime: Runtime = application.extensions[EXTENSION]
    return runtime


@pytest.fixture
def client(application: Flask) -> FlaskClient:
    """A browser that nobody knows."""
    return application.test_client()


@pytest.fixture
def shop() -> Iterator[WooCommerceStandin]:
    with WooCommerceStandin(path="/boutique") as store:
        yield store
