"""Erasing a person, or a whole store.

What outlives it: the suppression hashes, so that a stop holds for ever, and the evidence of consent
under the keyed hash of its number, for as long as the law asks; and figures, which name nobody.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import delete, select, update

from app.models import (
    ComplianceRequest,
    ConsentEvent,
    Contact,
    Delivery,
    InboundEvent,
    Membership,
    Person,
    Store,
)
from flows import enrollment, traces
from flows.held import PROOF, Held, Traces, said_for_others
from flows.incoming import Incoming, lock
from flows.personal_data import HELD
from flows.traces import Shopper

log = structlog.get_logger()

UNTOLD: dict[str, Any] = {"synchronize_session": False}
"""The session need not follow: what it has read is forgotten afterwards."""


BORROWED = ("email", "customer_id", "first_name", "locale", "address_country", "region", "postcode")
"""What a contact knows from the last cart or order of its number, whoever's that was."""


def erase_person(incoming: Incoming, shopper: Shopper, *, deliveries: bool = True) -> Traces:
    """Erase what we know of a shopper, by numbers, e-mail and customer id; says what was found.

    ``deliveries`` off: of somebody of whom nothing came in for so long that no delivery is left to look for.
    """
    session, store = incoming.session, incoming.store
    session.flush()
    keep_others_out(incoming, shopper)
    found = traces.find(session, incoming.runtime.settings.hash_key, store, shopper, incoming.now, erase=True)
    for contact_id in found.contacts:
        enrollment.end_for_contact(session, store.id, contact_id, "stopped", incoming.now)
    for cart_id in found.carts:
        enrollment.end_for_cart(session, store.id, cart_id, "stopped", incoming.now)
    session.flush()
    for held in HELD:
        if deliveries or held.model is not InboundEvent:
            _erase(incoming, held, found)
    _give_back(incoming, found)
    _forget_loaded(incoming)
    return found


def keep_others_out(incoming: Incoming, shopper: Shopper) -> None:
    """Until the end nobody applies news about the person, which would bring back what is being erased.

    Intake takes these locks before all others, so whoever else writes first takes them first, too.
    """
    names = [(incoming.store.id, name) for name in shopper.mentions]
    incoming.locked.update(lock(incoming.session, names, incoming.locked))


def _erase(incoming: Incoming, held: Held, found: Traces) -> None:
    values = {name: value(found) for name, value in held.erases.items()}
    if held.goes:
        incoming.session.execute(delete(held.model).where(held.rows(found)).execution_options(**UNTOLD))
    elif values:
        statement = update(held.model).where(held.rows(found)).values(**values)
        incoming.session.execute(statement.execution_options(**UNTOLD))


def _give_back(incoming: Incoming, found: Traces) -> None:
    """Numbers of others that last told this person's names: they are as if those had never been typed."""
    theirs = update(Contact).where(Contact.store_id == found.store_id, Contact.id.in_(found.borrowed))
    values = dict.fromkeys(BORROWED) | {"updated_at": found.now}
    incoming.session.execute(theirs.values(values).execution_options(**UNTOLD))
    if found.others:
        said = update(ConsentEvent).where(ConsentEvent.store_id == found.store_id, said_for_others(found))
        incoming.session.execute(said.values(evidence=PROOF).execution_options(**UNTOLD))


def _forget_loaded(incoming: Incoming) -> None:
    """What the session has read of these tables is not true any more."""
    models = tuple(held.model for held in HELD)
    for row in list(incoming.session):
        if isinstance(row, models):
            incoming.session.expire(row)


def erase_store(incoming: Incoming) -> None:
    """Delete the store and every row of it. The request itself stays in the inbox, naming no store."""
    session, store_id = incoming.session, incoming.store.id
    session.flush()
    session.execute(delete(ComplianceRequest).where(ComplianceRequest.store_id == store_id))
    _erase_callbacks(incoming)
    if incoming.event_id is not None:
        request = update(InboundEvent).where(InboundEvent.id == incoming.event_id)
        session.execute(request.values(store_id=None, body=None, mentions=[], headers={}))
    _erase_people(incoming)
    for row in list(session):
        if row is incoming.store or getattr(row, "store_id", None) == store_id:
            session.expunge(row)
    session.execute(delete(Store).where(Store.id == store_id))
    log.info("store_erased", store_id=store_id)


def _erase_callbacks(incoming: Incoming) -> None:
    """What an SMS provider told of the store's texts and replies names no store, but numbers."""
    of_store = incoming.store.id
    replied = InboundEvent.source.like("sms:%:reply") & InboundEvent.subject.in_(
        select(Contact.phone).where(Contact.store_id == of_store)
    )
    received = InboundEvent.source.like("sms:%:receipt") & InboundEvent.subject.in_(
        select(Delivery.provider_id).where(Delivery.store_id == of_store)
    )
    applied = update(InboundEvent).where(InboundEvent.state != "pending", replied | received)
    values: dict[str, Any] = {"body": None, "mentions": [], "headers": {}, "subject": ""}
    incoming.session.execute(applied.values(**values).execution_options(**UNTOLD))


def _erase_people(incoming: Incoming) -> None:
    """Those who open pages of this store and of no other."""
    here = select(Membership.person_id).where(Membership.store_id == incoming.store.id)
    elsewhere = select(Membership.person_id).where(Membership.store_id != incoming.store.id)
    incoming.session.execute(delete(Person).where(Person.id.in_(here), Person.id.not_in(elsewhere)))
