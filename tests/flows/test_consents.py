from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.crypto import keyed_hash
from app.models import (
    Cart,
    Consent,
    ConsentEvent,
    Contact,
    Due,
    Enrollment,
    Flow,
    Link,
    Message,
    Store,
    Suppression,
)
from app.runtime import Runtime
from connectors.events import ConsentChanged, ConsentSignal, ConsentState, CustomerSeen, Key, Shopper
from flows import consent_rebuild, consents
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.told import ANNA, PHONE, minutes_ago, tick


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB", currency="GBP")
        factories.make_flow(session, store)
    return store


def record(
    state: ConsentState, at: float | None = 0, phone: str | None = PHONE, **more: Any
) -> ConsentChanged:
    """What a customer's record says."""
    signal = ConsentSignal(
        state, phone, "shopify_customer", occurred_at=None if at is None else minutes_ago(at)
    )
    return ConsentChanged(replace(signal, **more))


GIVEN, WITHDRAWN, PENDING = ConsentState.GIVEN, ConsentState.WITHDRAWN, ConsentState.PENDING


def _states(runtime: Runtime) -> dict[str, str]:
    return {row.address: row.state for row in told.rows(runtime, Consent)}


def test_a_ticked_box_is_consent_for_the_number_beside_it(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=5, consent=tick(at=5, language="en-GB")))
    consent = told.row(runtime, Consent)
    assert (consent.address, consent.state, consent.confirmed) == (PHONE, "given", False)
    assert (consent.source, consent.since) == ("shopify_checkout", minutes_ago(5))
    event = told.row(runtime, ConsentEvent)
    assert (event.checkout_created_at, event.language) == (minutes_ago(600), "en-GB")


def test_a_phone_without_a_tick_is_no_consent(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart())
    assert told.row(runtime, Contact).phone == PHONE
    assert _states(runtime) == {}


def test_a_tick_for_another_number_is_no_consent_for_the_contacts(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(consent=tick("+447400999999")))
    assert told.row(runtime, Contact).phone == PHONE
    assert _states(runtime) == {"+447400999999": "given"}


def test_a_number_without_country_code_is_read_by_the_address(runtime: Runtime, store: Store) -> None:
    swiss = replace(ANNA, phones=("078 123 45 67",), country="CH")
    told.apply(runtime, store, told.cart(shopper=swiss, consent=tick("078 123 45 67")))
    assert _states(runtime) == {"+41781234567": "given"}


def test_a_box_that_is_told_again_and_again_is_one_event(runtime: Runtime, store: Store) -> None:
    for at in (9, 8, 7):
        told.apply(runtime, store, told.cart(at=at, consent=tick(at=at)))
    assert len(told.rows(runtime, ConsentEvent)) == 1


def test_an_unticked_box_takes_the_consent_back_and_ticking_again_gives_it(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.cart(at=9, consent=tick(at=9)), told.cart(at=7))
    assert _states(runtime) == {PHONE: "none"}
    assert told.rows(runtime, Suppression) == []
    told.apply(runtime, store, told.cart(at=5, consent=tick(at=5)))
    assert _states(runtime) == {PHONE: "given"}
    assert [event.state for event in told.rows(runtime, ConsentEvent)] == ["given", "withdrawn", "given"]


def test_unticking_one_box_leaves_what_was_said_elsewhere(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, record(GIVEN, at=90, confirmed=True))
    told.apply(runtime, store, told.cart(at=9, consent=tick(at=9)), told.cart(at=7))
    assert _states(runtime) == {PHONE: "given"}


SESSION, DRAFT = Key("woo_session", "0" * 32), Key("woo_order", "29")


def test_a_draft_that_does_not_know_the_number_yet_takes_nothing_from_the_cart(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.cart(at=9, keys=(SESSION,), consent=tick(at=9)))
    told.apply(runtime, store, told.cart(at=8, keys=(DRAFT, SESSION), shopper=told.NOBODY, lags=True))
    [cart] = told.rows(runtime, Cart)
    assert cart.contact_id == told.row(runtime, Contact).id
    assert _states(runtime) == {PHONE: "given"}


def test_a_box_that_was_unticked_before_such_a_draft_came_is_unticked(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9, keys=(SESSION,), consent=tick(at=9)))
    told.apply(runtime, store, told.cart(at=7, keys=(DRAFT, SESSION), shopper=told.NOBODY, lags=True))
    told.apply(runtime, store, told.cart(at=8, keys=(SESSION,)))
    assert _states(runtime) == {PHONE: "none"}


