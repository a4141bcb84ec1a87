"""The ledger of consent: what was said about texting a number, and the state that follows from it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.crypto import keyed_hash
from app.models import Consent, ConsentEvent, Contact, Link, Store, Suppression
from connectors.events import ConsentSignal, ConsentState
from flows import consent, consent_sync, enrollment, opt_in
from flows.incoming import Incoming, lock

SMS = "sms"
# Events of a checkout's consent box: ``box:<cart key>:<number>``, counted from 1.
BOX = "box:"
UNTICKED = "_unticked"
# An event that says that another one, named by its id, was written by mistake.
UNDO, CORRECTED, CORRECTION = "undo:", "corrected", "correction"


def record_signal(
    session: Session,
    store: Store,
    phone: str,
    signal: ConsentSignal,
    now: datetime,
    dedupe_key: str,
    *,
    hash_key: str,
    evidence: dict[str, Any] | None = None,
) -> Consent:
    """Write down what was said about ``phone`` (E.164), once per ``dedupe_key``, and derive what follows.

    The signal must be about this very number: nobody consents for another one. A stop takes effect
    here, whole: the number is suppressed, leaves its flows, and its links end. ``hash_key`` is the
    setting HASH_KEY, by which the suppression list knows numbers.
    """
    lock_number(session, store, phone)
    told = evidence_of(store, signal) | (evidence or {})
    _append(session, store, phone, signal, now, dedupe_key, told)
    return derive_again(session, store, phone, now, hash_key=hash_key, told_by=signal.source)


def take_box(
    incoming: Incoming, phone: str, name: str, signal: ConsentSignal | None, at: datetime
) -> Consent | None:
    """The consent box of one checkout for ``phone`` as it is ``at`` this moment: ticked, or not (None).

    A checkout tells its box with every delivery: only a change is an event, and only the last change
    counts. A box that was never ticked says nothing.
    """
    session, store = incoming.session, incoming.store
    lock_number(session, store, phone)
    told = [event for event in _ledger(session, store, phone) if _box_name(event) == name]
    ticked = bool(told) and told[-1].state == ConsentState.GIVEN
    if ticked == (signal is not None):
        return None
    if signal is None:
        signal = ConsentSignal(ConsentState.WITHDRAWN, phone, told[-1].source + UNTICKED, occurred_at=at)
    evidence = evidence_of(store, signal) | {"actor": "shopper"}
    evidence |= {"event": incoming.event_id} if incoming.event_id else {}
    _append(session, store, phone, signal, incoming.now, f"{BOX}{name}:{len(told) + 1}", evidence)
    hash_key = incoming.runtime.settings.hash_key
    return derive_again(session, store, phone, incoming.now, hash_key=hash_key, told_by=signal.source)


def evidence_of(store: Store, signal: ConsentSignal) -> dict[str, Any]:
    """What a signal tells that can prove it later. What nobody told is left out, never made up.

    ``zone`` is the store's time zone; moments are kept in UTC. ``wording_sha256`` is the digest of the
    exact words that stood beside the box.
    """
    digest = hashlib.sha256(signal.wording.encode()).hexdigest() if signal.wording else None
    told = {
        "zone": store.timezone,
        "customer": signal.customer_id,
        "wording_sha256": digest,
        **signal.evidence,
    }
    return {name: value for name, value in told.items() if value}


def derive_again(
    session: Session,
    store: Store,
    phone: str,
    now: datetime,
    *,
    hash_key: str,
    told_by: str | None = None,
) -> Consent:
    """The current state of ``phone``, rebuilt from its events and the suppression list.

    ``told_by`` is the source of the event that is the reason to derive.

    A suppression is a stop whose events may be gone, erased with a person or an earlier installation.
    What gives consent again in spite of it lifts it.
    """
    suppression = find_suppression(session, store, phone, hash_key)
    derived = consent.derive([*_that_stand(_ledger(session, store, phone)), *_stop_of(suppression)])
    row = session.get(Consent, (store.id, SMS, phone), populate_existing=True)
    if row is None:
        row = Consent(store_id=store.id, channel=SMS, address=phone, state="none", confirmed=False)
        session.add(row)
    before = (row.state, row.confirmed)
    row.state, row.confirmed = derived.state.value, derived.confirmed
    row.source, row.since = derived.source, derived.since
    row.stopped = derived.state is consent.Standing.WITHDRAWN
    row.updated_at = now
    session.flush()
    if row.stopped and suppression is None:
        _suppress(session, store, row, now, hash_key)
    if suppression is not None and derived.state is consent.Standing.GIVEN:
        suppression.lifted_at = now
    if (row.state, row.confirmed) != before:
        by_us = consent_sync.is_told_by_us(told_by or row.source)
        _tell_flows(session, store, row, now, by_us=by_us)
    return row


def undo(
    session: Session,
    store: Store,
    phone: str,
    dedupe_key: str,
    actor: str,
    now: datetime,
    *,
    hash_key: str,
) -> bool:
    """A text that was taken for a stop was none: the ledger says so, and the state is derived without it.

    Only for a stop that was read out of plain words; says whether there was one to undo. What was said
    before and after it stands, other stops too.
    """
    lock_number(session, store, phone)
    misread = next(
        (
            event
            for event in _ledger(session, store, phone)
            if (event.dedupe_key, event.source) == (dedupe_key, consent.PLAIN_WORDS)
        ),
        None,
    )
    if misread is None:
        return False
    session.add(_correction(misread, actor, now))
    suppression = find_suppression(session, store, phone, hash_key)
    if suppression is not None and _rests_on(suppression, misread):
        suppression.lifted_at = now
    session.flush()
    derive_again(session, store, phone, now, hash_key=hash_key, told_by=CORRECTION)
    return True


def _correction(misread: ConsentEvent, actor: str, now: datetime) -> ConsentEvent:
    return ConsentEvent(
        store_id=misread.store_id,
        channel=misread.channel,
        address=misread.address,
        state=CORRECTED,
        source=CORRECTION,
        dedupe_key=f"{UNDO}{misread.id}",
        occurred_at=now,
        recorded_at=now,
        evidence={"actor": actor, "corrects": misread.dedupe_key},
    )


def _rests_on(suppression: Suppression, event: ConsentEvent) -> bool:
    return (suppression.reason, suppression.created_at) == (event.source, event.occurred_at)


def _suppress(session: Session, store: Store, row: Consent, now: datetime, hash_key: str) -> None:
    """A stop outlives its number here: erasure, and an uninstall, leave the hash."""
    told = {"reason": row.source or "", "created_at": row.since or now, "lifted_at": None}
    number_hash = keyed_hash(hash_key, store.domain, row.address)
    added = insert(Suppression).values(domain=store.domain, channel=SMS, number_hash=number_hash, **told)
    session.execute(
        added.on_conflict_do_update(index_elements=["domain", "channel", "number_hash"], set_=told)
    )


def find_suppression(session: Session, store: Store, phone: str, hash_key: str) -> Suppression | None:
    """The standing stop of this number at this store's domain, if there is one."""
    return session.scalar(
        select(Suppression).where(
            Suppression.domain == store.domain,
            Suppression.channel == SMS,
            Suppression.number_hash == keyed_hash(hash_key, store.domain, phone),
            Suppression.lifted_at.is_(None),
        )
    )


