"""The demo's stage: a little shop that runs at demo pace, and a store whose pages are full already.

Both belong to the platform ``demo``. The shop is connected like any store: its events come in as
signed webhooks and it answers questions over HTTP. The sample store only has a past.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.crypto import random_token
from app.models import Flow, Person, Store
from app.queue import UPKEEP
from app.runtime import Runtime
from flows import connections, installation, people, registry, sample_history

log = structlog.get_logger()

SHOP_DOMAIN = "fern-and-kettle.example"
SAMPLE_DOMAIN = sample_history.DOMAIN
SHOP: dict[str, Any] = {
    "name": "Fern & Kettle",
    "currency": "EUR",
    "country": "AT",
    "timezone": "Europe/Vienna",
    "locale": "en",
    "ships_to": [
        "AT",
        "AU",
        "CA",
        "CH",
        "DE",
        "ES",
        "FR",
        "GB",
        "IE",
        "IT",
        "JP",
        "MX",
        "NL",
        "NZ",
        "PL",
        "SE",
        "SI",
        "US",
    ],
}
FLOW: dict[str, Any] = {
    "version": 1,
    "name": "Abandoned cart, demo pace",
    "active": True,
    "trigger": {"type": "cart_abandoned", "idle": "PT20S", "cutoff": "P4D"},
    "steps": [
        {"key": "reminder", "delay": "PT0S", "texts": {}},
        {"key": "second_call", "delay": "PT45S", "texts": {}},
        {"key": "last_call", "delay": "PT45S", "texts": {}, "offer": "best"},
    ],
    # A visitor who leaves another cart sees another offer.
    "offers": {"best": {"kind": "percent", "percent": 10}, "margin_floor": 20, "once_in": "PT0S"},
}
SECRET_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Stage:
    """The two stores."""

    shop: Store
    sample: Store


def set_up(runtime: Runtime) -> Stage:
    """Set the stage, or see that it still stands; what visitors did before is kept."""
    now = runtime.clock.now()
    with runtime.database.session() as session:
        shop = _shop(session, runtime, now)
    sample = sample_history.keep_current(runtime)
    runtime.waker.soon(UPKEEP)
    log.info("demo_stage_set")
    return Stage(shop, sample)


def visitor(session: Session, stage: Stage, now: datetime) -> Person:
    """Whoever looks at the demo: one person for both stores, so that one login opens both."""
    person = people.known_as(session, "demo:visitor", "Demo visitor", now)
    for store in (stage.shop, stage.sample):
        people.join(session, store, person, now)
    return person


def find(session: Session) -> Stage | None:
    """The stage as it stands; None before it is set."""
    query = select(Store).where(Store.domain.in_((SHOP_DOMAIN, SAMPLE_DOMAIN)), Store.platform == "demo")
    stores = {store.domain: store for store in session.scalars(query)}
    return Stage(stores[SHOP_DOMAIN], stores[SAMPLE_DOMAIN]) if len(stores) == 2 else None


def _shop(session: Session, runtime: Runtime, now: datetime) -> Store:
    """The shop, at the address that the server has this time."""
    url = f"{runtime.settings.public_url}/demo/shop"
    shop = session.scalar(select(Store).where(Store.domain == SHOP_DOMAIN))
    if shop is None:
        shop = installation.bring_in(session, "demo", SHOP_DOMAIN, url, now)
        for name, value in SHOP.items():
            setattr(shop, name, value)
    shop.url, shop.updated_at = url, now
    installation.flag_sync(session, shop, now)
    if connections.read_credential(session, runtime, shop.id, connections.WEBHOOK_SECRET) is None:
        secret = {"secret": random_token(SECRET_LENGTH)}
        connections.save_credential(session, runtime, shop.id, connections.WEBHOOK_SECRET, secret, now)
    flow = select(Flow.id).where(Flow.store_id == shop.id, Flow.name == FLOW["name"])
    if session.scalar(flow) is None:
        registry.import_definition(session, shop, FLOW, "system", now)
    return shop
