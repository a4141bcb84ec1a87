from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given

from connectors.platform import Malformed, Reconnect, Unreachable
from connectors.woocommerce.handshake import authorize_url, new_state, parse_callback, prove_key
from connectors.woocommerce.index import read_index
from tests.connectors.listener import Listener, http_answer, say
from tests.connectors.woocommerce.receiver import receiver
from tests.connectors.woocommerce.recorded import Recorded, encoded, json_values
from tests.standins.woocommerce import WooCommerceStandin

CALLBACK = "https://warmcart.example/install/woocommerce/callback"
RETURN = "https://warmcart.example/install/woocommerce/return"
HANDED = {
    "key_id": 7,
    "user_id": "a-one_time_State123",
    "consumer_key": "ck_bf14361675d0617cc07caef6df825711af532fe7",
    "consumer_secret": "cs_2b453cc7bdcaddf49748a2987e2f432450f2ba40",
    "key_permissions": "read_write",
}


def test_the_merchant_is_sent_to_the_shops_own_page_below_its_sub_folder() -> None:
    url = authorize_url("https://shop.example/boutique", "State_1-x", CALLBACK, RETURN)
    assert urlsplit(url).path == "/boutique/wc-auth/v1/authorize"
    assert parse_qs(urlsplit(url).query) == {
        "app_name": ["Warmcart"],
        "scope": ["read_write"],
        "user_id": ["State_1-x"],
        "return_url": [RETURN],
        "callback_url": [CALLBACK],
    }


@pytest.mark.parametrize("state", ["", "acct_42|xyz&1", "a b", "ä", "x" * 129])
def test_a_state_that_would_come_back_changed_is_not_sent(state: str) -> None:
    with pytest.raises(ValueError, match="a state is"):
        authorize_url("https://shop.example", state, CALLBACK, RETURN)


def test_states_are_never_the_same() -> None:
    states = {new_state() for _ in range(50)}
    assert len(states) == 50
    assert all(len(state) >= 43 for state in states)


def test_the_recorded_hand_over_is_read() -> None:
    keys = parse_callback(Recorded("wc-auth-callback").body)
    assert keys.state == "acct_42xyz"
    assert keys.consumer_key == HANDED["consumer_key"]
    assert keys.consumer_secret == HANDED["consumer_secret"]
    assert str(HANDED["consumer_secret"]) not in repr(keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": ""},
        {"user_id": "a|b"},
        {"user_id": ["x"]},
        {"consumer_key": "cs_2b453cc7bdcaddf49748a2987e2f432450f2ba40"},
        {"consumer_key": "ck_../../x"},
        {"consumer_secret": ""},
        {"key_permissions": "read"},
        {"key_permissions": "write"},
        {"key_permissions": None},
    ],
)
def test_a_hand_over_that_is_none_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        parse_callback(encoded(HANDED | changes))


@given(json_values)
def test_whatever_is_posted_is_malformed_and_never_another_error(value: object) -> None:
    with pytest.raises(Malformed):
        parse_callback(encoded(value))


def test_a_key_is_proven_at_its_own_store(shop: WooCommerceStandin, session: requests.Session) -> None:
    key, secret = shop.add_key()
    proven = prove_key(shop.url, f" {key} ", secret, session)
    assert proven.keys == {"key": key, "secret": secret, "method": "basic"}
    assert proven.credentials.store_url == shop.url
    assert proven.details.platform_version == "10.9.1"


def test_the_form_of_the_key_that_worked_is_kept(
    secure_shop: WooCommerceStandin, session: requests.Session
) -> None:
    secure_shop.set_knobs(strip_authorization=True)
    assert prove_key(secure_shop.url, *secure_shop.add_key(), session).keys["method"] == "query"


def test_a_key_of_another_store_proves_nothing(shop: WooCommerceStandin, session: requests.Session) -> None:
    with WooCommerceStandin() as another, pytest.raises(Reconnect):
        prove_key(shop.url, *another.add_key(), session)


def test_a_key_that_may_only_read_is_refused_before_anything_is_kept(
    shop: WooCommerceStandin, session: requests.Session
) -> None:
    with pytest.raises(Reconnect, match="it may only read"):
        prove_key(shop.url, *shop.add_key("read"), session)
    assert shop.hooks() == []


def test_a_pasted_key_that_is_none_is_told_before_anybody_is_called(session: requests.Session) -> None:
    with pytest.raises(Malformed, match="does not look like one of WooCommerce"):
        prove_key("http://127.0.0.1:1", "my password", "cs_2b453cc7bdca", session)


