"""What was lately written to contacts, and by them: as far as caps and open conversations ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Contact
from flows import caps
from flows.zones import Place, regions_of

# A reply that nobody has answered so long will not be answered any more.
CONVERSATION = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class History:
    """One contact's. ``texts`` are the moments of the latest claimed ones by text id, as many as a cap
    counts; ``conversation_until`` is until when a reply waits for a person."""

    texts: dict[int, datetime] = field(default_factory=dict)
    conversation_until: datetime | None = None


NOTHING = History()


def load(session: Session, contacts: Sequence[Contact], now: datetime) -> dict[int, History]:
    """What there is to know, by contact id; a query per kind."""
    texts, waiting = _texts(session, contacts, now), _open_conversations(session, contacts, now)
    return {
        contact_id: History(texts.get(contact_id, {}), waiting.get(contact_id))
        for contact_id in texts.keys() | waiting.keys()
    }


def places_of(contact: Contact) -> tuple[Place, ...]:
    """The places whose rules hold for a text to this contact."""
    return regions_of(contact.phone, contact.address_country, contact.region, contact.postcode)


TEXTS = text(
    """
    SELECT wanted.contact_id, latest.id, latest.created_at
    FROM unnest(CAST(:stores AS bigint[]), CAST(:contacts AS bigint[])) AS wanted(store_id, contact_id)
    CROSS JOIN LATERAL (
        SELECT id, created_at FROM message
        WHERE message.store_id = wanted.store_id AND message.contact_id = wanted.contact_id
            AND created_at > :since AND kind IN ('marketing', 'service')
        ORDER BY created_at DESC LIMIT :most
    ) AS latest
    """
)


def _texts(session: Session, contacts: Sequence[Contact], now: datetime) -> dict[int, dict[int, datetime]]:
    """Of those contacts whose place has a cap. One more than it counts, for a text that goes again does
    not count against itself."""
    capped = [contact for contact in contacts if caps.caps_for(places_of(contact))]
    if not capped:
        return {}
    far = caps.longest()
    values = {**_names(capped), "since": now - far.period, "most": far.max_texts + 1}
    found: dict[int, dict[int, datetime]] = {}
    for contact_id, message_id, at in session.execute(TEXTS, values):
        found.setdefault(contact_id, {})[message_id] = at
    return found


CONVERSATIONS = text(
    """
    SELECT contact_id, max(received_at)
    FROM unnest(CAST(:stores AS bigint[]), CAST(:contacts AS bigint[])) AS wanted(store_id, contact_id)
    JOIN reply USING (store_id, contact_id)
    WHERE needs_person AND settled_at IS NULL AND received_at > :since
    GROUP BY contact_id
    """
)


def _open_conversations(session: Session, contacts: Sequence[Contact], now: datetime) -> dict[int, datetime]:
    if not contacts:
        return {}
    values = {**_names(contacts), "since": now - CONVERSATION}
    return {contact_id: at + CONVERSATION for contact_id, at in session.execute(CONVERSATIONS, values)}


def _names(contacts: Sequence[Contact]) -> dict[str, list[int]]:
    """Each contact once: several carts of one person may be due."""
    stores = {contact.id: contact.store_id for contact in contacts}
    return {"stores": list(stores.values()), "contacts": list(stores)}
