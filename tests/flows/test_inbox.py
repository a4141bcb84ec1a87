from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.clock import FixedClock
from app.models import Cart, CartKey, Contact, InboundEvent, Store
from app.runtime import Runtime
from connectors.events import CartSeen
from connectors.platform import Malformed
from flows import carts, inbox, intake
from flows.conflicts import PAUSES
from tests import factories
from tests.deliveries import shopify_payload, variant
from tests.factories import NOW
from tests.flows import told
from tests.queries import statements

CHECKOUT = shopify_payload("linked/03")


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        return factories.make_store(session)


def _body(change: Callable[[Any], None]) -> bytes:
    return variant(CHECKOUT.body, change)


def _checkout(number: int, updated_at: str = "2026-11-21T17:00:00+00:00", **changes: Any) -> bytes:
    """A checkout with keys of its own."""
    keys = {"token": f"checkout-{number}", "cart_token": f"token-{number}", "updated_at": updated_at}
    return _body(lambda checkout: checkout.update(keys | changes))


def _deliver(
    runtime: Runtime, store: Store | None, body: bytes | None = CHECKOUT.body, **columns: Any
) -> InboundEvent:
    with runtime.database.session() as session:
        return factories.make_inbound_event(session, store, body=body, **columns)


def _events(runtime: Runtime) -> list[tuple[str, str | None]]:
    return [(event.state, event.error) for event in told.rows(runtime, InboundEvent)]


def test_what_waits_is_applied_and_says_when(runtime: Runtime, store: Store) -> None:
    _deliver(runtime, store)
    assert inbox.drain(runtime) == 1
    event = told.row(runtime, InboundEvent)
    assert (event.state, event.error, event.applied_at) == ("applied", None, NOW)
    assert told.row(runtime, Cart).email == "henry@example.com"
    assert inbox.drain(runtime) == 0


def test_what_does_not_concern_us_is_ignored(runtime: Runtime, store: Store) -> None:
    _deliver(runtime, store, topic="themes/publish")
    _deliver(runtime, None)
    assert inbox.drain(runtime) == 2
    assert _events(runtime) == [("ignored", None), ("ignored", None)]


