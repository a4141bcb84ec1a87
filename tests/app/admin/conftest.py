"""A merchant's browser, and two stores whose pages it opens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.models import Flow, Store
from app.runtime import Runtime
from tests import factories
from tests.app.admin.browser import Browser


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
def flow(runtime: Runtime, store: Store) -> Flow:
    with runtime.database.session() as session:
        return factories.make_flow(session, store)


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
