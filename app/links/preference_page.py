"""``/p/<token>``: where a shopper stops the texts, or chooses which come, when and in which language.

Opening it changes nothing: programs open links too. Its first button stops the texts, at once and for
good; the button alone is enough, whatever else the page holds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import phonenumbers
from babel.dates import format_time
from flask import Blueprint, Response, request
from sqlalchemy.exc import OperationalError, TimeoutError

from app.links import data_page, pages
from app.runtime import Runtime
from app.spoken import locale_of
from app.web import runtime
from flows import catalogs, data_export, links, preferences, replies, texts
from flows.conflicts import again
from flows.links import Recipient
from flows.preferences import FIRST_HOUR, LAST_HOUR, Preferences
from flows.proof import Proof

blueprint = Blueprint("preference_page", __name__)
blueprint.register_error_handler(OperationalError, pages.unavailable)
blueprint.register_error_handler(TimeoutError, pages.unavailable)

SOURCE = "stop_page"
SHOWN_DIGITS = 2


@blueprint.get("/p/", defaults={"token": ""})
@blueprint.get("/p/<token>")
def ask(token: str) -> Response:
    """Who texts which number, the button that stops it, and what else there is to choose."""
    with runtime().database.session() as session:
        found = links.recipient(session, token)
    return _page(found)


@blueprint.post("/p/<token>")
def change(token: str) -> Response:
    """Stop the texts, unless another button of the page was pressed. Pressed again, it only says so."""
    pressed = request.form.get("do", "")
    if pressed == "save":
        return _save(token)
    if pressed in ABOUT_DATA:
        answer = ABOUT_DATA[pressed](token)
        return answer if isinstance(answer, Response) else _unproven(*answer)
    return _page(_stop(runtime(), token, runtime().clock.now()))


ABOUT_DATA = {
    "see": data_page.see,
    "download": data_page.download,
    "delete": data_page.delete,
    "erase": data_page.delete,
}


def _unproven(found: Recipient | None, outcome: Proof) -> Response:
    return _page(found, 429 if outcome is Proof.TOO_MANY else 422, proof=outcome.value)


@again
def _stop(runtime: Runtime, token: str, now: datetime) -> Recipient | None:
    with runtime.database.session() as session:
        found = links.recipient(session, token)
        if found is not None and found.contact is not None and not found.stopped:
            name = f"{SOURCE}:{token}:{now.isoformat()}"
            replies.stop(session, runtime, found.store, found.contact.phone, SOURCE, now, name)
            found = links.recipient(session, token)
    return found


def _save(token: str) -> Response:
    chosen = preferences.read(request.form, request.form.getlist("kinds"))
    if chosen.hours_wrong:
        with runtime().database.session() as session:
            found = links.recipient(session, token)
        return _page(found, 422, chosen=chosen)
    return _page(_keep(runtime(), token, chosen, runtime().clock.now()), saved=True)


@again
def _keep(runtime: Runtime, token: str, chosen: Preferences, now: datetime) -> Recipient | None:
    with runtime.database.session() as session:
        found = links.recipient(session, token)
        if found is not None and found.contact is not None:
            preferences.keep(found.contact, chosen, now)
            session.flush()
            found = links.recipient(session, token)
    return found


def _page(found: Recipient | None, status: int = 200, **values: Any) -> Response:
    """The page as its visitor may see it now; ``chosen`` is a form that was refused, as it was sent."""
    if found is None:
        return pages.not_found()
    if found.stopped or found.contact is None:
        return pages.page("stopped.html", status, found.language, **_told(found), **values)
    chosen = values.pop("chosen", None) or preferences.stored(found.contact)
    offered = {"languages": own_names(), "hours": hours(pages.spoken(found.language))}
    return pages.page(
        "preferences.html", status, found.language, **_told(found), chosen=chosen, **offered, **values
    )


def _told(found: Recipient) -> dict[str, Any]:
    kinds = {kind: data_export.days(kind, found.store.retention) for kind in data_export.RULE_OF_KIND}
    return {
        "store": texts.name_of(found.store),
        "number": masked(found.contact.phone) if found.contact else None,
        "front_page": links.front_page(found.store.url, found.store.domain),
        "stored": kinds if found.contact else {},
    }


def own_names() -> Sequence[tuple[str, str]]:
    """Every language that texts speak, by tag, each with the name that its readers know it by.

    In which tone is for the store to say.
    """
    named = [(tag, _own_name(tag)) for tag in catalogs.languages() if "-x-" not in tag]
    return sorted(named, key=lambda pair: unicodedata.normalize("NFKD", pair[1]).casefold())


def _own_name(tag: str) -> str:
    name = locale_of(tag).get_display_name() or tag
    return name[:1].upper() + name[1:]


def hours(language: str) -> Sequence[tuple[int, str]]:
    """The hours between which texts may be wished, as a reader of ``language`` writes them."""
    locale = locale_of(language)
    return [
        (hour, format_time(time(hour), "short", locale=locale)) for hour in range(FIRST_HOUR, LAST_HOUR + 1)
    ]


def masked(phone: str) -> str:
    """Enough of an E.164 number to know one's own by: ``+386 40••••••``.

    Its first digits: the last four are the proof that somebody's data may be shown.
    """
    number = phonenumbers.parse(phone)
    digits = str(number.national_number)
    return f"+{number.country_code} {digits[:SHOWN_DIGITS]}{'•' * (len(digits) - SHOWN_DIGITS)}"
