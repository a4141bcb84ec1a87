"""Twilio's requests to us: signed, in order for each text, off the threads that answer requests."""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import itertools
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import requests

THREADS = 8
ANSWER_WITHIN = 15.0
"""Twilio waits 15 seconds for an answer."""

_XML = ("text/xml", "application/xml", "text/html")


@dataclass(frozen=True)
class Outcome:
    """One callback: what was sent, and what Twilio would say of the answer (None: nothing)."""

    url: str
    fields: dict[str, str]
    http_status: int | None
    complaint: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def sign(url: str, fields: dict[str, str], auth_token: str) -> str:
    """``X-Twilio-Signature`` of a form callback (docs/usage/webhooks/webhooks-security)."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Postman:
    """Runs jobs at their time on a few threads, each with a session of its own."""

    def __init__(self, auth_token: str) -> None:
        self.outcomes: list[Outcome] = []
        self._auth_token = auth_token
        self._jobs: list[tuple[float, int, Callable[[requests.Session], None]]] = []
        self._order = itertools.count()
        self._unfinished = 0
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def later(self, delay: float, job: Callable[[requests.Session], None]) -> None:
        """Run a job after ``delay`` seconds."""
        with self._changed:
            heapq.heappush(self._jobs, (time.monotonic() + delay, next(self._order), job))
            self._unfinished += 1
            self._changed.notify_all()

    def post(self, session: requests.Session, url: str, fields: dict[str, str]) -> Outcome:
        """Post one signed callback and keep its outcome."""
        headers = {
            "X-Twilio-Signature": sign(url, fields, self._auth_token),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "User-Agent": "TwilioProxy/1.1",
        }
        try:
            answer = session.post(
                url, data=fields, headers=headers, timeout=ANSWER_WITHIN, allow_redirects=False
            )
            outcome = Outcome(url, fields, answer.status_code, _complaint(answer))
        except requests.RequestException as error:
            outcome = Outcome(url, fields, None, f"11200: no answer: {type(error).__name__}")
        self.outcomes.append(outcome)
        return outcome

    def settle(self, timeout: float) -> bool:
        """Wait until nothing is left to do; False if that took longer than ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unfinished == 0, timeout)

    def close(self) -> None:
        """Drop what has not begun and wait for what has."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        with requests.Session() as session:
            while job := self._next():
                try:
                    job(session)
                finally:
                    with self._changed:
                        self._unfinished -= 1
                        self._changed.notify_all()

    def _next(self) -> Callable[[requests.Session], None] | None:
        with self._changed:
            while not self._closed:
                wait = self._jobs[0][0] - time.monotonic() if self._jobs else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._jobs)[2]
                self._changed.wait(wait)
            return None


def _complaint(answer: requests.Response) -> str | None:
    if answer.status_code >= 300:
        return f"11200: HTTP {answer.status_code}"
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if answer.content and media_type not in _XML:
        return f"12300: the answer is {media_type or 'untyped'}; plain text would be sent as a text"
    return None
