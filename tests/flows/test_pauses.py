"""A store's pause: it holds, it ends by itself, and what it held goes on."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.clock import FixedClock
from app.models import AuditEvent, Store
from app.runtime import Runtime
from flows import dispatch, pauses, providers
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import fresh, make_british_store, make_scene

HOUR = timedelta(hours=1)


def test_a_stock_taking_ends_by_itself_and_the_text_goes(runtime: Runtime, clock: FixedClock) -> None:
    provider = PocketProvider()
    providers.use(runtime, provider)
    with runtime.database.session() as session:
        scene = make_scene(session)
        store = session.get_one(Store, scene.store.id)
        pauses.pause(store, "Stock-taking", NOW + HOUR, NOW)
    dispatch.drain(runtime)
    assert scenes.story(runtime, scene.cart) == [("held", "store_paused")]
    assert scenes.planned(runtime) == {f"step:{scene.enrollment.id}": NOW + HOUR}
    clock.advance(HOUR)
    dispatch.drain(runtime)
    assert len(provider.texts) == 1, "the gates know that it is over, whether upkeep ran or not"


def test_upkeep_writes_down_that_a_pause_is_over_and_leaves_the_others(
    runtime: Runtime, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        over = make_british_store(session, status="paused", paused_until=NOW, status_reason="Moving")
        longer = make_british_store(session, status="paused", paused_until=NOW + HOUR)
        endless = make_british_store(session, status="paused")
    assert pauses.end_over(runtime, NOW + HOUR) == 1
    resumed = fresh(runtime, over)
    assert (resumed.status, resumed.status_reason, resumed.paused_until) == ("active", None, None)
    assert {fresh(runtime, store).status for store in (longer, endless)} == {"paused"}
    with runtime.database.session() as session:
        told = session.execute(select(AuditEvent.store_id, AuditEvent.actor, AuditEvent.action)).all()
    assert told == [(over.id, "system", "sending_resumed")]
