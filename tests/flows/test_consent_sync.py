"""Consent goes both ways between Shopify and us, and never round in circles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.clock import FixedClock
from app.models import Consent, ConsentEvent, Contact, Due, Store
from app.runtime import Runtime, make_runtime
from connectors.events import ConsentSignal, ConsentState
from connectors.shopify import events
from connectors.shopify.tokens import Tokens
from flows import connections, consent_sync, consents, due
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.told import ANNA, PHONE, tick
from tests.standins.shopify import ShopifyStandin

DOMAIN = "good.myshopify.com"
GID = "gid://shopify/Customer/7"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def shopify(clock: FixedClock) -> Iterator[ShopifyStandin]:
    with ShopifyStandin(clock=clock.now) as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def runtime(
    database_url: str, redis_url: str, clock: FixedClock, shopify: ShopifyStandin
) -> Iterator[Runtime]:
    settings = factories.make_settings(database_url, redis_url, shopify_admin_url=shopify.url)
    runtime = make_runtime(settings, clock)
    yield runtime
    runtime.close()


@pytest.fixture
def store(runtime: Runtime, shopify: ShopifyStandin) -> Store:
    """A connected store whose customer, with the number that we know, has subscribed at the checkout."""
    body = {
        "id": 7,
        "phone": PHONE,
        "sms_marketing_consent": {
            "state": "subscribed",
            "opt_in_level": "single_opt_in",
            "consent_updated_at": (NOW - HOUR).isoformat(),
        },
    }
    shopify.shop(DOMAIN).put_consent(body)
    token = shopify.tokens.answer(
        {
            "client_id": shopify.client_id,
            "client_secret": shopify.client_secrets[0],
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": shopify.id_token(DOMAIN),
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
            "expiring": 1,
        }
    )[1]
    with runtime.database.session() as session:
        store = factories.make_store(session, domain=DOMAIN, country="GB", currency="GBP")
        expires = {"expires_at": NOW + 30 * DAY, "refresh_expires_at": NOW + 90 * DAY}
        tokens = Tokens(token["access_token"], token["refresh_token"], **expires, scopes=())
        connections.save_tokens(session, runtime, store.id, tokens, NOW)
    told.apply(runtime, store, told.cart(consent=tick(at=60)))
    return store


def say(runtime: Runtime, store: Store, state: ConsentState, source: str, **more: bool) -> None:
    """Something that the number said to us right now."""
    with runtime.database.session() as session:
        now = runtime.clock.now()
        signal = ConsentSignal(state, PHONE, source, occurred_at=now, **more)
        key = f"{source}:{now}"
        consents.record_signal(session, store, PHONE, signal, now, key, hash_key="h" * 32)


def stop(runtime: Runtime, store: Store) -> None:
    say(runtime, store, ConsentState.WITHDRAWN, "keyword_stop")


def record(shopify: ShopifyStandin) -> dict[str, str]:
    """The customer's consent as Shopify keeps it."""
    consent: dict[str, str] = shopify.shop(DOMAIN).customers[GID]["defaultPhoneNumber"]["smsMarketingConsent"]
    return consent


def echo(runtime: Runtime, store: Store, shopify: ShopifyStandin) -> None:
    """Shopify tells of the change that we made."""
    body = json.dumps(shopify.shop(DOMAIN).consent_body(GID)).encode()
    told.apply(
        runtime, store, *events.events("customers_marketing_consent/update", body, runtime.clock.now())
    )


def is_planned(runtime: Runtime) -> bool:
    return due.CONSENT_SYNC in {row.kind for row in told.rows(runtime, Due)}


def mutations(shopify: ShopifyStandin) -> int:
    return sum("mutation" in call.query for call in shopify.calls)


def test_what_the_platform_told_us_is_not_told_back(
    runtime: Runtime, store: Store, shopify: ShopifyStandin
) -> None:
    assert told.row(runtime, Consent).state == "given"
    assert not is_planned(runtime)