def test_the_index_tells_where_the_shop_really_answers(
    shop: WooCommerceStandin, session: requests.Session
) -> None:
    with WooCommerceStandin(path="/boutique", redirect_to=shop.url.removesuffix("/boutique")) as old:
        assert read_index(session, old.url).url == shop.url


def test_the_address_that_wordpress_signs_with_is_the_one_to_connect(
    shop: WooCommerceStandin, session: requests.Session
) -> None:
    shop.set_knobs(home="https://elsewhere.example")
    assert read_index(session, shop.url).url == shop.url


@pytest.mark.parametrize("page", ["/shop", "/checkout", "/product/mug"])
def test_a_page_of_the_shop_names_its_front_page(
    shop: WooCommerceStandin, session: requests.Session, page: str
) -> None:
    assert read_index(session, f"{shop.url}{page}").url == shop.url


def test_a_page_of_a_shop_with_plain_permalinks_hears_of_them(
    shop: WooCommerceStandin, session: requests.Session
) -> None:
    shop.set_knobs(permalinks="plain")
    with pytest.raises(Unreachable, match="Settings, Permalinks"):
        read_index(session, f"{shop.url}/shop")


def test_a_port_without_https_is_no_question_of_certificates(
    shop: WooCommerceStandin, session: requests.Session
) -> None:
    with pytest.raises(Unreachable, match="does not speak https.*http://"):
        read_index(session, shop.url.replace("http://", "https://"))


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"permalinks": "plain"}, "Settings, Permalinks"),
        ({"woocommerce_active": False}, "WooCommerce is not active"),
        ({"fault": 502}, "problem of its own"),
        ({"page_instead": True}, "found no WordPress shop"),
    ],
)
def test_a_shop_that_cannot_be_connected_hears_why(
    shop: WooCommerceStandin, session: requests.Session, knobs: dict[str, object], sentence: str
) -> None:
    shop.set_knobs(**knobs)
    with pytest.raises(Unreachable, match=sentence):
        read_index(session, shop.url)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (http_answer("200 OK", b"<html>a blog</html>"), "found no WordPress shop"),
        (http_answer("200 OK", b'{"namespaces": null}'), "found no WordPress shop"),
        (http_answer("401 No", b'{"code": "rest_not_logged_in"}'), "closes its REST interface"),
    ],
)
def test_what_is_no_shop_is_told_apart(session: requests.Session, answer: bytes, sentence: str) -> None:
    with Listener(say(answer)) as listener, pytest.raises(Unreachable, match=sentence):
        read_index(session, listener.url)


def test_the_whole_hand_over_at_a_store(shop: WooCommerceStandin, session: requests.Session) -> None:
    shop.set_knobs(insecure_callback=True)
    with receiver() as callback:
        state = new_state()
        final = shop.approve(authorize_url(shop.url, state, f"{callback.url}/callback", RETURN))
    assert parse_qs(urlsplit(final).query) == {"success": ["1"], "user_id": [state]}
    keys = parse_callback(callback.received[0][1])
    assert keys.state == state
    assert prove_key(shop.url, keys.consumer_key, keys.consumer_secret, session)


@pytest.mark.parametrize("status", [201, 204, 302, 500])
def test_a_callback_that_is_not_answered_with_200_leaves_no_key(
    shop: WooCommerceStandin, session: requests.Session, status: int
) -> None:
    shop.set_knobs(insecure_callback=True)
    with receiver(status) as callback, pytest.raises(ValueError, match="Access denied"):
        shop.approve(authorize_url(shop.url, new_state(), f"{callback.url}/callback", RETURN))
    keys = json.loads(callback.received[0][1])
    with pytest.raises(Reconnect):
        prove_key(shop.url, keys["consumer_key"], keys["consumer_secret"], session)


def test_a_callback_without_https_is_refused_by_the_store(shop: WooCommerceStandin) -> None:
    with pytest.raises(ValueError, match="callback_url needs to be over SSL"):
        shop.approve(authorize_url(shop.url, new_state(), "http://warmcart.example/callback", RETURN))


def test_denying_leads_back_without_keys(shop: WooCommerceStandin) -> None:
    page = requests.get(authorize_url(shop.url, "State1", CALLBACK, RETURN), timeout=10).text
    assert f'class="deny" href="{RETURN}?success=0&amp;user_id=State1"' in page
