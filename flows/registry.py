"""The flows of a store: which one is active, its versions, import and export.

A version is never changed after it is written, so an enrollment keeps the one it began with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.models import AuditEvent, Flow, FlowVersion, Store
from flows import due
from flows.definition import (
    DEFAULT_CART_FLOW,
    FlowDefinition,
    dump_definition,
    parse_definition,
    read_stored,
)

CART_ABANDONED = "cart_abandoned"


@dataclass(frozen=True, slots=True)
class ActiveFlow:
    """The flow that a store runs for a trigger, in its current version."""

    id: int
    store_id: int
    version: int
    definition: FlowDefinition


class ChangedMeanwhileError(Exception):
    """What is to be replaced is no longer what the page showed on which it was typed."""


def mark(part: object) -> str:
    """A name for a part of a flow, in its JSON form, as it is now: what a page shows and then replaces."""
    return sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:16]


def check_seen(seen: str | None, now_there: str) -> None:
    """Raises ChangedMeanwhileError where another page has saved meanwhile; None: nobody saw anything."""
    if seen is not None and seen != now_there:
        raise ChangedMeanwhileError


def import_definition(session: Session, store: Store, data: object, actor: str, now: datetime) -> Flow:
    """Take in a flow in its JSON form: the same name is a new version, another name a new flow.

    An active one switches off the store's other flow of that trigger. Raises DefinitionError before
    anything changes.
    """
    definition = parse_definition(data, store.locale, store.platform)
    return _save(session, store, definition, actor, now)


def ensure_default_flow(session: Session, store: Store, now: datetime) -> None:
    """Give a store without any flow the built-in one."""
    session.flush()
    if session.scalar(select(Flow.id).where(Flow.store_id == store.id).limit(1)) is None:
        _save(session, store, DEFAULT_CART_FLOW, "system", now)


def export(session: Session, store: Store) -> list[dict[str, object]]:
    """All flows of the store in their JSON form, by name; what ``import_definition`` takes."""
    return [
        dump_definition(replace(definition, id=flow.id, active=flow.active))
        for flow, definition in all_flows(session, store.id)
    ]


def all_flows(session: Session, store_id: int) -> list[tuple[Flow, FlowDefinition]]:
    """The flows of a store, by name, each in its current version."""
    rows = session.execute(
        select(Flow, FlowVersion.definition)
        .join(FlowVersion, _is_current_version())
        .where(Flow.store_id == store_id)
        .order_by(Flow.name)
    )
    return [(flow, stored_definition(definition)) for flow, definition in rows]


def switch(session: Session, store: Store, flow_id: int, active: bool, actor: str, now: datetime) -> bool:
    """Switch a flow on or off; on switches off the store's other flow of that trigger.

    Carts that are in a flow stay in it; those that waited for one are looked at again. Says whether
    the store has such a flow.
    """
    lock(session, store)
    flow = session.scalar(select(Flow).where(Flow.store_id == store.id, Flow.id == flow_id))
    if flow is None or flow.active == active:
        return flow is not None
    if active:
        _switch_off(session, store.id, flow.trigger_type, now)
    flow.active, flow.updated_at = active, now
    if active:
        due.hasten(session, store.id, "no_active_flow", now)
    details = {"flow_id": flow.id, "version": flow.current_version, "active": active}
    session.add(
        AuditEvent(store_id=store.id, actor=actor, action="flow_switched", details=details, occurred_at=now)
    )
    session.flush()
    return True


def active_flow(session: Session, store_id: int, trigger: str = CART_ABANDONED) -> ActiveFlow | None:
    return active_flows(session, [store_id], trigger).get(store_id)


def active_flows(
    session: Session, store_ids: Iterable[int], trigger: str = CART_ABANDONED
) -> dict[int, ActiveFlow]:
    """The active flows of many stores, by store, in one query."""
    rows = session.execute(
        select(Flow.id, Flow.store_id, Flow.current_version, FlowVersion.definition)
        .join(FlowVersion, _is_current_version())
        .where(Flow.store_id.in_(set(store_ids)), Flow.trigger_type == trigger, Flow.active)
    )
    return {
        store_id: ActiveFlow(flow_id, store_id, version, stored_definition(definition))
        for flow_id, store_id, version, definition in rows
    }


VERSION = ("stores", "flows", "versions")
VERSIONS = text(
    """
    SELECT store_id, flow_id, version, CAST(definition AS text)
    FROM unnest(CAST(:stores AS bigint[]), CAST(:flows AS bigint[]), CAST(:versions AS integer[]))
        AS wanted(store_id, flow_id, version)
    JOIN flow_version USING (store_id, flow_id, version)
    """
)


def versions(
    session: Session, wanted: Iterable[tuple[int, int, int]]
) -> dict[tuple[int, int, int], FlowDefinition]:
    """Definitions by (store id, flow id, version), in one query."""
    names = sorted(set(wanted))
    columns = {name: [key[place] for key in names] for place, name in enumerate(VERSION)}
    rows = session.execute(VERSIONS, columns) if names else ()
    return {(store_id, flow_id, version): _read(data) for store_id, flow_id, version, data in rows}


@lru_cache(maxsize=1024)
def _read(text: str) -> FlowDefinition:
    return read_stored(json.loads(text))


def stored_definition(data: dict[str, Any]) -> FlowDefinition:
    """A definition as it was stored; read once, for many carts have the same."""
    return _read(json.dumps(data, sort_keys=True))


def _is_current_version() -> Any:
    same_flow = (FlowVersion.store_id == Flow.store_id) & (FlowVersion.flow_id == Flow.id)
    return same_flow & (FlowVersion.version == Flow.current_version)


def _save(session: Session, store: Store, definition: FlowDefinition, actor: str, now: datetime) -> Flow:
    lock(session, store)
    if definition.active:
        _switch_off(session, store.id, definition.trigger.type, now)
    flow = _next_version(session, store.id, definition, now)
    flow.active = definition.active
    if flow.active:
        due.hasten(session, store.id, "no_active_flow", now)
    session.add(
        FlowVersion(
            store_id=store.id,
            flow_id=flow.id,
            version=flow.current_version,
            definition=dump_definition(replace(definition, id=None)),
            actor=actor,
            created_at=now,
        )
    )
    details = {"flow_id": flow.id, "version": flow.current_version, "active": flow.active}
    session.add(
        AuditEvent(store_id=store.id, actor=actor, action="flow_saved", details=details, occurred_at=now)
    )
    session.flush()
    return flow


def lock(session: Session, store: Store) -> None:
    """One change of a store's flows at a time: two would else take the same version number.

    What this session has read of them before may have changed while it waited.
    """
    session.execute(select(Store.id).where(Store.id == store.id).with_for_update(key_share=True))
    flows = select(Flow).where(Flow.store_id == store.id)
    session.scalars(flows.execution_options(populate_existing=True)).all()


def _switch_off(session: Session, store_id: int, trigger: str, now: datetime) -> None:
    session.execute(
        update(Flow)
        .where(Flow.store_id == store_id, Flow.trigger_type == trigger, Flow.active)
        .values(active=False, updated_at=now)
    )


def _next_version(session: Session, store_id: int, definition: FlowDefinition, now: datetime) -> Flow:
    flow = session.scalar(select(Flow).where(Flow.store_id == store_id, Flow.name == definition.name))
    if flow is not None:
        flow.current_version += 1
        flow.trigger_type, flow.updated_at = definition.trigger.type, now
        return flow
    flow = Flow(
        store_id=store_id,
        name=definition.name,
        trigger_type=definition.trigger.type,
        active=False,
        current_version=1,
        created_at=now,
        updated_at=now,
    )
    session.add(flow)
    session.flush()
    return flow