def test_a_stop_is_told_and_its_echo_changes_nothing(
    runtime: Runtime, store: Store, shopify: ShopifyStandin, clock: FixedClock
) -> None:
    clock.advance(timedelta(seconds=1.7))
    stop(runtime, store)
    assert consent_sync.drain(runtime) == 1
    assert record(shopify) == {
        "state": "UNSUBSCRIBED",
        "optInLevel": "UNKNOWN",
        "updatedAt": "2026-11-21T18:00:01Z",
    }
    before = [event.id for event in told.rows(runtime, ConsentEvent)]
    since = told.row(runtime, Consent).since
    clock.advance(MINUTE)
    echo(runtime, store, shopify)
    assert [event.id for event in told.rows(runtime, ConsentEvent)] == before
    assert told.row(runtime, Consent).since == since
    assert not is_planned(runtime)
    assert mutations(shopify) == 1


def test_a_start_and_a_confirmed_opt_in_are_told_with_their_level(
    runtime: Runtime, store: Store, shopify: ShopifyStandin, clock: FixedClock
) -> None:
    stop(runtime, store)
    clock.advance(MINUTE)
    say(runtime, store, ConsentState.GIVEN, "keyword_start")
    consent_sync.drain(runtime)
    assert (record(shopify)["state"], record(shopify)["optInLevel"]) == ("SUBSCRIBED", "SINGLE_OPT_IN")
    clock.advance(MINUTE)
    say(runtime, store, ConsentState.GIVEN, "double_opt_in", confirmed=True)
    consent_sync.drain(runtime)
    assert record(shopify) == {
        "state": "SUBSCRIBED",
        "optInLevel": "CONFIRMED_OPT_IN",
        "updatedAt": "2026-11-21T18:02:00Z",
    }
    echo(runtime, store, shopify)
    assert not is_planned(runtime)
    assert told.row(runtime, Consent).confirmed


def test_a_merchants_own_change_at_the_platform_is_no_echo(
    runtime: Runtime, store: Store, shopify: ShopifyStandin, clock: FixedClock
) -> None:
    clock.advance(MINUTE)
    record(shopify).update(state="UNSUBSCRIBED", updatedAt="2026-11-21T18:00:30Z")
    echo(runtime, store, shopify)
    assert told.row(runtime, Consent).state == "withdrawn"
    assert not is_planned(runtime)


def test_what_the_record_says_already_is_not_written_again(
    runtime: Runtime, store: Store, shopify: ShopifyStandin
) -> None:
    record(shopify).update(state="UNSUBSCRIBED")
    stop(runtime, store)
    consent_sync.drain(runtime)
    assert mutations(shopify) == 0


def test_a_number_that_no_customer_has_is_nobodys_record(
    runtime: Runtime, store: Store, shopify: ShopifyStandin
) -> None:
    shopify.shop(DOMAIN).customers[GID]["defaultPhoneNumber"]["phoneNumber"] = "+447400999999"
    stop(runtime, store)
    consent_sync.drain(runtime)
    assert mutations(shopify) == 0
    assert not is_planned(runtime)


def test_a_throttled_call_is_repeated_later_and_what_changed_meanwhile_is_told(
    runtime: Runtime, store: Store, shopify: ShopifyStandin, clock: FixedClock
) -> None:
    stop(runtime, store)
    shopify.disturb(429, Retry_After="90")
    consent_sync.drain(runtime)
    assert record(shopify)["state"] == "SUBSCRIBED"
    (row,) = [row for row in told.rows(runtime, Due) if row.kind == due.CONSENT_SYNC]
    assert row.due_at == NOW + timedelta(seconds=90)
    clock.advance(MINUTE)
    say(runtime, store, ConsentState.GIVEN, "keyword_start")
    consent_sync.drain(runtime)
    assert mutations(shopify) == 0, "the record says so already"
    assert not is_planned(runtime)


def test_pauses_grow_with_the_age_of_the_news_until_it_is_given_up() -> None:
    ages = [timedelta(0), MINUTE, 2 * MINUTE, 4 * MINUTE, DAY, 8 * DAY]
    assert [consent_sync.pause(age) for age in ages] == [
        MINUTE,
        MINUTE,
        2 * MINUTE,
        4 * MINUTE,
        6 * HOUR,
        None,
    ]


def test_a_store_whose_platform_keeps_no_such_record_tells_nobody(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_woocommerce_store(session, runtime, country="GB")
        factories.make_contact(session, store, phone=PHONE)
    assert ANNA.phones == (PHONE,)
    stop(runtime, store)
    assert not is_planned(runtime)
    assert told.row(runtime, Contact).phone == PHONE
    with pytest.raises(ValueError, match="keeps no consent"):
        connections.consent_keeper(runtime, store)
