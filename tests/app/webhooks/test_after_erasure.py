"""What platforms deliver of somebody after their erasure, in the bodies that they really send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.clock import FixedClock
from app.models import Store
from app.runtime import Runtime
from connectors.events import RequestKind
from flows import compliance, inbox
from flows.incoming import Incoming
from flows.traces import Shopper
from tests import factories
from tests.app.webhooks.end_state import end_state
from tests.deliveries import (
    post_shopify,
    post_woocommerce,
    shopify_payload,
    variant,
    woocommerce_payload,
)
from tests.flows.whole_person import naming

HENRY = ("henry@example.com", "Henry", "4235550123", "7358220173425")
ZOE = ("zoe@shopper.example", "Zoe", "5125550111", "512) 555-0111")
UPDATED = "2026-11-22T09:00:00"


@pytest.fixture
def shopify(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session, platform_store_id="59026964593")


@pytest.fixture
def woocommerce(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_woocommerce_store(session, runtime)


def deliver(client: FlaskClient, runtime: Runtime, store: Store, name: str, **changes: Any) -> None:
    """A recorded body with some of its fields changed, and ``topic``, taken in."""
    told = woocommerce_payload(name) if store.platform == "woocommerce" else shopify_payload(name)
    topic = changes.pop("topic", told.topic)
    body = variant(told.body, lambda content: content.update(changes)) if changes else told.body
    post: Callable[..., Any] = post_woocommerce if store.platform == "woocommerce" else post_shopify
    assert post(client, body, topic, store).status_code == 200
    inbox.drain(runtime)


def named(runtime: Runtime, marks: tuple[str, ...]) -> set[str]:
    """The tables that name the person, but for the deliveries themselves, which go by their own rule."""
    with runtime.database.session() as session:
        return set(naming(session, *marks)) - {"inbound_event"}


def test_what_shopify_tells_after_a_redaction_names_nobody(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, shopify: Store
) -> None:
    for name in ("linked/01", "linked/02", "linked/03", "linked/06", "linked/07", "linked/13"):
        deliver(client, runtime, shopify, name)
    assert named(runtime, HENRY) == set()
    clock.advance(timedelta(days=1))
    later = {"updated_at": f"{UPDATED}Z"}
    for name, more in {
        "linked/03": later,
        "linked/05": later,
        "linked/07": later | {"topic": "orders/updated"},
        "linked/08": {},
    }.items():
        deliver(client, runtime, shopify, name, **more)
    assert named(runtime, HENRY) == set()
    assert end_state(runtime, shopify)["events"] == ["applied"] * 10


def test_a_new_order_at_shopify_is_a_new_beginning(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, shopify: Store
) -> None:
    for name in ("linked/03", "linked/13"):
        deliver(client, runtime, shopify, name)
    clock.advance(timedelta(days=1))
    made = {"id": 99, "admin_graphql_api_id": "gid://shopify/Order/99", "checkout_token": "b" * 32}
    times = {"created_at": f"{UPDATED}Z", "updated_at": f"{UPDATED}Z"}
    deliver(client, runtime, shopify, "linked/06", **made, **times)
    old, new = end_state(runtime, shopify)["contacts"]
    assert old.startswith("erased:") and new == "+14235550123 henry@example.com Henry"


def erase_zoe(runtime: Runtime, clock: FixedClock, store: Store) -> None:
    with runtime.database.session() as session:
        now = clock.now()
        asking = Incoming(session, runtime, session.get_one(Store, store.id), now, now)
        zoe = Shopper(email="zoe@shopper.example")
        compliance.ask(asking, RequestKind.CUSTOMER_REDACT, zoe, compliance.MERCHANT, "zoe")


@pytest.mark.parametrize("status", ["cancelled", "completed", "trash"])
@pytest.mark.parametrize("before", [("0027",), ("0027", "0029")], ids=["unpaid", "bought"])
def test_what_woocommerce_tells_of_an_order_after_its_erasure_names_nobody(
    client: FlaskClient,
    runtime: Runtime,
    clock: FixedClock,
    woocommerce: Store,
    status: str,
    before: tuple[str, ...],
) -> None:
    """An unpaid order that WooCommerce cancels by itself is told days later, its buyer with it."""
    clock.advance(timedelta(hours=2))
    for name in before:
        deliver(client, runtime, woocommerce, name)
    erase_zoe(runtime, clock, woocommerce)
    assert named(runtime, ZOE) == set()
    clock.advance(timedelta(days=1))
    deliver(client, runtime, woocommerce, "0029", status=status, date_modified_gmt=UPDATED)
    assert named(runtime, ZOE) == set()


def test_a_new_order_at_woocommerce_is_a_new_beginning(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, woocommerce: Store
) -> None:
    clock.advance(timedelta(hours=2))
    deliver(client, runtime, woocommerce, "0027")
    erase_zoe(runtime, clock, woocommerce)
    clock.advance(timedelta(days=1))
    deliver(client, runtime, woocommerce, "0027", id=99, date_created_gmt=UPDATED, date_modified_gmt=UPDATED)
    assert end_state(runtime, woocommerce)["contacts"][1].startswith("+15125550111 zoe@shopper.example")
