"""A strict stand-in for Shopify: token endpoint, Admin GraphQL API 2026-10 and signed webhooks.

In a test::

    with ShopifyStandin() as shopify:
        shop = shopify.shop("good.myshopify.com")
        shop.put_checkout(json.loads(body))
        ... WARMCART_SHOPIFY_ADMIN_URL=shopify.url ...
        shopify.deliver("checkouts/update", body, "http://127.0.0.1:8000/webhooks/shopify")
        assert not shopify.complaints

As a process of its own: ``python -m tests.standins.shopify --port 9001``, driven through ``/standin/...``
(see ``_control``). Several shops live in one stand-in and are told apart by their tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import click
import jwt
import requests
from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.standins.shopify_checkout import Opened, open_checkout
from tests.standins.shopify_graphql import AdminApi, Bucket, admin_schema
from tests.standins.shopify_oauth import TokenDesk
from tests.standins.shopify_state import Shop

API_VERSION = "2026-10"
CLIENT_ID = "8d1f0b5f6f5b4d3e9c2a1b0c9d8e7f60"
CLIENT_SECRET = "shpss_0123456789abcdef0123456789abcdef"
FIRST_SHOP_NUMBER = 59026964593
"""The shop of the linked payloads."""


@dataclass(frozen=True)
class Call:
    """One question that the Admin API was asked and answered."""

    shop: str
    query: str
    variables: Mapping[str, Any]


@dataclass
class Disturbance:
    """What the next calls get instead of an answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class ShopifyStandin:
    """The stand-in as a server on the loopback address; ``url`` is its base address."""

    def __init__(
        self,
        port: int = 0,
        client_id: str = CLIENT_ID,
        client_secrets: tuple[str, ...] = (CLIENT_SECRET,),
        clock: Callable[[], datetime] = lambda: datetime.fromtimestamp(time.time(), UTC),
    ) -> None:
        self.clock, self.client_id, self.client_secrets = clock, client_id, list(client_secrets)
        self.shops: dict[str, Shop] = {}
        self.buckets: dict[str, Bucket] = {}
        self.calls: list[Call] = []
        self.disturbances: list[Disturbance] = []
        self.api = AdminApi()
        self.tokens = TokenDesk(client_id, self.client_secrets, clock, self.shops)
        self._lock = threading.RLock()
        self._port = port
        self.url = ""

    def __enter__(self) -> Self:
        admin_schema()  # takes seconds, which the first caller would wait for
        self._server = make_server(
            "127.0.0.1", self._port, self._app(), threaded=True, request_handler=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def complaints(self) -> list[str]:
        """What was asked wrongly: invalid queries, variables and searches."""
        return self.api.complaints

    def shop(self, domain: str, **details: Any) -> Shop:
        """The shop of that domain, made at the first call; ``details`` as the API's type Shop has them."""
        with self._lock:
            if domain not in self.shops:
                number = FIRST_SHOP_NUMBER + len(self.shops)
                self.shops[domain] = Shop(domain, number, details=details, now=self.clock)
                self.buckets[domain] = Bucket(at=self.clock().timestamp())
            return self.shops[domain]

    def open(self, domain: str, url: str) -> Opened:
        """What a shopper sees who follows a link into this shop, whichever of its hosts the link names."""
        with self._lock:
            return open_checkout(self.shops[domain], url)

    def disturb(self, status: int, times: int = 1, body: str = "", **headers: str) -> None:
        """Answer the next calls with this status instead."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.disturbances += [Disturbance(status, named, body)] * times

    def id_token(self, domain: str, user: str = "548380009", **changes: Any) -> str:
        """An ID token as App Bridge would add it for a staff member of the shop."""
        seconds = int(self.clock().timestamp())
        claims = {
            "iss": f"https://{domain}/admin",
            "dest": f"https://{domain}",
            "aud": self.client_id,
            "sub": user,
            "exp": seconds + 60,
            "nbf": seconds,
            "iat": seconds,
            "jti": str(uuid.uuid4()),
            "sid": hashlib.sha1(domain.encode(), usedforsecurity=False).hexdigest(),
        }
        return jwt.encode({**claims, **changes}, self.client_secrets[0], algorithm="HS256")

    def deliver(
        self,
        topic: str,
        body: bytes,
        url: str,
        domain: str = "pixel-testing-rs.myshopify.com",
        webhook_id: str | None = None,
        triggered_at: datetime | None = None,
        secret: str | None = None,
    ) -> requests.Response:
        """Sign the bytes and post them as Shopify does; signed with the oldest secret unless told."""
        key = secret or self.client_secrets[-1]
        signature = base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode()
        at = triggered_at or self.clock()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": webhook_id or str(uuid.uuid4()),
            "X-Shopify-Event-Id": str(uuid.uuid4()),
            "X-Shopify-Triggered-At": at.strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
        }
        return requests.post(url, data=body, headers=headers, timeout=5, allow_redirects=False)

    def _app(self) -> Flask:
        app = Flask(__name__)
        app.add_url_rule("/admin/oauth/access_token", "token", self._token, methods=["POST"])
        app.add_url_rule("/admin/api/<version>/graphql.json", "graphql", self._graphql, methods=["POST"])
        _control(app, self)
        return app

    def _token(self) -> Response:
        with self._lock:
            if self.disturbances:
                return self._disturbed()
            status, answer = self.tokens.answer(request.get_json(silent=True) or {})
        response = jsonify(answer)
        response.status_code = status
        return response

    def _graphql(self, version: str) -> Response:
        with self._lock:
            if self.disturbances:
                return self._disturbed()
            if version != API_VERSION:
                return Response('{"errors":"Not Found"}', 404, content_type="application/json")
            shop = self.tokens.shop_of(request.headers.get("X-Shopify-Access-Token"))
            if shop is None:
                return Response('{"errors":"[API] Invalid API key or access token"}', 401)
            asked = request.get_json(silent=True) or {}
            self.calls.append(Call(shop.domain, asked.get("query", ""), asked.get("variables") or {}))
            now, lost_before = self.clock().timestamp(), shop.discounts.answers_lost
            answer = self.api.answer(shop, self.buckets[shop.domain], now, asked)
            if shop.discounts.answers_lost < lost_before:
                request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return jsonify(answer)

    def _disturbed(self) -> Response:
        disturbance = self.disturbances.pop(0)
        return Response(disturbance.body, disturbance.status, dict(disturbance.headers))


def _control(app: Flask, standin: ShopifyStandin) -> None:
    """What a test in another process needs; every body is JSON.

    POST /standin/shops {domain, details}; POST /standin/shops/<domain>/checkouts, /orders, /consents with
    a webhook body; POST /standin/shops/<domain>/uninstall; POST /standin/shops/<domain>/id-token {user};
    POST /standin/shops/<domain>/discounts {do: throttle, refuse, lose_answers, by_merchant or sale, with its
    arguments}; POST /standin/shops/<domain>/open {url}; POST /standin/deliver {topic, body (text), url,
    domain, webhook_id}; GET /standin/complaints; GET /standin/calls.
    """

    @app.post("/standin/shops")
    def make_shop() -> dict[str, Any]:
        told = request.get_json()
        return {"number": standin.shop(told["domain"], **told.get("details", {})).number}

    @app.post("/standin/shops/<domain>/<thing>")
    def tell(domain: str, thing: str) -> dict[str, Any]:
        shop, told = standin.shop(domain), request.get_json(silent=True) or {}
        if thing == "id-token":
            return {"id_token": standin.id_token(domain, **told)}
        if thing == "uninstall":
            shop.installed = False
            return {}
        if thing == "open":
            return standin.open(domain, told["url"]).told()
        if thing == "discounts":
            _tell_of_discounts(shop, told)
            return {}
        {"checkouts": shop.put_checkout, "orders": shop.put_order, "consents": shop.put_consent}[thing](told)
        return {}

    @app.post("/standin/deliver")
    def deliver() -> dict[str, Any]:
        told = request.get_json()
        answer = standin.deliver(told.pop("topic"), told.pop("body").encode(), told.pop("url"), **told)
        return {"status": answer.status_code}

    @app.get("/standin/complaints")
    def complaints() -> list[str]:
        return standin.complaints

    @app.get("/standin/calls")
    def calls() -> list[dict[str, Any]]:
        return [{"shop": call.shop, "variables": dict(call.variables)} for call in standin.calls]


def _tell_of_discounts(shop: Shop, told: dict[str, Any]) -> None:
    found = shop.discounts
    known: dict[str, Callable[..., object]] = {
        "throttle": found.throttle,
        "refuse": found.refuse,
        "lose_answers": found.lose_answers,
        "by_merchant": found.by_merchant,
        "sale": found.sale,
    }
    known[told.pop("do")](**told)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: a test's output is for failures."""


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--client-id", default=CLIENT_ID)
@click.option("--client-secret", "client_secrets", multiple=True, default=[CLIENT_SECRET])
def main(port: int, client_id: str, client_secrets: tuple[str, ...]) -> None:
    """Serve until the process is ended."""
    with ShopifyStandin(port, client_id, tuple(client_secrets)) as standin:
        sys.stdout.write(f"{standin.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
