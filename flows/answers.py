"""Our answers to shoppers' own texts: one confirmation of a stop or a start, and help.

They are written as texts of their own in the transaction that reads the reply, and go through the same
machinery as all texts. They are no marketing: neither hours nor caps hold for them, and the
confirmation of a stop is the last text that a stopped number gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Contact, Message, MessageOnce, Store
from app.runtime import Runtime
from flows import doubts, due, facts, outgoing, providers, refusals, retries, texts
from flows.compose import Answer, Composed, compose_service
from flows.conflicts import again
from flows.due import Claim, Later
from flows.language import Wishes
from flows.outgoing import Outgoing, Planned

# An answer that comes later than this is out of place.
WORTH_SENDING_FOR = timedelta(hours=1)

KINDS = {
    Answer.STOP: "stop_confirmation",
    Answer.START: "start_confirmation",
    Answer.HELP: "help",
    Answer.OPT_IN_CONFIRMED: "opt_in_confirmation",
}


def write(
    session: Session,
    store: Store,
    contact: Contact,
    answer: Answer,
    reply_id: int,
    sender: str,
    language: str | None,
    now: datetime,
    preferences: str | None = None,
) -> bool:
    """Write the answer to a reply and have it sent from ``sender``; says whether it was not there before.

    ``preferences`` is the address of the shopper's own page, for HELP to tell.
    """
    once_key = f"{KINDS[answer].replace('_', '-')}:{reply_id}"
    if session.get(MessageOnce, (store.id, once_key)) is not None:
        return False
    wishes = Wishes(
        checkout_locale=language,
        number_country=contact.country,
        store_locale=store.locale,
        formality=store.formality,
    )
    name, economy = texts.name_of(store), store.economy_texts
    words = compose_service(answer, wishes, name, store.url, preferences=preferences, economy=economy)
    message = text_row(store, contact, KINDS[answer], words, sender, now + WORTH_SENDING_FOR, now)
    session.add(message)
    session.flush()
    session.add(MessageOnce(store_id=store.id, once_key=once_key, message_id=message.id, created_at=now))
    retries.plan(session, message, now, now)
    return True


def text_row(
    store: Store,
    contact: Contact,
    kind: str,
    words: Composed,
    sender: str,
    until: datetime,
    now: datetime,
) -> Message:
    """A text to a contact that is about no cart, ready to be sent until ``until``."""
    return Message(
        store_id=store.id,
        contact_id=contact.id,
        kind=kind,
        phone=contact.phone,
        country=contact.country,
        language=words.language,
        language_reason=words.language_reason.value,
        body=words.body,
        encoding=words.measure.encoding.value,
        segments=words.measure.segments,
        sender=sender,
        lane=str(store.id),
        status="sending",
        validity_until=until,
        created_at=now,
    )


@again
def prepare(runtime: Runtime, claims: Sequence[Claim], now: datetime) -> list[Outgoing]:
    """Claim for sending what these due rows stand for."""
    with runtime.database.session() as session:
        ours = due.hold(session, claims)
        messages = _messages(session, [claim for claim in claims if claim.id in ours])
        senders = providers.load_senders(session, runtime.settings.sms_provider, now)
        calls = facts.last_calls(session, list(messages))
        going: list[Planned] = []
        over: list[Claim] = []
        later: list[Later] = []
        for claim in (claim for claim in claims if claim.id in ours):
            message, timezone = messages.get(claim.subject, (None, ""))
            if message is None or message.status != "sending":
                over.append(claim)
                continue
            last_call = calls.get(message.id)
            if last_call is not None and last_call.outcome in facts.UNKNOWN_OUTCOMES:
                doubts.suspect(session, [message], now, now)
                over.append(claim)
                continue
            sender, until = message.sender or "", message.validity_until or now
            obstacle = senders.obstacle(sender, message.country)
            if until <= now:
                refusals.fail(session, message, "too_late", now)
                over.append(claim)
            elif obstacle is not None:
                later.append(Later(claim, obstacle.until, retries.ANSWER))
            else:
                going.append(Planned(claim, message, sender, until, timezone, last_call))
        due.finish(session, over)
        due.put_back_all(session, later)
        return outgoing.begin(session, runtime, going, now)


def _messages(session: Session, claims: Sequence[Claim]) -> dict[int, tuple[Message, str]]:
    query = (
        select(Message, Store.timezone)
        .join(Store, Store.id == Message.store_id)
        .where(Message.id.in_([claim.subject for claim in claims]))
        .with_for_update(of=Message, key_share=True)
        .execution_options(populate_existing=True)
    )
    stores = {claim.subject: claim.store_id for claim in claims}
    rows = session.execute(query)
    return {message.id: (message, zone) for message, zone in rows if stores[message.id] == message.store_id}