def lock_number(session: Session, store: Store, phone: str) -> None:
    """Whoever derives must see all events: two at once would each miss the other's."""
    lock(session, [(store.id, f"consent:{phone}")])


def _append(
    session: Session,
    store: Store,
    phone: str,
    signal: ConsentSignal,
    now: datetime,
    dedupe_key: str,
    evidence: dict[str, Any],
) -> None:
    event = insert(ConsentEvent).values(
        store_id=store.id,
        channel=SMS,
        address=phone,
        state=signal.state.value,
        confirmed=signal.confirmed,
        source=signal.source,
        dedupe_key=dedupe_key,
        occurred_at=signal.occurred_at,
        checkout_created_at=signal.checkout_created_at,
        recorded_at=now,
        wording=signal.wording,
        language=signal.language,
        evidence=evidence,
    )
    session.execute(event.on_conflict_do_nothing())


def _ledger(session: Session, store: Store, phone: str) -> Sequence[ConsentEvent]:
    return session.scalars(
        select(ConsentEvent)
        .where(ConsentEvent.store_id == store.id, ConsentEvent.channel == SMS, ConsentEvent.address == phone)
        .order_by(ConsentEvent.id)
    ).all()


def _that_stand(ledger: Sequence[ConsentEvent]) -> list[consent.ConsentEvent]:
    """What there is to derive from: of each checkout's box only how it was last told, and only a tick.

    Taking back one's own tick is no stop: what was said elsewhere still stands. What was written by
    mistake never happened.
    """
    undone = {event.dedupe_key.removeprefix(UNDO) for event in ledger if event.state == CORRECTED}
    standing: dict[object, ConsentEvent] = {}
    for event in ledger:
        if event.state != CORRECTED and str(event.id) not in undone:
            standing[_box_name(event) or event.id] = event
    return [
        consent.ConsentEvent(
            state=ConsentState(event.state),
            source=event.source,
            recorded_at=event.recorded_at,
            occurred_at=event.occurred_at,
            confirmed=event.confirmed,
            checkout_created_at=event.checkout_created_at,
        )
        for event in standing.values()
        if _box_name(event) is None or event.state == ConsentState.GIVEN
    ]


def _box_name(event: ConsentEvent) -> str | None:
    if not event.dedupe_key.startswith(BOX):
        return None
    return event.dedupe_key.removeprefix(BOX).rpartition(":")[0]


def _stop_of(suppression: Suppression | None) -> list[consent.ConsentEvent]:
    if suppression is None:
        return []
    stopped_at = suppression.created_at
    return [
        consent.ConsentEvent(ConsentState.WITHDRAWN, suppression.reason, stopped_at, occurred_at=stopped_at)
    ]


def _tell_flows(session: Session, store: Store, row: Consent, now: datetime, *, by_us: bool) -> None:
    """A number that is stopped leaves its flows; carts that waited for consent are looked at again.

    ``by_us``: the platform does not know yet what was said.
    """
    found = session.execute(
        select(Contact.id, Contact.country).where(Contact.store_id == store.id, Contact.phone == row.address)
    ).first()
    if found is None:
        return
    contact_id, country = found
    if by_us:
        consent_sync.plan(session, store, contact_id, now)
    if row.stopped:
        enrollment.end_for_contact(session, store.id, contact_id, "stopped", now)
        links = (Link.store_id == store.id) & (Link.contact_id == contact_id) & Link.ended_at.is_(None)
        session.execute(update(Link).where(links).values(ended_at=now))
    elif row.state == consent.Standing.GIVEN:
        if not row.confirmed and opt_in.is_due(store, country):
            opt_in.plan(session, store.id, contact_id, now + opt_in.PAUSE, now)
        enrollment.look_again(session, store.id, contact_id, now)
