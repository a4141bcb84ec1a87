"""``python -m bench.load PORT FILE CONNECTIONS``: sends the requests of a file and times the answers.

Prebuilt bytes on raw sockets that stay open: the generator shares the machine with the server, so it
must cost little.
"""

from __future__ import annotations

import json
import pickle
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CONNECTIONS = 16


@dataclass(frozen=True)
class Answers:
    """How many answers came with each status, in how many seconds; latencies are in milliseconds."""

    seconds: float
    statuses: dict[str, int]
    median_ms: float
    p99_ms: float


def send(port: int, requests: Sequence[bytes], folder: Path) -> Answers:
    """Send all in a process of its own, over ``CONNECTIONS`` connections."""
    file = folder / "requests"
    file.write_bytes(pickle.dumps(list(requests)))
    command = [sys.executable, "-m", "bench.load", str(port), str(file), str(CONNECTIONS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Answers(**json.loads(done.stdout))


class _Connection:
    """One request after the other, as long as there are any."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._began_at = 0.0

    def start(self, request: bytes) -> None:
        self._began_at = time.perf_counter()
        self._received = b""
        self.socket.sendall(request)

    def read(self) -> tuple[str, float] | None:
        """The status and the seconds that it took, once the answer is whole."""
        more = self.socket.recv(65_536)
        if not more:
            raise ConnectionError("The server closed a connection.")
        self._received += more
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = LENGTH.search(head)
        if len(body) < (int(length[1]) if length else 0):
            return None
        return head[9:12].decode(), time.perf_counter() - self._began_at


def _drive(port: int, requests: list[bytes], connections: int) -> Answers:
    waiting = iter(requests)
    statuses, times = Counter[str](), []
    began_at = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _, request in zip(range(connections), waiting, strict=False):
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.start(request)
        while selector.get_map():
            for key, _ in selector.select():
                answer = key.data.read()
                if answer is None:
                    continue
                statuses[answer[0]] += 1
                times.append(answer[1])
                if (following := next(waiting, None)) is not None:
                    key.data.start(following)
                else:
                    selector.unregister(key.data.socket)
                    key.data.socket.close()
    seconds = time.perf_counter() - began_at
    times.sort()
    return Answers(seconds, statuses, times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3)


def main() -> None:
    port, file, connections = sys.argv[1:]
    answers = _drive(int(port), pickle.loads(Path(file).read_bytes()), int(connections))
    json.dump(answers.__dict__, sys.stdout)


if __name__ == "__main__":
    main()
