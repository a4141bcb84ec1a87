"""Calls to many platforms at once, outside any transaction and within a budget of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache, partial
from typing import TypeVar

import structlog

from app.models import Store
from app.runtime import Runtime
from connectors.discounts import DiscountMaker
from connectors.platform import ConnectorError, Unreachable
from flows import connections

log = structlog.get_logger()

AT_ONCE = 32

Name = TypeVar("Name")
T = TypeVar("T")


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
    makers: dict[int, DiscountMaker | ConnectorError] = {}
    for store in stores.values():
        if store.id not in makers:
            try:
                makers[store.id] = connections.discount_maker(runtime, store)
            except ConnectorError as error:
                makers[store.id] = error
    found: dict[Name, T | ConnectorError] = {}
    calls: dict[Name, Callable[[], T]] = {}
    for name, store in stores.items():
        maker = makers[store.id]
        if isinstance(maker, ConnectorError):
            found[name] = maker
        else:
            calls[name] = partial(call, maker, name)
    return found | _call_each(calls, seconds)


def _call_each(calls: Mapping[Name, Callable[[], T]], seconds: float) -> dict[Name, T | ConnectorError]:
    """What each call gave, or why it gave nothing. One that comes back too late is Unreachable."""
    running = {name: _threads().submit(call) for name, call in calls.items()}
    done, _ = wait(running.values(), seconds)
    found: dict[Name, T | ConnectorError] = {}
    for name, future in running.items():
        if future not in done:
            future.cancel()
            found[name] = Unreachable("The shop did not answer in time.")
            continue
        error = future.exception()
        if error is None:
            found[name] = future.result()
        elif isinstance(error, ConnectorError):
            found[name] = error
        else:
            log.error("platform_call_failed", error=type(error).__name__)
            found[name] = ConnectorError("The call to the shop failed by a fault of ours.")
    return found


@lru_cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="platform")
