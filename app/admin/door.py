"""The standalone door: a sign-in link, used once, and the way out. Open to everybody."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app import access, logins
from app.admin import page
from app.models import Store
from app.web import runtime

blueprint = Blueprint("door", __name__, template_folder="templates")
blueprint.after_request(access.secure)
blueprint.register_error_handler(HTTPException, page.show_error)
blueprint.add_url_rule(access.BOUNCE, "bounce", access.bounce)


@blueprint.get("/login/<token>")
def knock(token: str) -> AnyResponse:
    """Shows a button and changes nothing: link previewers open links too."""
    with runtime().database.session() as session:
        link = logins.usable_link(session, token, runtime().clock.now())
        store = session.get_one(Store, link.store_id) if link else None
    if store is None:
        return page.show_outside("login", 410)
    return page.show_outside("login", 200, store_name=store.name, token=token)


@blueprint.post("/login/<token>")
def enter(token: str) -> AnyResponse:
    access.refuse_foreign_origin()
    with runtime().database.session() as session:
        opened = logins.use_link(session, token, runtime().clock.now())
    if opened is None:
        return page.show_outside("login", 410)
    response = redirect(page.address("overview.show", shop=opened.store.domain), 303)
    response.set_cookie(
        access.cookie_name(),
        opened.token,
        max_age=opened.life,
        httponly=True,
        secure=runtime().settings.secure_cookies,
        samesite="Lax",
    )
    return response


@blueprint.post("/logout")
def leave() -> AnyResponse:
    session_token = request.cookies.get(access.cookie_name())
    if session_token:
        access.refuse_foreign_write(session_token)
        with runtime().database.session() as session:
            logins.log_out(session, session_token, runtime().clock.now())
    response = page.show_outside("goodbye", 200)
    response.delete_cookie(access.cookie_name(), httponly=True, secure=runtime().settings.secure_cookies)
    return response
