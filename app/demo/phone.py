"""``/demo/phone``: a phone that shows the texts as phones do. One phone per number that has texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from app.demo import pages, places, sandbox
from app.demo.texts import Entry, Written
from app.web import runtime
from connectors.sandbox import HeldText
from flows.phones import country_of

blueprint = pages.room("demo_phone", __name__)

LONGEST_REPLY = 480
_LINK = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)])")


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text as it is shown. ``pieces`` are (words, is a link)."""

    mine: bool
    pieces: tuple[tuple[str, bool], ...]
    at: datetime
    sender: str | None


@blueprint.get("/phone")
def phone() -> Response:
    return pages.show("phone", **_conversation())


@blueprint.get("/phone/messages")
def messages() -> Response:
    """The conversation alone: the page asks for it every two seconds while it is looked at."""
    return pages.show("phone_messages", **_conversation())


@blueprint.post("/phone/reply")
def reply() -> Response:
    number = request.form.get("number", "")
    typed = request.form.get("body", "").replace("\x00", "").strip()[:LONGEST_REPLY]
    sender = _sender(sandbox.texts().of(number))
    if sender is None:
        abort(400)
    if typed:
        sandbox.reply(number, sender, typed)
    return redirect(url_for(".phone", number=number), 303)


def _conversation() -> dict[str, Any]:
    """The one with the number that the visitor chose, else the one in which something was said last."""
    numbers = sandbox.texts().numbers()
    chosen = request.args.get("number")
    number = chosen or next(iter(numbers), None)
    entries = sandbox.texts().of(number) if number else []
    zone = _zone(number)
    return {
        "chosen": chosen,
        "number": number,
        "numbers": numbers,
        "bubbles": [_bubble(entry, zone) for entry in entries],
        "sender": _sender(entries),
        "now": runtime().clock.now().astimezone(zone),
    }


def _bubble(entry: Entry, zone: ZoneInfo) -> Bubble:
    body = entry.body if isinstance(entry, Written) else entry.text.body
    # Splitting by a group puts every other piece inside it: the links.
    pieces = tuple((piece, index % 2 == 1) for index, piece in enumerate(_LINK.split(body)) if piece)
    sender = entry.text.sender if isinstance(entry, HeldText) else None
    return Bubble(sender is None, pieces, entry.created_at.astimezone(zone), sender)


def _sender(entries: list[Entry]) -> str | None:
    """Whoever texted last; replies go there."""
    return next((entry.text.sender for entry in reversed(entries) if isinstance(entry, HeldText)), None)


def _zone(number: str | None) -> ZoneInfo:
    country = country_of(number) if number else None
    return ZoneInfo(places.ZONES.get(country or "", "Etc/UTC"))
