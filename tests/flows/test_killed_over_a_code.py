"""A worker is killed at each point between the row of a code and the text that tells of it.

Whatever the point, the shop gets one code at most for the step, nobody gets two texts, and no text promises
a code that the shop does not have. What the worker waits for holds it there until it is dead.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.clock import FixedClock
from app.runtime import Runtime, make_runtime
from flows import discount_ends, dispatch, enrollment, providers, sweeper
from tests import factories
from tests.flows import doomed, offering, scenes
from tests.flows.platform_shops import TOTE, AtShopify
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.waiting import wait_until

DOOMED = "doomed"
MINUTE = timedelta(minutes=1)
Point = Callable[[AtShopify, TwilioStandin], tuple[Callable[[], bool], Callable[[], None]]]
"""Holds whoever comes there next: whether somebody is held, and what lets go."""


@pytest.fixture(scope="module")
def processes() -> Any:
    """Loaded once, forked for each worker."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([doomed.__name__, "pytest"])
    return context


@pytest.fixture
def twilio(clock: FixedClock) -> Iterator[TwilioStandin]:
    with TwilioStandin(now=clock.now, receipts=False) as twilio:
        yield twilio
        assert twilio.violations() == []


@pytest.fixture
def shop(database_url: str, redis_url: str, clock: FixedClock, twilio: TwilioStandin) -> Iterator[AtShopify]:
    with ShopifyStandin(clock=clock.now) as standin:
        settings = factories.make_settings(
            database_url,
            redis_url,
            shopify_api_key=CLIENT_ID,
            shopify_api_secret=(CLIENT_SECRET,),
            shopify_admin_url=standin.url,
            sms_provider="twilio",
            twilio_account_sid=twilio.account_sid,
            twilio_auth_token=twilio.auth_token,
            twilio_messaging_service_sid="MG" + "0" * 32,
            twilio_api_url=twilio.url,
        )
        runtime = make_runtime(settings, clock)
        yield AtShopify(runtime, standin)
        providers.close(runtime)
        runtime.close()


class Hold:
    """A call that is held when it comes first, until the worker that made it is dead: ``before`` it does
    anything (``first`` is what it does then), or before it answers."""

    def __init__(self, call: Callable[..., Any], first: Callable[..., Any] | None = None) -> None:
        self.call, self.first = call, first
        self.reached, self.dead, self.over = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, *arguments: Any) -> Any:
        if self.reached.is_set():
            return self.call(*arguments)
        answer = self.call(*arguments) if self.first is None else None
        self.reached.set()
        assert self.dead.wait(30)
        answer = answer if self.first is None else self.first(*arguments)
        self.over.set()
        return answer

    def let_go(self) -> None:
        self.dead.set()
        assert self.over.wait(30)


def the_shop_is_about_to_make_the_code(shop: AtShopify, twilio: TwilioStandin) -> Any:
    discounts: Any = shop.shop.discounts
    discounts.make = hold = Hold(discounts.make, first=discounts.make)
    return hold.reached.is_set, hold.let_go


def the_shop_has_made_the_code(shop: AtShopify, twilio: TwilioStandin) -> Any:
    discounts: Any = shop.shop.discounts
    discounts.make = hold = Hold(discounts.make)
    return hold.reached.is_set, hold.let_go


def the_text_is_about_to_be_written_down(shop: AtShopify, twilio: TwilioStandin) -> Any:
    locking = shop.runtime.database.autocommit.connect()
    locking.execute(text("BEGIN"))
    locking.execute(text("LOCK TABLE message IN SHARE MODE"))

    def let_go() -> None:
        locking.execute(text("ROLLBACK"))
        locking.close()

    return lambda: backends(shop.runtime, "wait_event_type = 'Lock'") > 0, let_go


def the_text_never_reaches_the_provider(shop: AtShopify, twilio: TwilioStandin) -> Any:
    answering: Any = twilio
    answering.create = hold = Hold(twilio.create, first=lambda request, body: request.drop())
    return hold.reached.is_set, hold.let_go


def the_provider_has_taken_the_text(shop: AtShopify, twilio: TwilioStandin) -> Any:
    answering: Any = twilio
    answering._take = hold = Hold(twilio._take)
    return hold.reached.is_set, hold.let_go


def backends(runtime: Runtime, which: str = "true") -> int:
    """How many connections of the doomed worker the database serves."""
    query = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND {which}"
    with runtime.database.autocommit.connect() as connection:
        return connection.scalar(text(query), {"name": DOOMED}) or 0


def settle(runtime: Runtime, clock: FixedClock) -> None:
    """Half an hour goes by: leases end, and the provider is asked what became of the text."""
    for _ in range(6):
        clock.advance(5 * MINUTE)
        dispatch.drain(runtime)
        sweeper.sweep(runtime, clock.now() + MINUTE)
        sweeper.drain(runtime)
        discount_ends.drain(runtime, clock.now() + MINUTE)


@pytest.mark.parametrize(
    ("point", "goes"),
    [
        (the_shop_is_about_to_make_the_code, True),
        (the_shop_has_made_the_code, True),
        (the_text_is_about_to_be_written_down, True),
        (the_text_never_reaches_the_provider, False),
        (the_provider_has_taken_the_text, True),
    ],
)
def test_one_code_one_text_and_no_promise_without_a_code(
    shop: AtShopify, twilio: TwilioStandin, clock: FixedClock, processes: Any, point: Point, goes: bool
) -> None:
    runtime = shop.runtime
    with runtime.database.session() as session:
        factories.make_flow(session, shop.store, definition=offering.flow())
    shop.leave({TOTE: 2})
    clock.advance(31 * MINUTE)
    enrollment.drain(runtime)
    is_held, let_go = point(shop, twilio)
    settings = runtime.settings
    settings = replace(settings, database_url=f"{settings.database_url}&application_name={DOOMED}")
    worker = processes.Process(target=doomed.send, args=(settings, clock.now()))
    worker.start()
    wait_until(is_held, what="the worker is held")
    worker.kill()
    worker.join()
    let_go()
    wait_until(lambda: not backends(runtime), what="the database has seen that the worker is dead")

    settle(runtime, clock)
    made, message = offering.code(runtime), scenes.message(runtime)
    assert made.state == "made" and shop.codes() == [made.code]
    assert ["10% off" in one["body"] for one in twilio.texts()] == [True] * goes
    # A text that nobody can find may have arrived all the same: its code holds.
    assert (message.status, message.reason) == (("accepted", None) if goes else ("failed", "in_doubt"))
