"""Requests to confirm a consent that come due: gates, words and rows, and a last look before the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.models import Cart, Consent, Contact, Delivery, Message, MessageOnce, Store
from app.runtime import Runtime
from flows import (
    answers,
    candidates,
    doubts,
    due,
    facts,
    gates,
    identities,
    opt_in,
    outgoing,
    pace,
    providers,
    public_holidays,
    refusals,
    retries,
    spread,
    texts,
    timeline,
)
from flows.compose import Answer, compose_service
from flows.conflicts import again
from flows.definition import DEFAULT_CART_FLOW
from flows.due import Claim, Later
from flows.gates import Outcome, Situation
from flows.opt_in import Tick
from flows.outcomes import Call, Withheld
from flows.outgoing import Outgoing, Planned
from flows.pace import Turn
from flows.senders import Identity, Sender, senders_for
from flows.timeline import Line
from flows.timing import LEAST_VALIDITY

BUSY_PAUSE = timedelta(seconds=1)
MOST_SEGMENTS = 2
"""What a request takes of its sender's time at most: its words are chosen when it goes."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """A contact whose consent lacks a confirmation, and the cart that waits for it.

    ``asked_for_this``: for this very tick the contact was asked before. ``message`` is a request that
    certainly did not leave and may go once more.
    """

    claim: Claim
    store: Store
    contact: Contact
    cart: Cart
    tick: Tick
    situation: Situation
    sender: str
    asked_at: datetime | None
    asked_for_this: bool
    message: Message | None
    last_call: Delivery | None


@dataclass(slots=True)
class _Decisions:
    going: list[tuple[_Ask, datetime]] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    over: list[Claim] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    in_line: dict[tuple[str, datetime], int] = field(default_factory=dict)


def is_ours(claim: Claim) -> bool:
    """Whether this due row stands for a request, planned or to be tried again."""
    return claim.kind == due.OPT_IN or claim.reason == retries.REQUEST


def prepare(runtime: Runtime, claims: Sequence[Claim], now: datetime) -> tuple[list[Outgoing], list[Call]]:
    """Claim for sending what these due rows stand for; and what is withheld after a last look.

    The last look sees all that was acknowledged before the requests were committed: a stop, an order.
    """
    if not public_holidays.is_loaded():
        public_holidays.load()  # takes a second, which no row may be locked for
    claimed = _claim(runtime, claims, now)
    if not claimed:
        return [], []
    with runtime.database.session() as session:
        pairs = [(ask.cart, ask.contact) for _, ask in claimed]
        busy = candidates.with_pending_events(session, pairs)
        stopped = _stopped(session, [ask.contact for _, ask in claimed])
    held = [
        (ask.cart.store_id, ask.cart.id) in busy or (ask.store.id, ask.contact.phone) in stopped
        for _, ask in claimed
    ]
    until = now + gates.EVENT_PENDING_PAUSE
    going = [one for (one, _), hold in zip(claimed, held, strict=True) if not hold]
    withheld = [one for (one, _), hold in zip(claimed, held, strict=True) if hold]
    return going, [(one, Withheld("event_pending", until)) for one in withheld]


@again
def _claim(runtime: Runtime, claims: Sequence[Claim], now: datetime) -> list[tuple[Outgoing, _Ask]]:
    with runtime.database.session() as session:
        messages = _messages(session, claims)
        contacts = _lock_contacts(session, claims, messages)
        ours = due.hold(session, claims)
        mine = [claim for claim in claims if claim.id in ours]
        asks = _load(session, runtime, mine, contacts, messages, now)
        decided = _decide(session, mine, asks, _existing(session, mine, contacts), now)
        _keep_pace(session, runtime, decided, now)
        due.finish(session, decided.over)
        due.put_back_all(session, decided.later)
        timeline.record_all(session, decided.lines)
        planned = [_planned(session, ask, until, now) for ask, until in decided.going]
        begun = outgoing.begin(session, runtime, planned, now)
    return list(zip(begun, [ask for ask, _ in decided.going], strict=True))


def _messages(session: Session, claims: Sequence[Claim]) -> dict[int, Message]:
    """The requests that are to be tried again, by claim id."""
    again = {claim.subject: claim for claim in claims if claim.kind == due.RESEND}
    rows = session.scalars(select(Message).where(Message.id.in_(again))) if again else ()
    return {again[row.id].id: row for row in rows if again[row.id].store_id == row.store_id}


def _lock_contacts(
    session: Session, claims: Sequence[Claim], messages: dict[int, Message]
) -> dict[int, Contact]:
    """The contacts of these claims, by claim id, without those that somebody is changing right now.

    Contacts before due rows, as intake locks them.
    """
    ids = {
        claim.id: messages[claim.id].contact_id if claim.id in messages else claim.subject
        for claim in claims
        if claim.kind == due.OPT_IN or claim.id in messages
    }
    rows = session.scalars(
        select(Contact)
        .where(Contact.id.in_(ids.values()))
        .order_by(Contact.id)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    stores = {claim.id: claim.store_id for claim in claims}
    return {
        claim_id: found[contact_id]
        for claim_id, contact_id in ids.items()
        if contact_id in found and found[contact_id].store_id == stores[claim_id]
    }


def _existing(session: Session, claims: Sequence[Claim], locked: dict[int, Contact]) -> set[int]:
    """The ids of those claims whose contact is there, and busy."""
    missing = {claim.subject: claim.id for claim in claims if claim.id not in locked}
    there = session.scalars(select(Contact.id).where(Contact.id.in_(missing))) if missing else ()
    return {missing[contact_id] for contact_id in there}


def _load(
    session: Session,
    runtime: Runtime,
    claims: Sequence[Claim],
    contacts: dict[int, Contact],
    messages: dict[int, Message],
    now: datetime,
) -> dict[int, _Ask]:
    """What there is to ask, by claim id: contacts with a tick and a cart that waits."""
    people = [contacts[claim.id] for claim in claims if claim.id in contacts]
    if not people:
        return {}
    carts, ticks = _waiting_carts(session, people), opt_in.ticks(session, people)
    asked, keys = opt_in.asked_at(session, people), _known_keys(session, people, ticks)
    stores = candidates.stores_by_id(session, {contact.store_id for contact in people})
    pairs = [(carts[contact.id], contact) for contact in people if contact.id in carts]
    known = candidates.load_facts(session, runtime, stores, pairs)
    senders = providers.load_senders(session, runtime.settings.sms_provider, now)
    known_as = identities.load(session, runtime.settings, stores.values())
    calls = facts.last_calls(session, [message.id for message in messages.values()])
    found = {}
    for claim in claims:
        contact, message = contacts.get(claim.id), messages.get(claim.id)
        if contact is None or contact.id not in carts or contact.id not in ticks:
            continue
        store, cart = stores[contact.store_id], carts[contact.id]
        told = candidates.situation(runtime, store, cart, contact, DEFAULT_CART_FLOW, known, now)
        sender = senders.choose(_wanted_senders(known_as[store.id], contact), contact.country)
        found[claim.id] = _Ask(
            claim=claim,
            store=store,
            contact=contact,
            cart=cart,
            tick=ticks[contact.id],
            situation=replace(facts.at_recipient(told, store, contact), sender_available=sender is not None),
            sender=sender.value if sender else "",
            asked_at=asked.get(contact.id),
            asked_for_this=(store.id, opt_in.once_key(contact, ticks[contact.id])) in keys,
            message=message,
            last_call=calls.get(message.id) if message else None,
        )
    return found


def _wanted_senders(identity: Identity, contact: Contact) -> list[Sender]:
    """A request wants an answer."""
    wanted = senders_for(identity, contact.country, contact.sender)
    return [sender for sender in wanted if sender.receives_replies]


def _known_keys(
    session: Session, contacts: Sequence[Contact], ticks: dict[int, Tick]
) -> set[tuple[int, str]]:
    names = [(one.store_id, opt_in.once_key(one, ticks[one.id])) for one in contacts if one.id in ticks]
    known = select(MessageOnce.store_id, MessageOnce.once_key)
    rows = session.execute(known.where(tuple_(MessageOnce.store_id, MessageOnce.once_key).in_(names)))
    return {(store_id, key) for store_id, key in rows}


def _waiting_carts(session: Session, contacts: Sequence[Contact]) -> dict[int, Cart]:
    """The open cart of each contact that was touched last, by contact id."""
    names = [(contact.store_id, contact.id) for contact in contacts]
    rows = session.scalars(
        select(Cart)
        .where(tuple_(Cart.store_id, Cart.contact_id).in_(names), Cart.state == "open")
        .order_by(Cart.activity_at)
        .execution_options(populate_existing=True)
    )
    return {cart.contact_id: cart for cart in rows if cart.contact_id is not None}


def _decide(
    session: Session, claims: Sequence[Claim], asks: dict[int, _Ask], busy: set[int], now: datetime
) -> _Decisions:
    decided = _Decisions()
    for claim in claims:
        ask = asks.get(claim.id)
        if ask is None and claim.id in busy:
            decided.later.append(Later(claim, now + BUSY_PAUSE, claim.reason))
        elif ask is None or not _is_open(ask, now):
            _end(session, decided, claim, ask, now)
        elif ask.last_call is not None and ask.last_call.outcome in facts.UNKNOWN_OUTCOMES:
            doubts.suspect(session, [ask.message] if ask.message else [], now, now)
            decided.over.append(claim)
        else:
            _follow(session, decided, ask, now)
    return decided


def _is_open(ask: _Ask, now: datetime) -> bool:
    """Whether there is still something to ask: the consent is there, and lacks its confirmation."""
    if not ask.situation.lacks_confirmation:
        return False
    if ask.message is not None:
        return ask.message.status == "sending"
    return not ask.asked_for_this and opt_in.may_ask_again(ask.asked_at, ask.tick, now)


def _follow(session: Session, decided: _Decisions, ask: _Ask, now: datetime) -> None:
    answer, cart = gates.may_ask(ask.situation), ask.cart
    if answer.outcome is Outcome.GO:
        decided.going.append((ask, answer.until or ask.situation.deadline))
    elif answer.outcome is Outcome.HOLD and answer.until is not None:
        reason = retries.REQUEST if ask.message else answer.reason
        until = answer.until + _wait_in_line(session, decided, ask, answer)
        decided.later.append(Later(ask.claim, until, reason))
        line = Line(cart.store_id, cart.id, "held", now, answer.reason, until=until)
        decided.lines.append(line)
    else:
        _end(session, decided, ask.claim, ask, now)
        decided.lines.append(Line(cart.store_id, cart.id, "not_asked", now, answer.reason))


def _wait_in_line(session: Session, decided: _Decisions, ask: _Ask, answer: gates.Answer) -> timedelta:
    """What waits for the same opening leaves one after the other."""
    if answer.until is None or answer.closes_at is None:
        return timedelta(0)
    line = (ask.claim.lane, answer.until)
    if line not in decided.in_line:
        decided.in_line[line] = spread.waiting(session, due.OPT_IN, *line)
    place = decided.in_line[line]
    decided.in_line[line] += 1
    return spread.delay(place, ask.contact.id, answer.closes_at - answer.until)


def _keep_pace(session: Session, runtime: Runtime, decided: _Decisions, now: datetime) -> None:
    """Put back what has no turn yet; its gates are asked again when the turn comes."""
    wishes = [
        Turn(ask.sender, MOST_SEGMENTS, until, promised=ask.claim.reason == pace.PACED)
        for ask, until in decided.going
    ]
    moments = pace.reserve(session, runtime.settings.sms_provider, wishes, now, LEAST_VALIDITY)
    going, decided.going = decided.going, []
    for (ask, until), moment in zip(going, moments, strict=True):
        if moment <= now:
            decided.going.append((ask, until))
        else:
            reason = retries.REQUEST if ask.message else pace.PACED
            decided.later.append(Later(ask.claim, moment, reason))


def _end(session: Session, decided: _Decisions, claim: Claim, ask: _Ask | None, now: datetime) -> None:
    if ask is not None and ask.message is not None:
        ended = gates.may_ask(ask.situation)
        reason = ended.reason if ended.outcome is Outcome.END else None
        refusals.fail(session, ask.message, reason or "not_needed", now)
    decided.over.append(claim)


def _planned(session: Session, ask: _Ask, until: datetime, now: datetime) -> Planned:
    message = ask.message or _write(session, ask, until, now)
    message.sender, message.validity_until = ask.sender, until
    return Planned(ask.claim, message, ask.sender, until, ask.store.timezone, ask.last_call)


def _write(session: Session, ask: _Ask, until: datetime, now: datetime) -> Message:
    """The request in the shopper's language; its unique key makes it the only one for this tick."""
    store, contact, cart = ask.store, ask.contact, ask.cart
    wishes = texts.wishes(store, contact, cart)
    words = compose_service(
        Answer.OPT_IN_REQUEST, wishes, texts.name_of(store), store.url, economy=store.economy_texts
    )
    message = answers.text_row(store, contact, opt_in.KIND, words, ask.sender, until, now)
    session.add(message)
    session.flush()
    once = MessageOnce(
        store_id=store.id, once_key=opt_in.once_key(contact, ask.tick), message_id=message.id, created_at=now
    )
    session.add(once)
    contact.sender = ask.sender
    timeline.record(session, store.id, cart.id, "asked", now, message_id=message.id)
    return message


def _stopped(session: Session, contacts: Sequence[Contact]) -> set[tuple[int, str]]:
    numbers = [(contact.store_id, contact.phone) for contact in contacts]
    rows = session.execute(
        select(Consent.store_id, Consent.address)
        .where(Consent.channel == "sms", tuple_(Consent.store_id, Consent.address).in_(numbers))
        .where(Consent.stopped)
    )
    return {(store_id, phone) for store_id, phone in rows}
