"""The merchant's own words: change one text of a flow, look at its versions, go back to one.

Each change is a new version of the whole flow, so that carts keep the one that they began with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, literal, select
from sqlalchemy.orm import Session

from app.models import Flow, FlowVersion, Person, Store
from flows import registry
from flows.definition import FlowDefinition, dump_definition
from flows.offer_form import Rung
from flows.text_form import Texts

MOST_VERSIONS = 30
KINDS = ("texts", "offer_texts")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where words stand in a flow: at a step, in ``texts`` or ``offer_texts``, at any time or in the season
    at that place of the flow's list."""

    step_key: str
    kind: str = "texts"
    season: int | None = None


@dataclass(frozen=True, slots=True)
class TextChange:
    """Words that a version has otherwise than the one before: ``done`` is written, changed or removed.
    ``kind`` is ``texts`` or ``offer_texts``."""

    step_key: str
    language: str
    kind: str
    done: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a flow: who wrote it when, which texts it changed, and what else: steps, offers,
    seasons."""

    number: int
    created_at: datetime
    actor: str
    person: str | None
    texts: tuple[TextChange, ...]
    more: tuple[str, ...]


def find(session: Session, store_id: int, flow_id: int) -> tuple[Flow, FlowDefinition] | None:
    """A flow of this store in its current version."""
    found = (pair for pair in registry.all_flows(session, store_id) if pair[0].id == flow_id)
    return next(found, None)


def change(
    session: Session,
    store: Store,
    flow_id: int,
    spot: Spot,
    tag: str,
    words: str | None,
    actor: str,
    now: datetime,
) -> Flow | None:
    """A new version that says ``words`` in the language ``tag`` at that spot; None takes them away.

    What others changed meanwhile stays. None if the store has no such flow or spot. Raises
    DefinitionError before anything changes.
    """
    registry.lock(session, store)
    found = find(session, store.id, flow_id)
    if found is None or not _has(found[1], spot):
        return None
    changed = with_text(found[1], spot, tag, words)
    return _save(session, store, found[0], changed, actor, now)


def restore(
    session: Session, store: Store, flow_id: int, number: int, actor: str, now: datetime
) -> Flow | None:
    """A new version that says what an earlier one said; the flow stays on or off. None if there is none.

    Raises DefinitionError for a version that would not be taken in today.
    """
    registry.lock(session, store)
    found = find(session, store.id, flow_id)
    query = select(FlowVersion.definition).where(
        FlowVersion.store_id == store.id, FlowVersion.flow_id == flow_id, FlowVersion.version == number
    )
    earlier = session.scalar(query)
    if found is None or earlier is None:
        return None
    return _save(session, store, found[0], registry.stored_definition(earlier), actor, now)


def _save(
    session: Session, store: Store, flow: Flow, definition: FlowDefinition, actor: str, now: datetime
) -> Flow:
    """Under the flow's name, on or off as it is: both may have changed since that version."""
    kept = dump_definition(replace(definition, id=None, name=flow.name, active=flow.active))
    return registry.import_definition(session, store, kept, actor, now)


def _has(definition: FlowDefinition, spot: Spot) -> bool:
    season = spot.season is None or spot.season < len(definition.seasons)
    return season and any(step.key == spot.step_key for step in definition.steps)


def with_text(definition: FlowDefinition, spot: Spot, tag: str, words: str | None) -> FlowDefinition:
    """The flow with other words in one language at that spot; None takes them away."""
    change: dict[str, Any]
    if spot.season is None:
        steps = []
        for step in definition.steps:
            change = {spot.kind: _said(getattr(step, spot.kind), tag, words)}
            steps.append(replace(step, **change) if step.key == spot.step_key else step)
        return replace(definition, steps=tuple(steps))
    seasons = list(definition.seasons)
    of_steps: Mapping[str, Texts] = getattr(seasons[spot.season], spot.kind)
    change = {spot.kind: {**of_steps, spot.step_key: _said(of_steps.get(spot.step_key, {}), tag, words)}}
    seasons[spot.season] = replace(seasons[spot.season], **change)
    return replace(definition, seasons=tuple(seasons))


def _said(texts: Texts, tag: str, words: str | None) -> Texts:
    others = {name: text for name, text in texts.items() if name != tag}
    return others if words is None else {**others, tag: words}


def history(session: Session, store_id: int, flow_id: int) -> Sequence[Version]:
    """The latest versions of a flow, newest first."""
    person = FlowVersion.actor == literal("person:") + cast(Person.id, String)
    query = (
        select(FlowVersion, Person.name)
        .outerjoin(Person, person)
        .where(FlowVersion.store_id == store_id, FlowVersion.flow_id == flow_id)
        .order_by(FlowVersion.version.desc())
        .limit(MOST_VERSIONS + 1)
    )
    rows = session.execute(query).all()
    read = [registry.stored_definition(row.definition) for row, _ in rows]
    before = [*read[1:], None] if len(rows) <= MOST_VERSIONS else read[1:]
    return [
        Version(row.version, row.created_at, row.actor, name, *_differences(earlier, now))
        for (row, name), now, earlier in zip(rows, read, before, strict=False)
    ]


def _differences(
    before: FlowDefinition | None, after: FlowDefinition
) -> tuple[tuple[TextChange, ...], tuple[str, ...]]:
    """The texts that changed, and what else did; of a first version nothing is told."""
    if before is None:
        return (), ()
    earlier, later = _words(before), _words(after)
    changes = []
    for key in sorted(earlier.keys() | later.keys()):
        if earlier.get(key) != later.get(key):
            done = "written" if key not in earlier else "removed" if key not in later else "changed"
            changes.append(TextChange(*key, done))
    others = (_others(before), _others(after))
    return tuple(changes), tuple(name for name in others[0] if others[0][name] != others[1][name])


def _words(definition: FlowDefinition) -> dict[tuple[str, str, str], str]:
    """The merchant's words by step, language and kind; those of seasons are a part of their season."""
    kinds = ((step, kind, getattr(step, kind)) for step in definition.steps for kind in KINDS)
    return {(step.key, tag, kind): text for step, kind, texts in kinds for tag, text in texts.items()}


def _others(definition: FlowDefinition) -> dict[str, object]:
    bare = [replace(step, texts={}, offer_texts={}, offer=Rung.NONE) for step in definition.steps]
    return {
        "steps": (definition.name, definition.trigger, bare),
        "offers": (definition.offers, [(step.key, step.offer) for step in definition.steps]),
        "seasons": definition.seasons,
    }
