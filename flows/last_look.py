"""The last look before a text goes: does the platform know of an order that we have not been told of?

Platforms are asked in threads, outside any transaction, within a budget of time. One that does not
answer in time holds up no text, and is left in peace for a while.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from functools import lru_cache

import structlog
from sqlalchemy import select, tuple_

from app.models import CartKey, Store
from app.runtime import Runtime
from connectors.events import Key, OrderSeen, OrderStatus, Shopper
from connectors.platform import ConnectorError, StoreClient
from flows import connections, intake, silence
from flows.conflicts import again
from flows.facts import DueStep
from flows.faults import UNAPPLICABLE, sentence
from flows.gates import PlatformCheck

log = structlog.get_logger()

AT_ONCE = 32
BUDGET_SECONDS = 3.0
SILENT = "platform_silent"

Answer = Future[OrderSeen | None]


def look(runtime: Runtime, steps: Sequence[DueStep], now: datetime) -> dict[int, PlatformCheck]:
    """What the platforms of these carts say of an order, by claim id; UNKNOWN where none answers in time.

    An order that is found is taken in like any other news.
    """
    checks = dict.fromkeys((step.claim.id for step in steps), PlatformCheck.UNKNOWN)
    asked = _ask(runtime, steps, now)
    _, late = wait(asked, BUDGET_SECONDS)
    silent = set[int]()
    for answer, step in asked.items():
        if answer in late:
            # What was never begun waited for others: that is not the platform's silence.
            silent |= set() if answer.cancel() else {step.store.id}
            continue
        error = answer.exception()
        if isinstance(error, ConnectorError):
            silent.add(step.store.id)
            log.warning("platform_does_not_tell", store_id=step.store.id, error=str(error))
        elif isinstance(error, Exception):
            log.warning("platform_not_asked", store_id=step.store.id, error=sentence(error))
        else:
            checks[step.claim.id] = _heed(runtime, step, answer.result(), now)
    silence.leave_in_peace(runtime, SILENT, silent, now)
    return checks


def _ask(runtime: Runtime, steps: Sequence[DueStep], now: datetime) -> dict[Answer, DueStep]:
    silent = silence.silent(runtime, SILENT, {step.store.id for step in steps}, now)
    steps = [step for step in steps if step.store.id not in silent]
    keys = _keys(runtime, steps)
    clients: dict[int, StoreClient] = {}
    asked: dict[Answer, DueStep] = {}
    for step in _in_turn(steps):
        try:
            client = clients.get(step.store.id) or connections.store_client(runtime, step.store)
        except ConnectorError as error:
            log.warning("platform_not_asked", store_id=step.store.id, error=str(error))
            continue
        clients[step.store.id] = client
        question = (keys[step.store.id, step.cart.id], _shopper(step), step.cart.activity_at)
        asked[_threads().submit(client.find_order, *question)] = step
    return asked


def _in_turn(steps: Sequence[DueStep]) -> list[DueStep]:
    """Every store is asked about one text before any is about its second: one that does not answer takes no
    other's place."""
    places: Counter[int] = Counter()
    numbered = []
    for step in steps:
        numbered.append((places[step.store.id], step))
        places[step.store.id] += 1
    return [step for _, step in sorted(numbered, key=lambda one: one[0])]


@lru_cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="last-look")


def _shopper(step: DueStep) -> Shopper:
    cart, contact = step.cart, step.contact
    return Shopper(
        phones=(contact.phone,),
        email=cart.email or contact.email,
        customer_id=cart.customer_id or contact.customer_id,
        country=cart.country or contact.country,
    )


def _keys(runtime: Runtime, steps: Sequence[DueStep]) -> dict[tuple[int, int], list[Key]]:
    found: dict[tuple[int, int], list[Key]] = defaultdict(list)
    owner = (CartKey.store_id, CartKey.cart_id)
    names = [(step.store.id, step.cart.id) for step in steps]
    with runtime.database.session() as session:
        rows = session.execute(
            select(*owner, CartKey.kind, CartKey.value).where(CartKey.in_use, tuple_(*owner).in_(names))
        )
        for store_id, cart_id, kind, value in rows:
            found[store_id, cart_id].append(Key(kind, value))
    return found


def _heed(runtime: Runtime, step: DueStep, order: OrderSeen | None, now: datetime) -> PlatformCheck:
    """An order that was cancelled stops nothing by itself: what our rows say of the cart then decides."""
    if order is None:
        return PlatformCheck.CLEAR
    try:
        _take_in(runtime, step.store.id, order, now)
    except UNAPPLICABLE as error:
        log.warning("found_order_not_taken_in", store_id=step.store.id, error=sentence(error))
    return PlatformCheck.CLEAR if order.status is OrderStatus.CANCELLED else PlatformCheck.ORDERED


@again
def _take_in(runtime: Runtime, store_id: int, order: OrderSeen, now: datetime) -> None:
    with runtime.database.session() as session:
        intake.apply(session, runtime, session.get_one(Store, store_id), order, received_at=now)
