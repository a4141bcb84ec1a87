"""Latency of a quiet installation: from an answered webhook to what it sets going."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from threading import Event
from typing import Any

from sqlalchemy import select

from app.models import Delivery, Due, InboundEvent, Message, Store
from app.queue import QUEUES
from app.runtime import Runtime
from bench import intake, profiles, provider
from bench.dispatch import sending_through
from bench.figures import Figure, Target, at_most
from bench.provider import Stub
from bench.rows import add_store, country_that_is_awake
from bench.shopper import Sender, Shopper
from bench.stage import Stage, say
from flows import due, heartbeats, registry, stats

TITLE = "Latency"
METHOD = """
Web server, one worker for each queue and the scheduler as processes, as in production, with nothing else to
do. Shoppers come one at a time: a signed `checkouts/create`; the text that follows (the cart counts as left
after a second, its text is due two seconds later); a signed receipt that says it was delivered; a signed
`orders/create` of that cart. The provider is a local process that takes texts as Twilio does. Each wait is
measured from outside, by a look at the committed rows and at the provider's count every 10 ms: from the
answer 200 to the checkout until it is applied; from the moment at which the step is due until the provider
has the text; from the answers to the receipt and to the order until the figures that the overview page reads
show them. The figure is the longest of all waits; the first shopper warms up and is not counted.
"""
APPLIED, SENT, SHOWN = at_most(2), at_most(2), at_most(5)
SHOPPERS = 20
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 60.0
DAY = timedelta(days=1)
FLOW: dict[str, Any] = {
    "version": 1,
    "name": "Abandoned cart",
    "active": True,
    "trigger": {"type": "cart_abandoned", "idle": "PT1S", "cutoff": "P4D"},
    "steps": [{"key": "reminder", "delay": "PT2S", "texts": {}}],
}


def measure(stage: Stage) -> list[Figure]:
    with _opened(stage) as scene:
        scene.serve_shopper(_Waits())  # warm
        waits = _Waits()
        for number in range(SHOPPERS):
            scene.serve_shopper(waits)
            say(f"  shopper {number + 1} of {SHOPPERS}: {waits.last()}")
    return [
        longest("Webhook answered, event applied", waits.applied, APPLIED),
        longest("Step due, provider has the text", waits.sent, SENT),
        longest("Receipt answered, figures show it", waits.receipt_shown, SHOWN),
        longest("Order answered, figures show it", waits.order_shown, SHOWN),
    ]


@dataclass(frozen=True)
class _Waits:
    """Seconds, one of each kind per shopper."""

    applied: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    receipt_shown: list[float] = field(default_factory=list)
    order_shown: list[float] = field(default_factory=list)

    def last(self) -> str:
        kinds = (self.applied, self.sent, self.receipt_shown, self.order_shown)
        return ", ".join(f"{waits[-1]:.2f} s" for waits in kinds)


def longest(name: str, waits: list[float], target: Target) -> Figure:
    """The longest wait is what the target limits; where it is missed, all of them are told."""
    longest = max(waits)
    found = Figure(name, longest, longest, longest, "s", target, f"{median(waits):.2f} s in the median")
    return profiles.explained(found, lambda: ["seconds: " + " ".join(f"{wait:.2f}" for wait in waits)])


@contextmanager
def _opened(stage: Stage) -> Iterator[_Scene]:
    url = stage.new_database("latency")
    with provider.running(0) as stub, ExitStack() as stack:
        settings = sending_through(stub)
        environment = stage.environment(url, **settings)
        runtime = stack.enter_context(stage.runtime(url, **settings))
        store = _add_store(runtime)
        stage.empty_queues()
        for program in (*(["worker", queue] for queue in QUEUES), ["scheduler"]):
            stack.enter_context(stage.process(["app.ops", *program], environment))
        web = stack.enter_context(stage.web(environment))
        with closing(Sender(web.url, runtime.settings.public_url)) as sender:
            scene = _Scene(runtime, store, stub, sender)
            _wait_until(lambda: scene.everybody_works(), "the workers and the scheduler work")
            yield scene


def _add_store(runtime: Runtime) -> Store:
    """One whose platform need not be asked: it was reconciled a moment ago."""
    now = runtime.clock.now()
    country = country_that_is_awake(now)
    columns = {"country": country, "currency": "USD", "timezone": "UTC", "reconciled_at": now}
    store = add_store(runtime, intake.DOMAIN, **columns)
    with runtime.database.session() as session:
        registry.import_definition(session, store, FLOW, "operator", now)
    return store


@dataclass(frozen=True)
class _Scene:
    """One store with shoppers who come one at a time, and what each of them waits for."""

    runtime: Runtime
    store: Store
    stub: Stub
    sender: Sender

    def everybody_works(self) -> bool:
        with self.runtime.database.session() as session:
            return not heartbeats.missing_roles(session, self._now())

    def serve_shopper(self, waits: _Waits) -> None:
        shopper = Shopper(str(self.store.country))
        before = self._figures()
        self.sender.shopify("checkouts/create", shopper.checkout(self._now()), self._now())
        waits.applied.append(self._wait(self._now(), self._all_applied, "the event is applied"))
        taken = self.stub.count()
        due_at = self._next_step()
        waits.sent.append(self._wait(due_at, lambda: self.stub.count() > taken, "the text is sent"))
        self.sender.delivered(self._accepted())
        waits.receipt_shown.append(
            self._wait(self._now(), lambda: self._figures().delivered > before.delivered, "the receipt shows")
        )
        self.sender.shopify("orders/create", shopper.order(self._now()), self._now())
        waits.order_shown.append(
            self._wait(self._now(), lambda: self._figures().orders > before.orders, "the order shows")
        )

    def _wait(self, since: datetime, condition: Callable[[], bool], what: str) -> float:
        """Seconds from a moment until the condition is true."""
        _wait_until(condition, what)
        return (self._now() - since).total_seconds()

    def _now(self) -> datetime:
        return self.runtime.clock.now()

    def _all_applied(self) -> bool:
        with self.runtime.database.session() as session:
            pending = select(InboundEvent.id).where(InboundEvent.state != "applied")
            return session.scalar(pending.limit(1)) is None

    def _next_step(self) -> datetime:
        """When the shopper's text is due, once their cart counts as left."""
        with self.runtime.database.session() as session:
            planned = select(Due.due_at).where(Due.kind == due.STEP, Due.lease.is_(None))
            _wait_until(lambda: session.scalar(planned) is not None, "the text is planned")
            return session.scalars(planned).one()

    def _accepted(self) -> str:
        """The provider's name for the newest text, once it is recorded."""
        with self.runtime.database.session() as session:
            sending = select(Message.id).where(Message.status == "sending")
            _wait_until(lambda: session.scalar(sending.limit(1)) is None, "the text is recorded")
            newest = select(Delivery.provider_id).order_by(Delivery.id.desc()).limit(1)
            return str(session.scalars(newest).one())

    def _figures(self) -> stats.Figures:
        """What the overview page shows of these days."""
        today = self._now().date()
        with self.runtime.database.session() as session:
            return stats.overview(session, self.store.id, today - DAY, today + DAY).total


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    pause = Event()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"After {PATIENCE_SECONDS:.0f} s it is not true that {what}.")
        pause.wait(LOOK_SECONDS)
