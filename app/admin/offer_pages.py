"""The screen of a flow's offers: what each text offers, the ladder, its guard rails and the store's sales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Response, abort, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import offer_forms, offer_words, page
from app.admin.flow_pages import blueprint
from app.admin.offer_forms import Look, OfferForm
from app.models import Flow
from app.web import runtime
from flows import own_offers, own_texts
from flows.definition import DefinitionError, FlowDefinition, parse_definition
from flows.registry import ChangedMeanwhileError

MEANWHILE = (
    "Somebody has changed these offers since you opened this page. Open it anew to see them; "
    "saving once more puts yours in their place."
)
PLACE = "/app/flows/<int(max=9223372036854775807):flow_id>/offers"


@blueprint.get(PLACE)
def edit_offers(flow_id: int) -> Response:
    with runtime().database.session() as session:
        flow, definition = _found(session, flow_id)
        typed = offer_forms.stored(definition, _currencies(definition, ()))
        return page.show(session, "offers", **_values(flow, definition, typed))


@blueprint.post(PLACE)
def save_offers(flow_id: int) -> AnyResponse:
    """Saves them; or shows the page as it was typed, where it asks for something first."""
    visitor = access.visitor()
    with runtime().database.session() as session:
        flow, definition = _found(session, flow_id)
        codes = _currencies(
            definition, [*request.form.getlist("currency"), request.form.get("more_currency", "")]
        )
        typed = offer_forms.read(request.form, definition.steps, codes)
        form, seen = offer_forms.as_json(typed), request.form.get("seen")
        if looked := offer_forms.look(request.form):
            return page.try_out(session, "offers", **_values(flow, definition, typed, seen, looked))
        typed = offer_forms.judged(typed, _wrong(definition, form, typed), definition)
        if typed.errors:
            return page.refuse(session, "offers", **_values(flow, definition, typed, seen))
        now = runtime().clock.now()
        try:
            own_offers.change(session, visitor.store, flow_id, form, typed.rungs, visitor.actor, now, seen)
        except ChangedMeanwhileError:
            flow, definition = _found(session, flow_id)
            changed = replace(typed, errors={offer_forms.FORM: MEANWHILE})
            return page.refuse(session, "offers", **_values(flow, definition, changed))
        except DefinitionError as error:
            abort(409, f"Somebody has changed the flow meanwhile: {error}.")
    return page.done("flows.edit_offers", "offers_saved", flow_id=flow_id)


def _found(session: Session, flow_id: int) -> tuple[Flow, FlowDefinition]:
    found = own_texts.find(session, access.visitor().store.id, flow_id)
    if found is None:
        abort(404)
    return found


def _currencies(definition: FlowDefinition, more: Sequence[str]) -> tuple[str, ...]:
    currency = access.visitor().store.currency
    return offer_forms.currencies(definition.offers, definition.seasons, currency, more)


def _wrong(definition: FlowDefinition, form: dict[str, Any], typed: OfferForm) -> tuple[str, ...]:
    """What the reader of the flow's form says of it."""
    store = access.visitor().store
    try:
        parse_definition(own_offers.with_offers(definition, form, typed.rungs), store.locale, store.platform)
    except DefinitionError as error:
        return error.errors
    return ()


def _values(
    flow: Flow,
    definition: FlowDefinition,
    typed: OfferForm,
    seen: str | None = None,
    looked: Look | None = None,
) -> dict[str, Any]:
    """``seen``: the mark of the offers that the visitor saw before typing; by itself those of now."""
    return {
        "flow": flow,
        "steps": definition.steps,
        "seen": seen or own_offers.mark(definition),
        "typed": typed,
        "looked": looked,
        "rungs": list(offer_words.RUNGS.items()),
        "kinds": offer_forms.KINDS,
        "units": offer_forms.units,
        "combines": [(words.capitalize(), name) for name, words in offer_words.COMBINES.items()],
    }
