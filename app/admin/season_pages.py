"""The screens of seasons, below a flow's: what comes up, what is prepared, and what it would send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, abort, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import formats, offer_forms, offer_words, page, season_forms, season_words
from app.admin.flow_pages import blueprint
from app.admin.season_forms import SeasonForm
from app.models import Flow, Store
from app.web import runtime
from flows import candidates, dry_run, own_seasons, own_texts, season_calendar, season_facts
from flows.definition import DefinitionError, FlowDefinition
from flows.registry import ChangedMeanwhileError
from flows.season_form import dump_season
from flows.seasons import NAMES

MEANWHILE = (
    "Somebody has changed this season since you opened this page. Open it anew to see that; "
    "saving once more puts yours in its place."
)
NOT_REMOVED = (
    "Somebody has changed the seasons of this flow meanwhile. Open the season again: nothing was removed."
)
LISTING = "/app/flows/<int(max=9223372036854775807):flow_id>/seasons"
FRESH = f"{LISTING}/<season>"
STORED = f"{LISTING}/<season>/<int(max=9999):place>"


@blueprint.get(LISTING)
def list_seasons(flow_id: int) -> Response:
    store = access.visitor().store
    with runtime().database.session() as session:
        flow, definition = _flow(session, flow_id)
        countries = _countries(session, store)
        today, wording = _today(store), page.formats()
        return page.show(
            session,
            "seasons",
            flow=flow,
            prepared=season_words.prepared(definition, countries, today, wording),
            coming=[
                season_words.coming(one, wording)
                for one in season_calendar.coming(definition, countries, today)
            ],
        )


@blueprint.get(FRESH)
def prepare_season(flow_id: int, season: str) -> Response:
    """The form, filled in for the next time that the season comes up."""
    store = access.visitor().store
    with runtime().database.session() as session:
        found = _flow(session, flow_id)
        coming = season_calendar.coming(found[1], _countries(session, store), _today(store))
        left = [one for one in coming if one.key == season and set(one.countries) - set(one.prepared)]
        places = {country for one in left for country in one.countries if country not in one.prepared}
        year = left[0].days[0].year if left else _today(store).year
        typed = season_forms.fresh(sorted(places), year)
        return page.show(session, "season", **_values(session, store, *found, _known(season), None, typed))


@blueprint.post(FRESH)
def save_new_season(flow_id: int, season: str) -> AnyResponse:
    return _save(flow_id, _known(season), None)


@blueprint.get(STORED)
def edit_season(flow_id: int, season: str, place: int) -> Response:
    store = access.visitor().store
    with runtime().database.session() as session:
        flow, definition = _flow(session, flow_id, season, place)
        typed = season_forms.stored(definition.seasons[place], store.currency)
        return page.show(session, "season", **_values(session, store, flow, definition, season, place, typed))


@blueprint.post(STORED)
def save_season(flow_id: int, season: str, place: int) -> AnyResponse:
    return _save(flow_id, season, place)


@blueprint.post(f"{STORED}/remove")
def remove_season(flow_id: int, season: str, place: int) -> AnyResponse:
    visitor = access.visitor()
    with runtime().database.session() as session:
        try:
            flow = own_seasons.remove(
                session,
                visitor.store,
                flow_id,
                place,
                season,
                visitor.actor,
                runtime().clock.now(),
                request.form.get("seen"),
            )
        except ChangedMeanwhileError:
            abort(409, NOT_REMOVED)
        except DefinitionError as error:
            abort(409, f"The flow cannot be saved any more: {error}.")
    if flow is None:
        abort(404)
    return page.done("flows.list_seasons", "season_removed", flow_id=flow_id)


@blueprint.get(f"{STORED}/dry-run")
def try_out_season(flow_id: int, season: str, place: int) -> Response:
    """What the season would send, from the store's own carts and prices. Nothing is sent or written."""
    store, now = access.visitor().store, runtime().clock.now()
    with runtime().database.session() as session:
        flow, definition = _flow(session, flow_id, season, place)
        facts = season_facts.load(session, runtime().settings, store, now)
        public_url = runtime().settings.public_url
        found = dry_run.run(definition, definition.seasons[place], store, facts, public_url, _today(store))
        return page.show(
            session,
            "dry_run",
            flow=flow,
            called=NAMES[season],
            key=season,
            place=place,
            active=definition.seasons[place].active,
            lines=[season_words.line(one, page.formats()) for one in found],
        )