def test_a_box_is_unticked_for_the_number_beside_it_also_where_the_cart_had_lost_it(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.cart(at=9, keys=(SESSION,), consent=tick(at=9)))
    told.apply(runtime, store, told.cart(at=8, keys=(DRAFT, SESSION), shopper=told.NOBODY))
    assert _states(runtime) == {PHONE: "given"}
    told.apply(runtime, store, told.cart(at=7, keys=(SESSION,)))
    assert _states(runtime) == {PHONE: "none"}


def test_a_tick_for_a_mistyped_number_goes_when_the_number_is_corrected(
    runtime: Runtime, store: Store
) -> None:
    wrong = "+447400999999"
    mistyped = replace(ANNA, phones=(wrong,))
    told.apply(runtime, store, told.cart(at=9, shopper=mistyped, consent=tick(wrong, at=9)))
    told.apply(runtime, store, told.cart(at=7, consent=tick(at=7)))
    assert _states(runtime) == {wrong: "none", PHONE: "given"}


def test_items_alone_say_nothing_of_the_box(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9, consent=tick(at=9)), told.items_only(at=7))
    assert _states(runtime) == {PHONE: "given"}


def test_a_confirmed_record_confirms_a_tick(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9, consent=tick(at=9)), record(GIVEN, at=5, confirmed=True))
    consent = told.row(runtime, Consent)
    assert (consent.state, consent.confirmed) == ("given", True)


def test_a_record_without_a_number_gives_nothing(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(), record(GIVEN, phone=None, customer_id="7"))
    assert _states(runtime) == {}


def test_a_withdrawal_without_a_number_stops_every_number_of_that_customer(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.cart(at=9, consent=tick(at=9)))
    told.apply(runtime, store, record(WITHDRAWN, phone=None, customer_id="7"))
    assert _states(runtime) == {PHONE: "withdrawn"}


def _enroll(runtime: Runtime, store: Store) -> Enrollment:
    with runtime.database.session() as session:
        flow = session.scalar(select(Flow).where(Flow.store_id == store.id))
        contact = session.scalar(select(Contact).where(Contact.store_id == store.id))
        cart = session.scalar(select(Cart).where(Cart.store_id == store.id))
        assert flow is not None and contact is not None and cart is not None
        message = Message(
            store_id=store.id,
            contact_id=contact.id,
            cart_id=cart.id,
            phone=contact.phone,
            language="en",
            encoding="GSM-7",
            segments=1,
            lane=str(store.id),
            created_at=NOW,
        )
        session.add(message)
        session.flush()
        session.add(
            Link(
                store_id=store.id,
                token="abc",
                message_id=message.id,
                cart_id=cart.id,
                contact_id=contact.id,
                created_at=NOW,
                expires_at=NOW + timedelta(days=30),
            )
        )
        return factories.make_enrollment(session, store, flow, contact, cart)


def test_a_withdrawal_takes_effect_whole(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=9, consent=tick(at=9)))
    enrollment = _enroll(runtime, store)
    told.apply(runtime, store, record(WITHDRAWN, at=1))
    consent, suppression = told.row(runtime, Consent), told.row(runtime, Suppression)
    assert (consent.state, consent.stopped, consent.since) == ("withdrawn", True, minutes_ago(1))
    number_hash = keyed_hash(runtime.settings.hash_key, store.domain, PHONE)
    assert (suppression.domain, suppression.number_hash) == (store.domain, number_hash)
    assert suppression.lifted_at is None
    assert told.row(runtime, Link).ended_at == NOW
    [ended] = [row for row in told.rows(runtime, Enrollment) if row.id == enrollment.id]
    assert (ended.state, ended.reason) == ("ended", "stopped")


