"""Hundreds of texts through a provider that fails in every way: nobody gets two, and all is accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.clock import FixedClock
from app.runtime import Runtime, make_runtime
from flows import dispatch, providers, sweeper
from tests import factories
from tests.flows import scenes
from tests.flows.scenes import make_british_store, make_scene
from tests.standins.twilio import TwilioStandin

TEXTS = 120
# Its pace is the provider's own matter.
SERVICE = "MG" + "0" * 32
FAULTS = ("rate_limited", "unavailable", "error_before", "error_after", "drop_before", "drop_after")


@pytest.fixture
def twilio(clock: FixedClock) -> Iterator[TwilioStandin]:
    with TwilioStandin(now=clock.now, receipts=False, retry_after=1) as twilio:
        yield twilio
        assert twilio.violations() == []


@pytest.fixture
def runtime(database_url: str, redis_url: str, clock: FixedClock, twilio: TwilioStandin) -> Iterator[Runtime]:
    settings = factories.make_settings(
        database_url,
        redis_url,
        sms_provider="twilio",
        twilio_account_sid=twilio.account_sid,
        twilio_auth_token=twilio.auth_token,
        twilio_messaging_service_sid=SERVICE,
        twilio_api_url=twilio.url,
    )
    runtime = make_runtime(settings, clock)
    yield runtime
    providers.close(runtime)
    runtime.close()


def test_every_text_ends_in_one_definite_state_and_nobody_gets_two(
    runtime: Runtime, twilio: TwilioStandin, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = make_british_store(session)
        flow = factories.make_flow(session, store)
        for _ in range(TEXTS):
            make_scene(session, store, flow)
    twilio.set_knobs(faults=dict.fromkeys(FAULTS, 0.06))
    for _ in range(12):
        dispatch.drain(runtime)
        clock.advance(timedelta(minutes=5))
        sweeper.sweep(runtime, clock.now() + timedelta(minutes=1))
        sweeper.drain(runtime)
    messages = scenes.messages(runtime)
    assert len(messages) == TEXTS
    assert {message.status for message in messages} <= {"accepted", "failed"}
    assert {message.reason for message in messages if message.status == "failed"} <= {"in_doubt"}
    held = twilio.counts()
    assert set(held.values()) == {1}
    assert set(held) == {
        (message.phone, message.body) for message in messages if message.status == "accepted"
    }
    assert set(scenes.planned(runtime)) == {f"step:{message.enrollment_id}" for message in messages}
