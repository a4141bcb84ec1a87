"""The screens of flows: the list with its switches, and what a flow does and says."""

from __future__ import annotations

from flask import Response, abort, request
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import formats, offer_words, page, preview
from app.web import runtime
from flows import own_texts, registry
from flows.definition import DefinitionError

blueprint = page.screen("flows", __name__)


@blueprint.get("/app/flows")
def listing() -> Response:
    with runtime().database.session() as session:
        found = registry.all_flows(session, access.visitor().store.id)
        return page.show(session, "flows", flows=sorted(found, key=lambda pair: not pair[0].active))


@blueprint.get("/app/flows/<int(max=9223372036854775807):flow_id>")
def show(flow_id: int) -> Response:
    store = access.visitor().store
    with runtime().database.session() as session:
        found = own_texts.find(session, store.id, flow_id)
        if found is None:
            abort(404)
        flow, definition = found
        offered = preview.languages(definition)
        language = preview.choose(request.args.get("language", ""), offered, store.locale)
        public_url, now, wording = runtime().settings.public_url, runtime().clock.now(), page.formats()
        return page.show(
            session,
            "flow",
            flow=flow,
            definition=definition,
            languages=[(tag, formats.language(tag)) for tag in offered],
            language=language,
            versions=own_texts.history(session, store.id, flow_id),
            previews=preview.previews(definition, store, language, public_url, now),
            offers=[offer_words.told(step, definition.offers, wording) for step in definition.steps],
            rules=offer_words.rules(definition.offers, wording)
            if offer_words.makes_offers(definition)
            else None,
        )


@blueprint.post("/app/flows/<int(max=9223372036854775807):flow_id>/switch")
def switch(flow_id: int) -> AnyResponse:
    """Switch the flow on (``active=1``) or off; then back to where the switch was."""
    visitor, active = access.visitor(), request.form.get("active") == "1"
    with runtime().database.session() as session:
        known = registry.switch(session, visitor.store, flow_id, active, visitor.actor, runtime().clock.now())
    if not known:
        abort(404)
    word = "flow_on" if active else "flow_off"
    if request.form.get("from") == "flow":
        return page.done("flows.show", word, flow_id=flow_id)
    return page.done("flows.listing", word)


@blueprint.post("/app/flows/<int(max=9223372036854775807):flow_id>/restore")
def restore(flow_id: int) -> AnyResponse:
    """Say again what an earlier version said, as a new version."""
    visitor, number = access.visitor(), request.form.get("version", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        abort(400, "The version is missing.")
    with runtime().database.session() as session:
        try:
            flow = own_texts.restore(
                session, visitor.store, flow_id, int(number), visitor.actor, runtime().clock.now()
            )
        except DefinitionError as error:
            abort(409, f"That version cannot be used any more: {error}.")
    if flow is None:
        abort(404)
    return page.done("flows.show", "restored", flow_id=flow_id)
