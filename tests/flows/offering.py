"""Carts whose text makes an offer, at a shop in this process, and what became of its code."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent import futures
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.models import Discount, Store, TimelineEntry
from app.runtime import Runtime
from connectors.events import Money, OrderSeen, OrderStatus, Shopper
from flows import discount_ends, intake, links, platform_calls
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.scenes import Scene, make_british_store, make_scene

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + timedelta(days=365)
WORDS = {"en": "{store}: {discount} off until {ends}: {link}"}
PLAIN = {"en": "{store}: your cart is saved: {link}"}
TOTE = {"title": "Tote", "quantity": 2, "product_id": "13", "variant_id": "7", "unit_price": "24.00"}


def flow(offers: Mapping[str, Any] | None = None, *steps: tuple[str, str]) -> dict[str, Any]:
    """Each step is a key and the rung that it offers."""
    ladder = {"small": {"kind": "percent", "percent": 5}, "best": {"kind": "percent", "percent": 10}}
    return {
        "version": 1,
        "name": "Abandoned cart",
        "active": True,
        "trigger": {"type": "cart_abandoned", "idle": "PT30M", "cutoff": "P4D"},
        "steps": [
            {
                "key": key,
                "delay": "PT0S" if number == 0 else "PT24H",
                "channel": "sms",
                "kind": "marketing",
                "texts": PLAIN,
                "offer": rung,
                "offer_texts": WORDS if rung != "none" else {},
            }
            for number, (key, rung) in enumerate(steps or [("reminder", "best")])
        ],
        "offers": ladder | dict(offers or {}),
    }


def set_up(runtime: Runtime, data: dict[str, Any], store: Store | None = None, **cart: Any) -> Scene:
    with runtime.database.session() as session:
        store = store or make_british_store(session, platform="shopify", url="https://good.myshopify.com")
        made = factories.make_flow(session, store, definition=data, name=f"Flow {store.id}-{len(cart)}")
        return make_scene(session, store, made, **({"currency": "GBP", "items": [TOTE]} | cart))


def code(runtime: Runtime) -> Discount:
    with runtime.database.session() as session:
        return session.scalars(select(Discount)).one()


def states(runtime: Runtime) -> list[tuple[str, str, str | None]]:
    with runtime.database.session() as session:
        rows = session.scalars(select(Discount).order_by(Discount.id))
        return [(row.step_key, row.state, row.reason) for row in rows]


def told(runtime: Runtime, scene: Scene, kind: str) -> list[str | None]:
    return [reason for name, reason in scenes.story(runtime, scene.cart) if name == kind]


def landing(runtime: Runtime, token: str | None) -> str:
    opened = links.open_link(runtime, token or "", person=True, agent="")
    assert opened is not None
    return links.destination(runtime.cipher, opened)


def offered(runtime: Runtime) -> list[TimelineEntry]:
    with runtime.database.session() as session:
        return list(session.scalars(select(TimelineEntry).where(TimelineEntry.kind == "offered")))


def no_more_time(monkeypatch: pytest.MonkeyPatch, begun: threading.Event) -> None:
    """As soon as ``begun`` is set, no call to a shop is waited for any longer, this one time."""

    def wait(calls: Any, seconds: float) -> Any:
        while not begun.wait(0.001):
            done, late = futures.wait(calls, 0)
            if not late:
                return done, late
        begun.clear()
        return futures.wait(calls, 0)

    monkeypatch.setattr(platform_calls, "wait", wait)


def upkeep(runtime: Runtime) -> None:
    discount_ends.drain(runtime, LATER)


def an_order(scene: Scene, *codes: str, **changes: Any) -> OrderSeen:
    values: dict[str, Any] = {
        "order_id": "1001",
        "status": OrderStatus.PAID,
        "placed_at": NOW + HOUR,
        "updated_at": NOW + HOUR,
        "total": Money(Decimal("43.20"), "GBP"),
        "shopper": Shopper(phones=(scene.contact.phone,)),
        "discount_codes": codes,
    }
    return OrderSeen(**(values | changes))


def take_in(runtime: Runtime, store: Store, order: OrderSeen) -> None:
    with runtime.database.session() as session:
        intake.apply(session, runtime, session.get_one(Store, store.id), order, received_at=NOW + HOUR)


def another_cart(runtime: Runtime, scene: Scene, now: Any) -> Scene:
    with runtime.database.session() as session:
        active = {"activity_at": now - timedelta(minutes=31), "event_at": now, "items": [TOTE]}
        cart = factories.make_cart(session, scene.store, scene.contact, **active)
        row = factories.make_enrollment(session, scene.store, scene.flow, scene.contact, cart)
        scenes.plan_step(session, row, now)
        return Scene(scene.store, scene.flow, scene.contact, cart, row)
