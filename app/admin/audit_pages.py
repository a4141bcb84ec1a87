"""The screen of the audit trail: who did what, with a filter, and as a file."""

from __future__ import annotations

from flask import Response, make_response, request

from app import access
from app.admin import audit_trail, page, story
from app.web import runtime

blueprint = page.screen("audit", __name__)


@blueprint.get("/app/audit")
def listing() -> Response:
    wanted, store_id = audit_trail.read_filter(request.args), access.visitor().store.id
    with runtime().database.session() as session:
        return page.show(
            session,
            "audit",
            found=audit_trail.page(session, store_id, wanted),
            wanted=wanted,
            actions=audit_trail.actions(session, store_id),
            audit_words=story.audited,
        )


@blueprint.get("/app/audit.csv")
def download() -> Response:
    """All of it, or of one action; that it was taken is an entry of its own."""
    wanted = audit_trail.read_filter(request.args)
    with runtime().database.session() as session:
        file = audit_trail.as_csv(session, access.visitor().store.id, wanted)
        page.audit(session, "audit_downloaded")
    response = make_response(file)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response
