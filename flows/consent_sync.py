"""Telling the platform what shoppers said to us: a stop, a START, a confirmed opt-in.

Only what the platform does not know is told: a change whose source is not the platform itself. What is
told comes back as news of the platform's; it is the same word at the same moment, so it changes nothing,
and what changes nothing is not told again. Each number has one due row: whatever changed last is what is
told, however often it changed on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Consent, ConsentEvent, Contact, Store
from app.runtime import Runtime
from connectors.events import ConsentSignal, ConsentState
from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from flows import connections, due
from flows.due import Claim

log = structlog.get_logger()

BATCH = 20
LEASE = timedelta(minutes=10)
# The pause doubles as the news grow old; after this time a merchant has other worries, and we give up.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
WORTH_TELLING_FOR = timedelta(days=7)

# Sources of what the platform knows already, or what is not for us to tell: who imports consents has them
# from somewhere, and may give them to the platform too.
_NOT_TO_TELL = ("shopify_", "import")
_STATES = {"given": ConsentState.GIVEN, "withdrawn": ConsentState.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class News:
    """What one claim stands for. ``changed_at`` is when the state became what it is."""

    store: Store
    signal: ConsentSignal
    changed_at: datetime


def is_told_by_us(source: str | None) -> bool:
    """Whether the platform has to be told: it knows its own checkouts and records."""
    return source is not None and not source.startswith(_NOT_TO_TELL)


def plan(session: Session, store: Store, contact_id: int, now: datetime) -> None:
    """Tell the store's platform how this contact's number stands now, if it keeps such a record."""
    if not connections.keeps_consent(store):
        return
    due.schedule(
        session,
        store_id=store.id,
        kind=due.CONSENT_SYNC,
        subject=contact_id,
        due_at=now,
        once_key=due.once_key(due.CONSENT_SYNC, contact_id),
        now=now,
    )


def is_echo(session: Session, store_id: int, phone: str, signal: ConsentSignal) -> bool:
    """Whether the platform only repeats what we told it: the same word of the same second."""
    if signal.occurred_at is None:
        return False
    second = signal.occurred_at.replace(microsecond=0)
    query = select(ConsentEvent.id).where(
        ConsentEvent.store_id == store_id,
        ConsentEvent.channel == "sms",
        ConsentEvent.address == phone,
        ConsentEvent.state == signal.state.value,
        func.date_trunc("second", ConsentEvent.occurred_at) == second,
        *(ConsentEvent.source.not_like(f"{prefix}%") for prefix in _NOT_TO_TELL),
    )
    return session.scalar(query.limit(1)) is not None


def drain(runtime: Runtime, deadline: datetime | None = None) -> int:
    """Tell what is due until nothing is left or ``deadline`` is reached; says how many rows that were."""
    count = 0
    while deadline is None or runtime.clock.now() < deadline:
        claims = due.claim(runtime.database, due.CONSENT_SYNC, BATCH, runtime.clock.now(), LEASE)
        if not claims:
            break
        for claim in claims:
            _work(runtime, claim)
        count += len(claims)
    return count


def _work(runtime: Runtime, claim: Claim) -> None:
    """No transaction is open while the platform is asked."""
    with runtime.database.session() as session:
        news = _load(session, claim)
    again_at = _tell(runtime, news) if news is not None else None
    with runtime.database.session() as session:
        if again_at is None:
            due.finish(session, [claim])
        else:
            due.put_back(session, claim, again_at)


def _load(session: Session, claim: Claim) -> News | None:
    row = session.execute(
        select(Store, Consent)
        .join(Contact, Contact.store_id == Store.id)
        .join(Consent, (Consent.store_id == Store.id) & (Consent.address == Contact.phone))
        .where(Contact.id == claim.subject, Store.id == claim.store_id, Consent.channel == "sms")
    ).first()
    if row is None or row[0].status == "uninstalled" or row[1].state not in _STATES:
        return None
    store, consent = row
    signal = ConsentSignal(
        _STATES[consent.state],
        consent.address,
        consent.source or "",
        confirmed=consent.confirmed,
        occurred_at=_said_at(session, consent),
    )
    return News(store, signal, consent.updated_at)


def _said_at(session: Session, consent: Consent) -> datetime | None:
    """When the word was said that is told: the confirmation of a tick is younger than the tick."""
    query = select(func.max(ConsentEvent.occurred_at)).where(
        ConsentEvent.store_id == consent.store_id,
        ConsentEvent.channel == "sms",
        ConsentEvent.address == consent.address,
        ConsentEvent.state == consent.state,
        ConsentEvent.confirmed.is_(consent.confirmed),
    )
    return session.scalar(query) if consent.state == "given" else consent.since


def _tell(runtime: Runtime, news: News) -> datetime | None:
    """When to try again; None: told, or nothing more to be done."""
    now = runtime.clock.now()
    try:
        found = connections.consent_keeper(runtime, news.store).tell_consent(news.signal)
    except (Throttled, Unreachable, Reconnect) as error:
        return _retry_at(news, error, now)
    except ConnectorError as error:
        log.warning("consent_not_told", store_id=news.store.id, error=str(error))
        return None
    log.info("consent_told", store_id=news.store.id, known=found)
    return None


def _retry_at(news: News, error: ConnectorError, now: datetime) -> datetime | None:
    wait = pause(now - news.changed_at)
    if wait is None:
        log.warning("consent_not_told", store_id=news.store.id, error=str(error))
        return None
    if isinstance(error, Throttled):
        wait = max(wait, timedelta(seconds=error.retry_after))
    return now + wait


def pause(age: timedelta) -> timedelta | None:
    """How long to wait with news that are so old; None: no more."""
    return None if age > WORTH_TELLING_FOR else min(max(age, SHORTEST_PAUSE), LONGEST_PAUSE)
