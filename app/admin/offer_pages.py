"""The screen of a flow's offers: what each text offers, the ladder, its guard rails and the store's sales."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, abort, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import goods_choice, offer_forms, offer_words, page
from app.admin.flow_pages import blueprint
from app.admin.goods_choice import Choice
from app.admin.offer_forms import Look, OfferForm
from app.models import Flow
from app.web import runtime
from connectors.goods_search import GoodsKind
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
    return _answer(page.show, flow, definition, typed)


@blueprint.post(PLACE)
def save_offers(flow_id: int) -> AnyResponse:
    """Saves them; or shows the page as it was typed, where it asks for something first."""
    visitor, now, seen = access.visitor(), runtime().clock.now(), request.form.get("seen")
    with runtime().database.session() as session:
        flow, definition = _found(session, flow_id)
    codes = [*request.form.getlist("currency"), request.form.get(offer_forms.CURRENCY_BOX, "")]
    typed = offer_forms.read(request.form, definition.steps, _currencies(definition, codes))
    looked = offer_forms.looks(request.form)
    if looked:
        return _answer(page.try_out, flow, definition, typed, seen, looked)
    form = offer_forms.as_json(typed)
    typed = offer_forms.judged(typed, _wrong(definition, form, typed), definition)
    if typed.errors:
        return _answer(page.refuse, flow, definition, typed, seen)
    try:
        with runtime().database.session() as session:
            own_offers.change(session, visitor.store, flow_id, form, typed.rungs, visitor.actor, now, seen)
    except ChangedMeanwhileError:
        with runtime().database.session() as session:
            flow, definition = _found(session, flow_id)
        changed = replace(typed, errors={offer_forms.FORM: MEANWHILE})
        return _answer(page.refuse, flow, definition, changed)
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


def _answer(
    way: Callable[..., Response],
    flow: Flow,
    definition: FlowDefinition,
    typed: OfferForm,
    seen: str | None = None,
    looked: Mapping[str, Look] | None = None,
) -> Response:
    """The page. ``seen``: the mark of the offers that the visitor saw before typing; by itself those of now.

    The shop is asked for names before there is a session: nothing of ours waits for it.
    """
    values = {
        "flow": flow,
        "steps": definition.steps,
        "seen": seen or own_offers.mark(definition),
        "typed": typed,
        "looked": looked or {},
        "goods": _goods(typed, looked or {}),
        "rungs": list(offer_words.RUNGS.items()),
        "kinds": offer_forms.KINDS,
        "units": offer_forms.units,
        "combines": [(words.capitalize(), name) for name, words in offer_words.COMBINES.items()],
    }
    with runtime().database.session() as session:
        return way(session, "offers", **values)


def _goods(typed: OfferForm, looked: Mapping[str, Look]) -> list[Choice]:
    chosen = {GoodsKind.PRODUCTS: typed.products, GoodsKind.COLLECTIONS: typed.collections}
    wishes = {kind: looked[box].typed for kind, box in offer_forms.WISHES.items() if box in looked}
    return goods_choice.choices(runtime(), access.visitor().store, chosen, wishes)
