from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.models import AuditEvent, Flow, FlowVersion, Store
from app.runtime import Runtime
from flows import registry
from flows.definition import DEFAULT_CART_FLOW, DefinitionError
from tests import factories
from tests.factories import NOW


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session)


def _import(runtime: Runtime, store: Store, **changes: Any) -> Flow:
    with runtime.database.session() as session:
        return registry.import_definition(session, store, factories.DEFINITION | changes, "person:7", NOW)


def test_a_store_without_a_flow_gets_the_built_in_one_once(runtime: Runtime, store: Store) -> None:
    for _ in range(2):
        with runtime.database.session() as session:
            registry.ensure_default_flow(session, store, NOW)
    with runtime.database.session() as session:
        active = registry.active_flow(session, store.id)
        assert active is not None
        assert (active.version, active.definition) == (1, DEFAULT_CART_FLOW)
        assert len(session.scalars(select(Flow)).all()) == 1


def test_a_store_without_an_active_flow_has_none(runtime: Runtime, store: Store) -> None:
    _import(runtime, store, active=False)
    with runtime.database.session() as session:
        assert registry.active_flow(session, store.id) is None


def test_the_same_name_is_a_new_version_and_the_old_one_stays(runtime: Runtime, store: Store) -> None:
    first = _import(runtime, store)
    quick = {"type": "cart_abandoned", "idle": "PT5M", "cutoff": "P1D"}
    second = _import(runtime, store, trigger=quick)
    assert (first.id, first.current_version) == (second.id, 1) and second.current_version == 2
    wanted = [(store.id, first.id, version) for version in (1, 2)]
    with runtime.database.session() as session:
        found = registry.versions(session, wanted)
    assert [found[name].trigger.idle.total_seconds() for name in wanted] == [1800, 300]


def test_a_session_that_read_the_flow_before_writes_the_version_after_anothers(
    runtime: Runtime, store: Store
) -> None:
    flow = _import(runtime, store)
    with runtime.database.session() as session:
        read = session.get_one(Flow, flow.id)
        _import(runtime, store, active=False)
        definition = factories.DEFINITION | {"active": False}
        registry.import_definition(session, store, definition, "person:7", NOW)
        assert (read.current_version, read.active) == (3, False)


def test_importing_an_active_flow_switches_the_other_one_off(runtime: Runtime, store: Store) -> None:
    _import(runtime, store)
    other = _import(runtime, store, name="Quick reminder")
    with runtime.database.session() as session:
        active = registry.active_flow(session, store.id)
        assert active is not None and active.id == other.id
        flags = {flow.name: flow.active for flow in session.scalars(select(Flow))}
    assert flags == {"Abandoned cart": False, "Quick reminder": True}


def test_an_inactive_import_leaves_the_other_flow_running(runtime: Runtime, store: Store) -> None:
    running = _import(runtime, store)
    _import(runtime, store, name="Draft", active=False)
    with runtime.database.session() as session:
        active = registry.active_flow(session, store.id)
        assert active is not None and active.id == running.id


def _switch(runtime: Runtime, store: Store, flow_id: int, active: bool) -> bool:
    with runtime.database.session() as session:
        return registry.switch(session, store, flow_id, active, "person:7", NOW)


def test_switching_a_flow_on_switches_the_other_one_off(runtime: Runtime, store: Store) -> None:
    first, second = _import(runtime, store), _import(runtime, store, name="Draft", active=False)
    assert _switch(runtime, store, second.id, True)
    with runtime.database.session() as session:
        flags = {flow.id: flow.active for flow in session.scalars(select(Flow))}
    assert flags == {first.id: False, second.id: True}


def test_a_switched_flow_keeps_its_version_and_says_who_switched_it(runtime: Runtime, store: Store) -> None:
    flow = _import(runtime, store)
    assert _switch(runtime, store, flow.id, False) and _switch(runtime, store, flow.id, False)
    with runtime.database.session() as session:
        assert registry.active_flow(session, store.id) is None
        assert session.get_one(Flow, flow.id).current_version == 1
        found = session.scalars(select(AuditEvent).where(AuditEvent.action == "flow_switched")).all()
    assert [(event.actor, event.details["active"]) for event in found] == [("person:7", False)]


def test_a_store_cannot_switch_another_stores_flow(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
    theirs = _import(runtime, neighbour)
    assert not _switch(runtime, store, theirs.id, False)
    with runtime.database.session() as session:
        assert registry.active_flow(session, neighbour.id) is not None


def test_a_flow_of_one_store_never_touches_another_stores(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
    mine, theirs = _import(runtime, store), _import(runtime, neighbour)
    with runtime.database.session() as session:
        active = registry.active_flows(session, [store.id, neighbour.id])
    assert {store_id: flow.id for store_id, flow in active.items()} == {
        store.id: mine.id,
        neighbour.id: theirs.id,
    }


def test_what_is_exported_can_be_imported_again(runtime: Runtime, store: Store) -> None:
    _import(
        runtime, store, steps=[{"key": "reminder", "delay": "PT1H", "texts": {"en": "Still here: {link}"}}]
    )
    _import(runtime, store, name="Draft", active=False)
    with runtime.database.session() as session:
        exported = registry.export(session, store)
        again = factories.make_store(session)
        for definition in exported:
            registry.import_definition(session, again, definition, "operator", NOW)
        copied = registry.export(session, again)
    assert [flow["name"] for flow in exported] == ["Abandoned cart", "Draft"]
    assert [flow | {"id": None} for flow in copied] == [flow | {"id": None} for flow in exported]


def test_a_definition_with_an_error_changes_nothing(runtime: Runtime, store: Store) -> None:
    with pytest.raises(DefinitionError, match="steps"):
        _import(runtime, store, steps=[])
    with runtime.database.session() as session:
        assert session.scalars(select(Flow)).all() == []


def test_a_stored_flow_is_read_even_after_the_store_changed_its_language(runtime: Runtime) -> None:
    texts = {"de": "Dein Warenkorb: {link}"}
    with runtime.database.session() as session:
        german = factories.make_store(session, locale="de")
        steps = [{"key": "own_words", "delay": "PT0S", "texts": texts}]
        registry.import_definition(session, german, factories.DEFINITION | {"steps": steps}, "person:7", NOW)
        german.locale = "fr"
        session.flush()
        active = registry.active_flow(session, german.id)
        assert active is not None and active.definition.steps[0].texts == texts


def test_every_version_says_who_made_it(runtime: Runtime, store: Store) -> None:
    flow = _import(runtime, store)
    with runtime.database.session() as session:
        version = session.scalar(select(FlowVersion).where(FlowVersion.flow_id == flow.id))
        audit = session.scalar(select(AuditEvent).where(AuditEvent.store_id == store.id))
        assert version is not None and audit is not None
        assert (version.actor, audit.actor, audit.action) == ("person:7", "person:7", "flow_saved")


def test_the_default_flow_survives_being_stored(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        registry.ensure_default_flow(session, store, NOW)
        data = session.scalar(select(FlowVersion.definition))
        assert data is not None and registry.stored_definition(data) == DEFAULT_CART_FLOW
