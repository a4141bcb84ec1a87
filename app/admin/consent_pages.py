"""The screen of consents: what can be imported, what became of each row, and where they are confirmed."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import page, settings_forms
from app.web import runtime
from flows import consent_import, due
from flows.consent_import import Declaration, Report, UnreadableFile

blueprint = page.screen("consents", __name__)

MOST_ROWS = 20_000
LONGEST_SOURCE, LONGEST_WORDING, LONGEST_COLUMN = 200, 2_000, 100
LISTED = 500
NO_SOURCE = "Say where these consents come from."
NO_FILE = "Choose a CSV file."


@blueprint.get("/app/consents")
def show() -> Response:
    with runtime().database.session() as session:
        return _page(session, {}, {})


@blueprint.post("/app/consents")
def take_in() -> Response:
    """The answer is the report: reading it again imports nothing twice."""
    typed = {name: request.form.get(name, "").strip() for name in ("source", "wording", "date_column")}
    upload = request.files.get("file")
    errors = {} if typed["source"] else {"source": NO_SOURCE}
    if upload is None or not upload.filename:
        errors["file"] = NO_FILE
    report = None
    if not errors and upload is not None:
        try:
            report = _import(io.BytesIO(upload.read()), typed)
        except UnreadableFile as error:
            errors["file"] = str(error)
    with runtime().database.session() as session:
        return _page(session, typed, errors, report)


@blueprint.post("/app/settings/consent")
def save_opt_in() -> AnyResponse:
    typed = settings_forms.read_opt_in(
        request.form.get("opt_in", ""), request.form.getlist("opt_in_countries")
    )
    with runtime().database.session() as session:
        store = page.locked_store(session)
        store.double_opt_in_countries = typed.stored
        store.updated_at = runtime().clock.now()
        due.hasten(session, store.id, "no_double_opt_in", store.updated_at)
        page.audit(session, "double_opt_in_changed", scope=typed.scope, countries=sorted(typed.chosen))
    return page.done("settings.show", "saved")


def _import(file: io.BytesIO, typed: dict[str, str]) -> Report:
    visitor = access.visitor()
    declared = Declaration(
        typed["source"][:LONGEST_SOURCE],
        visitor.actor,
        typed["wording"][:LONGEST_WORDING] or None,
        typed["date_column"][:LONGEST_COLUMN] or consent_import.DATE,
    )
    return consent_import.run(runtime(), visitor.store, file, declared, MOST_ROWS)


def _page(
    session: Session, typed: dict[str, str], errors: dict[str, str], report: Report | None = None
) -> Response:
    values: dict[str, Any] = {
        "typed": typed,
        "errors": errors,
        "report": report,
        "reasons": consent_import.REASONS,
        "listed": LISTED,
        "most_rows": MOST_ROWS,
    }
    return page.refuse(session, "consents", **values) if errors else page.show(session, "consents", **values)
