"""What a platform is told when we cannot keep its delivery, and what it is not told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.clock import FixedClock
from app.models import Store
from app.runtime import Runtime
from app.web import EXTENSION
from tests import factories
from tests.conftest import Servers
from tests.deliveries import post_shopify, post_woocommerce, shopify_payload
from tests.factories import NOW

CHECKOUT = shopify_payload("linked/03")


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """A server whose database is nowhere."""
    monkeypatch.setattr("app.ROOMS", ("webhooks",))
    settings = factories.make_settings("postgresql://nobody@127.0.0.1:1/none")
    application: Flask = create_app(settings, FixedClock(NOW))
    yield application.test_client()
    application.extensions[EXTENSION].close()


def test_without_a_database_platforms_are_asked_to_send_again(unreachable: FlaskClient) -> None:
    assert (
        post_shopify(unreachable, CHECKOUT.body, "checkouts/update", "good.myshopify.com").status_code == 503
    )
    store = Store(public_id="somebody")
    assert post_woocommerce(unreachable, b'{"id":1}', "order.created", store).status_code == 503


def test_a_stranger_is_refused_all_the_same(unreachable: FlaskClient) -> None:
    wrong = post_shopify(unreachable, CHECKOUT.body, "checkouts/update", "good.myshopify.com", secret="wrong")
    assert wrong.status_code == 401


def test_a_database_that_goes_away_and_comes_back_loses_nothing_that_was_answered(
    client: FlaskClient, runtime: Runtime, servers: Servers
) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session)
    assert post_shopify(client, CHECKOUT.body, "checkouts/update", store, webhook_id="w-1").status_code == 200
    servers.postgres.halt()
    try:
        away = post_shopify(client, CHECKOUT.body, "checkouts/update", store, webhook_id="w-2")
        uninstall = post_shopify(client, b'{"id":1}', "app/uninstalled", store, webhook_id="w-3")
    finally:
        servers.postgres.launch()
    assert (away.status_code, uninstall.status_code) == (503, 503)
    again = post_shopify(client, CHECKOUT.body, "checkouts/update", store, webhook_id="w-2")
    assert again.status_code == 200
    with runtime.database.session() as session:
        keys = session.scalars(text("SELECT dedupe_key FROM inbound_event ORDER BY id")).all()
    assert [key.partition(":")[2] for key in keys] == ["w-1", "w-2"]
