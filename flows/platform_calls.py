"""Calls to many platforms at once, outside any transaction and within a budget of time.

One shop gets few calls at a time, in order: it may be a small one, and the others want their turn. A shop
that answered none of them in time is left in peace for a while, and keeps no other waiting meanwhile.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import lru_cache, partial
from threading import Lock
from typing import Generic, TypeVar

import structlog

from app.models import Store
from app.runtime import Runtime
from connectors.discounts import DiscountMaker
from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from flows import connections, silence
from flows.faults import UNAPPLICABLE, sentence

log = structlog.get_logger()

AT_ONCE = 64
AT_ONE_SHOP = {"shopify": 16, "woocommerce": 8, "demo": 8}
"""So many calls at a time. Small WooCommerce shops serve hardly more at once, their shoppers' among them."""
BEGUN_WITHIN = 0.5
"""The part of its time in which a call to a shop is begun: the rest is left for the answer."""
FOUND_NOBODY = 8
"""A shop at which so many calls found nobody, and none somebody, is asked no more."""
SILENT = "discounts_silent"

LATE = "The shop did not answer in time."

Name = TypeVar("Name")
T = TypeVar("T")


class NotAsked(Unreachable):
    """The call was never begun: the shop, or we, were at work on others. Not before ``after`` seconds."""

    def __init__(self, after: float = 0.0) -> None:
        super().__init__("The shop was still at work on other calls.")
        self.after = after


@dataclass(slots=True)
class _Shop(Generic[Name, T]):
    """The calls to one shop, ``lanes`` at a time. ``away``: why it is asked no more; ``gone``: how many calls
    found nobody."""

    lanes: int
    waiting: deque[tuple[Name, Callable[[], T]]] = field(default_factory=deque)
    begun: set[Name] = field(default_factory=set)
    found: dict[Name, T | ConnectorError] = field(default_factory=dict)
    away: ConnectorError | None = None
    gone: int = 0
    answered: bool = False
    silent: bool = False
    lock: Lock = field(default_factory=Lock)

    def work(self, begun_by: float) -> None:
        """One call after the other, until none is left, time is over, or it makes no sense any more."""
        while (turn := self._next(begun_by)) is not None:
            name, call = turn
            answer = _answer(call)
            with self.lock:
                self.found[name] = answer
                self._heed(answer)

    def _next(self, begun_by: float) -> tuple[Name, Callable[[], T]] | None:
        with self.lock:
            if not self.waiting or self.away is not None or time.monotonic() >= begun_by:
                return None
            name, call = self.waiting.popleft()
            self.begun.add(name)
            return name, call

    def _heed(self, answer: T | ConnectorError) -> None:
        """Keys that are gone stay gone, and a shop that asks for peace gets it."""
        if isinstance(answer, Unreachable):
            self.gone += 1
        else:
            self.answered = True
        if isinstance(answer, Throttled):
            self.away = NotAsked(answer.retry_after)
        elif isinstance(answer, Reconnect) or (self.gone >= FOUND_NOBODY and not self.answered):
            self.away = answer if isinstance(answer, ConnectorError) else None

    def close(self) -> dict[Name, T | ConnectorError]:
        """What each call gave, or why it gave nothing; what comes later is not waited for.

        Silent is a shop that answered none: it let time run out over some, or many found nobody.
        """
        with self.lock:
            late = {name: Unreachable(LATE) for name in self.begun if name not in self.found}
            self.silent = not self.answered and (bool(late) or self.gone >= FOUND_NOBODY)
            rest = self.away or (Unreachable(LATE) if self.silent else NotAsked())
            left = {name: rest for name, _ in self.waiting}
            self.waiting.clear()
            return self.found | late | left


def call_makers(
    runtime: Runtime,
    stores: Mapping[Name, Store],
    call: Callable[[DiscountMaker, Name], T],
    seconds: float,
) -> dict[Name, T | ConnectorError]:
    """``call`` for each name with what makes codes at its store, or why there was no answer.

    A store's keys are read once, and not by the threads: they would wait for the few connections that a
    worker has to the database.
    """
    by_id = {store.id: store for store in stores.values()}
    if not by_id:
        return {}
    now = runtime.clock.now()
    quiet = silence.silent(runtime, SILENT, by_id, now)
    makers = {store.id: _maker(runtime, store, store.id in quiet) for store in by_id.values()}
    shops: dict[int, _Shop[Name, T]] = {
        store.id: _Shop(AT_ONE_SHOP[store.platform]) for store in by_id.values()
    }
    for name, store in stores.items():
        maker, shop = makers[store.id], shops[store.id]
        if isinstance(maker, ConnectorError):
            shop.found[name] = maker
        else:
            shop.waiting.append((name, partial(call, maker, name)))
    _work(shops.values(), seconds)
    answers = [shop.close() for shop in shops.values()]
    silence.leave_in_peace(runtime, SILENT, {name for name, shop in shops.items() if shop.silent}, now)
    return {name: answer for one in answers for name, answer in one.items()}


def _maker(runtime: Runtime, store: Store, quiet: bool) -> DiscountMaker | ConnectorError:
    if quiet:
        return Unreachable(LATE)
    if store.status == "reconnect":
        return Reconnect(store.status_reason or "The store no longer accepts our keys.")
    try:
        return connections.discount_maker(runtime, store)
    except ConnectorError as error:
        return error


def _work(shops: Iterable[_Shop[Name, T]], seconds: float) -> None:
    """Every shop gets its first thread before any gets its second."""
    begun_by = time.monotonic() + seconds * BEGUN_WITHIN
    most = max(AT_ONE_SHOP.values())
    lanes = [shop for lane in range(most) for shop in shops if lane < min(shop.lanes, len(shop.waiting))]
    running = [_threads().submit(shop.work, begun_by) for shop in lanes]
    done, late = wait(running, seconds)
    for lane in late:
        lane.cancel()
    for lane in done:
        if (error := lane.exception()) is not None:
            log.error("platform_call_failed", error=type(error).__name__)


def _answer(call: Callable[[], T]) -> T | ConnectorError:
    try:
        return call()
    except ConnectorError as error:
        return error
    except UNAPPLICABLE as error:
        log.warning("platform_call_failed", error=sentence(error))
        return ConnectorError("The call to the shop failed by a fault of ours.")


@lru_cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="platform")