def _save(flow_id: int, season: str, place: int | None) -> AnyResponse:
    visitor, store = access.visitor(), access.visitor().store
    with runtime().database.session() as session:
        flow, definition = _flow(session, flow_id, season, place)
        steps = [step.key for step in definition.steps]
        typed = season_forms.read(request.form, request.form.getlist("countries"), steps)
        before = None if place is None else definition.seasons[place]
        form = season_forms.as_json(typed, season, store.currency, before)
        now, seen = runtime().clock.now(), request.form.get("seen")
        try:
            saved = own_seasons.put(session, store, flow_id, place, form, visitor.actor, now, seen)
        except ChangedMeanwhileError:
            found = _flow(session, flow_id, season, place)
            changed = replace(typed, errors={season_forms.FORM: MEANWHILE})
            return page.refuse(session, "season", **_values(session, store, *found, season, place, changed))
        except DefinitionError as error:
            at = len(definition.seasons) if place is None else place
            refused = season_forms.refused(typed, error, at, steps)
            values = _values(session, store, flow, definition, season, place, refused)
            return page.refuse(session, "season", **values)
    if saved is None:
        abort(404)
    return page.done("flows.list_seasons", "season_saved", flow_id=flow_id)


def _flow(
    session: Session, flow_id: int, season: str | None = None, place: int | None = None
) -> tuple[Flow, FlowDefinition]:
    """The flow, which has that season at that place."""
    found = own_texts.find(session, access.visitor().store.id, flow_id)
    if found is None:
        abort(404)
    seasons = found[1].seasons
    if place is not None and (place >= len(seasons) or seasons[place].key != season):
        abort(404)
    return found


def _known(season: str) -> str:
    if season not in NAMES:
        abort(404)
    return season


def _today(store: Store) -> date:
    return runtime().clock.now().astimezone(ZoneInfo(store.timezone)).date()


def _countries(session: Session, store: Store) -> list[str]:
    """Where the store's texts may go; where any country is allowed, those that its carts come from."""
    allowed = candidates.allowed_countries(runtime().settings.countries, store)
    if allowed is not None:
        return sorted(allowed)
    facts = season_facts.load(session, runtime().settings, store, runtime().clock.now())
    return sorted({place.country for place in facts.places} | set(store.ships_to))


def _values(
    session: Session,
    store: Store,
    flow: Flow,
    definition: FlowDefinition,
    key: str,
    place: int | None,
    typed: SeasonForm,
) -> dict[str, Any]:
    """What the page of a season shows; a form that was refused is shown as it was typed."""
    offered: Sequence[str] = sorted({*_countries(session, store), *typed.countries}, key=formats.country)
    return {
        "flow": flow,
        "key": key,
        "place": place,
        "seen": None if place is None else own_seasons.mark(dump_season(definition.seasons[place])),
        "called": NAMES[key],
        "typed": typed,
        "offered": [(formats.country(code), code) for code in offered],
        "years": season_forms.years(_today(store).year, typed.year),
        "kinds": offer_forms.KINDS[1:],
        "spreads": season_forms.spreads(typed.spread),
        "steps": season_words.steps(definition, None if place is None else definition.seasons[place]),
        "days": season_words.calendar_days(key, offered, _today(store), page.formats()),
        "currency": store.currency,
        "rungs": list(offer_words.RUNGS.items()),
    }
