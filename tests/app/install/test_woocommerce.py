"""The key handshake: who may connect a shop, who may not, and what each of them gets to see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import logins
from app.clock import FixedClock
from app.models import Handshake, Store, StoreFlag
from app.runtime import Runtime
from flows import connections, installation
from flows.installation import SYNC_FLAG
from tests.app.install.woocommerce_shop import (
    DOOR,
    begin,
    come_back,
    connect,
    hand_over,
    kept_keys,
    log_in,
    sign_in_links,
    state_of,
    stored_secrets,
    stores,
)
from tests.standins.woocommerce import WooCommerceStandin

NOBODYS_PORT = 1


def test_the_first_page_asks_for_the_address_of_the_shop(client: FlaskClient) -> None:
    page = client.get(DOOR)
    assert page.status_code == 200
    assert 'name="store_url"' in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_the_merchant_is_sent_to_the_shop_with_a_state_that_we_cannot_read_back(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    answer = begin(client, f"{shop.url}/?utm_source=x")
    assert answer.location.startswith(f"{shop.url}/wc-auth/v1/authorize?")
    with runtime.database.session() as session:
        kept = session.scalars(select(Handshake)).one()
    assert kept.store_url == shop.url
    assert state_of(answer) not in kept.state_digest
    assert stores(runtime) == []


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("ftp://shop.example", "begins with https://"),
        ("http://user:word@127.0.0.1", "user name or a password"),
        (f"http://127.0.0.1:{NOBODYS_PORT}", "127.0.0.1"),
    ],
)
def test_an_address_that_cannot_be_connected_is_explained_and_kept(
    client: FlaskClient, runtime: Runtime, typed: str, problem: str
) -> None:
    answer = begin(client, typed)
    assert answer.status_code == 400
    assert problem in answer.text
    assert f'value="{typed}"' in answer.text
    assert stores(runtime) == []


def test_a_shop_without_woocommerce_is_told_so(client: FlaskClient, shop: WooCommerceStandin) -> None:
    shop.set_knobs(woocommerce_active=False)
    assert "WooCommerce is not active there" in begin(client, shop.url).text


def test_an_address_is_shown_as_text_and_never_as_markup(client: FlaskClient) -> None:
    page = begin(client, '"><script>alert(1)</script>').text
    assert "<script>" not in page


def test_keys_that_the_shop_accepts_connect_it(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    key, secret = shop.add_key()
    answer = hand_over(client, state_of(begin(client, shop.url)), (key, secret))
    assert (answer.status_code, answer.text) == (200, "Connected.")
    [store] = stores(runtime)
    assert (store.platform, store.status, store.url) == ("woocommerce", "active", shop.url)
    assert store.domain == shop.url.removeprefix("http://")
    assert store.installed_at == clock.now()
    assert kept_keys(runtime, store) == {"url": shop.url, "key": key, "secret": secret, "method": "basic"}
    assert len(kept_keys(runtime, store, connections.WEBHOOK_SECRET)["secret"]) >= 32
    with runtime.database.session() as session:
        assert session.get(StoreFlag, (store.id, SYNC_FLAG, "")) is not None


def test_secrets_are_encrypted_where_they_are_kept(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    key, secret = shop.add_key()
    hand_over(client, state_of(begin(client, shop.url)), (key, secret))
    stored = stored_secrets(runtime)
    assert stored
    assert key not in stored
    assert secret not in stored


def test_the_way_into_the_pages_is_left_in_the_shop_and_nowhere_else(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    state = state_of(begin(client, shop.url))
    callback = hand_over(client, state, shop.add_key())
    [link] = sign_in_links(shop)
    back = come_back(client, state)
    assert back.status_code == 200
    assert "is connected" in back.text
    assert f"{shop.url}/wp-admin/" in back.text
    for answer in (callback, back):
        assert link.rpartition("/")[2] not in answer.text
        assert "Set-Cookie" not in answer.headers


def test_a_state_serves_once(client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin) -> None:
    state = state_of(begin(client, shop.url))
    first = shop.add_key()
    assert hand_over(client, state, first).status_code == 200
    again = hand_over(client, state, shop.add_key())
    assert again.status_code == 403
    assert kept_keys(runtime, stores(runtime)[0])["key"] == first[0]
    assert "is connected" in come_back(client, state).text


def test_a_state_serves_for_an_hour(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    state = state_of(begin(client, shop.url))
    clock.advance(timedelta(hours=1))
    assert hand_over(client, state, shop.add_key()).status_code == 403
    assert stores(runtime) == []


def test_a_state_that_nobody_was_given_is_worth_nothing(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    assert hand_over(client, "guessed", shop.add_key()).status_code == 403
    assert come_back(client, "guessed").status_code == 404
    assert stores(runtime) == []


def test_keys_of_another_shop_are_refused_and_the_merchant_reads_why(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    state = state_of(begin(client, shop.url))
    with WooCommerceStandin(path="/stranger") as other:
        answer = hand_over(client, state, other.add_key())
    assert answer.status_code == 403
    assert stores(runtime) == []
    assert sign_in_links(shop) == []
    assert 'role="alert"' in come_back(client, state).text


@pytest.mark.parametrize(
    "wrong",
    [{"key_permissions": "read"}, {"consumer_key": "ck_"}, {"consumer_secret": None}, {"user_id": ""}],
)
def test_a_hand_over_that_is_not_whole_is_malformed_and_uses_nothing_up(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, wrong: dict[str, str | None]
) -> None:
    state = state_of(begin(client, shop.url))
    assert hand_over(client, state, shop.add_key(), **wrong).status_code == 400
    assert stores(runtime) == []
    assert hand_over(client, state, shop.add_key()).status_code == 200


def test_bytes_that_are_not_json_are_malformed(client: FlaskClient) -> None:
    assert client.post(f"{DOOR}/callback", data=b"\xff{").status_code == 400


def test_coming_back_without_an_approval_says_what_is_missing(
    client: FlaskClient, shop: WooCommerceStandin
) -> None:
    page = come_back(client, state_of(begin(client, shop.url)))
    assert "Did you approve the request?" in page.text


def test_a_stranger_cannot_start_over_with_a_connected_shop(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    answer = begin(client, shop.url)
    assert answer.status_code == 200
    assert "sign in first" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_handshake_that_a_stranger_began_before_replaces_nothing(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    strangers_state = state_of(begin(client, shop.url))
    connect(client, shop)
    before = kept_keys(runtime, stores(runtime)[0])
    answer = hand_over(client, strangers_state, shop.add_key())
    assert answer.status_code == 403
    assert kept_keys(runtime, stores(runtime)[0]) == before


@pytest.mark.parametrize("status", ["active", "paused", "reconnect"])
def test_pasted_keys_replace_nothing_without_a_login(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, status: str
) -> None:
    connect(client, shop)
    with runtime.database.session() as session:
        session.execute(update(Store).values(status=status))
    before = kept_keys(runtime, stores(runtime)[0])
    key, secret = shop.add_key()
    answer = client.post(f"{DOOR}/keys", data={"store_url": shop.url, "key": key, "secret": secret})
    assert answer.status_code == 400
    assert "Sign in and reconnect it" in answer.text
    assert kept_keys(runtime, stores(runtime)[0]) == before
    assert stores(runtime)[0].status == status


def test_a_member_reconnects_from_inside_a_login(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    connect(client, shop)
    [before] = stores(runtime)
    secret = kept_keys(runtime, before, connections.WEBHOOK_SECRET)
    log_in(client, runtime, shop)
    with runtime.database.session() as session:
        session.execute(update(Store).values(status="reconnect", status_reason="The key is gone."))
    clock.advance(timedelta(minutes=5))
    fresh = shop.add_key()
    assert hand_over(client, state_of(begin(client, shop.url)), fresh).status_code == 200
    [after] = stores(runtime)
    assert kept_keys(runtime, after)["key"] == fresh[0]
    assert (after.status, after.status_reason) == ("active", None)
    assert after.installed_at == before.installed_at
    assert kept_keys(runtime, after, connections.WEBHOOK_SECRET) == secret


def test_a_login_at_one_shop_is_a_strangers_at_another(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    with WooCommerceStandin(path="/other") as other:
        connect(client, other)
        log_in(client, runtime, other)
        assert "sign in first" in begin(client, shop.url).text


def test_pasted_keys_connect_a_shop(client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin) -> None:
    key, secret = shop.add_key()
    typed = {"store_url": f" {shop.url}/wp-admin/ ", "key": f" {key} ", "secret": f"{secret}\n"}
    answer = client.post(f"{DOOR}/keys", data=typed)
    assert answer.status_code == 200
    assert "is connected" in answer.text
    assert kept_keys(runtime, stores(runtime)[0])["key"] == key
    assert len(sign_in_links(shop)) == 1


def test_pasted_keys_that_the_shop_refuses_are_not_kept(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    typed = {"store_url": shop.url, "key": "ck_" + "0" * 40, "secret": "cs_" + "0" * 40}
    answer = client.post(f"{DOOR}/keys", data=typed)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "cs_0" not in answer.text
    assert stores(runtime) == []


def test_a_shop_that_had_left_comes_back_as_of_now(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    connect(client, shop)
    with runtime.database.session() as session:
        session.execute(update(Store).values(status="uninstalled", uninstalled_at=clock.now()))
    clock.advance(timedelta(days=3))
    connect(client, shop)
    [store] = stores(runtime)
    assert (store.status, store.uninstalled_at, store.installed_at) == ("active", None, clock.now())


def ask_for_a_link(client: FlaskClient, store: Store) -> tuple[int, str]:
    answer = client.post(f"{DOOR}/sign-in", data={"store": store.public_id})
    assert "Set-Cookie" not in answer.headers
    return answer.status_code, answer.text


def test_anybody_may_have_a_fresh_link_left_in_the_shop(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    connect(client, shop)
    [first] = sign_in_links(shop)
    clock.advance(timedelta(minutes=2))
    status, page = ask_for_a_link(client, stores(runtime)[0])
    [second] = sign_in_links(shop)
    assert status == 200
    assert second != first
    assert second.rpartition("/")[2] not in page


def test_there_is_one_link_a_minute_at_most(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    connect(client, shop)
    before = sign_in_links(shop)
    clock.advance(timedelta(seconds=59))
    assert ask_for_a_link(client, stores(runtime)[0])[0] == 200
    assert sign_in_links(shop) == before


def test_a_link_that_a_user_of_the_shop_asked_for_by_the_plugin_is_another(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    connect(client, shop)
    [store], before = stores(runtime), sign_in_links(shop)
    clock.advance(timedelta(minutes=2))
    with runtime.database.session() as session:
        person = installation.woocommerce_person(session, store, "7", clock.now())
        logins.make_login_link(session, store, person, clock.now())
    assert ask_for_a_link(client, store)[0] == 200
    assert sign_in_links(shop) != before


def test_a_login_by_the_link_that_waits_in_the_shop_lasts_a_working_day(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin
) -> None:
    connect(client, shop)
    token = sign_in_links(shop)[-1].rpartition("/")[2]
    with runtime.database.session() as session:
        opened = logins.use_link(session, token, runtime.clock.now())
    assert opened is not None and opened.life == timedelta(hours=12)


def test_a_link_that_could_not_be_left_is_told_for_a_minute_and_then_left(
    client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin, clock: FixedClock
) -> None:
    connect(client, shop)
    [before] = sign_in_links(shop)
    clock.advance(timedelta(minutes=2))
    shop.set_knobs(fault=503)
    refused = ask_for_a_link(client, stores(runtime)[0])
    shop.set_knobs(fault=None)
    visits = len(shop.visits())
    refused_again = ask_for_a_link(client, stores(runtime)[0])
    for status, page in (refused, refused_again):
        assert (status, 'role="alert"' in page) == (502, True)
    assert len(shop.visits()) == visits
    clock.advance(timedelta(minutes=1))
    assert ask_for_a_link(client, stores(runtime)[0])[0] == 200
    assert sign_in_links(shop) != [before]


def test_no_link_is_left_in_a_shop_that_we_do_not_know(client: FlaskClient) -> None:
    assert client.post(f"{DOOR}/sign-in", data={"store": "unknown"}).status_code == 404


def test_strangers_cannot_fill_the_table_of_handshakes(
    client: FlaskClient, shop: WooCommerceStandin, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.install.woocommerce.MOST_OPEN_HANDSHAKES", 2)
    assert [begin(client, shop.url).status_code for _ in range(3)] == [302, 302, 503]
    clock.advance(timedelta(hours=1))
    assert begin(client, shop.url).status_code == 302
