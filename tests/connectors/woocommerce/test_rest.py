from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
import requests

from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from connectors.woocommerce import calls
from connectors.woocommerce.calls import StoreRefused
from connectors.woocommerce.rest import QUERY, Credentials, RestClient
from tests.connectors.listener import (
    Behaviour,
    Listener,
    hang_up_at_once,
    http_answer,
    read_and_hang_up,
    read_and_say_nothing,
    refused_address,
    say,
)
from tests.standins.woocommerce import WooCommerceStandin
from tests.waiting import wait_until

OpenRest = Callable[[WooCommerceStandin], RestClient]


@pytest.fixture
def two_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.woocommerce.rest.PER_PAGE", 2)


def test_an_http_store_is_called_with_a_signature(shop: WooCommerceStandin, open_rest: OpenRest) -> None:
    order = shop.add_order()
    rest = open_rest(shop)
    assert rest.get(f"orders/{order['id']}")["id"] == order["id"]
    [visit] = shop.visits()
    assert "oauth_signature=" in visit
    assert "(Authorization)" not in visit
    assert rest.credentials.consumer_secret not in visit


def test_signed_parameters_with_every_kind_of_character_are_accepted(
    shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    rest = open_rest(shop)
    params = {
        "search": "Zoë O'Neil ~ 50%",
        "modified_after": "2026-11-21T00:00:00",
        "status": "pending,failed",
    }
    assert list(rest.pages("orders", params)) == []


def test_two_signed_calls_in_one_second_are_two_calls(shop: WooCommerceStandin, open_rest: OpenRest) -> None:
    rest = open_rest(shop)
    for _ in range(5):
        assert rest.get("system_status")


def test_an_https_store_is_called_with_basic(secure_shop: WooCommerceStandin, open_rest: OpenRest) -> None:
    rest = open_rest(secure_shop)
    rest.get("system_status")
    assert secure_shop.visits() == ["GET /wp-json/wc/v3/system_status (Authorization)"]


def test_a_host_that_strips_the_header_gets_the_query_form_and_it_is_remembered(
    secure_shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    secure_shop.set_knobs(strip_authorization=True)
    rest = open_rest(secure_shop)
    rest.get("system_status")
    rest.get("system_status")
    assert rest.credentials.method == QUERY
    assert ["consumer_secret" in visit for visit in secure_shop.visits()] == [False, True, True]


def test_a_wrong_secret_is_not_sent_a_second_time_in_the_address(
    secure_shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    rest = open_rest(secure_shop)
    rest.credentials = replace(rest.credentials, consumer_secret="cs_wrong")
    with pytest.raises(Reconnect, match="refuses our key"):
        rest.get("system_status")
    assert len(secure_shop.visits()) == 1


def test_an_unknown_key_leaves_the_form_as_it_was(
    secure_shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    rest = open_rest(secure_shop)
    secure_shop.revoke_key(rest.credentials.consumer_key)
    with pytest.raises(Reconnect, match="does not know our key"):
        rest.get("system_status")
    assert rest.credentials.method == "basic"


def test_a_proxy_that_hides_https_is_named_as_a_cause(
    secure_shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    secure_shop.set_knobs(sees_https=False)
    with pytest.raises(Reconnect, match="HTTPS=on"):
        open_rest(secure_shop).get("system_status")


def test_a_revoked_key_of_an_http_store_asks_to_connect_again(
    shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    rest = open_rest(shop)
    shop.revoke_key(rest.credentials.consumer_key)
    with pytest.raises(Reconnect, match="revoked or is wrong.*Connect the shop again"):
        rest.get("system_status")


def test_a_key_that_may_only_read_is_told_when_it_should_write(
    shop: WooCommerceStandin, session: requests.Session
) -> None:
    rest = RestClient(Credentials(shop.url, *shop.add_key("read")), session)
    assert rest.get("system_status")
    with pytest.raises(Reconnect, match="may only read"):
        rest.post("webhooks", {})


def test_an_owner_who_lost_the_rights_is_told(shop: WooCommerceStandin, open_rest: OpenRest) -> None:
    shop.set_knobs(owner_has_rights=False)
    with pytest.raises(Reconnect, match="may no longer manage WooCommerce"):
        open_rest(shop).get("system_status")


@pytest.mark.parametrize(
    ("knobs", "error", "sentence"),
    [
        ({"password_wall": True}, Reconnect, "asks for a password"),
        ({"firewall": True}, Unreachable, "firewall"),
        ({"page_instead": True}, Unreachable, "a page in place of data"),
        ({"permalinks": "plain"}, Unreachable, "Permalinks"),
        ({"woocommerce_active": False}, Unreachable, "not active"),
        ({"fault": 500}, Unreachable, "problem of its own"),
        ({"fault": 503}, Unreachable, "problem of its own"),
        ({"redirect_to": "https://www.shop.example"}, Unreachable, "redirects to https://www.shop.example:"),
    ],
)
def test_each_obstacle_has_its_sentence(
    shop: WooCommerceStandin,
    open_rest: OpenRest,
    knobs: dict[str, object],
    error: type[ConnectorError],
    sentence: str,
) -> None:
    shop.set_knobs(**knobs)
    with pytest.raises(error, match=sentence):
        open_rest(shop).get("system_status")


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, "7", 7.0), (503, "600", 600.0), (429, None, 60.0), (429, "Sat, 21 Nov 2026 12:00:00 GMT", 60.0)],
)
def test_a_store_that_asks_to_slow_down_says_how_long(
    shop: WooCommerceStandin, open_rest: OpenRest, status: int, header: str | None, seconds: float
) -> None:
    shop.set_knobs(fault=status, retry_after=header)
    with pytest.raises(Throttled) as throttled:
        open_rest(shop).get("system_status")
    assert throttled.value.retry_after == seconds


def test_what_the_store_declines_keeps_the_stores_own_reason(
    shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    rest = open_rest(shop)
    with pytest.raises(StoreRefused) as refused:
        rest.get("orders/999")
    assert (refused.value.status, refused.value.code) == (404, "woocommerce_rest_shop_order_invalid_id")


@pytest.mark.usefixtures("two_a_page")
def test_all_pages_are_read_without_following_the_link_header(
    shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    numbers = [shop.add_order()["id"] for _ in range(5)]
    rest = open_rest(shop)
    found = [order["id"] for order in rest.pages("orders", {"orderby": "id", "order": "asc"})]
    assert found == numbers
    assert len(shop.visits()) == 3


@pytest.mark.usefixtures("two_a_page")
def test_pages_end_at_the_bound_that_was_asked_for(shop: WooCommerceStandin, open_rest: OpenRest) -> None:
    for _ in range(5):
        shop.add_order()
    assert len(list(open_rest(shop).pages("orders", {}, most=2))) == 4


@pytest.mark.usefixtures("two_a_page")
def test_without_the_header_a_full_page_means_that_there_is_another(
    shop: WooCommerceStandin, open_rest: OpenRest
) -> None:
    shop.set_knobs(total_pages_header=False)
    for _ in range(5):
        shop.add_order()
    assert len(list(open_rest(shop).pages("orders", {}))) == 5


def failing(
    behaviour: Behaviour, session: requests.Session, timeout: tuple[float, float] = calls.CALL_TIMEOUT
) -> ConnectorError:
    with Listener(behaviour) as listener:
        session.verify = True
        key = Credentials(listener.url, "ck_key", "cs_secret")
        with pytest.raises(ConnectorError) as raised:
            RestClient(key, session, timeout).get("system_status")
        return raised.value


@pytest.mark.parametrize(
    "behaviour",
    [
        hang_up_at_once,
        read_and_hang_up,
        say(b"nonsense\r\n\r\n"),
        say(http_answer("200 OK", b"\x1f\x8bnot gzip", "Content-Encoding: gzip")),
        say(http_answer("200 OK", b'{"cut": ')),
        say(http_answer("200 OK", b'["no object"]')),
    ],
)
def test_an_answer_that_is_none_is_said_to_be_unreachable(
    behaviour: Behaviour, session: requests.Session
) -> None:
    assert isinstance(failing(behaviour, session), Unreachable)


def test_a_silent_store_is_given_up(session: requests.Session) -> None:
    assert "did not answer in time" in str(failing(read_and_say_nothing, session, timeout=(1.0, 0.05)))


@pytest.mark.parametrize(("bound", "value"), [("LARGEST_ANSWER", 10), ("WHOLE_ANSWER", -1.0)])
def test_an_answer_without_end_is_not_read_to_its_end(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch, bound: str, value: float
) -> None:
    monkeypatch.setattr(calls, bound, value)
    behaviour = say(http_answer("200 OK", b'{"a": "' + b"x" * 100_000 + b'"}'))
    assert "more than we can read" in str(failing(behaviour, session))


def test_nobody_at_the_address_is_unreachable(session: requests.Session) -> None:
    key = Credentials(f"http://{refused_address()}", "ck_key", "cs_secret")
    with pytest.raises(Unreachable, match="cannot be reached"):
        RestClient(key, session).get("system_status")


def test_a_certificate_that_is_not_valid_is_named(
    secure_shop: WooCommerceStandin, open_rest: OpenRest, session: requests.Session
) -> None:
    session.verify = True
    with pytest.raises(Unreachable, match="certificate"):
        open_rest(secure_shop).get("system_status")


def test_no_error_and_no_log_line_holds_a_secret(
    session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "urllib3")  # as app.log does
    address = f"https://{refused_address()}"
    key = Credentials(address, "ck_0123456789", "cs_0123456789", method=QUERY)
    with pytest.raises(Unreachable) as raised:
        RestClient(key, session).get("orders", {"search": "zoe@shopper.example"})
    error: BaseException | None = raised.value
    told = [caplog.text, repr(key)]
    while error is not None:
        told.append(repr(error))
        error = error.__cause__ or error.__context__
    assert not [text for text in told if "cs_0123" in text or "zoe" in text]


def test_poking_runs_the_queue_of_a_quiet_store(shop: WooCommerceStandin, open_rest: OpenRest) -> None:
    open_rest(shop).poke()
    assert shop.visits() == ["GET /boutique/wp-cron.php?doing_wp_cron"]


def test_poking_does_not_wait_for_the_queue(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.woocommerce.rest.POKE_TIMEOUT", (1.0, 0.05))
    with Listener(read_and_say_nothing) as listener:
        RestClient(Credentials(listener.url, "ck_key", "cs_secret"), session).poke()
        wait_until(lambda: listener.received, 10, what="the store has heard of it")
        assert b"/wp-cron.php?doing_wp_cron" in listener.received[0]
        assert b"User-Agent: Warmcart" in listener.received[0]


def test_poking_a_store_that_is_down_says_so(session: requests.Session) -> None:
    with pytest.raises(Unreachable):
        RestClient(Credentials(f"http://{refused_address()}", "ck_key", "cs_secret"), session).poke()
