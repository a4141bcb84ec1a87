"""What became of a text: receipts in any order move it forward only, and failures have consequences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.clock import FixedClock
from app.models import Consent, Message, ProviderState, SenderContact, StoreFlag, Usage
from app.runtime import Runtime
from connectors.sms import RANK, Category, Receipt, Refused, Status
from flows import dispatch, enrollment, receipts
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import Scene, fresh, make_scene

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def scene(runtime: Runtime, provider: PocketProvider) -> Scene:
    """A cart whose first text was accepted as ``pocket-1``."""
    with runtime.database.session() as session:
        scene = make_scene(session)
    dispatch.drain(runtime)
    return scene


def receive(runtime: Runtime, status: Status | None, provider_id: str = "pocket-1", **more: Any) -> bool:
    word = status.value if status else "odd"
    receipt = Receipt(provider_id, status, word, **more)
    with runtime.database.session() as session:
        return receipts.take(session, runtime, "sandbox", receipt, runtime.clock.now())


def fail(runtime: Runtime, category: Category, provider_id: str = "pocket-1") -> None:
    receive(runtime, Status.UNDELIVERED, provider_id, category=category, code="3000x")


def test_a_delivered_text_is_final(runtime: Runtime, scene: Scene, clock: FixedClock) -> None:
    clock.advance(MINUTE)
    receive(runtime, Status.SENT)
    receive(runtime, Status.DELIVERED)
    message = scenes.message(runtime)
    assert (message.status, message.delivered_at, message.final_at) == (
        "delivered",
        NOW + MINUTE,
        NOW + MINUTE,
    )
    fail(runtime, Category.BLOCKED)
    assert scenes.message(runtime).status == "delivered"
    assert scenes.story(runtime, scene.cart)[-1] == ("delivered", None)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.sampled_from([Status.ACCEPTED, Status.SENT, Status.DELIVERED, Status.FAILED]), max_size=6))
def test_receipts_in_any_order_never_move_a_text_back(
    runtime: Runtime, provider: PocketProvider, reported: Sequence[Status]
) -> None:
    with runtime.database.session() as session:
        scene = make_scene(session)
    dispatch.drain(runtime)
    provider_id = provider.held[-1][0]
    ranks = [1]
    for status in reported:
        receive(runtime, status, provider_id, category=Category.BLOCKED if status is Status.FAILED else None)
        ranks.append(RANK[Status(_message_of(runtime, scene).status)])
    assert ranks == sorted(ranks)
    assert ranks[-1] == max([1, *(RANK[status] for status in reported)])
    finals = [status for status in reported if RANK[status] == 3]
    if finals:
        assert _message_of(runtime, scene).status == finals[0]


def _message_of(runtime: Runtime, scene: Scene) -> Message:
    return next(one for one in scenes.messages(runtime) if one.cart_id == scene.cart.id)


def test_a_receipt_tells_the_price_once_and_flags_the_day(runtime: Runtime, scene: Scene) -> None:
    receive(runtime, Status.DELIVERED, price=Decimal("0.0450"), currency="EUR", segments=2)
    with runtime.database.session() as session:
        usage = session.scalars(select(Usage)).one()
        flags = session.scalars(select(StoreFlag)).all()
    assert (usage.price, usage.currency, usage.segments) == (Decimal("0.0450"), "EUR", 2)
    assert flags
    assert {flag.value.partition("#")[0] for flag in flags} == {"2026-11-21"}


def test_a_receipt_tells_the_number_that_a_messaging_service_chose(runtime: Runtime, scene: Scene) -> None:
    receive(runtime, Status.SENT, sender="+447700900001")
    with runtime.database.session() as session:
        senders = session.scalars(select(SenderContact.sender).order_by(SenderContact.sender)).all()
    assert senders == ["+447700900001", "Warmcart"]


def test_an_unknown_status_changes_nothing(runtime: Runtime, scene: Scene) -> None:
    assert receive(runtime, None) is True
    assert scenes.message(runtime).status == "accepted"


def test_a_receipt_of_an_unknown_text_is_not_ours(runtime: Runtime, scene: Scene) -> None:
    assert receive(runtime, Status.DELIVERED, "nobody's") is False


def test_a_temporary_failure_is_tried_once_more(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    fail(runtime, Category.TEMPORARY)
    fail(runtime, Category.TEMPORARY)
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("accepted", "temporary")
    assert scenes.planned(runtime)[f"resend:{message.id}"] == NOW + 45 * MINUTE
    clock.advance(45 * MINUTE)
    dispatch.drain(runtime)
    assert [text.body for text in provider.texts] == [message.body] * 2
    assert fresh(runtime, scene.cart).texts_sent == 1
    assert fresh(runtime, scene.enrollment).step_index == 1
    fail(runtime, Category.TEMPORARY, "pocket-2")
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("undelivered", "temporary")
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + DAY}


def test_the_second_call_for_a_text_may_deliver_it(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    fail(runtime, Category.TEMPORARY)
    clock.advance(45 * MINUTE)
    dispatch.drain(runtime)
    receive(runtime, Status.DELIVERED, "pocket-2")
    assert scenes.message(runtime).status == "delivered"
    with runtime.database.session() as session:
        assert len(session.scalars(select(Usage)).all()) == 2


def test_a_late_failure_of_the_first_call_means_nothing_after_the_second(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    fail(runtime, Category.TEMPORARY)
    clock.advance(45 * MINUTE)
    dispatch.drain(runtime)
    receive(runtime, Status.FAILED, "pocket-1", category=Category.EXPIRED)
    assert scenes.message(runtime).status == "accepted"


def test_a_temporary_failure_is_not_tried_again_after_hours(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=2, minutes=30))
    fail(runtime, Category.TEMPORARY)
    clock.advance(45 * MINUTE)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    assert scenes.story(runtime, scene.cart)[-1] == ("held", "quiet_hours")


def test_an_order_ends_the_second_try_of_a_text(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    fail(runtime, Category.TEMPORARY)
    with runtime.database.session() as session:
        enrollment.end_for_cart(session, scene.store.id, scene.cart.id, "ordered", NOW)
    clock.advance(45 * MINUTE)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("undelivered", "temporary")


@pytest.mark.parametrize("category", [Category.BLOCKED, Category.FILTERED, Category.EXPIRED, None])
def test_a_final_failure_shows_its_reason(runtime: Runtime, scene: Scene, category: Category | None) -> None:
    receive(runtime, Status.FAILED, category=category)
    message = scenes.message(runtime)
    reason = category or "unknown"
    assert (message.status, message.reason, message.final_at) == ("failed", reason, NOW)
    assert scenes.story(runtime, scene.cart)[-1] == ("failed", reason)
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + DAY}


def test_a_receipt_that_says_stop_stops_the_number(runtime: Runtime, scene: Scene) -> None:
    fail(runtime, Category.OPTED_OUT)
    with runtime.database.session() as session:
        assert session.scalars(select(Consent)).one().stopped
    assert fresh(runtime, scene.enrollment).reason == "stopped"


def test_an_unknown_handset_is_believed_the_second_time(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    fail(runtime, Category.INVALID_NUMBER)
    assert fresh(runtime, scene.contact).unreachable_reason is None
    clock.advance(DAY)
    dispatch.drain(runtime)
    fail(runtime, Category.INVALID_NUMBER, "pocket-2")
    assert fresh(runtime, scene.contact).unreachable_reason == "invalid_number"
    assert fresh(runtime, scene.enrollment).reason == "invalid_number"


def test_a_landline_is_believed_at_once(runtime: Runtime, scene: Scene) -> None:
    fail(runtime, Category.NOT_MOBILE)
    assert fresh(runtime, scene.enrollment).reason == "not_mobile"


def test_a_receipt_of_a_stopped_account_stops_sending(runtime: Runtime, scene: Scene) -> None:
    fail(runtime, Category.ACCOUNT)
    with runtime.database.session() as session:
        assert session.scalars(select(ProviderState)).one().state == "stopped"


def test_a_refused_second_try_leaves_the_text_undelivered(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    fail(runtime, Category.TEMPORARY)
    provider.answers = [Refused(Category.BLOCKED)]
    clock.advance(45 * MINUTE)
    dispatch.drain(runtime)
    message = scenes.message(runtime)
    assert (message.status, message.reason) == ("undelivered", "blocked")
    assert fresh(runtime, scene.enrollment).step_index == 1
