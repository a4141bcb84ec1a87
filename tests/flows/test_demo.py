from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.clock import FixedClock
from app.models import Flow, Membership, Store, StoreFlag
from app.runtime import Runtime
from connectors.discounts import DiscountKind
from flows import connections, demo, installation, registry, sample_history
from flows.offer_form import Concession
from tests.factories import make_store


@pytest.fixture(autouse=True)
def _a_short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ninety days are told elsewhere."""
    for module in ("flows.sample_history", "flows.sample_history.story"):
        monkeypatch.setattr(f"{module}.DAYS", 2)


def test_the_shop_is_connected_like_any_store(runtime: Runtime) -> None:
    shop = demo.set_up(runtime).shop
    assert (shop.platform, shop.domain, shop.status) == ("demo", demo.SHOP_DOMAIN, "active")
    assert shop.url == f"{runtime.settings.public_url}/demo/shop"
    assert connections.store_client(runtime, shop)
    with runtime.database.session() as session:
        flags = session.scalars(select(StoreFlag.name).where(StoreFlag.store_id == shop.id)).all()
        assert installation.SYNC_FLAG in flags


def test_its_flow_is_in_a_hurry(runtime: Runtime) -> None:
    shop = demo.set_up(runtime).shop
    with runtime.database.session() as session:
        flow = registry.active_flow(session, shop.id)
    assert flow is not None
    steps = flow.definition.steps
    assert [step.key for step in steps] == ["reminder", "second_call", "last_call"]
    assert flow.definition.trigger.idle + steps[0].delay < timedelta(seconds=30)
    assert all(step.delay < timedelta(minutes=1) for step in steps)


def test_its_last_text_offers_a_tenth_and_the_first_two_nothing(runtime: Runtime) -> None:
    shop = demo.set_up(runtime).shop
    with runtime.database.session() as session:
        flow = registry.active_flow(session, shop.id)
    assert flow is not None
    given = [flow.definition.offers.concession(step.offer) for step in flow.definition.steps]
    assert given == [None, None, Concession(DiscountKind.PERCENT, 10)]


def test_a_second_start_keeps_what_visitors_changed(runtime: Runtime, clock: FixedClock) -> None:
    first = demo.set_up(runtime)
    with runtime.database.session() as session:
        shop = session.merge(first.shop)
        shop.status, shop.name = "paused", "My own name"
        registry.import_definition(session, shop, demo.FLOW | {"name": "Mine"}, "person:1", clock.now())
        secret = connections.read_credential(session, runtime, shop.id, connections.WEBHOOK_SECRET)
    second = demo.set_up(runtime)
    assert (second.shop.id, second.sample.id) == (first.shop.id, first.sample.id)
    assert (second.shop.status, second.shop.name) == ("paused", "My own name")
    with runtime.database.session() as session:
        flow = registry.active_flow(session, second.shop.id)
        assert flow is not None and flow.definition.name == "Mine"
        assert (
            session.scalar(select(func.count()).select_from(Flow).where(Flow.store_id == second.shop.id)) == 3
        )
        kept = connections.read_credential(session, runtime, second.shop.id, connections.WEBHOOK_SECRET)
        assert kept == secret


def test_a_start_at_another_port_moves_the_shop(runtime: Runtime) -> None:
    demo.set_up(runtime)
    moved = replace(runtime, settings=replace(runtime.settings, public_url="http://127.0.0.1:8124"))
    assert demo.set_up(moved).shop.url == "http://127.0.0.1:8124/demo/shop"


def test_one_login_opens_both_stores(runtime: Runtime, clock: FixedClock) -> None:
    stage = demo.set_up(runtime)
    with runtime.database.session() as session:
        ids = [demo.visitor(session, stage, clock.now()).id for _ in range(2)]
        stores = session.scalars(select(Membership.store_id).where(Membership.person_id == ids[0])).all()
    assert ids[0] == ids[1]
    assert set(stores) == {stage.shop.id, stage.sample.id}


def test_the_stage_is_found_only_once_it_is_set(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        make_store(session, domain=demo.SHOP_DOMAIN, platform="woocommerce")
        assert demo.find(session) is None
    with runtime.database.session() as session:
        session.query(Store).delete()
    demo.set_up(runtime)
    with runtime.database.session() as session:
        found = demo.find(session)
    assert found is not None
    assert found.sample.domain == sample_history.DOMAIN
