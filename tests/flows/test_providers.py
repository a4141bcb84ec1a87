"""Which provider and sender a text goes through, and what keeps them from sending."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.clock import FixedClock
from app.runtime import Runtime, make_runtime
from connectors.sandbox import SandboxProvider
from connectors.sms import Category
from connectors.twilio import TwilioProvider
from flows import providers
from flows.providers import Senders
from flows.senders import Kind, Sender
from tests import factories
from tests.factories import NOW

HOUR = timedelta(hours=1)
SHOP, OTHER = Sender("Shop", Kind.NAME), Sender("Other", Kind.NAME)
TWILIO = {"sms_provider": "twilio", "twilio_account_sid": "AC1", "twilio_auth_token": "token"}


@pytest.fixture
def opened(database_url: str, clock: FixedClock) -> Iterator[list[Runtime]]:
    runtimes: list[Runtime] = []
    yield runtimes
    for runtime in runtimes:
        providers.close(runtime)
        runtime.close()


def open_runtime(opened: list[Runtime], database_url: str, **more: Any) -> Runtime:
    runtime = make_runtime(factories.make_settings(database_url, **more), FixedClock(NOW))
    opened.append(runtime)
    return runtime


def note(runtime: Runtime, category: Category, **more: Any) -> Senders:
    with runtime.database.session() as session:
        providers.take_note(session, "sandbox", "Shop", "US", category, None, NOW, **more)
    return senders(runtime)


def senders(runtime: Runtime, after: timedelta = timedelta(0)) -> Senders:
    with runtime.database.session() as session:
        return providers.load_senders(session, "sandbox", NOW + after)


def test_the_settings_name_the_provider_and_one_process_has_one(
    opened: list[Runtime], database_url: str
) -> None:
    sandbox = open_runtime(opened, database_url)
    twilio = open_runtime(opened, database_url, **TWILIO, twilio_from="+15005550006")
    assert isinstance(providers.provider(sandbox), SandboxProvider)
    assert isinstance(providers.provider(twilio), TwilioProvider)
    assert providers.provider(twilio) is providers.provider(twilio)


def test_a_messaging_service_sends_before_a_number(database_url: str) -> None:
    service = factories.make_settings(
        database_url, **TWILIO, twilio_messaging_service_sid="MG1", twilio_from="+15005550006"
    )
    number = factories.make_settings(database_url, **TWILIO, twilio_from="+15005550006")
    assert providers.default_sender(service) == "MG1"
    assert providers.default_sender(number) == "+15005550006"


def test_a_sender_is_stopped_for_the_country_that_refused_it_only(runtime: Runtime) -> None:
    found = note(runtime, Category.REGISTRATION)
    assert found.choose([SHOP, OTHER], "US") == OTHER
    assert found.choose([SHOP, OTHER], "FR") == SHOP
    assert senders(runtime, HOUR).choose([SHOP], "US") == SHOP


@pytest.mark.parametrize("category", [Category.ACCOUNT, Category.CONFIG])
def test_a_stopped_account_has_no_sender_for_an_hour(runtime: Runtime, category: Category) -> None:
    assert note(runtime, category).choose([SHOP, OTHER], "FR") is None
    assert senders(runtime, HOUR).choose([SHOP], "FR") == SHOP


@pytest.mark.parametrize(("asked", "pause"), [(None, 30), (7.0, 7), (10_000_000.0, 3600)])
def test_a_sender_is_slowed_as_long_as_the_provider_asks_but_never_for_ever(
    runtime: Runtime, asked: float | None, pause: int
) -> None:
    found = note(runtime, Category.RATE, retry_after=asked)
    obstacle = found.obstacle("Shop", "FR")
    assert obstacle is not None
    assert obstacle.until == NOW + timedelta(seconds=pause)
    assert found.choose([SHOP, OTHER], "US") == OTHER


@pytest.mark.parametrize("category", [None, Category.BLOCKED, Category.OPTED_OUT, Category.UNKNOWN])
def test_what_concerns_one_text_keeps_no_sender_back(runtime: Runtime, category: Category) -> None:
    assert note(runtime, category).obstacles == ()


def test_what_one_provider_says_says_nothing_of_another(runtime: Runtime) -> None:
    note(runtime, Category.ACCOUNT)
    with runtime.database.session() as session:
        assert providers.load_senders(session, "twilio", NOW).obstacles == ()