def test_news_of_a_store_that_left_is_ignored(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        session.get_one(Store, store.id).status = "uninstalled"
    _deliver(runtime, store)
    inbox.drain(runtime)
    assert _events(runtime) == [("ignored", None)]
    assert told.rows(runtime, Cart) == []


def test_events_of_one_subject_are_applied_in_the_order_they_came(
    runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied: list[int] = []
    see = carts.see

    def note(incoming: Any, seen: CartSeen) -> None:
        applied.append(incoming.event_id)
        see(incoming, seen)

    monkeypatch.setitem(intake._TAKEN_BY, CartSeen, note)
    ids = [_deliver(runtime, store, _checkout(1), subject="cart:1").id for _ in range(4)]
    ids += [_deliver(runtime, store, _checkout(2), subject="cart:2").id for _ in range(4)]
    inbox.drain(runtime)
    assert [one for one in applied if one in ids[:4]] == ids[:4]
    assert [one for one in applied if one in ids[4:]] == ids[4:]


def test_a_worker_leaves_alone_what_stands_behind_another_workers_event(
    runtime: Runtime, store: Store
) -> None:
    first = _deliver(runtime, store, _checkout(1), subject="cart:1")
    _deliver(runtime, store, _checkout(1), subject="cart:1")
    _deliver(runtime, store, _checkout(2), subject="cart:2")
    with runtime.database.session() as session:
        session.execute(select(InboundEvent).where(InboundEvent.id == first.id).with_for_update())
        assert inbox.drain(runtime) == 1
    assert [state for state, _ in _events(runtime)] == ["pending", "pending", "applied"]
    assert inbox.drain(runtime) == 2


def test_the_same_subject_in_two_stores_is_two_subjects(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
    first = _deliver(runtime, store, subject="order:1")
    _deliver(runtime, neighbour, subject="order:1")
    with runtime.database.session() as session:
        session.execute(select(InboundEvent).where(InboundEvent.id == first.id).with_for_update())
        assert inbox.drain(runtime) == 1
    assert told.row(runtime, Cart).store_id == neighbour.id


def test_an_event_that_cannot_be_applied_is_kept_with_its_error_and_holds_up_nobody(
    runtime: Runtime, store: Store
) -> None:
    _deliver(runtime, store, b"no JSON", subject="cart:1")
    _deliver(runtime, store, _checkout(1), subject="cart:1")
    _deliver(runtime, store, _checkout(2), subject="cart:2")
    inbox.drain(runtime)
    assert _events(runtime) == [
        ("failed", "Malformed: The body is not JSON."),
        ("applied", None),
        ("applied", None),
    ]


def test_what_goes_wrong_halfway_leaves_nothing_behind(
    runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    see = carts.see

    def stumble(incoming: Any, seen: CartSeen) -> None:
        see(incoming, seen)
        if seen.keys[0].value == "checkout-1":
            raise ValueError("call +14235550123 at once")

    monkeypatch.setitem(intake._TAKEN_BY, CartSeen, stumble)
    _deliver(runtime, store, _checkout(1))
    _deliver(runtime, store, _checkout(2))
    inbox.drain(runtime)
    (state, error), other = _events(runtime)
    assert (state, other) == ("failed", ("applied", None))
    assert error is not None and error.startswith("ValueError in ") and "4235550123" not in error
    assert [key.value for key in told.rows(runtime, CartKey)] == ["checkout-2", "token-2"]


def test_errors_of_the_database_do_not_quote_values(runtime: Runtime, store: Store) -> None:
    def break_it(checkout: Any) -> None:
        checkout["line_items"][0]["quantity"] = 1
        checkout["total_price"] = "9" * 12

    _deliver(runtime, store, _body(break_it))
    with runtime.database.session() as session:
        session.execute(text("ALTER TABLE cart ADD CONSTRAINT small CHECK (total < 1000)"))
    inbox.drain(runtime)
    with runtime.database.session() as session:
        session.execute(text("ALTER TABLE cart DROP CONSTRAINT small"))
    [(state, error)] = _events(runtime)
    assert state == "failed"
    assert error is not None and "IntegrityError 23514" in error and "999" not in error


def _conflicting(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Applying a cart loses a conflict so many times."""
    tried: list[int] = []
    see = carts.see

    def lose(incoming: Any, seen: CartSeen) -> None:
        tried.append(incoming.event_id)
        if len(tried) <= times:
            incoming.session.execute(text("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40P01'; END $$"))
        see(incoming, seen)

    monkeypatch.setitem(intake._TAKEN_BY, CartSeen, lose)
    return tried


def test_the_loser_of_a_conflict_tries_again_at_once(
    runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = _conflicting(monkeypatch, times=1)
    _deliver(runtime, store)
    inbox.drain(runtime)
    assert (_events(runtime), len(tried)) == ([("applied", None)], 2)


def test_conflicts_are_tried_again_later_and_not_for_ever(
    runtime: Runtime, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = _conflicting(monkeypatch, times=99)
    _deliver(runtime, store, _checkout(1), subject="cart:1")
    for _ in range(9):
        inbox.drain(runtime)
        clock.advance(timedelta(minutes=1))
    assert len(tried) == len(PAUSES) + 1
    [(state, error)] = _events(runtime)
    assert state == "failed" and error is not None and "OperationalError 40P01" in error


def test_an_event_waits_behind_one_that_is_tried_again(
    runtime: Runtime, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = _conflicting(monkeypatch, times=2)
    first = _deliver(runtime, store, _checkout(1), subject="cart:1")
    second = _deliver(runtime, store, _checkout(1), subject="cart:1")
    inbox.drain(runtime)
    assert tried == [first.id, first.id]
    clock.advance(timedelta(seconds=1))
    inbox.drain(runtime)
    assert tried == [first.id, first.id, first.id, second.id]


def test_failed_events_can_be_applied_again(
    runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setitem(intake._TAKEN_BY, CartSeen, lambda incoming, seen: seen.nothing)
        for number in range(3):
            _deliver(runtime, store, _checkout(number))
        inbox.drain(runtime)
    failed = [event.id for event in told.rows(runtime, InboundEvent)]
    assert inbox.replay(runtime, failed[:1]) == 1
    inbox.drain(runtime)
    assert [state for state, _ in _events(runtime)] == ["applied", "failed", "failed"]
    assert inbox.replay(runtime) == 2
    inbox.drain(runtime)
    assert _events(runtime) == [("applied", None)] * 3
    assert inbox.replay(runtime) == 0


def test_an_event_whose_body_is_erased_stays_failed(runtime: Runtime, store: Store) -> None:
    _deliver(runtime, store, None, state="failed")
    assert inbox.replay(runtime) == 0


def test_the_erasure_of_a_person_comes_after_what_was_said_before_it(runtime: Runtime, store: Store) -> None:
    mention = ["customer:7358220173425"]
    for _ in range(3):
        _deliver(runtime, store, CHECKOUT.body, subject="cart:1", mentions=mention)
    redact = shopify_payload("linked/13")
    _deliver(runtime, store, redact.body, topic="customers/redact", subject="customer:1", mentions=mention)
    inbox.drain(runtime)
    assert [state for state, _ in _events(runtime)] == ["applied"] * 4
    assert told.row(runtime, Contact).erased_at == NOW


def test_a_store_that_is_erased_takes_its_waiting_events_along(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        row = session.get_one(Store, store.id)
        row.status, row.platform_store_id = "uninstalled", "59026964593"
    redact = shopify_payload("linked/14")
    _deliver(runtime, store, redact.body, topic="shop/redact", subject="store")
    _deliver(runtime, store, _checkout(1))
    inbox.drain(runtime)
    assert told.rows(runtime, Store) == []
    event = told.row(runtime, InboundEvent)
    assert (event.topic, event.state, event.store_id, event.body) == ("shop/redact", "applied", None, None)


def test_many_workers_apply_every_event_once_and_in_order(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session)
    for step in range(4):
        for number in range(12):
            for one in (store, neighbour):
                at = f"2026-11-21T17:{step:02}:{number:02}+00:00"
                lines = _lines(step + 1)
                body = _checkout(number, at, line_items=lines)
                mentions = [f"checkout_token:checkout-{number}", "email:henry@example.com"]
                _deliver(runtime, one, body, subject=f"cart:{number}", mentions=mentions)
    counts: list[int] = []
    workers = [threading.Thread(target=lambda: counts.append(inbox.drain(runtime))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 96
    assert set(_events(runtime)) == {("applied", None)}
    found = told.rows(runtime, Cart)
    assert len(found) == 24
    assert {cart.items[0]["quantity"] for cart in found} == {4}


def _lines(quantity: int) -> Any:
    lines = json.loads(CHECKOUT.body)["line_items"]
    lines[0]["quantity"] = quantity
    return lines


def test_an_order_and_its_checkout_at_the_same_moment_end_as_one(runtime: Runtime, store: Store) -> None:
    order = shopify_payload("linked/06").body
    for number in range(10):
        token = {"token": f"checkout-{number}", "cart_token": f"token-{number}"}
        keys = {"checkout_token": token["token"], "cart_token": token["cart_token"], "id": number + 1}
        bought = json.dumps(json.loads(order) | keys | {"admin_graphql_api_id": None}).encode()
        seen = json.dumps(json.loads(CHECKOUT.body) | token).encode()
        mentions = [f"checkout_token:{token['token']}", f"cart_token:{token['cart_token']}"]
        _deliver(runtime, store, seen, subject=f"cart:{number}", mentions=mentions)
        _deliver(runtime, store, bought, topic="orders/create", subject=f"order:{number}", mentions=mentions)
    workers = [threading.Thread(target=inbox.drain, args=(runtime,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(_events(runtime)) == {("applied", None)}
    assert [cart.state for cart in told.rows(runtime, Cart)] == ["ordered"] * 10


def test_order_costs_no_query_per_event(runtime: Runtime, store: Store) -> None:
    for number in range(30):
        _deliver(runtime, store, b"{}", topic="themes/publish", subject=f"theme:{number}")
    with statements(runtime) as sent:
        inbox.drain(runtime)
    assert len([one for one in sent if not one.startswith(("SAVEPOINT", "RELEASE"))]) < 10


def test_a_drain_stops_at_its_deadline(runtime: Runtime, store: Store) -> None:
    _deliver(runtime, store)
    assert inbox.drain(runtime, deadline=NOW) == 0


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Malformed("The body is not JSON."), "Malformed: The body is not JSON."),
        (KeyError("+14235550123"), "KeyError"),
    ],
)
def test_an_error_is_told_in_one_sentence(error: Exception, sentence: str) -> None:
    assert inbox.sentence(error) == sentence
