"""What a merchant must know before all else: nobody works, nothing can be sent, something failed.

Shown as one banner, because several are read as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.admin import formats, story
from app.admin.formats import Formats
from app.config import Settings
from app.models import ComplianceRequest, Discount, InboundEvent, ProviderState, Store
from flows import connections, discount_ends, discount_failures, identities, providers
from flows.heartbeats import SCHEDULER, missing_roles


@dataclass(frozen=True)
class Notice:
    """One thing to know. ``tone`` ``bad`` keeps texts from going, ``warn`` does not. ``action``: where to."""

    tone: str
    title: str
    text: str
    action: str | None = None


def of(session: Session, settings: Settings, store: Store, now: datetime, format: Formats) -> list[Notice]:
    """All there is to say about the store right now, what stops texts first."""
    found = [
        *_about_store(store, format),
        *_about_scopes(store),
        *_about_processes(missing_roles(session, now)),
        *_about_provider(session, settings, store, now),
        *_about_failed_events(session, store),
        *_about_codes(session, store, now),
        *_about_requests(session, store, now),
    ]
    return sorted(found, key=lambda notice: notice.tone != "bad")


def _about_store(store: Store, format: Formats) -> list[Notice]:
    if store.status == "reconnect":
        text = store.status_reason or "The store no longer accepts our keys."
        return [Notice("bad", "The connection to your store is broken", text, "reconnect")]
    if store.status == "paused":
        held = f"until {format.moment(store.paused_until)}" if store.paused_until else "until you resume"
        why = f"{store.status_reason.rstrip('.')}. " if store.status_reason else ""
        return [Notice("warn", "Sending is paused", f"{why}Texts that come due are held {held}.", "resume")]
    if store.status == "uninstalled":
        title = (
            "Your shop is not connected" if store.platform == "woocommerce" else "The app is not installed"
        )
        return [Notice("bad", title, "Nothing is sent. What happened before stays here.", "reconnect")]
    return []


def _about_scopes(store: Store) -> list[Notice]:
    missing = connections.missing_scopes(store) if store.status in ("active", "paused") else ()
    if not missing:
        return []
    text = f"Not granted: {', '.join(missing)}. Open the app from Shopify's admin and approve what it asks."
    return [Notice("warn", "The app may not do all that it needs", text)]


def _about_processes(missing: list[str]) -> list[Notice]:
    workers = [role for role in missing if role != SCHEDULER]
    found = []
    if workers:
        names = ", ".join(workers)
        text = f"Nobody works on: {names}. Carts and orders are kept and will be read once a worker runs."
        found.append(Notice("bad", "No worker is running", text))
    if SCHEDULER in missing:
        text = "Texts that come due may wait until it runs again."
        found.append(Notice("bad", "The scheduler is not running", text))
    return found


def _about_provider(session: Session, settings: Settings, store: Store, now: datetime) -> list[Notice]:
    senders = identities.values(session, settings, store)
    stopped = select(ProviderState).where(
        ProviderState.provider == settings.sms_provider,
        ProviderState.sender.in_(("", *senders)),
        ProviderState.state == providers.STOPPED,
        ProviderState.until > now,
    )
    state = session.scalar(stopped.order_by(ProviderState.sender, ProviderState.country).limit(1))
    if state is None:
        return []
    where = f" in {formats.country(state.country)}" if state.country else ""
    code = f" Its code: {state.code}." if state.code else ""
    text = f"{story.sentence(state.reason)}{code} It is tried again by itself within the hour."
    return [Notice("bad", f"The text message provider refuses our texts{where}", text, "provider")]


def _about_failed_events(session: Session, store: Store) -> list[Notice]:
    failed = session.scalar(
        select(func.count()).where(InboundEvent.store_id == store.id, InboundEvent.state == "failed")
    )
    if not failed:
        return []
    title = "One event could not be read" if failed == 1 else f"{failed} events could not be read"
    return [Notice("warn", title, "They are kept with their errors and can be tried again.", "events")]


def _about_codes(session: Session, store: Store, now: datetime) -> list[Notice]:
    """Codes that the shop did not make lately. One may be chance; the texts went without their offers."""
    recent = (
        Discount.store_id == store.id,
        Discount.reason == discount_ends.NOT_MADE,
        Discount.ended_at > now - timedelta(days=1),
    )
    missing = session.scalar(select(func.count()).where(*recent)) or 0
    if missing < discount_failures.WORTH_TELLING:
        return []
    last = select(Discount.failure_told).where(*recent).order_by(Discount.ended_at.desc()).limit(1)
    why = session.scalar(last) or "Mostly the app may not make discounts any more."
    title = f"Your shop did not make {missing} discount codes within a day"
    return [Notice("warn", title, f"Their texts went without an offer. {why}")]


def _about_requests(session: Session, store: Store, now: datetime) -> list[Notice]:
    """Requests for data that the merchant has to hand on."""
    late = func.count().filter(ComplianceRequest.due_at <= now)
    waiting, overdue = session.execute(
        select(func.count(), late).where(
            ComplianceRequest.store_id == store.id,
            ComplianceRequest.acted_at.is_(None),
            ComplianceRequest.kind == "data_request",
        )
    ).one()
    if not waiting:
        return []
    title = "A shopper asked for their data" if waiting == 1 else f"{waiting} shoppers asked for their data"
    if overdue == 1:
        title = "A request for data is overdue"
    elif overdue:
        title = f"{overdue} requests for data are overdue"
    text = "The file is made by itself; hand it on before the deadline."
    return [Notice("warn", title, text, "requests")]