def test_a_stop_in_one_store_leaves_the_same_number_alone_in_another(runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        neighbour = factories.make_store(session, country="GB")
    for one in (store, neighbour):
        told.apply(runtime, one, told.cart(at=9, consent=tick(at=9)))
    told.apply(runtime, store, record(WITHDRAWN, at=1))
    assert {row.store_id: row.state for row in told.rows(runtime, Consent)} == {
        store.id: "withdrawn",
        neighbour.id: "given",
    }


@pytest.mark.parametrize("created", [5, 600])
def test_only_a_tick_in_a_checkout_that_began_after_the_stop_gives_consent_again(
    runtime: Runtime, store: Store, created: float
) -> None:
    told.apply(runtime, store, told.cart(at=90, consent=tick(at=90)), record(WITHDRAWN, at=30))
    later = told.cart(at=1, keys=(told.TOKEN,), consent=tick(created=created, at=1))
    told.apply(runtime, store, later)
    suppression = told.row(runtime, Suppression)
    if created == 5:
        assert (_states(runtime), suppression.lifted_at) == ({PHONE: "given"}, NOW)
    else:
        assert (_states(runtime), suppression.lifted_at) == ({PHONE: "withdrawn"}, None)


@pytest.mark.parametrize("at", [0, None, 45])
def test_a_platforms_record_never_undoes_a_stop(runtime: Runtime, store: Store, at: float | None) -> None:
    told.apply(runtime, store, record(WITHDRAWN, at=30), record(GIVEN, at=at, confirmed=True))
    assert _states(runtime) == {PHONE: "withdrawn"}


def test_a_stop_from_an_earlier_installation_still_stands(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, record(WITHDRAWN, at=30))
    with runtime.database.session() as session:
        session.delete(session.get_one(Store, store.id))
    with runtime.database.session() as session:
        again = factories.make_store(session, domain=store.domain, country="GB")
    told.apply(runtime, again, told.cart(at=9, consent=tick(at=9)), record(GIVEN, at=1, confirmed=True))
    assert _states(runtime) == {PHONE: "withdrawn"}


def test_a_suppression_is_known_by_its_domain(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, record(WITHDRAWN, at=30))
    with runtime.database.session() as session:
        other = factories.make_store(session, country="GB")
    told.apply(runtime, other, told.cart(at=9, consent=tick(at=9)))
    assert {row.store_id: row.state for row in told.rows(runtime, Consent)}[other.id] == "given"


def test_a_cart_that_waited_for_consent_is_looked_at_when_it_comes(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=60))
    with runtime.database.session() as session:
        cart = session.scalar(select(Cart))
        assert cart is not None
        cart.waits_for = "no_consent"
        session.execute(delete(Due))
    told.apply(runtime, store, record(GIVEN, at=1, confirmed=True))
    due = told.row(runtime, Due)
    assert (due.kind, due.subject, due.due_at) == ("cart_idle", cart.id, NOW)


def test_a_pending_opt_in_is_no_consent_yet(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, record(PENDING, at=1))
    assert _states(runtime) == {PHONE: "pending"}


def test_a_customers_record_tells_more_of_a_contact_and_makes_none(runtime: Runtime, store: Store) -> None:
    seen = CustomerSeen("7", Shopper(phones=(PHONE,), email="New@Example.com", first_name="Anne"))
    told.apply(runtime, store, seen)
    assert told.rows(runtime, Contact) == []
    told.apply(runtime, store, told.cart(), seen)
    contact = told.row(runtime, Contact)
    assert (contact.email, contact.first_name, contact.country) == ("new@example.com", "Anne", "GB")


def test_two_numbers_with_one_email_stay_two_contacts(runtime: Runtime, store: Store) -> None:
    other = replace(ANNA, phones=("+447400999999",))
    second = told.cart(shopper=other, keys=(told.TOKEN,))
    told.apply(runtime, store, told.cart(keys=(told.CHECKOUT,)), second)
    assert [contact.phone for contact in told.rows(runtime, Contact)] == [PHONE, "+447400999999"]


def test_start_of_a_stranger_gives_nothing(runtime: Runtime, store: Store) -> None:
    start = ConsentSignal(GIVEN, PHONE, "keyword_start", confirmed=True, occurred_at=NOW)
    with runtime.database.session() as session:
        row = consents.record_signal(
            session, store, PHONE, start, NOW, "reply:1", hash_key=runtime.settings.hash_key
        )
        assert row.state == "none"


SAID = (
    record(GIVEN, at=90),
    record(WITHDRAWN, at=60),
    record(GIVEN, at=50, confirmed=True),
    record(PENDING, at=40),
    record(WITHDRAWN, at=30),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.permutations(SAID * 2))
def test_in_whatever_order_it_is_told_a_stop_stands(runtime: Runtime, order: list[ConsentChanged]) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB")
    told.apply(runtime, store, *order)
    with runtime.database.session() as session:
        assert session.get_one(Consent, (store.id, "sms", PHONE)).state == "withdrawn"


def test_hashes_of_numbers_are_not_the_numbers(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, record(WITHDRAWN))
    assert PHONE.removeprefix("+") not in told.row(runtime, Suppression).number_hash


