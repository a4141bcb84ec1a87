"""The screen of senders: what stands above the texts in each country, and where the name is registered."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import formats, page, sender_forms
from app.admin.sender_forms import RegistrationForm, SenderForm
from app.models import SenderRegistration, Store
from app.web import runtime
from flows import candidates, identities

blueprint = page.screen("senders", __name__)


@blueprint.get("/app/senders")
def show() -> Response:
    with runtime().database.session() as session:
        return page.show(session, "senders", **_values(session, access.visitor().store))


@blueprint.post("/app/senders")
def save() -> AnyResponse:
    typed = sender_forms.read(request.form)
    with runtime().database.session() as session:
        store = page.locked_store(session)
        if typed.errors:
            return page.refuse(session, "senders", **_values(session, store, typed))
        store.sender_name, store.sender = typed.sender_name or None, typed.number or None
        store.updated_at = runtime().clock.now()
        page.audit(session, "senders_changed", name=store.sender_name, number=store.sender)
    return page.done("senders.show", "saved")


@blueprint.post("/app/senders/registrations")
def save_registration() -> AnyResponse:
    """Note how far a name is in one country's register; without a state, forget it."""
    with runtime().database.session() as session:
        store = page.locked_store(session)
        typed = sender_forms.read_registration(request.form, frozenset(_countries(session, store)))
        if typed.errors:
            return page.refuse(session, "senders", **_values(session, store, registration=typed))
        _store(session, store, typed)
        told = {"country": typed.country, "name": typed.name, "state": typed.state or "none"}
        page.audit(session, "registration_changed", **told)
    return page.done("senders.show", "saved")


def _store(session: Session, store: Store, typed: RegistrationForm) -> None:
    table = SenderRegistration
    if not typed.state:
        here = (table.store_id == store.id) & (table.country == typed.country)
        session.execute(delete(table).where(here))
        return
    told = {
        "name": typed.name,
        "state": typed.state,
        "note": typed.note or None,
        "changed_at": runtime().clock.now(),
    }
    row = insert(table).values(store_id=store.id, country=typed.country, **told)
    session.execute(row.on_conflict_do_update(index_elements=["store_id", "country"], set_=told))


def _countries(session: Session, store: Store) -> list[str]:
    """Where the store's texts may go, by name; where any country is allowed, those it ships to."""
    allowed = candidates.allowed_countries(runtime().settings.countries, store)
    own = {store.country, *store.ships_to} - {None}
    table = SenderRegistration
    noted = session.scalars(select(table.country).where(table.store_id == store.id))
    return sorted({*(own if allowed is None else allowed), *noted}, key=formats.country)


def _values(
    session: Session,
    store: Store,
    senders: SenderForm | None = None,
    registration: RegistrationForm | None = None,
) -> dict[str, Any]:
    """What the page shows; a form that was refused is shown as it was typed."""
    table = SenderRegistration
    rows = session.execute(select(table.country, table.note).where(table.store_id == store.id))
    notes: dict[str, str | None] = {country: note for country, note in rows}
    identity = identities.load(session, runtime().settings, [store])[store.id]
    return {
        "senders": senders or sender_forms.stored(store),
        "pool": identity.pool,
        "lines": [
            sender_forms.country_line(identity, country, notes.get(country) or "", registration)
            for country in _countries(session, store)
        ],
        "registration_errors": registration.errors if registration else {},
        "states": sender_forms.REGISTRATION_STATES,
    }
