"""Carries what the shop and the phone have to tell Warmcart, so that no visitor waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

import requests
import structlog
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

log = structlog.get_logger()

TRIES = 5
TIMEOUT = (2, 10)
AT_ONCE = 8


class _NotTaken(Exception):
    """The receiver answered that it cannot take the delivery now."""


class Courier:
    """Posts in the background, a few times if need be, as platforms and SMS providers do.

    Its threads begin with the first delivery, so that a server may fork before. ``first_pause`` is in
    seconds; the pauses between tries double.
    """

    def __init__(self, first_pause: float = 0.25) -> None:
        self._first_pause = first_pause
        self._posting = ThreadPoolExecutor(1, thread_name_prefix="demo-post")
        self._errands = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="demo-errand")
        self._closing = threading.Event()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Future[bool]:
        """Deliver soon, in the order of the calls."""
        return self._posting.submit(self.deliver, url, body, headers)

    def run(self, errand: Callable[[], None]) -> Future[None]:
        """Do something longer in the background; it uses ``deliver`` and ``pause``."""
        return self._errands.submit(errand)

    def pause(self, seconds: float) -> None:
        self._closing.wait(seconds)

    def deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Post and wait for the answer; whether it was taken. A refusal (4xx) is not tried again."""
        try:
            for attempt in self._tries():
                with attempt:
                    return self._post_once(url, body, headers)
        except RetryError:
            log.warning("demo_delivery_lost", path=urlsplit(url).path)
        return False

    def close(self) -> None:
        """Wait for what is on its way."""
        self._closing.set()
        self._posting.shutdown()
        self._errands.shutdown()

    def _tries(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type((requests.RequestException, _NotTaken)),
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(self._first_pause),
            sleep=self.pause,
        )

    def _post_once(self, url: str, body: bytes, headers: Mapping[str, str]) -> bool:
        json_headers = {"Content-Type": "application/json"} | dict(headers)
        response = requests.post(url, data=body, headers=json_headers, timeout=TIMEOUT)
        if response.status_code >= 500:
            raise _NotTaken(response.status_code)
        return response.ok
