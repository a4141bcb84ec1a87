"""The stand-in's HTTP: kept connections, Basic authentication, routes and the shape of answers."""

from __future__ import annotations

import base64
import json
import re
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.standins.twilio.behaviour import Refusal

MESSAGES = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages\.json")


class Answerer(Protocol):
    """Who answers the requests that are well addressed and authenticated."""

    account_sid: str
    auth_token: str

    def create(self, request: Handler, body: bytes) -> None:
        """Answer a POST to Messages.json."""

    def listing(self, request: Handler, query: str) -> None:
        """Answer a GET of Messages.json."""

    def control(self, request: Handler, name: str, arguments: dict[str, Any]) -> None:
        """Answer ``/standin/<name>``."""


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], answerer: Answerer) -> None:
        self.answerer = answerer
        self.connections: set[socket.socket] = set()
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in the middle is what crash tests are about; the rest is a bug here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        for connection in list(self.connections):
            hang_up(connection)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with kept connections; one write for each answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._route(body)

    def do_GET(self) -> None:
        self._route(b"")

    def _route(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        answerer = self.server.answerer
        if parts.path.startswith("/standin/"):
            arguments = json.loads(body) if body else dict(parse_qsl(parts.query))
            return answerer.control(self, parts.path.removeprefix("/standin/"), arguments)
        account = MESSAGES.fullmatch(parts.path)
        if not account:
            return self.refuse(Refusal(404, 20404, f"The requested resource {parts.path} was not found"))
        expected = base64.b64encode(f"{answerer.account_sid}:{answerer.auth_token}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}" or account[1] != answerer.account_sid:
            return self.refuse(Refusal(401, 20003, "Authenticate"))
        if self.command == "POST":
            return answerer.create(self, body)
        return answerer.listing(self, parts.query)

    def path_only(self) -> str:
        return urlsplit(self.path).path

    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    def answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, refusal: Refusal, headers: dict[str, str] | None = None) -> None:
        body = {
            "code": refusal.code,
            "message": refusal.message,
            "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
            "status": refusal.http_status,
        }
        self.answer(refusal.http_status, body, headers)

    def drop(self) -> None:
        self.close_connection = True
        hang_up(self.connection)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: outcomes are asked for, not read from a terminal."""


def hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
