"""Dispatch: from due steps to recorded results in one worker, against a bare loop of posts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from statistics import median
from threading import Event

import requests
from sqlalchemy import func, select

from app.models import Delivery, Due, Message
from app.queue import DISPATCH
from app.runtime import Runtime
from bench import profiles, provider
from bench.figures import Figure, at_least, figure, in_turn, ratio
from bench.provider import Stub
from bench.rows import add_due_texts, add_store
from bench.stage import TWILIO_ACCOUNT, TWILIO_SERVICE, TWILIO_TOKEN, Stage, say
from flows import dispatch, due

TITLE = "Dispatch"
METHOD = """
A worker process as in production (`warmcart worker dispatch`) works off due first texts of 20 stores: claim,
gates, words, rows, the provider call, its result and the plan for the next step. The carts were heard of a
moment ago, so their platforms are not asked. Measured from the claim of the first text until all of a round
are recorded as accepted. The provider is a local process that takes texts as Twilio does and answers at once.
Compared to a bare loop of posts in one process: one `requests.Session`, the same address, credentials and
body. Then the same worker with a provider that takes 200 ms. After each round the provider must have got as
many texts as are recorded as accepted.
"""
FAST, SLOW = at_least(0.6), at_least(150)
SLOW_MS = 200
STORES = 20
TEXTS = 1500
FAST_ROUNDS, SLOW_ROUNDS = 7, 3
PATIENCE_SECONDS = 120.0


def measure(stage: Stage) -> list[Figure]:
    return [_against_bare_loop(stage), _with_slow_provider(stage)]


def _against_bare_loop(stage: Stage) -> Figure:
    with opened(stage, 0, "dispatch") as scene:
        with stage.worker(DISPATCH, scene.environment):
            scene.texts_per_second()  # warm
            rounds = in_turn(scene.texts_per_second, scene.posts_per_second, FAST_ROUNDS)
        details = f"{median(rounds.first):,.0f} texts/s and {median(rounds.second):,.0f} posts/s"
        found = ratio("Dispatch by one worker : bare loop of posts", rounds, FAST, details)
        return profiles.explained(found, scene.profile)


def _with_slow_provider(stage: Stage) -> Figure:
    with opened(stage, SLOW_MS, "dispatch_slow") as scene:
        with stage.worker(DISPATCH, scene.environment):
            scene.texts_per_second()  # warm
            rates = [scene.texts_per_second() for _ in range(SLOW_ROUNDS)]
        found = figure(f"Dispatch by one worker, provider takes {SLOW_MS} ms", rates, "texts/s", SLOW)
        return profiles.explained(found, scene.profile)


@contextmanager
def opened(stage: Stage, milliseconds: int, name: str) -> Iterator[Scene]:
    """A database of that name, and a provider that takes so long."""
    url = stage.new_database(name)
    with provider.running(milliseconds) as stub:
        settings = sending_through(stub)
        with stage.runtime(url, **settings) as runtime:
            yield Scene(runtime, stub, stage.environment(url, **settings))


def sending_through(stub: Stub) -> dict[str, str]:
    """The settings of a process that sends through the stub."""
    return {
        "SMS_PROVIDER": "twilio",
        "TWILIO_API_URL": stub.url,
        "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_MESSAGING_SERVICE_SID": TWILIO_SERVICE,
    }


class Scene:
    """Stores whose texts come due round by round, and the provider that takes them."""

    def __init__(self, runtime: Runtime, stub: Stub, environment: dict[str, str]) -> None:
        self.environment = environment
        self._runtime, self._stub = runtime, stub
        self._stores = [add_store(runtime, f"shop{number}.myshopify.com") for number in range(STORES)]
        self._made = self._posted = 0

    def texts_per_second(self) -> float:
        """Have a round of texts come due, and time the worker until the last one is recorded."""
        due_at = self.make_due()
        self.wake()
        ended_at = self._wait_until_done()
        self._check()
        with self._runtime.database.session() as session:
            calls = select(func.min(Delivery.started_at)).where(Delivery.started_at >= due_at)
            began_at = session.scalars(calls).one()
        rate = TEXTS / (ended_at - began_at).total_seconds()
        say(f"  {rate:,.0f} texts/s")
        return rate

    def posts_per_second(self) -> float:
        """The bare loop, with the body of a real text."""
        url = f"{self._stub.url}/2010-04-01/Accounts/{TWILIO_ACCOUNT}/Messages.json"
        form = {
            "To": "+447400000001",
            "MessagingServiceSid": TWILIO_SERVICE,
            "Body": self._last_body(),
            "StatusCallback": f"{self._runtime.settings.public_url}/webhooks/sms/twilio/receipt",
            "ValidityPeriod": "36000",
            "SmartEncoded": "false",
        }
        with requests.Session() as session:
            session.auth = (TWILIO_ACCOUNT, TWILIO_TOKEN)
            began_at = time.perf_counter()
            for _ in range(TEXTS):
                session.post(url, data=form, timeout=30).raise_for_status()
            rate = TEXTS / (time.perf_counter() - began_at)
        self._posted += TEXTS
        say(f"  {rate:,.0f} posts/s")
        return rate

    def make_due(self) -> datetime:
        """Texts that are due now, and when that is."""
        now = self._runtime.clock.now()
        with self._runtime.database.session() as session:
            add_due_texts(session, self._stores, self._made + 1, TEXTS, now)
        with self._runtime.database.autocommit.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
        self._made += TEXTS
        return now

    def wake(self) -> None:
        self._runtime.waker.wake(DISPATCH)

    def is_done(self) -> bool:
        """Whether nothing is due or claimed any more."""
        soon = self._runtime.clock.now() + timedelta(hours=1)
        with self._runtime.database.session() as session:
            left = select(Due.id).where(Due.kind == due.STEP, Due.due_at < soon)
            return session.scalar(left.limit(1)) is None

    def _wait_until_done(self) -> datetime:
        pause = Event()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.is_done():
                return self._runtime.clock.now()
            pause.wait(0.01)
        raise RuntimeError(f"The worker is not through with its texts after {PATIENCE_SECONDS:.0f} s.")

    def _check(self) -> None:
        """All texts are accepted, and the provider got each once."""
        with self._runtime.database.session() as session:
            statuses = session.execute(select(Message.status, func.count()).group_by(Message.status)).all()
        taken = self._stub.count() - self._posted
        if dict(statuses) != {"accepted": self._made} or taken != self._made:
            raise RuntimeError(f"{self._made} texts were due; recorded: {statuses}; the provider got {taken}")

    def profile(self) -> list[str]:
        """The same work in this process."""
        self.make_due()
        with profiles.profiled() as lines:
            dispatch.drain(self._runtime)
        return lines

    def _last_body(self) -> str:
        with self._runtime.database.session() as session:
            return session.scalars(select(Message.body).limit(1)).one() or ""
