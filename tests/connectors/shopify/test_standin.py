"""The stand-in itself: what other tests rely on."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.shopify.graphql import AdminClient
from connectors.shopify.store import ShopifyStore
from connectors.shopify.tokens import TokenEndpoint
from connectors.shopify.webhooks import read, verify
from tests.connectors.shopify.conftest import SHOP, Clock
from tests.connectors.shopify.deliveries import payload
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin
from tests.standins.shopify_search import UnknownSearch, search

ROOT = Path(__file__).parents[3]


class Receiver(HTTPServer):
    """A server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.received: list[tuple[Mapping[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/webhooks/shopify"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers.items()), body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a test's output is for failures."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_delivery_arrives_signed_over_the_very_bytes(
    standin: ShopifyStandin, receiver: Receiver, clock: Clock
) -> None:
    body = payload("linked/03")
    assert standin.deliver("checkouts/update", body, receiver.url, webhook_id="w1").status_code == 200
    ((headers, arrived),) = receiver.received
    assert arrived == body
    assert verify(headers, arrived, [CLIENT_SECRET])
    delivery = read(headers, arrived)
    assert (delivery.topic, delivery.dedupe_key) == ("checkouts/update", "w1")
    assert (delivery.domain, delivery.triggered_at) == ("pixel-testing-rs.myshopify.com", clock())


@pytest.mark.parametrize("version", ["2026-07", "2025-10", "unstable", "2026-99"])
def test_no_other_version_is_served(standin: ShopifyStandin, session: requests.Session, version: str) -> None:
    address = f"{standin.url}/admin/api/{version}/graphql.json"
    assert session.post(address, json={"query": "{ shop { name } }"}, timeout=5).status_code == 404


def test_a_call_without_a_known_token_is_refused(standin: ShopifyStandin, session: requests.Session) -> None:
    standin.shop(SHOP)
    address = f"{standin.url}/admin/api/2026-10/graphql.json"
    for headers in ({}, {"X-Shopify-Access-Token": "shpat_guessed"}):
        answer = session.post(address, json={"query": "{ shop { name } }"}, headers=headers, timeout=5)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"expiring": 0},
        {"requested_token_type": "urn:shopify:params:oauth:token-type:online-access-token"},
        {"grant_type": "client_credentials"},
        {"client_id": "another"},
        {"client_secret": ""},
        {"subject_token": "x"},
    ],
)
def test_the_token_endpoint_takes_nothing_but_an_expiring_offline_exchange(
    standin: ShopifyStandin, session: requests.Session, changes: dict[str, Any]
) -> None:
    standin.shop(SHOP)
    good: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": standin.id_token(SHOP),
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        "expiring": 1,
    }
    address = f"{standin.url}/admin/oauth/access_token"
    assert session.post(address, json=good, timeout=5).status_code == 200
    assert session.post(address, json=good | changes, timeout=5).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "colour:red",
        "email:>a",
        "(email:a",
        "email:a)",
        "email:a OR",
        "email",
        "created_at:>='2026-01-01'",
        ")",
    ],
)
def test_a_search_that_shopify_would_not_take_as_meant_is_refused(text: str) -> None:
    node = {"email": "a", "createdAt": "2026-01-01T00:00:00Z"}
    with pytest.raises(UnknownSearch):
        search("orders", text)(node)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ('email:"A@example.com"', True),
        ("email:b@example.com OR email:a@example.com", True),
        ("email:a@example.com created_at:>'2026-01-01T00:00:00Z'", False),
        ("created_at:>='2026-01-01T00:00:00Z' AND (email:x OR customer_id:7)", True),
        ("cart_token:none", False),
    ],
)
def test_a_search_keeps_what_it_names(text: str, found: bool) -> None:
    node = {
        "email": "a@example.com",
        "createdAt": "2026-01-01T00:00:00Z",
        "cartToken": None,
        "customer": {"id": "gid://shopify/Customer/7"},
    }
    assert search("orders", text)(node) is found


@pytest.fixture
def process() -> Iterator[str]:
    """The address of a stand-in in a process of its own."""
    command = [sys.executable, "-m", "tests.standins.shopify", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        yield running.stdout.readline().strip()
        running.terminate()


def test_the_stand_in_runs_as_a_process_of_its_own(
    process: str, session: requests.Session, receiver: Receiver
) -> None:
    def tell(path: str, body: object) -> Any:
        answer = session.post(f"{process}/standin/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    tell("shops", {"domain": SHOP, "details": {"name": "Good Shop"}})
    tell(f"shops/{SHOP}/checkouts", json.loads(payload("linked/03")))
    tell(f"shops/{SHOP}/orders", json.loads(payload("linked/06")))
    tell(f"shops/{SHOP}/consents", json.loads(payload("linked/11")))
    endpoint = TokenEndpoint(SHOP, CLIENT_ID, [CLIENT_SECRET], session, process)
    id_token = tell(f"shops/{SHOP}/id-token", {"user": "7"})["id_token"]
    tokens = endpoint.exchange(id_token, datetime(2026, 11, 21, tzinfo=UTC))
    store = ShopifyStore(AdminClient(SHOP, lambda: tokens.access_token, session, process))
    assert store.store_details().name == "Good Shop"
    assert len(list(store.changes(datetime(2024, 1, 1, tzinfo=UTC)))) == 3
    body = payload("linked/06").decode()
    sent = tell("deliver", {"topic": "orders/create", "body": body, "url": receiver.url, "domain": SHOP})
    assert sent == {"status": 200}
    assert verify(*receiver.received[0], [CLIENT_SECRET])
    assert session.get(f"{process}/standin/complaints", timeout=5).json() == []
    assert session.get(f"{process}/standin/calls", timeout=5).json()[0]["shop"] == SHOP
    tell(f"shops/{SHOP}/uninstall", {})
