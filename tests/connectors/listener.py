"""A server that misbehaves in one chosen way, for the failures that a well-behaved one cannot show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

Behaviour = Callable[["Listener", socket.socket], None]


class Listener:
    """Listens on a free local port and treats every connection as ``behaviour`` says."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.received: list[bytes] = []
        self.stopping = threading.Event()
        self._behaviour = behaviour
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self._threads = [threading.Thread(target=self._listen)]

    def __enter__(self) -> Listener:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def read(self, connection: socket.socket) -> None:
        """Read one request (or what there is of one) and keep it."""
        self.received.append(connection.recv(65536))

    def _listen(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._treat, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _treat(self, connection: socket.socket) -> None:
        with connection:
            self._behaviour(self, connection)


def hang_up_at_once(listener: Listener, connection: socket.socket) -> None:
    """Close without reading."""


def read_and_hang_up(listener: Listener, connection: socket.socket) -> None:
    """Read the request, then close."""
    listener.read(connection)


def read_and_say_nothing(listener: Listener, connection: socket.socket) -> None:
    """Read the request, then keep the connection open without a word."""
    listener.read(connection)
    listener.stopping.wait(30)


def say(answer: bytes) -> Behaviour:
    """Read the request, answer with exactly these bytes, close."""

    def behaviour(listener: Listener, connection: socket.socket) -> None:
        listener.read(connection)
        connection.sendall(answer)

    return behaviour


def http_answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A whole HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refused_address() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"
