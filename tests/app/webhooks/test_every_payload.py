"""Every payload that a platform published or really sent, through the door and into the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.models import Store
from app.ops.replay import read_recording
from app.runtime import Runtime
from flows import inbox
from tests import factories
from tests.app.webhooks.end_state import end_state
from tests.app.webhooks.expected_states import EXPECTED
from tests.deliveries import LINKED, SHOPIFY, WOOCOMMERCE, post_shopify, post_woocommerce

# The shop that the payloads of a folder come from.
SHOP_IDS = {"official": "548380009", "linked": "59026964593"}
UNTOUCHED = {"store": "active"}


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name.removesuffix('.json')}"


def _make_store(runtime: Runtime, path: Path) -> Store:
    with runtime.database.session() as session:
        if path in WOOCOMMERCE:
            return factories.make_woocommerce_store(session, runtime)
        return factories.make_store(session, platform_store_id=SHOP_IDS.get(path.parent.name))


def _post(client: FlaskClient, store: Store, path: Path, webhook_id: str | None = None) -> int:
    recording = read_recording(path)
    if path in WOOCOMMERCE:
        return post_woocommerce(client, recording.body, recording.topic, store, recording.headers).status_code
    return post_shopify(client, recording.body, recording.topic, store, webhook_id=webhook_id).status_code


def _rows(runtime: Runtime, store: Store) -> dict[str, Any]:
    """What is there beside the deliveries themselves."""
    return {name: value for name, value in end_state(runtime, store).items() if name != "events"}


@pytest.mark.parametrize("path", [*SHOPIFY, *WOOCOMMERCE], ids=_name)
def test_a_delivery_leaves_the_rows_that_it_should_however_often_it_comes(
    client: FlaskClient, runtime: Runtime, path: Path
) -> None:
    store, neighbour = _make_store(runtime, path), _make_store(runtime, path)
    assert _post(client, store, path, "once") == 200
    inbox.drain(runtime)
    assert end_state(runtime, store) == {"store": "active", "events": ["applied"]} | EXPECTED[_name(path)]
    before = _rows(runtime, store)
    for webhook_id in ("once", "and again"):
        assert _post(client, store, path, webhook_id) == 200
    inbox.drain(runtime)
    again = end_state(runtime, store)
    assert "failed" not in again["events"]
    assert _rows(runtime, store) == _without_repeats(before, again)
    assert end_state(runtime, neighbour) == UNTOUCHED


def _without_repeats(before: dict[str, Any], again: dict[str, Any]) -> dict[str, Any]:
    """A request that Shopify sends twice under two ids is two requests; nothing else may double."""
    return before | ({"requests": again["requests"]} if "requests" in before else {})


def test_every_payload_has_its_expected_rows() -> None:
    assert sorted(EXPECTED) == sorted(_name(path) for path in [*SHOPIFY, *WOOCOMMERCE])


JOURNEY = [path for path in LINKED if path.name[:2] not in ("04", "12", "13", "14")]
BOUGHT = {
    "store": "active",
    "carts": ["ordered at payment: 1 for 600 USD, henry@example.com, -"],
    "keys": ["checkout_token", "cart_token (free)"],
    "contacts": ["+14235550123 henry@example.com Henry"],
    "consents": {"+14235550123": "withdrawn"},
    "orders": ["5778367414385 paid (test): 600 USD, back 85, out_for_delivery"],
    "refunds": ["85"],
    "parcels": ["out_for_delivery"],
}


def test_a_buyers_whole_journey(client: FlaskClient, runtime: Runtime) -> None:
    store, neighbour = _make_store(runtime, LINKED[0]), _make_store(runtime, LINKED[0])
    for path in JOURNEY:
        assert _post(client, store, path) == 200
    inbox.drain(runtime)
    assert _rows(runtime, store) == BOUGHT
    for path in LINKED[11:13]:
        assert _post(client, store, path) == 200
    inbox.drain(runtime)
    erased = _rows(runtime, store)
    assert erased["requests"] == ["data_request done", "customer_redact done"]
    assert "henry" not in repr(erased).lower() and "4235550123" not in repr(erased)
    assert end_state(runtime, neighbour) == UNTOUCHED


def _in_order(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(told, reverse=True) if name == "keys" else told for name, told in rows.items()}


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.permutations([*JOURNEY, *JOURNEY[1:6]]), st.data())
def test_in_any_order_with_repeats_and_pauses_a_journey_ends_in_the_same_rows(
    client: FlaskClient, runtime: Runtime, order: list[Path], data: st.DataObject
) -> None:
    store, neighbour = _make_store(runtime, LINKED[0]), _make_store(runtime, LINKED[0])
    for path in order:
        assert _post(client, store, path) == 200
        if data.draw(st.booleans(), label="a worker comes by"):
            inbox.drain(runtime)
    inbox.drain(runtime)
    assert set(end_state(runtime, store)["events"]) <= {"applied", "ignored"}
    assert _in_order(_rows(runtime, store)) == BOUGHT
    assert end_state(runtime, neighbour) == UNTOUCHED
