"""A browser, and a store of each platform."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import Store
from app.runtime import Runtime
from tests import factories
from tests.app.access.visits import SHOP


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def shopify_store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, domain=SHOP)
        factories.make_credential(session, runtime, store, "shopify_tokens", {"access_token": "shpat_x"})
        return store


@pytest.fixture
def woo_store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, platform="woocommerce", domain="shop.example.com")
