"""The SMS provider that this installation sends through, its senders, and what keeps them from sending."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import Settings
from app.crypto import keyed_hash
from app.db import Database
from app.models import ProviderState
from app.runtime import Runtime
from connectors.sandbox import SandboxProvider
from connectors.sms import Category, Provider
from connectors.twilio import TwilioProvider
from flows.senders import Kind, Sender, is_number

log = structlog.get_logger()

SANDBOX_SENDER = "Warmcart"
STOPPED, SLOWED = "stopped", "slowed"

# What a person has to mend is tried again after an hour, so that nobody has to tell us that it is mended.
STOPPED_FOR = timedelta(hours=1)
SLOWED_FOR = timedelta(seconds=30)
LONGEST_SLOWED = 3600.0

_OF_THE_ACCOUNT = frozenset({Category.ACCOUNT, Category.CONFIG})
_OF_THE_SENDER = frozenset({Category.SENDER_NOT_ALLOWED, Category.REGISTRATION})

# One provider, and so one pool of connections, per database of the process.
_providers: WeakKeyDictionary[Database, Provider] = WeakKeyDictionary()


def provider(runtime: Runtime) -> Provider:
    """The provider that the settings name."""
    found = _providers.get(runtime.database)
    if found is None:
        found = _providers[runtime.database] = _make(runtime)
    return found


def use(runtime: Runtime, other: Provider) -> None:
    """Send through another provider than the settings name: for simulations and tests."""
    _providers[runtime.database] = other


def close(runtime: Runtime) -> None:
    """Close the connections that are kept to the provider."""
    found = _providers.pop(runtime.database, None)
    if isinstance(found, SandboxProvider | TwilioProvider):
        found.close()


def _make(runtime: Runtime) -> Provider:
    settings = runtime.settings
    if settings.sms_provider == "sandbox":
        return SandboxProvider(sandbox_url(settings), sandbox_secret(settings), now=runtime.clock.now)
    if not (settings.twilio_account_sid and settings.twilio_auth_token):
        raise ValueError("WARMCART_TWILIO_ACCOUNT_SID and WARMCART_TWILIO_AUTH_TOKEN are not set")
    return TwilioProvider(
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.twilio_messaging_service_sid,
        settings.twilio_from,
        settings.twilio_api_url,
        now=runtime.clock.now,
    )


def sandbox_url(settings: Settings) -> str:
    """Where the sandbox takes texts: under the demo's phone unless a setting names another place."""
    return settings.sandbox_url or f"{settings.public_url}/demo/phone/sandbox"


def sandbox_secret(settings: Settings) -> str:
    """What the sandbox and we sign each other's requests with."""
    return keyed_hash(settings.secret_key, "sandbox")


def receipt_url(settings: Settings, name: str) -> str:
    return f"{settings.public_url}/webhooks/sms/{name}/receipt"


def pool(settings: Settings) -> Sender | None:
    """What the account itself sends from. To the sandbox the demo's phone can reply, whatever its name."""
    if settings.sms_provider == "sandbox":
        return Sender(SANDBOX_SENDER, Kind.POOL)
    if settings.twilio_messaging_service_sid:
        return Sender(settings.twilio_messaging_service_sid, Kind.POOL)
    sender = settings.twilio_from
    if not sender:
        return None
    return Sender(sender, Kind.POOL if is_number(sender) else Kind.NAME)


def default_sender(settings: Settings) -> str:
    """The sender of stores that have none of their own."""
    own = pool(settings)
    return own.value if own else ""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that keeps a sender, or with an empty ``sender`` the account, from sending just now."""

    sender: str
    country: str
    state: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Senders:
    """What may be sent from now, at one provider."""

    obstacles: tuple[Obstacle, ...] = ()

    def obstacle(self, sender: str, country: str | None) -> Obstacle | None:
        """What keeps this sender, or the whole account, from texting this country; None: nothing."""
        return next(
            (one for one in self.obstacles if one.sender in ("", sender) and one.country in ("", country)),
            None,
        )

    def choose(self, wanted: Iterable[Sender], country: str | None) -> Sender | None:
        """The first of the wanted senders that nothing keeps from texting this country."""
        return next((sender for sender in wanted if self.obstacle(sender.value, country) is None), None)


def load_senders(session: Session, name: str, now: datetime) -> Senders:
    """What keeps this provider's account and senders from sending at ``now``."""
    rows = session.execute(
        select(ProviderState.sender, ProviderState.country, ProviderState.state, ProviderState.until)
        .where(ProviderState.provider == name, ProviderState.until > now)
        .order_by(ProviderState.until.desc())
    )
    return Senders(tuple(Obstacle(*row) for row in rows))


def take_note(
    session: Session,
    name: str,
    sender: str,
    country: str | None,
    category: Category | None,
    code: str | None,
    now: datetime,
    retry_after: float | None = None,
) -> datetime | None:
    """What a refusal tells of the account or the sender, beyond its own text; until when that holds.

    None: it tells nothing beyond its own text.
    """
    if category in _OF_THE_ACCOUNT:
        log.error("sms_account_stopped", provider=name, category=category, code=code)
        return _set(session, name, "", "", STOPPED, category, code, now, now + STOPPED_FOR)
    if category in _OF_THE_SENDER:
        log.error("sms_sender_stopped", provider=name, country=country, category=category, code=code)
        return _set(session, name, sender, country or "", STOPPED, category, code, now, now + STOPPED_FOR)
    if category is Category.RATE:
        pause = SLOWED_FOR if retry_after is None else timedelta(seconds=min(retry_after, LONGEST_SLOWED))
        log.warning("sms_sender_slowed", provider=name, code=code, seconds=pause.total_seconds())
        return _set(session, name, sender, "", SLOWED, category, code, now, now + pause)
    return None


def _set(
    session: Session,
    name: str,
    sender: str,
    country: str,
    state: str,
    category: Category,
    code: str | None,
    now: datetime,
    until: datetime,
) -> datetime:
    told = {"state": state, "reason": category.value, "code": code, "until": until, "changed_at": now}
    row = insert(ProviderState).values(provider=name, sender=sender, country=country, **told)
    session.execute(row.on_conflict_do_update(index_elements=["provider", "sender", "country"], set_=told))
    return until
