"""``/p/<token>``: the page on which a shopper stops the texts.

Opening it stops nothing: programs open links too. The button does, at once and for good.
"""

from __future__ import annotations

from datetime import datetime

import phonenumbers
from flask import Blueprint, Response
from sqlalchemy.exc import OperationalError, TimeoutError

from app.links import pages
from app.runtime import Runtime
from app.web import runtime
from flows import links, replies, texts
from flows.conflicts import again
from flows.links import Recipient

blueprint = Blueprint("stop_page", __name__)
blueprint.register_error_handler(OperationalError, pages.unavailable)
blueprint.register_error_handler(TimeoutError, pages.unavailable)

SOURCE = "stop_page"
SHOWN_DIGITS = 2


@blueprint.get("/p/<token>")
def ask(token: str) -> Response:
    """Who will stop texting which number, and the button."""
    with runtime().database.session() as session:
        found = links.recipient(session, token)
    if found is None:
        return pages.not_found()
    return _page("stopped.html" if found.stopped else "stop.html", found)


@blueprint.post("/p/<token>")
def stop(token: str) -> Response:
    """Stop the texts and say so; pressed again, it only says so."""
    found = _stop(runtime(), token, runtime().clock.now())
    return pages.not_found() if found is None else _page("stopped.html", found)


@again
def _stop(runtime: Runtime, token: str, now: datetime) -> Recipient | None:
    with runtime.database.session() as session:
        found = links.recipient(session, token)
        if found is not None and found.phone is not None and not found.stopped:
            name = f"{SOURCE}:{token}:{now.isoformat()}"
            replies.stop(session, runtime, found.store, found.phone, SOURCE, now, name)
    return found


def _page(template: str, found: Recipient) -> Response:
    return pages.page(
        template,
        200,
        found.language,
        store=texts.name_of(found.store),
        number=masked(found.phone) if found.phone else None,
        front_page=links.front_page(found.store.url, found.store.domain),
    )


def masked(phone: str) -> str:
    """Enough of an E.164 number to know one's own by: ``+386 ••••••67``."""
    number = phonenumbers.parse(phone)
    digits = str(number.national_number)
    return f"+{number.country_code} {'•' * (len(digits) - SHOWN_DIGITS)}{digits[-SHOWN_DIGITS:]}"
