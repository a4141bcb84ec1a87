"""Webhook intake: a delivery's whole way to the commit, against an empty answer of the same server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app import create_app
from app.runtime import Runtime
from bench import load, profiles
from bench.figures import Figure, at_least, in_turn, ratio
from bench.rows import add_store
from bench.stage import SHOPIFY_SECRET, Stage, say
from bench.web import EMPTY

TITLE = "Webhook intake"
METHOD = """
`POST /webhooks/shopify`, the whole way: signature over the raw bytes, JSON read, one row with its unique
key and all its indexes, committed durably, answered. The body is Shopify's official `checkouts/create`
example as 4 KB of JSON with one line item, with tokens, number and webhook id of its own for each request,
signed. Compared to the same requests to a route of the same server that answers an empty 204. gunicorn as
in production (gthread, 2 processes of 8 threads); the load comes from one process with 16 connections that
stay open, over loopback, on the same machine. All answers must be 200 (204), and the rows counted
afterwards must be as many as the requests. No worker runs, so the inbox grows all the time.
"""
TARGET = at_least(0.30)
DOMAIN = "intake.myshopify.com"
PAYLOAD = Path(__file__).parent.parent / "tests/payloads/shopify/official/2026-07.checkouts.create.json"
BODY_BYTES = 4096
ADDRESS = "/webhooks/shopify"
REQUESTS = {ADDRESS: 3000, EMPTY: 6000}
ROUNDS = 7
LONG_AGO = datetime(2026, 11, 21, 18, tzinfo=UTC)


def measure(stage: Stage) -> list[Figure]:
    url = stage.new_database("intake")
    environment = stage.environment(url)
    with stage.runtime(url) as runtime, stage.web(environment) as web:
        add_store(runtime, DOMAIN)
        post = _Posts(web.port, stage.folder)
        post.rate(ADDRESS), post.rate(EMPTY)  # warm
        rounds = in_turn(lambda: post.rate(ADDRESS), lambda: post.rate(EMPTY), ROUNDS)
        _check(runtime, post.sent[ADDRESS])
        details = f"{max(rounds.first):,.0f} of {max(rounds.second):,.0f} requests/s in the best round"
        found = ratio("Webhook intake : empty 204", rounds, TARGET, details)
        return [profiles.explained(found, lambda: _profile(stage, url))]


class _Posts:
    """Sends rounds of requests and keeps count."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port, self._folder = port, folder
        self.sent = {ADDRESS: 0, EMPTY: 0}

    def rate(self, address: str) -> float:
        """Requests a second of one round."""
        count = REQUESTS[address]
        answers = load.send(self._port, [http_request(address) for _ in range(count)], self._folder)
        expected = {"200" if address == ADDRESS else "204": count}
        if answers.statuses != expected:
            raise RuntimeError(f"{address} answered {answers.statuses} instead of {expected}")
        self.sent[address] += count
        rate = count / answers.seconds
        say(
            f"  {address}: {rate:,.0f} requests/s, {answers.median_ms:.1f} ms (99 %: {answers.p99_ms:.1f} ms)"
        )
        return rate


def _check(runtime: Runtime, sent: int) -> None:
    with runtime.database.session() as session:
        kept = session.scalar(text("SELECT count(*) FROM inbound_event"))
    if kept != sent:
        raise RuntimeError(f"{sent} deliveries were answered, but {kept} are kept")


def http_request(address: str) -> bytes:
    """A signed delivery that was never sent before."""
    body = make_body()
    lines = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "Shopify-Captain-Hook",
        **shopify_headers(body),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {address} HTTP/1.1\r\n{head}\r\n".encode() + body


def shopify_headers(
    body: bytes, topic: str = "checkouts/create", triggered_at: datetime = LONG_AGO
) -> dict[str, str]:
    signature = hmac.digest(SHOPIFY_SECRET.encode(), body, hashlib.sha256)
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Hmac-Sha256": base64.b64encode(signature).decode(),
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": triggered_at.isoformat(),
        "X-Shopify-Api-Version": "2026-10",
    }


def make_body() -> bytes:
    """The official payload as 4 KB, about a checkout of its own."""
    number = uuid.uuid4()
    payload = OFFICIAL | {
        "token": number.hex,
        "cart_token": number.hex[::-1],
        "phone": f"+4915{number.int % 10**9:09d}",
        "email": f"{number.hex[:12]}@example.com",
        "note": "",
    }
    payload["note"] = "x" * (BODY_BYTES - len(_compact(payload)))
    return _compact(payload)


def _compact(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def _official() -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(PAYLOAD.read_text(encoding="utf-8"))
    return payload | {"line_items": payload["line_items"][:1]}


OFFICIAL = _official()


def _profile(stage: Stage, url: str) -> list[str]:
    """What a delivery costs inside the application, without the web server around it."""
    app = create_app(stage.settings(url))
    environs = list(_environs(REQUESTS[ADDRESS]))
    with profiles.profiled() as lines:
        for environ in environs:
            app.wsgi_app(environ, lambda status, headers, error=None: len)
    return lines


def _environs(count: int) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        body = make_body()
        headers = {
            f"HTTP_{name.upper().replace('-', '_')}": text for name, text in shopify_headers(body).items()
        }
        yield headers | {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": ADDRESS,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }
