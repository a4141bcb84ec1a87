"""``GET /r/<token>``: what a tap on a text opens."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request
from sqlalchemy.exc import OperationalError, TimeoutError

from app.links import pages
from app.links.visitors import is_browser, is_person
from app.web import runtime
from flows import links

blueprint = Blueprint(
    "links", __name__, template_folder="templates", static_folder="static", static_url_path="/links/static"
)
blueprint.register_error_handler(OperationalError, pages.unavailable)
blueprint.register_error_handler(TimeoutError, pages.unavailable)


@blueprint.get("/r/", defaults={"token": ""})
@blueprint.get("/r/<token>")
def follow(token: str) -> Response:
    """Record the opening and lead on; previews are led on too, so that they look right."""
    person = is_person(request.method, request.headers)
    agent = request.headers.get("User-Agent", "")
    opened = links.open_link(runtime(), token, person=person, agent=agent)
    if opened is None:
        return pages.not_found()
    leads_to = links.destination(runtime().cipher, opened, browser=is_browser(agent))
    return pages.private(make_response(redirect(leads_to, 302)))
