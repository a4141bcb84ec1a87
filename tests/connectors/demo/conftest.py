from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.demo.api import signed_part
from connectors.demo.deliveries import sign
from tests.connectors.demo.bodies import CART, ORDER, SECRET


class Shop(ThreadingHTTPServer):
    """Answers signed calls with what is in ``answers``, and keeps what it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Any] = {"carts": [CART], "orders": [ORDER]}
        self.status = 200
        self.told: list[tuple[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/demo/shop"


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        moments = [text for name in ("since", "at") for text in parse_qs(asked.query).get(name, [])]
        known = all(datetime.fromisoformat(text).tzinfo for text in moments)
        self._answer(b"", sound=known)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self._what(), json.loads(body)))
        self._answer(body, sound=True)

    def _what(self) -> str:
        return urlsplit(self.path).path.partition("/api/")[2]

    def _answer(self, body: bytes, sound: bool) -> None:
        signed = signed_part(self._what(), urlsplit(self.path).query.encode(), body)
        right = self.headers.get("X-Demo-Signature") == sign(signed, SECRET)
        answer = self.server.answers[self._what()]
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(self.server.status if right and sound else 401)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
