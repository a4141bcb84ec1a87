"""The sandbox's side of the protocol over real HTTP: takes signed texts, keeps them, lists them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from connectors.sandbox import (
    SIGNATURE_HEADER,
    HeldText,
    accepted_body,
    is_signature,
    listing_body,
    read_text,
    refusal_body,
)
from connectors.sms import Category

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
SECRET = "the-sandbox-secret"


class Phone(ThreadingHTTPServer):
    """``refuses`` gives a category per recipient; ``unsigned`` counts requests without our signature."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.texts: list[HeldText] = []
        self.refuses: dict[str, Category] = {}
        self.unsigned = 0
        self.url = f"http://127.0.0.1:{self.server_port}/demo/phone"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    def __enter__(self) -> Phone:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Phone

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._is_signed(body):
            return
        text = read_text(body)
        if text.to in self.server.refuses:
            self._answer(400, refusal_body(self.server.refuses[text.to]))
            return
        identity = f"sandbox-{len(self.server.texts) + 1}"
        held = HeldText(identity, text, NOW, segments=2, price=Decimal("0.01"), currency="EUR")
        self.server.texts.append(held)
        self._answer(201, accepted_body(held))

    def do_GET(self) -> None:
        query = urlsplit(self.path).query
        if not self._is_signed(query.encode()):
            return
        asked = parse_qs(query)
        to, token = asked["to"][0], asked.get("token", [""])[0]
        found = [held for held in self.server.texts if held.text.to == to and token in held.text.body]
        self._answer(200, listing_body(found))

    def _is_signed(self, payload: bytes) -> bool:
        if is_signature(self.headers.get(SIGNATURE_HEADER, ""), payload, SECRET):
            return True
        self.server.unsigned += 1
        self._answer(403, b"{}")
        return False

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
