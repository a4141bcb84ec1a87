"""A merchant's browser, and two stores whose pages it opens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.clock import FixedClock
from app.models import Store
from app.runtime import Runtime
from app.web import EXTENSION
from tests import factories
from tests.app.admin.browser import Browser
from tests.factories import make_settings


@pytest.fixture
def app(database_url: str, clock: FixedClock) -> Iterator[Flask]:
    """The whole application on the test database, without a Redis."""
    app = create_app(make_settings(database_url), clock)
    yield app
    runtime: Runtime = app.extensions[EXTENSION]
    runtime.close()


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    """The application's own runtime."""
    runtime: Runtime = app.extensions[EXTENSION]
    return runtime


@pytest.fixture
def store(runtime: Runtime) -> Store:
    """A WooCommerce store in Slovenia, whose merchant comes through the standalone door."""
    with runtime.database.session() as session:
        return factories.make_store(
            session,
            platform="woocommerce",
            domain="lumen.example.com",
            name="Lumen & Loom",
            currency="EUR",
            country="SI",
            timezone="Europe/Ljubljana",
            locale="sl",
            ships_to=["SI", "AT", "US"],
        )


@pytest.fixture
def browser(app: Flask, store: Store) -> Browser:
    """A browser that is signed in to the store."""
    browser = Browser(app)
    browser.sign_in(store)
    return browser
