"""The screen on which a merchant writes a step's words in one language, at any time or in a season."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import page, preview, text_subject
from app.admin.flow_pages import blueprint
from app.admin.formats import is_right_to_left, language
from app.admin.text_subject import Subject
from app.web import runtime
from flows import catalogs, own_texts
from flows.definition import DefinitionError, FlowDefinition
from flows.placeholders import problems

PLACE = "/app/flows/<int(max=9223372036854775807):flow_id>/texts/<step_key>"


@blueprint.get(PLACE)
def edit_text(flow_id: int, step_key: str) -> Response:
    """``season`` in the address: in the season at that place; ``of=offer``: the words of the text's offer."""
    with runtime().database.session() as session:
        subject = _found(session, flow_id, step_key)
        tag = _language(request.args.get("language", ""), subject.definition)
        return page.show(session, "text", **_values(subject, tag, subject.words(tag)))


@blueprint.post(PLACE)
def save_text(flow_id: int, step_key: str) -> AnyResponse:
    """Save the words as typed, or take them away (``own=0``). Our own words, unchanged, are no own words."""
    visitor = access.visitor()
    typed = _typed()
    with runtime().database.session() as session:
        subject = _found(session, flow_id, step_key)
        tag = _language(request.form.get("language", ""), subject.definition)
        taken_away = request.form.get("own") == "0" or typed == subject.without_own(tag)
        words = None if taken_away else typed
        now = runtime().clock.now()
        try:
            own_texts.change(session, visitor.store, flow_id, subject.spot, tag, words, visitor.actor, now)
        except DefinitionError as error:
            return page.refuse(session, "text", **_values(subject, tag, typed, _errors(error, subject, tag)))
    word = "text_removed" if taken_away else "text_saved"
    if subject.season is not None:
        where = {"season": subject.season.key, "place": subject.spot.season}
        return page.done("flows.edit_season", word, flow_id=flow_id, **where)
    return page.done("flows.show", word, flow_id=flow_id, language=tag)


@blueprint.post(f"{PLACE}/preview")
def look_at_text(flow_id: int, step_key: str) -> Response:
    """The same page with the words as typed; nothing is saved. Asked for at every pause in typing, too."""
    typed = _typed()
    with runtime().database.session() as session:
        subject = _found(session, flow_id, step_key)
        tag = _language(request.form.get("language", ""), subject.definition)
        wrong = problems(typed, subject.placeholders)
        errors = {"words": " ".join(map(_sentence, wrong))} if wrong else {}
        return page.try_out(session, "text", **_values(subject, tag, typed, errors))


def _found(session: Session, flow_id: int, step_key: str) -> Subject:
    found = own_texts.find(session, access.visitor().store.id, flow_id)
    named = request.args.get("season", ""), request.args.get("of", "")
    subject = text_subject.find(*found, step_key, *named) if found else None
    if subject is None:
        abort(404)
    return subject


def _language(wish: str, definition: FlowDefinition) -> str:
    """The language to write in: the wish if it has a catalog or a text, else the store's."""
    offered = preview.languages(definition)
    known = [*offered, *catalogs.languages()]
    return preview.choose(wish, known, access.visitor().store.locale)


def _typed() -> str:
    """Browsers send line breaks as two characters."""
    return request.form.get("words", "").replace("\r\n", "\n").strip()


def _errors(error: DefinitionError, subject: Subject, tag: str) -> dict[str, str]:
    """What is wrong with these words beside their field; what is wrong elsewhere with its place."""
    places = (f"{subject.place}.{tag}: ", f"{subject.place}: ")
    here = [told.partition(": ")[2] for told in error.errors if told.startswith(places)]
    elsewhere = [told for told in error.errors if not told.startswith(places)]
    return {"words": " ".join(map(_sentence, [*here, *elsewhere]))}


def _sentence(problem: str) -> str:
    return f"{problem[:1].upper()}{problem[1:]}."


def _values(subject: Subject, tag: str, words: str, errors: dict[str, str] | None = None) -> dict[str, Any]:
    known = sorted({*catalogs.languages(), *preview.languages(subject.definition)}, key=language)
    return {
        "flow": subject.flow,
        "step": subject.step,
        "subject": subject,
        "tag": tag,
        "languages": [(one, language(one) + (", yours" if one in subject.own else "")) for one in known],
        "words_typed": words,
        "is_own": tag in subject.own,
        "usual": subject.without_own(tag),
        "direction": "rtl" if is_right_to_left(tag) else "ltr",
        "placeholders": ", ".join(f"{{{name}}}" for name in subject.placeholders if name != "link"),
        "trials": () if problems(words, subject.placeholders) else _trials(subject, tag, words),
        "errors": errors or {},
    }


def _trials(subject: Subject, tag: str, words: str) -> tuple[preview.Trial, ...]:
    store, offers = access.visitor().store, subject.definition.offers
    offer = preview.sample_offer(offers, subject.concession, store, runtime().clock.now())
    return preview.trials(subject.saying(tag, words), store, tag, runtime().settings.public_url, offer)
