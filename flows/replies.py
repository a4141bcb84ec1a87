"""What shoppers text back: stop and start take effect, help is answered, the rest goes to a person.

One sender may serve many stores. A stop holds for every store that texted that number from it; any
other reply belongs to the store that texted last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Cart, Consent, Contact, InboundEvent, Message, Reply, SenderContact, Store
from app.runtime import Runtime
from connectors import sms
from connectors.events import ConsentSignal, ConsentState
from flows import answers, consents, keywords, links, opt_in, providers, receipts, texts, timeline
from flows.compose import Answer
from flows.consent import DOUBLE_OPT_IN, KEYWORD_START, KEYWORD_STOP, PLAIN_WORDS
from flows.keywords import Intent, Kind

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Texted:
    """A store that texted a number from one of our senders."""

    store: Store
    contact: Contact


def stop(
    session: Session,
    runtime: Runtime,
    store: Store,
    phone: str,
    source: str,
    at: datetime,
    dedupe_key: str,
    evidence: dict[str, Any] | None = None,
) -> Consent:
    """The number (E.164) is never texted again for this store, in the caller's transaction.

    The stop is written down, the number suppressed; flows end, what is planned is cancelled, links end.
    ``source`` says who told it (``keyword_stop``, ``provider_opt_out``, ``stop_page``), ``at`` when.
    """
    signal = ConsentSignal(ConsentState.WITHDRAWN, phone, source, occurred_at=at)
    now, hash_key = runtime.clock.now(), runtime.settings.hash_key
    return consents.record_signal(
        session, store, phone, signal, now, dedupe_key, hash_key=hash_key, evidence=evidence
    )


def stop_everywhere(session: Session, runtime: Runtime, reply: sms.Reply, at: datetime) -> int:
    """A stop, in one word or in plain words, takes effect for every store that texted this number from
    that sender. Says how many stores that were.
    """
    intent = _intent(reply)
    if intent.kind is not Kind.STOP:
        return 0
    texted = stores_of(session, reply)
    for one in texted:
        _say(session, runtime, reply, intent, one, at)
    return len(texted)


def stores_of(session: Session, reply: sms.Reply) -> list[Texted]:
    """The stores that texted the number from the sender that it replied to; who texted last comes first."""
    senders = {reply.to_number, *([reply.account] if reply.account else [])}
    rows = session.execute(
        select(Store, Contact)
        .join(SenderContact, SenderContact.store_id == Store.id)
        .join(Contact, (Contact.store_id == Store.id) & (Contact.id == SenderContact.contact_id))
        .where(SenderContact.phone == reply.from_number, SenderContact.sender.in_(senders))
        .order_by(SenderContact.texted_at.desc(), Store.id)
    )
    found: dict[int, Texted] = {}
    for store, contact in rows:
        found.setdefault(store.id, Texted(store, contact))
    return list(found.values())


def apply(session: Session, runtime: Runtime, event: InboundEvent) -> None:
    """Apply a stored reply. Raises MalformedCallback."""
    name = event.source.split(":")[1]
    provider = providers.provider(runtime)
    if provider.name != name:
        log.warning("reply_to_other_provider", event_id=event.id, provider=name)
        return
    told = provider.parse_reply(receipts.callback_of(event))
    if _is_known(session, name, told):
        return
    texted, intent = stores_of(session, told), _intent(told)
    reply = _keep(session, name, told, intent, texted[0] if texted else None, event.received_at)
    if not texted:
        log.warning("reply_of_unknown_number", event_id=event.id, intent=intent.kind.value)
        return
    _follow(session, runtime, told, intent, texted, reply)
    _tell(session, texted[0], intent, reply)


def storable(words: str) -> str:
    """Without what a form can spell and PostgreSQL cannot store: NUL, and bytes that are no UTF-8."""
    return words.replace("\x00", "").encode("utf-8", "ignore").decode()


def _is_known(session: Session, name: str, told: sms.Reply) -> bool:
    query = select(Reply.id).where(Reply.provider == name, Reply.provider_id == told.provider_id)
    return session.scalar(query) is not None


def _intent(told: sms.Reply) -> Intent:
    """What the provider answered itself it has understood."""
    if told.answered in ("stop", "start", "help"):
        return Intent(Kind(told.answered), exact=True)
    return keywords.intent(told.body)


def _keep(
    session: Session, name: str, told: sms.Reply, intent: Intent, owner: Texted | None, at: datetime
) -> Reply:
    """A stop that was read out of a longer text is looked at by a person too."""
    reply = Reply(
        store_id=owner.store.id if owner else None,
        contact_id=owner.contact.id if owner else None,
        provider=name,
        provider_id=told.provider_id,
        from_number=storable(told.from_number),
        to_number=storable(told.to_number),
        body=storable(told.body),
        intent=intent.kind.value,
        answered=told.answered is not None,
        needs_person=intent.kind in (Kind.OTHER, Kind.CONFIRM)
        or (intent.kind is Kind.STOP and not intent.exact),
        received_at=at,
    )
    session.add(reply)
    session.flush()
    return reply


def _follow(
    session: Session,
    runtime: Runtime,
    told: sms.Reply,
    intent: Intent,
    texted: Sequence[Texted],
    reply: Reply,
) -> None:
    """Stop or start for all stores; one answer, by the store that texted last, if anything changed."""
    given = [_follow_at(session, runtime, told, intent, one, reply) for one in texted]
    if Answer.OPT_IN_CONFIRMED in given and intent.kind is Kind.CONFIRM:
        reply.needs_person = False
    answer = given[0] or next(filter(None, given), None)
    if reply.answered or answer is None:
        return
    owner, now = texted[0], runtime.clock.now()
    contact = owner.contact
    known = contact.preferred_language or _last_text(session, owner, Message.language, _SPOKEN)
    language = known or contact.locale
    token = links.newest_token(session, contact) if answer is Answer.HELP else None
    page = texts.preference_page(runtime.settings, token) if token else None
    answers.write(session, owner.store, contact, answer, reply.id, told.to_number, language, now, page)
    reply.answered = True


def _follow_at(
    session: Session, runtime: Runtime, told: sms.Reply, intent: Intent, one: Texted, reply: Reply
) -> Answer | None:
    """What the reply does at one store, and the answer that is due for it; None: it changes nothing there."""
    if _confirm(session, runtime, told, intent, one, reply.received_at):
        return Answer.OPT_IN_CONFIRMED
    answer = _ANSWERS.get(intent.kind)
    said = answer is not None and _say(session, runtime, told, intent, one, reply.received_at)
    return answer if said else None


def _confirm(
    session: Session, runtime: Runtime, told: sms.Reply, intent: Intent, one: Texted, at: datetime
) -> bool:
    """Whether the reply is the yes to our own request to confirm; then the consent is confirmed."""
    if intent.kind not in (Kind.START, Kind.CONFIRM):
        return False
    request, phone = opt_in.open_request(session, one.contact, at), one.contact.phone
    if request is None or _is_confirmed(session, one):
        return False
    if intent.kind is Kind.CONFIRM and not keywords.confirms(told.body, request.language):
        return False
    evidence = _evidence(told, intent) | {
        "request": request.id,
        "asked_at": (request.accepted_at or request.created_at).isoformat(),
        "asked_from": request.sender,
    }
    signal = ConsentSignal(
        ConsentState.GIVEN,
        phone,
        DOUBLE_OPT_IN,
        confirmed=True,
        occurred_at=at,
        wording=request.body,
        language=request.language,
    )
    _record(session, runtime, one.store, signal, told, evidence)
    confirmed = _is_confirmed(session, one)
    if confirmed:
        _tell_carts(session, one, at)
    return confirmed


def _is_confirmed(session: Session, one: Texted) -> bool:
    consent = session.get(Consent, (one.store.id, consents.SMS, one.contact.phone))
    return consent is not None and consent.state == "given" and consent.confirmed


def _tell_carts(session: Session, one: Texted, at: datetime) -> None:
    """The carts that waited for the answer tell of it."""
    waiting = select(Cart.id).where(
        Cart.store_id == one.store.id, Cart.contact_id == one.contact.id, Cart.waits_for.is_not(None)
    )
    for cart_id in session.scalars(waiting.where(Cart.state == "open")):
        timeline.record(session, one.store.id, cart_id, "confirmed", at)


_ANSWERS = {Kind.STOP: Answer.STOP, Kind.START: Answer.START, Kind.HELP: Answer.HELP}
_SAID = {
    (Kind.STOP, True): (ConsentState.WITHDRAWN, KEYWORD_STOP),
    (Kind.STOP, False): (ConsentState.WITHDRAWN, PLAIN_WORDS),
    (Kind.START, True): (ConsentState.GIVEN, KEYWORD_START),
}


def _say(
    session: Session, runtime: Runtime, told: sms.Reply, intent: Intent, one: Texted, at: datetime
) -> bool:
    """Whether this very reply is what the number's consent at that store now rests on.

    A stop said again changes nothing, and START gives nothing to somebody who never consented. HELP is
    always worth an answer.
    """
    said = _SAID.get((intent.kind, intent.exact))
    if said is None:
        return True
    state, source = said
    signal = ConsentSignal(state, one.contact.phone, source, occurred_at=at)
    consent = _record(session, runtime, one.store, signal, told, _evidence(told, intent))
    return (consent.source, consent.since) == (source, at)


def _evidence(told: sms.Reply, intent: Intent) -> dict[str, Any]:
    """What proves what the shopper said: which words counted, in which text, to which of our senders."""
    return {
        "actor": "shopper",
        "keyword": intent.word,
        "reply": storable(told.provider_id),
        "sender": storable(told.to_number),
    }


def _record(
    session: Session,
    runtime: Runtime,
    store: Store,
    signal: ConsentSignal,
    told: sms.Reply,
    evidence: dict[str, Any],
) -> Consent:
    """Write down what the reply says of the number that the signal names."""
    now, hash_key = runtime.clock.now(), runtime.settings.hash_key
    key = dedupe_key(told.provider_id)
    return consents.record_signal(
        session, store, signal.phone or "", signal, now, key, hash_key=hash_key, evidence=evidence
    )


def dedupe_key(provider_id: str) -> str:
    """The name of what a reply says, in the ledger of every store that it concerns."""
    return f"reply:{provider_id}"


# Texts whose language was chosen for the shopper, not taken from another text.
_OF_CARTS = Message.cart_id.is_not(None)
_SPOKEN = _OF_CARTS | (Message.kind == opt_in.KIND)


def _last_text(
    session: Session,
    one: Texted,
    column: InstrumentedAttribute[Any],
    which: ColumnElement[bool] = _OF_CARTS,
) -> Any:
    """What the last text about a cart to this contact has in that column."""
    query = (
        select(column)
        .where(Message.store_id == one.store.id, Message.contact_id == one.contact.id)
        .where(which)
        .order_by(Message.created_at.desc(), Message.id.desc())
    )
    return session.scalar(query.limit(1))


def _tell(session: Session, owner: Texted, intent: Intent, reply: Reply) -> None:
    cart_id = _last_text(session, owner, Message.cart_id)
    if cart_id is not None:
        details = {"intent": intent.kind.value, "needs_person": reply.needs_person}
        timeline.record(session, owner.store.id, cart_id, "replied", reply.received_at, details=details)
