"""A merchant's browser, and two stores whose pages it opens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app import create_app
from app.clock import FixedClock
from app.models import Store
from app.runtime import Runtime, make_runtime
from app.web import EXTENSION
from tests import factories
from tests.app.admin.browser import Browser
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


@pytest.fixture
def queries(runtime: Runtime) -> Iterator[list[str]]:
    """Every statement that the application sends, in order."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(runtime.database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(runtime.database.engine, "before_cursor_execute", note)
