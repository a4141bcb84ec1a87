from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.demo.courier import TRIES, Courier


class Receiver(ThreadingHTTPServer):
    """Answers with the statuses in ``answers``, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.bodies: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_port}/webhooks/demo/x"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def courier() -> Iterator[Courier]:
    courier = Courier(first_pause=0)
    yield courier
    courier.close()


def test_deliveries_arrive_in_the_order_in_which_they_were_given(
    courier: Courier, receiver: Receiver
) -> None:
    receiver.answers = [500]
    taken = [courier.post(receiver.url, str(number).encode(), {}) for number in range(5)]
    assert all(one.result() for one in taken)
    assert receiver.bodies == [b"0", b"0", b"1", b"2", b"3", b"4"]


def test_what_is_not_taken_now_is_tried_again_a_few_times(courier: Courier, receiver: Receiver) -> None:
    receiver.answers = [503] * 100
    assert courier.post(receiver.url, b"x", {}).result() is False
    assert len(receiver.bodies) == TRIES


def test_a_refusal_is_not_tried_again(courier: Courier, receiver: Receiver) -> None:
    receiver.answers = [401]
    assert courier.post(receiver.url, b"x", {}).result() is False
    assert len(receiver.bodies) == 1


def test_nobody_at_home_is_tried_and_given_up(courier: Courier) -> None:
    assert courier.post("http://127.0.0.1:9/", b"x", {}).result() is False
