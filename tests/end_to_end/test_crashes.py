"""More than a thousand texts go out through a slow and flaky provider while workers are killed.

Whatever happens, every due text ends as one row in a definite state, the rows called sent are exactly
the texts that the provider took, and nobody gets two.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.clock import FixedClock
from app.models import Delivery, Due, Enrollment, Message, Usage
from app.ops.processes import is_running
from flows import dispatch, sweeper
from tests.end_to_end import crowd
from tests.end_to_end.stack import DISPATCH, SCHEDULER, Process, Stack, clock_environment
from tests.standins.twilio import TwilioProcess
from tests.waiting import wait_until

LONG = 150.0
FLAKY = {"rate_limited": 0.01, "error_after": 0.01, "drop_after": 0.01}
"""Every one of these can be cleared up: who is told "no" tries again, who hears nothing asks."""

SENT = {"accepted", "sent", "delivered"}
LINK = re.compile(r"/r/(\w+)")


@dataclass
class Scene:
    """The running workers, the provider, and what was on its way when something was killed."""

    stack: Stack
    provider: TwilioProcess
    log: Path
    dice: random.Random
    on_their_way: list[set[int]] = field(default_factory=list)

    @property
    def workers(self) -> list[Process]:
        return [process for name, process in self.stack.processes.items() if name.startswith("dispatch")]

    @property
    def doubtful(self) -> set[int]:
        """All that was on its way when something was killed."""
        return set().union(*self.on_their_way)

    def has_taken(self, count: int) -> bool:
        """Whether the provider has taken so many texts."""
        return self.log.read_bytes().count(b"\n") >= count

    def calling(self) -> set[int]:
        """The texts whose provider call is under way, or was when its worker died."""
        with self.stack.runtime.database.session() as session:
            query = select(Delivery.message_id).join(Message, Message.id == Delivery.message_id)
            return set(
                session.scalars(query.where(Message.status == "sending", Delivery.outcome == "calling"))
            )

    def overdue(self) -> int:
        """Due rows that nobody holds."""
        with self.stack.runtime.database.session() as session:
            query = select(func.count()).select_from(Due).where(Due.due_at <= self.stack.runtime.clock.now())
            return session.scalar(query) or 0

    def kill_a_worker(self) -> None:
        """Over its calls: it stands still while we note them."""
        worker = self.dice.choice([worker for worker in self.workers if is_running(worker)])
        os.kill(worker.id, signal.SIGSTOP)
        self.on_their_way.append(self.calling() - self.doubtful)
        worker.kill()
        worker.launch()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """A worker may also end by itself, without Valkey; then its calls are on their way too."""

        def is_true() -> bool:
            if not all(is_running(process) for process in self.stack.processes.values()):
                self.on_their_way.append(self.calling() - self.doubtful)
                self.stack.start_again_what_died()
            return condition()

        wait_until(is_true, LONG, what)

    def flush_valkey(self) -> None:
        self.stack.runtime.redis.flushall()

    def restart_valkey(self) -> None:
        self.stack.valkey.halt()
        self.stack.valkey.launch()


@pytest.fixture
def scene(
    make_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    log = tmp_path / "texts.jsonl"
    log.touch()
    for name, value in clock_environment().items():
        monkeypatch.setenv(name, value)
    with TwilioProcess(log=log, latency=0.1, receipts=False, faults=FLAKY) as provider:
        stack = Stack(
            tmp_path,
            make_database(),
            sms_provider="twilio",
            twilio_account_sid=provider.account_sid,
            twilio_auth_token=provider.auth_token,
            twilio_from="+15005550006",
            twilio_api_url=provider.url,
            countries="*",
        )
        try:
            yield Scene(stack, provider, log, random.Random(20261117))
        finally:
            stack.close()


def settle(scene: Scene) -> None:
    """An hour goes by: leases end, and the provider is asked what became of the rest."""
    scene.stack.stop()
    scene.provider.set_knobs(latency=0.0, faults={})
    clock = FixedClock(datetime.now(UTC))
    runtime = replace(scene.stack.runtime, clock=clock)
    for _ in range(12):
        clock.advance(timedelta(minutes=5))
        deadline = clock.now() + timedelta(minutes=1)
        dispatch.drain(runtime, deadline)
        sweeper.sweep(runtime, deadline)
        sweeper.drain(runtime, deadline)


def texts_by_token(scene: Scene) -> tuple[Counter[str], Counter[str]]:
    """How often the provider took each link, and how many texts it took for each number."""
    texts = [json.loads(line) for line in scene.log.read_text().splitlines()]
    return Counter(LINK.findall(text["body"])[0] for text in texts), Counter(text["to"] for text in texts)


def judge(scene: Scene, texts: int) -> None:
    with scene.stack.runtime.database.session() as session:
        messages = session.scalars(select(Message)).all()
        assert session.scalars(select(Due.once_key)).all() == []
        states = set(session.scalars(select(Enrollment.state)))
        usages = session.scalar(select(func.count()).select_from(Usage))
    taken, per_number = texts_by_token(scene)

    assert len(messages) == len({message.enrollment_id for message in messages}) == texts
    sent = {message.link_token for message in messages if message.status in SENT}
    lost = [message for message in messages if message.status not in SENT]
    assert {(message.status, message.reason) for message in lost} <= {("failed", "in_doubt")}
    assert sent == set(taken)
    assert set(taken.values()) == set(per_number.values()) == {1}
    assert usages == len(sent)
    assert states == {"completed"}

    assert {message.id for message in lost} <= scene.doubtful
    in_flight = [min(len(ids), dispatch.IN_FLIGHT) for ids in scene.on_their_way]
    assert len(lost) <= sum(in_flight)


@pytest.mark.parametrize(
    ("sizes", "blows"),
    [
        (crowd.SIZES, [Scene.kill_a_worker] * 6),
        (
            crowd.SMALLER_SIZES,
            [
                Scene.flush_valkey,
                Scene.kill_a_worker,
                Scene.restart_valkey,
                Scene.kill_a_worker,
                Scene.flush_valkey,
            ],
        ),
    ],
    ids=["workers are killed", "and Valkey loses everything"],
)
def test_every_due_text_goes_once_or_ends_in_doubt(
    scene: Scene, sizes: Sequence[int], blows: list[Callable[[Scene], None]]
) -> None:
    texts = sum(sizes)
    with scene.stack.runtime.database.session() as session:
        crowd.gather(session, scene.stack.runtime.clock.now(), sizes)
    scene.stack.start(DISPATCH, DISPATCH, DISPATCH, SCHEDULER)
    moments = sorted(scene.dice.sample(range(texts // 20, texts * 4 // 5), len(blows)))
    for moment, blow in zip(moments, blows, strict=True):
        scene.wait(partial(scene.has_taken, moment), f"{moment} texts are out")
        blow(scene)

    def is_quiet() -> bool:
        return not scene.overdue() and scene.calling() <= scene.doubtful

    scene.wait(is_quiet, "what can be sent is sent")
    settle(scene)
    judge(scene, texts)
