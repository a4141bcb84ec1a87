"""A merchant's seasons: prepared, changed and taken away, each time as a new version of the flow."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy.orm import Session

from app.models import Flow, Store
from flows import own_texts, registry
from flows.definition import dump_definition

Form = dict[str, Any]
"""A season in its JSON form."""
WORDS = frozenset({"texts", "offer_texts"})


def mark(season: Form) -> str:
    """The name of a season, in its JSON form, as it is; its words are written on pages of their own."""
    return registry.mark({name: value for name, value in season.items() if name not in WORDS})


def put(
    session: Session,
    store: Store,
    flow_id: int,
    place: int | None,
    form: Form,
    actor: str,
    now: datetime,
    seen: str | None = None,
) -> Flow | None:
    """A new version with ``form`` in place of the season at ``place``, or after all others where it is None.

    Keys of the season that ``form`` does not name stay; one that is None is taken away. None if there is no
    such flow or season. ``seen``: the mark of the season that this one replaces. Raises DefinitionError or
    ChangedMeanwhileError before anything changes.
    """
    found = _forms(session, store, flow_id)
    if found is None or (place is not None and not _is(found[1], place, form["season"])):
        return None
    definition, seasons = found
    before = seasons[place] if place is not None else {}
    if place is not None:
        registry.check_seen(seen, mark(before))
    changed = {name: value for name, value in {**before, **form}.items() if value is not None}
    if place is None:
        seasons.append(changed)
    else:
        seasons[place] = changed
    return registry.import_definition(session, store, definition | {"seasons": seasons}, actor, now)


def remove(
    session: Session,
    store: Store,
    flow_id: int,
    place: int,
    season: str,
    actor: str,
    now: datetime,
    seen: str | None = None,
) -> Flow | None:
    """A new version without the season at ``place``. None if there is no such flow or season. ``seen``: as in
    ``put``."""
    found = _forms(session, store, flow_id)
    if found is None or not _is(found[1], place, season):
        return None
    definition, seasons = found
    registry.check_seen(seen, mark(seasons[place]))
    del seasons[place]
    return registry.import_definition(session, store, definition | {"seasons": seasons}, actor, now)


def _forms(session: Session, store: Store, flow_id: int) -> tuple[Form, list[Form]] | None:
    """The flow's form, under its name and on or off as it is, and those of its seasons."""
    registry.lock(session, store)
    found = own_texts.find(session, store.id, flow_id)
    if found is None:
        return None
    flow, definition = found
    form = dump_definition(replace(definition, id=None, name=flow.name, active=flow.active))
    return form, list(cast(list[Form], form.get("seasons", [])))


def _is(seasons: list[Form], place: int, season: str) -> bool:
    """Whether that season stands there: others may have come or gone since a page was opened."""
    return 0 <= place < len(seasons) and seasons[place]["season"] == season
