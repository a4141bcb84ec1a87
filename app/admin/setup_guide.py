"""The set-up guide: what a new store still needs, ticked by what is really so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.models import ConsentEvent, Flow, Message, ProviderState, Store
from flows import providers

CONSENT_AT = {
    "shopify": "In Shopify: Settings, Checkout, Marketing options, tick SMS. Shoppers then see the box.",
    "woocommerce": "Add the consent box of the companion plugin to your checkout.",
    "demo": "Tick the box in the demo shop.",
}


@dataclass(frozen=True)
class Step:
    """One thing to do, why, and whether it is done. ``action`` is a place to go."""

    title: str
    why: str
    done: bool
    action: str | None = None


@dataclass(frozen=True)
class Facts:
    """What the steps are ticked by."""

    connected: bool
    consent_seen: bool
    flow_on: bool
    provider_ready: bool
    texted: bool


def facts(session: Session, settings: Settings, store: Store, now: datetime) -> Facts:
    """How far the store is, in one query."""
    of_store = select(
        exists().where(ConsentEvent.store_id == store.id, ConsentEvent.state == "given"),
        exists().where(Flow.store_id == store.id, Flow.active),
        ~exists().where(
            ProviderState.provider == settings.sms_provider,
            ProviderState.sender == "",
            ProviderState.state == providers.STOPPED,
            ProviderState.until > now,
        ),
        exists().where(Message.store_id == store.id, Message.accepted_at.is_not(None)),
    )
    consent_seen, flow_on, provider_ready, texted = session.execute(of_store).one()
    return Facts(store.status in ("active", "paused"), consent_seen, flow_on, provider_ready, texted)


def steps(known: Facts, platform: str) -> list[Step]:
    """The steps of the guide, in the order in which they are best done."""
    return [
        Step(
            "Connect your store",
            "Carts and orders come in by themselves from then on.",
            known.connected,
            "reconnect",
        ),
        Step(
            "Ask for consent at checkout",
            "Only shoppers who agreed are texted. " + CONSENT_AT[platform],
            known.consent_seen,
        ),
        Step("Switch on a flow", "It decides when a text goes and what it says.", known.flow_on, "flows"),
        Step(
            "Set up the text message provider",
            "It sends the texts. Whoever runs this server sets its account.",
            known.provider_ready,
            "provider",
        ),
        Step(
            "See the first text go",
            "Leave a cart of your own with your number and consent, and wait for the text.",
            known.texted,
            "carts",
        ),
    ]
