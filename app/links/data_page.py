"""What is stored of a shopper: shown, downloaded or deleted on their own page, once the number is proven."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response, make_response, request

from app import readable
from app.links import pages
from app.models import Contact, Store
from app.runtime import Runtime
from app.web import runtime
from connectors.events import RequestKind
from flows import compliance, data_export, erasure, links, proof, replies, texts
from flows.conflicts import again
from flows.incoming import Incoming
from flows.links import Recipient
from flows.proof import Proof
from flows.traces import Shopper

SOURCE = "preference_page"
DONE_HERE = "shown to the shopper"


def see(token: str) -> Response | tuple[Recipient | None, Proof]:
    """All of it on a page that can be printed, with the buttons to take it along and to delete it."""
    found, outcome, document = _read(runtime(), token, request.form.get("digits", ""))
    if found is None or document is None:
        return found, outcome
    language = pages.spoken(found.language)
    told = readable.sections(document, language, found.store.timezone)
    return _page("data.html", found, sections=told)


def download(token: str) -> Response | tuple[Recipient | None, Proof]:
    """The same as a file for programs."""
    found, outcome, document = _read(runtime(), token, request.form.get("digits", ""))
    if document is None:
        return found, outcome
    response = make_response(json.dumps(document, ensure_ascii=False, indent=1))
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return pages.private(response)


def delete(token: str) -> Response | tuple[Recipient | None, Proof]:
    """Ask once more, or with ``do=erase`` delete everything, for good."""
    if request.form.get("do") != "erase":
        found, outcome = _prove(runtime(), token, request.form.get("digits", ""))
        proven = found is not None and outcome is Proof.PROVEN
        return _page("delete.html", found) if found and proven else (found, outcome)
    now = runtime().clock.now()
    found, outcome = _erase(runtime(), token, request.form.get("digits", ""), now)
    return _page("deleted.html", found) if found and outcome is Proof.PROVEN else (found, outcome)


@again
def _read(
    runtime: Runtime, token: str, digits: str
) -> tuple[Recipient | None, Proof, data_export.Document | None]:
    now = runtime.clock.now()
    with runtime.database.session() as session:
        found = links.recipient(session, token)
        if found is None or found.contact is None:
            return found, Proof.WRONG, None
        outcome = proof.prove(session, found.contact, digits, now)
        if outcome is not Proof.PROVEN:
            return found, outcome, None
        asking = _incoming(session, runtime, found.store, now)
        shopper, name = _shopper(found.contact), f"page:{found.contact.id}:{now.date()}"
        compliance.note_answered(asking, compliance.PAGE, name, DONE_HERE)
        return found, outcome, data_export.build(session, runtime, found.store, shopper, now)


@again
def _prove(runtime: Runtime, token: str, digits: str) -> tuple[Recipient | None, Proof]:
    with runtime.database.session() as session:
        found = links.recipient(session, token)
        if found is None or found.contact is None:
            return found, Proof.WRONG
        return found, proof.prove(session, found.contact, digits, runtime.clock.now())


@again
def _erase(runtime: Runtime, token: str, digits: str, now: datetime) -> tuple[Recipient | None, Proof]:
    """No more texts, and nothing left: the stop is written down first, so that its hash stays."""
    with runtime.database.session() as session:
        found = links.recipient(session, token)
        if found is None or found.contact is None:
            return found, Proof.WRONG
        outcome = proof.prove(session, found.contact, digits, now)
        if outcome is Proof.PROVEN:
            shopper, name = _shopper(found.contact), f"{SOURCE}:{found.contact.id}:{now.isoformat()}"
            asking = _incoming(session, runtime, found.store, now)
            erasure.keep_others_out(asking, shopper)
            if not found.stopped:
                replies.stop(session, runtime, found.store, found.contact.phone, SOURCE, now, name)
            compliance.ask(asking, RequestKind.CUSTOMER_REDACT, shopper, compliance.PAGE, name)
        return found, outcome


def _incoming(session: Any, runtime: Runtime, store: Store, now: datetime) -> Incoming:
    return Incoming(session, runtime, store, now, now)


def _shopper(contact: Contact) -> Shopper:
    """By the number alone: the link proves no e-mail address."""
    return Shopper(phones=(contact.phone,))


def _page(template: str, found: Recipient, **values: Any) -> Response:
    digits = request.form.get("digits", "")
    store = texts.name_of(found.store)
    front = links.front_page(found.store.url, found.store.domain)
    return pages.page(template, 200, found.language, store=store, front_page=front, digits=digits, **values)
