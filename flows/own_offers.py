"""A merchant's offers: the ladder, its guard rails, and what each text offers, saved as a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy.orm import Session

from app.models import Flow, Store
from flows import own_texts, registry
from flows.definition import FlowDefinition, dump_definition
from flows.offer_form import Rung, dump_offers

Form = dict[str, Any]


def change(
    session: Session,
    store: Store,
    flow_id: int,
    offers: Form,
    rungs: Mapping[str, str],
    actor: str,
    now: datetime,
    seen: str | None = None,
) -> Flow | None:
    """A new version with these ``offers``, in their JSON form; ``rungs`` say by step which one it offers.

    What others changed elsewhere in the flow stays. None if the store has no such flow. ``seen``: the mark of
    the offers that these replace. Raises DefinitionError or ChangedMeanwhileError before anything changes.
    """
    registry.lock(session, store)
    found = own_texts.find(session, store.id, flow_id)
    if found is None:
        return None
    flow, definition = found
    registry.check_seen(seen, mark(definition))
    current = replace(definition, id=None, name=flow.name, active=flow.active)
    return registry.import_definition(session, store, with_offers(current, offers, rungs), actor, now)


def mark(definition: FlowDefinition) -> str:
    """The name of a flow's offers as they are."""
    rungs = {step.key: step.offer.value for step in definition.steps}
    return registry.mark([dump_offers(definition.offers), rungs])


def with_offers(definition: FlowDefinition, offers: Form, rungs: Mapping[str, str]) -> Form:
    """The flow's JSON form with other offers. A step that offers nothing any more has no words for it."""
    form = dump_definition(definition)
    steps = [_with_rung(step, rungs) for step in cast(list[Form], form["steps"])]
    return form | {"offers": offers, "steps": steps}


def _with_rung(step: Form, rungs: Mapping[str, str]) -> Form:
    rung = rungs.get(step["key"], step.get("offer", Rung.NONE.value))
    words = {} if rung == Rung.NONE else {"offer_texts": step.get("offer_texts", {})}
    kept = {name: value for name, value in step.items() if name != "offer_texts"}
    return kept | {"offer": rung} | words
