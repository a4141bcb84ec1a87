"""One running Warmcart for all tests of this folder, with stand-ins for the outside world beside it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from itertools import count

import psycopg
import pytest
import time_machine
from psycopg import sql

from app.db import migrate
from tests.conftest import Servers
from tests.end_to_end.stack import DISPATCH, INTAKE, SCHEDULER, UPKEEP, WEB, Stack
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin
from tests.standins.twilio import TwilioStandin

MOMENT = datetime(2026, 11, 17, 16, 0, tzinfo=UTC)
"""A Tuesday: afternoon in Europe, morning in the United States."""

SERVICE = "MG" + "0" * 32
"""The messaging service that sends."""

_numbers = count(1)


@pytest.fixture(scope="package", autouse=True)
def _daytime() -> Iterator[None]:
    """Time runs on from the same moment in every run: quiet hours never decide about a test."""
    with time_machine.travel(MOMENT, tick=True):
        yield


@pytest.fixture(scope="package")
def make_database(servers: Servers, _daytime: None) -> Callable[[], str]:
    """Makes migrated databases; they go with their server."""

    def make() -> str:
        name = f"end_to_end_{next(_numbers)}"
        with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = servers.postgres.url.replace("/warmcart?", f"/{name}?")
        migrate(url)
        return url

    return make


@pytest.fixture(scope="package")
def shopify(_daytime: None) -> Iterator[ShopifyStandin]:
    with ShopifyStandin() as standin:
        yield standin


@pytest.fixture(scope="package")
def twilio(_daytime: None) -> Iterator[TwilioStandin]:
    with TwilioStandin() as standin:
        yield standin


@pytest.fixture(scope="package")
def running(
    make_database: Callable[[], str],
    shopify: ShopifyStandin,
    twilio: TwilioStandin,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Web, a worker per queue and the scheduler, for tests that disturb them."""
    stack = Stack(
        tmp_path_factory.mktemp("stack"),
        make_database(),
        shopify_api_key=CLIENT_ID,
        shopify_api_secret=CLIENT_SECRET,
        shopify_admin_url=shopify.url,
        sms_provider="twilio",
        twilio_account_sid=twilio.account_sid,
        twilio_auth_token=twilio.auth_token,
        twilio_messaging_service_sid=SERVICE,
        twilio_api_url=twilio.url,
        contact_cap="PT0S",
        allow_private_stores="1",
    )
    twilio.set_knobs(reply_url=f"{stack.url}/webhooks/sms/twilio/reply")
    try:
        stack.start(WEB, INTAKE, DISPATCH, UPKEEP, SCHEDULER)
        yield stack
    finally:
        stack.close()


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """The same for all others: nothing may go wrong in any process meanwhile."""
    before = running.troubles()
    yield running
    running.raise_for_the_dead()
    assert running.troubles() == before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the processes wrote belongs to the report of a failure."""
    report = yield
    found = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Stack)]
    if report.failed and found:
        report.sections.append(("processes", found[0].logs()))
    return report
