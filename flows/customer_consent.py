"""What a platform's customer record says of consent, apart from any cart."""

from __future__ import annotations

from sqlalchemy import select

from app.models import ConsentEvent, Contact
from connectors.events import ConsentChanged, ConsentSignal, ConsentState
from flows import consent_sync, consents
from flows.held import hashed
from flows.incoming import Incoming
from flows.phones import Phone, read_phone


def change(incoming: Incoming, changed: ConsentChanged) -> None:
    """A yes counts for the number that it names and no other; a no, also for those of that customer."""
    signal = changed.signal
    phone = read_phone(signal.phone, incoming.store.country) if signal.phone else None
    number = phone.e164 if isinstance(phone, Phone) else None
    if number is not None:
        _record(incoming, number, signal)
    elif signal.state is ConsentState.WITHDRAWN:
        for known in _numbers_of(incoming, signal):
            _record(incoming, known, signal)


def _numbers_of(incoming: Incoming, signal: ConsentSignal) -> list[str]:
    if signal.customer_id is None:
        return []
    query = select(Contact.phone).where(
        Contact.store_id == incoming.store.id, Contact.customer_id == signal.customer_id
    )
    return list(incoming.session.scalars(query.order_by(Contact.id)))


def _record(incoming: Incoming, phone: str, signal: ConsentSignal) -> None:
    """What we told the platform ourselves comes back, and is no news; nor is what was erased since."""
    if consent_sync.is_echo(incoming.session, incoming.store.id, phone, signal):
        return
    if _was_erased(incoming, phone, signal):
        return
    consents.record_signal(
        incoming.session,
        incoming.store,
        phone,
        signal,
        incoming.now,
        dedupe_key(signal),
        hash_key=incoming.runtime.settings.hash_key,
        evidence={"actor": "platform"} | ({"event": incoming.event_id} if incoming.event_id else {}),
    )


def _was_erased(incoming: Incoming, phone: str, signal: ConsentSignal) -> bool:
    """Whether the ledger has these words of the number already, as somebody's who was erased."""
    event, store = ConsentEvent, incoming.store
    query = select(event.id).where(
        event.store_id == store.id,
        event.channel == consents.SMS,
        event.address == hashed(incoming.runtime.settings.hash_key, store.domain, phone),
        event.state == signal.state.value,
        event.source == signal.source,
        event.occurred_at.is_not_distinct_from(signal.occurred_at),
    )
    return incoming.session.scalar(query.limit(1)) is not None


def dedupe_key(signal: ConsentSignal) -> str:
    """The same record told again is the same event. An undated one can be told apart by its state only."""
    at = signal.occurred_at.isoformat() if signal.occurred_at else "undated"
    return f"{signal.source}:{signal.state.value}:{'confirmed' if signal.confirmed else 'single'}:{at}"
