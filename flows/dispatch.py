"""Due texts out: claim, decide, call the provider, record; many calls in flight, writes in batches.

No transaction is open while a platform or a provider is asked. A text is committed as ``sending``
before its call; right before the call its cart is looked at once more, so that an order or a stop that
we acknowledged meanwhile wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar

import structlog
from sqlalchemy import select

from app.models import Enrollment
from app.queue import DISPATCH
from app.runtime import Runtime
from connectors.sms import InDoubt, Provider, SendResult
from connectors.sms_http import CALLS_IN_FLIGHT
from flows import (
    answers,
    bulk,
    candidates,
    discounts,
    due,
    gates,
    last_look,
    opt_in_requests,
    outcomes,
    providers,
    retries,
    sending,
)
from flows.conflicts import is_database_away
from flows.discounts import Offering, Without
from flows.due import Claim
from flows.facts import DueStep
from flows.faults import UNAPPLICABLE, sentence
from flows.gates import PlatformCheck
from flows.outcomes import Call, Withheld
from flows.outgoing import Outgoing
from flows.sending import NOTHING_ASKED, Asked, Prepared

log = structlog.get_logger()

# A claim is never larger than the free places for calls, so that nothing claimed waits for its call; with
# less than a quarter of them free it is not worth its transactions.
IN_FLIGHT = CALLS_IN_FLIGHT
# Longer than the last look and the longest call together: a slow provider does not outlive it.
LEASE = timedelta(minutes=2)
# Results are gathered as long as one follows the other so closely; nothing keeps the next claim longer.
GATHER_SECONDS, LONGEST_WAIT_SECONDS = 0.02, 0.5

# A row that fails by a fault of ours is tried again, for the fault may be mended.
AFTER_FAULT = timedelta(minutes=10)

T = TypeVar("T")


@dataclass(slots=True)
class _Calls:
    """The calls in flight, and those that have come back."""

    running: dict[Future[SendResult], Outgoing] = field(default_factory=dict)
    back: SimpleQueue[Future[SendResult]] = field(default_factory=SimpleQueue)

    def begin(self, threads: ThreadPoolExecutor, provider: Provider, texts: Sequence[Outgoing]) -> None:
        for one in texts:
            call = threads.submit(provider.send, one.text)
            self.running[call] = one
            call.add_done_callback(self.back.put)

    def take_back(self) -> list[Call]:
        """The calls that have come back: half of those in flight, or what a short wait brings.

        Half, so that the other half is under way while these are written down.
        """
        wanted = (len(self.running) + 1) // 2
        found: list[Future[SendResult]] = []
        try:
            found.append(self.back.get(timeout=LONGEST_WAIT_SECONDS))
            while len(found) < wanted:
                found.append(self.back.get(timeout=GATHER_SECONDS))
        except Empty:
            pass
        return [(self.running.pop(call), _result(call)) for call in found]


@dataclass(slots=True)
class _Recorder:
    """Writes results down beside the claiming of the next texts, one batch after the other."""

    runtime: Runtime
    thread: ThreadPoolExecutor
    running: Future[None] | None = None

    def begin(self, calls: Sequence[Call]) -> None:
        self.is_awaited()
        self.running = self.thread.submit(_record, self.runtime, calls)

    def is_awaited(self) -> bool:
        """Waits for the batch that is being written, and raises what it raised; False if there is none."""
        running, self.running = self.running, None
        if running is not None:
            running.result()
        return running is not None


def drain(runtime: Runtime, deadline: datetime | None = None) -> int:
    """Send what is due until nothing is left or ``deadline`` is reached; says how many calls were made.

    An exception of the provider is a fault of ours: the text is in doubt. Anything that ends the process
    leaves the texts in flight as ``sending``.
    """
    provider = providers.provider(runtime)
    calls = _Calls()
    count = 0
    with (
        ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="send") as threads,
        ThreadPoolExecutor(1, thread_name_prefix="record") as thread,
    ):
        recorder = _Recorder(runtime, thread)
        while True:
            claimed = False
            room = IN_FLIGHT - len(calls.running)
            if room * 4 >= IN_FLIGHT and (deadline is None or runtime.clock.now() < deadline):
                for texts in _next(runtime, room):
                    claimed = True
                    calls.begin(threads, provider, texts)
                    count += len(texts)
            if calls.running:
                recorder.begin(calls.take_back())
            elif not recorder.is_awaited() and not claimed:
                return count


def _next(runtime: Runtime, room: int) -> Iterator[list[Outgoing]]:
    """Claim up to ``room`` due rows; what may go at once comes first, then what platforms were asked about.

    Yields nothing when nothing is due.
    """
    now = runtime.clock.now()
    claims = due.claim(runtime.database, due.RESEND, room, now, LEASE)
    if len(claims) < room:
        claims += due.claim(runtime.database, due.STEP, room - len(claims), now, LEASE)
    if len(claims) < room:
        claims += due.claim(runtime.database, due.OPT_IN, room - len(claims), now, LEASE)
    if not claims:
        return
    if len(claims) == room:
        runtime.waker.soon(DISPATCH)
    to_answer = [claim for claim in claims if claim.reason == retries.ANSWER]
    yield answers.prepare(runtime, to_answer, now) if to_answer else []
    to_ask = [claim for claim in claims if opt_in_requests.is_ours(claim)]
    if to_ask:
        going, withheld = opt_in_requests.prepare(runtime, to_ask, now)
        _record(runtime, withheld)
        yield going
    carts = [claim for claim in claims if claim not in to_answer and claim not in to_ask]
    if carts:
        yield from _next_of_carts(runtime, carts, now)


def _next_of_carts(runtime: Runtime, claims: Sequence[Claim], now: datetime) -> Iterator[list[Outgoing]]:
    prepared = _prepare(runtime, claims, now)
    yield _still_clear(runtime, prepared.outgoing)
    if prepared.to_ask:
        checks = last_look.look(runtime, prepared.to_ask, now)
        clear = [step for step in prepared.to_ask if checks[step.claim.id] is not PlatformCheck.ORDERED]
        asked = Asked(checks, _offer(runtime, clear, now))
        claims = [step.claim for step in prepared.to_ask]
        again = _prepare(runtime, claims, runtime.clock.now(), asked)
        yield _still_clear(runtime, again.outgoing)


def _offer(runtime: Runtime, steps: Sequence[DueStep], now: datetime) -> dict[int, Offering]:
    """A text whose offer cannot be worked on goes without it, and keeps no other back."""
    try:
        return discounts.offer(runtime, steps, now)
    except UNAPPLICABLE as error:
        if is_database_away(error):
            raise
        if len(steps) > 1:
            first, second = (_offer(runtime, half, now) for half in _halves(steps))
            return first | second
        (step,) = steps
        log.warning("offer_failed", subject=step.enrollment.id, error=sentence(error))
        discounts.give_up(runtime, step, now)
        return {step.claim.id: Without("code_not_made")}


def _prepare(
    runtime: Runtime,
    claims: Sequence[Claim],
    now: datetime,
    asked: Asked = NOTHING_ASKED,
) -> Prepared:
    """A row that cannot be worked on keeps no other back: the batch is halved until the row is alone."""
    try:
        return sending.prepare(runtime, claims, now, asked)
    except UNAPPLICABLE as error:
        if is_database_away(error):
            raise
        if len(claims) > 1:
            first, second = (_prepare(runtime, half, now, asked) for half in _halves(claims))
            return Prepared(first.outgoing + second.outgoing, first.to_ask + second.to_ask)
        (claim,) = claims
        log.warning("due_row_failed", kind=claim.kind, subject=claim.subject, error=sentence(error))
        with runtime.database.session() as session:
            due.put_back(session, claim, now + AFTER_FAULT, "fault")
        return Prepared([], [])


def _halves(rows: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    middle = len(rows) // 2
    return rows[:middle], rows[middle:]


def _still_clear(runtime: Runtime, texts: Sequence[Outgoing]) -> list[Outgoing]:
    """The texts whose carts nothing has come in about since their rows were written.

    Whatever was acknowledged before these rows were committed is visible now: an order in the inbox, or
    an enrollment that a stop or an order has ended.
    """
    if not texts:
        return []
    now = runtime.clock.now()
    held: dict[int, Withheld] = {}
    with runtime.database.session() as session:
        pairs = [(one.step.cart, one.step.contact) for one in texts if one.step is not None]
        pending = candidates.with_pending_events(session, pairs)
        ids = {one.message.enrollment_id for one in texts if one.message.enrollment_id is not None}
        query = select(Enrollment.id, Enrollment.reason).where(
            Enrollment.state == "ended", bulk.among(Enrollment.id, ids)
        )
        ended = {enrollment_id: reason for enrollment_id, reason in session.execute(query)}
    for one in texts:
        if one.message.enrollment_id in ended:
            held[one.delivery_id] = Withheld(ended[one.message.enrollment_id] or "ended", now)
        elif (one.message.store_id, one.message.cart_id) in pending:
            held[one.delivery_id] = Withheld("event_pending", now + gates.EVENT_PENDING_PAUSE)
    _record(runtime, [(one, held[one.delivery_id]) for one in texts if one.delivery_id in held])
    return [one for one in texts if one.delivery_id not in held]


def _result(call: Future[SendResult]) -> SendResult:
    error = call.exception()
    if isinstance(error, Exception):
        log.error("provider_raised", error=type(error).__name__)
        return InDoubt(type(error).__name__)
    return call.result()


def _record(runtime: Runtime, calls: Sequence[Call]) -> None:
    """A result that cannot be written down leaves its text in doubt, and keeps no other back."""
    if not calls:
        return
    try:
        outcomes.record(runtime, calls, runtime.clock.now())
    except UNAPPLICABLE as error:
        if is_database_away(error):
            raise
        if len(calls) > 1:
            for half in _halves(calls):
                _record(runtime, half)
            return
        log.warning("result_not_recorded", message_id=calls[0][0].message.id, error=sentence(error))
