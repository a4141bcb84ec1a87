"""The screen on which a merchant writes a step's words in one language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, abort, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import page, preview
from app.admin.flow_pages import blueprint
from app.admin.formats import is_right_to_left, language
from app.models import Flow
from app.web import runtime
from flows import catalogs, own_texts
from flows.definition import DefinitionError, FlowDefinition, Step
from flows.placeholders import ALLOWED, problems

PLACE = "/app/flows/<int(max=9223372036854775807):flow_id>/texts/<step_key>"


@blueprint.get(PLACE)
def edit_text(flow_id: int, step_key: str) -> Response:
    with runtime().database.session() as session:
        flow, definition, step = _found(session, flow_id, step_key)
        tag = _language(request.args.get("language", ""), definition)
        return page.show(session, "text", **_values(flow, definition, step, tag, _words(step, tag)))


@blueprint.post(PLACE)
def save_text(flow_id: int, step_key: str) -> AnyResponse:
    """Save the words as typed, or take them away (``own=0``). Our own words, unchanged, are no own words."""
    visitor = access.visitor()
    typed = _typed()
    with runtime().database.session() as session:
        flow, definition, step = _found(session, flow_id, step_key)
        tag = _language(request.form.get("language", ""), definition)
        taken_away = request.form.get("own") == "0" or typed == _built_in(step, tag)
        words = None if taken_away else typed
        now = runtime().clock.now()
        try:
            own_texts.change(session, visitor.store, flow_id, step_key, tag, words, visitor.actor, now)
        except DefinitionError as error:
            values = _values(flow, definition, step, tag, typed, _errors(error, definition, step, tag))
            return page.refuse(session, "text", **values)
    return page.done(
        "flows.show", "text_removed" if taken_away else "text_saved", flow_id=flow_id, language=tag
    )


@blueprint.post(f"{PLACE}/preview")
def look_at_text(flow_id: int, step_key: str) -> Response:
    """The same page with the words as typed; nothing is saved. Asked for at every pause in typing, too."""
    typed = _typed()
    with runtime().database.session() as session:
        flow, definition, step = _found(session, flow_id, step_key)
        tag = _language(request.form.get("language", ""), definition)
        errors = {"words": " ".join(map(_sentence, problems(typed)))} if problems(typed) else {}
        return page.try_out(session, "text", **_values(flow, definition, step, tag, typed, errors))


def _found(session: Session, flow_id: int, step_key: str) -> tuple[Flow, FlowDefinition, Step]:
    found = own_texts.find(session, access.visitor().store.id, flow_id)
    step = next((step for step in found[1].steps if step.key == step_key), None) if found else None
    if found is None or step is None:
        abort(404)
    return (*found, step)


def _language(wish: str, definition: FlowDefinition) -> str:
    """The language to write in: the wish if it has a catalog or a text, else the store's."""
    offered = preview.languages(definition)
    known = [*offered, *catalogs.languages()]
    return preview.choose(wish, known, access.visitor().store.locale)


def _typed() -> str:
    """Browsers send line breaks as two characters."""
    return request.form.get("words", "").replace("\r\n", "\n").strip()


def _words(step: Step, tag: str) -> str:
    return step.texts.get(tag) or _built_in(step, tag)


def _built_in(step: Step, tag: str) -> str:
    """Our words for the step as a template, or nothing."""
    key = f"sms.{step.key}"
    known = step.key in catalogs.BUILT_IN_STEPS and tag in catalogs.languages_with(key)
    return catalogs.template(key, tag) if known else ""


def _errors(error: DefinitionError, definition: FlowDefinition, step: Step, tag: str) -> dict[str, str]:
    """What is wrong with these words beside their field; what is wrong elsewhere with its place."""
    place = f"steps[{definition.steps.index(step)}].texts"
    here = [
        told.removeprefix(f"{place}.{tag}: ").removeprefix(f"{place}: ")
        for told in error.errors
        if told.startswith((f"{place}.{tag}: ", f"{place}: "))
    ]
    elsewhere = [told for told in error.errors if not told.startswith((f"{place}.{tag}: ", f"{place}: "))]
    return {"words": " ".join(map(_sentence, [*here, *elsewhere]))}


def _sentence(problem: str) -> str:
    return f"{problem[:1].upper()}{problem[1:]}."


def _values(
    flow: Flow,
    definition: FlowDefinition,
    step: Step,
    tag: str,
    words: str,
    errors: dict[str, str] | None = None,
) -> dict[str, Any]:
    store, public_url = access.visitor().store, runtime().settings.public_url
    said = replace(step, texts={tag: words}) if words else step
    known = sorted({*catalogs.languages(), *preview.languages(definition)}, key=language)
    return {
        "flow": flow,
        "step": step,
        "number": definition.steps.index(step) + 1,
        "tag": tag,
        "languages": [(one, language(one) + (", yours" if one in step.texts else "")) for one in known],
        "words_typed": words,
        "is_own": tag in step.texts,
        "built_in": _built_in(step, tag),
        "direction": "rtl" if is_right_to_left(tag) else "ltr",
        "placeholders": ", ".join(f"{{{name}}}" for name in ALLOWED if name != "link"),
        "trials": () if problems(words) else preview.trials(said, store, tag, public_url),
        "errors": errors or {},
    }
