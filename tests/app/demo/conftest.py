"""The demo in a server of its own, so that shop, phone and Warmcart talk to each other over real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app import create_app
from app.clock import FixedClock
from app.demo import deliveries
from app.demo.books import Books, Cart
from app.demo.texts import Texts
from app.models import InboundEvent, Store
from app.runtime import Runtime
from app.web import EXTENSION
from connectors.demo import DemoPlatform
from connectors.events import Event
from flows import connections, installation
from flows.demo import SHOP_DOMAIN
from tests.factories import make_settings

SECRET = "the-secret-of-the-demo-shop"


@dataclass
class Stage:
    """The running demo. ``shop`` is the shop as Warmcart knows it."""

    app: Flask
    runtime: Runtime
    shop: Store

    @property
    def url(self) -> str:
        return self.runtime.settings.public_url

    def visitor(self, languages: str = "en-GB") -> Visitor:
        return Visitor(self.app.test_client(), self.url, languages)

    def wait(self) -> None:
        """Until everything that shop and phone had to tell is told; they tell nothing after it."""
        self.app.extensions[deliveries.EXTENSION].close()

    def told(self) -> list[Event]:
        """What Warmcart heard from the shop, in the shop's order."""
        self.wait()
        with self.runtime.database.session() as session:
            query = select(InboundEvent).where(InboundEvent.source == "demo").order_by(InboundEvent.id)
            rows = session.scalars(query).all()
        events = [DemoPlatform().events(row.topic, row.body or b"", row.received_at) for row in rows]
        return [event for found in events for event in found]

    def heard(self, source: str) -> list[InboundEvent]:
        """What came in from the sandbox."""
        self.wait()
        with self.runtime.database.session() as session:
            query = select(InboundEvent).where(InboundEvent.source == source).order_by(InboundEvent.id)
            return list(session.scalars(query))

    @property
    def texts(self) -> Texts:
        return Texts(self.runtime.redis)


@dataclass
class Visitor:
    """A browser without JavaScript."""

    client: FlaskClient
    url: str
    languages: str
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self._open("GET", path, **more)

    def post(self, path: str, **form: Any) -> TestResponse:
        return self._open("POST", path, data=form)

    def put_in_cart(self, product: str = "teapot", change: int = 1) -> TestResponse:
        return self.post("/demo/shop/cart", product=product, change=change)

    def type(self, **form: Any) -> TestResponse:
        return self.post("/demo/shop/checkout", **form)

    def choose(self, language: str, country: str, **more: Any) -> TestResponse:
        return self.post("/demo/place", language=language, country=country, **more)

    def cart(self, stage: Stage) -> Cart:
        cookie = self.client.get_cookie("demo_cart", "127.0.0.1", "/demo")
        found = Books(stage.runtime.redis).find(cookie.value if cookie else None)
        assert found is not None
        return found

    def set_cookie(self, name: str, value: str) -> None:
        self.client.set_cookie(name, value, domain="127.0.0.1", path="/demo")

    def _open(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Accept-Language": self.languages} | self.headers | more.pop("headers", {})
        return self.client.open(path, method=method, base_url=self.url, headers=headers, **more)


@pytest.fixture
def stage(database_url: str, redis_url: str, clock: FixedClock) -> Iterator[Stage]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = make_settings(
            database_url, redis_url, public_url=url, demo=True, countries=("*",), allow_private_stores=True
        )
        app = create_app(settings, clock)
        runtime: Runtime = app.extensions[EXTENSION]
        server = make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno())
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            running = Stage(app, runtime, _connect_shop(runtime))
            yield running
            running.wait()
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            runtime.close()


def _connect_shop(runtime: Runtime) -> Store:
    now = runtime.clock.now()
    with runtime.database.session() as session:
        url = f"{runtime.settings.public_url}/demo/shop"
        store = installation.bring_in(session, "demo", SHOP_DOMAIN, url, now)
        connections.save_credential(
            session, runtime, store.id, connections.WEBHOOK_SECRET, {"secret": SECRET}, now
        )
        return store