def say(runtime: Runtime, store: Store, source: str, key: str, at: float = 20) -> None:
    """A stop by text."""
    with runtime.database.session() as session:
        signal = ConsentSignal(WITHDRAWN, PHONE, source, occurred_at=minutes_ago(at))
        consents.record_signal(session, store, PHONE, signal, NOW, key, hash_key="h" * 32)


def undo(runtime: Runtime, store: Store, key: str) -> bool:
    with runtime.database.session() as session:
        return consents.undo(session, store, PHONE, key, "person:7", NOW, hash_key="h" * 32)


def suppressed(runtime: Runtime, store: Store) -> bool:
    with runtime.database.session() as session:
        return consents.find_suppression(session, store, PHONE, "h" * 32) is not None


def test_a_stop_that_was_none_is_undone_by_an_event_that_names_who_did_it(
    runtime: Runtime, store: Store
) -> None:
    told.apply(runtime, store, told.cart(at=30, consent=tick(at=30)))
    say(runtime, store, "plain_words_stop", "reply:1")
    assert suppressed(runtime, store)
    assert undo(runtime, store, "reply:1")
    assert _states(runtime) == {PHONE: "given"}
    assert not suppressed(runtime, store)
    correction = told.rows(runtime, ConsentEvent)[-1]
    assert (correction.state, correction.source) == ("corrected", "correction")
    assert correction.evidence == {"actor": "person:7", "corrects": "reply:1"}


@pytest.mark.parametrize("exact_at", [25, 10])
def test_undoing_a_misread_text_leaves_a_real_stop_before_or_after_it(
    runtime: Runtime, store: Store, exact_at: float
) -> None:
    told.apply(runtime, store, told.cart(at=30, consent=tick(at=30)))
    stops = [("plain_words_stop", "reply:1", 20.0), ("keyword_stop", "reply:2", exact_at)]
    for source, key, at in sorted(stops, key=lambda stop: -stop[2]):
        say(runtime, store, source, key, at)
    assert undo(runtime, store, "reply:1")
    assert _states(runtime) == {PHONE: "withdrawn"}
    assert suppressed(runtime, store)


def test_an_exact_stop_cannot_be_undone(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=30, consent=tick(at=30)))
    say(runtime, store, "keyword_stop", "reply:1")
    assert not undo(runtime, store, "reply:1")
    assert not undo(runtime, store, "reply:2")
    assert _states(runtime) == {PHONE: "withdrawn"}


def test_undoing_gives_nothing_to_somebody_who_never_consented(runtime: Runtime, store: Store) -> None:
    say(runtime, store, "plain_words_stop", "reply:1")
    assert undo(runtime, store, "reply:1")
    assert _states(runtime) == {PHONE: "none"}


def test_the_ledger_keeps_what_the_platform_tells_of_a_tick(runtime: Runtime, store: Store) -> None:
    told_by_shop = {"ip": "203.0.113.9", "user_agent": "Mozilla/5.0"}
    signal = tick(at=5, wording="Text me about my cart", evidence=told_by_shop, customer_id="7")
    told.apply(runtime, store, told.cart(at=5, consent=signal))
    event = told.row(runtime, ConsentEvent)
    assert (event.channel, event.wording, event.occurred_at) == (
        "sms",
        "Text me about my cart",
        minutes_ago(5),
    )
    assert event.evidence == told_by_shop | {
        "actor": "shopper",
        "customer": "7",
        "zone": store.timezone,
        "wording_sha256": "6f55806610b1e4cec04c963beb289e7c6ed3859a4e561f34cb3f614b377c76cb",
    }


def test_the_state_of_every_number_can_be_derived_again(
    runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_rebuild, "BATCH", 2)
    others = [f"+44740012345{number}" for number in range(5)]
    for phone in (PHONE, *others):
        told.apply(runtime, store, record(GIVEN, at=30, phone=phone))
    with runtime.database.session() as session:
        session.get_one(Consent, (store.id, "sms", PHONE)).state = "withdrawn"
        session.delete(session.get_one(Consent, (store.id, "sms", others[0])))
        factories.make_consent(session, store, "+447400123999", source="nowhere")
    rebuilt = {one.phone: (one.before, one.after) for one in consent_rebuild.rebuild(runtime, store)}
    assert len(rebuilt) == 7
    differing = {phone: change for phone, change in rebuilt.items() if change[0] != change[1]}
    assert differing == {
        PHONE: ("withdrawn", "given"),
        others[0]: ("none", "given"),
        "+447400123999": ("given, confirmed", "none"),
    }
    assert not any(one.differs for one in consent_rebuild.rebuild(runtime, store))
