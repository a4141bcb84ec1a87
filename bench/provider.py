"""``python -m bench.provider MILLISECONDS``: takes texts as Twilio does and answers after that time.

It does as little as it can, because it shares the machine with the worker that is measured. Prints its
port; ``GET /count`` tells how many texts it took.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from bench.stage import TWILIO_ACCOUNT

# The answer of CreateMessage: twilio-oai, twilio_api_v2010.json, api.v2010.account.message.
ANSWER: dict[str, Any] = {
    "account_sid": TWILIO_ACCOUNT,
    "api_version": "2010-04-01",
    "body": "",
    "date_created": "Sat, 21 Nov 2026 18:00:00 +0000",
    "date_sent": None,
    "date_updated": "Sat, 21 Nov 2026 18:00:00 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": None,
    "messaging_service_sid": None,
    "num_media": "0",
    "num_segments": "1",
    "price": None,
    "price_unit": "USD",
    "status": "queued",
    "subresource_uris": {},
    "to": "+447400000000",
    "uri": "",
}


@dataclass(frozen=True)
class Stub:
    url: str

    def count(self) -> int:
        """How many texts it took."""
        return int(requests.get(f"{self.url}/count", timeout=10).text)


@contextmanager
def running(milliseconds: int) -> Iterator[Stub]:
    """The stub in a process of its own."""
    command = [sys.executable, "-m", "bench.provider", str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Stub(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


class _Connection(asyncio.Protocol):
    """One kept connection; requests on it come one after the other."""

    texts = 0

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._received = b""
        if head.startswith(b"GET"):
            self._transport.write(_response(b"200 OK", str(_Connection.texts).encode()))
            return
        _Connection.texts += 1
        answer = _response(
            b"201 Created", json.dumps(ANSWER | {"sid": f"SM{_Connection.texts:032x}"}).encode()
        )
        if self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _length(head: bytes) -> int:
    _, _, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.split(b"\r\n", 1)[0] or 0)


def _response(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


async def _serve(seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]) / 1000))
