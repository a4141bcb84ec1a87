from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from connectors.shopify.id_token import StaleIdToken
from connectors.shopify.tokens import TokenEndpoint, WrongClientSecret
from tests.connectors.shopify.conftest import SHOP, Clock
from tests.standins.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyStandin


@pytest.fixture
def endpoint(standin: ShopifyStandin, session: requests.Session) -> TokenEndpoint:
    standin.shop(SHOP)
    return TokenEndpoint(SHOP, CLIENT_ID, [CLIENT_SECRET], session, standin.url)


def test_an_id_token_is_exchanged_for_an_hours_access(
    endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock
) -> None:
    tokens = endpoint.exchange(standin.id_token(SHOP), clock())
    assert standin.tokens.shop_of(tokens.access_token) is standin.shop(SHOP)
    assert tokens.expires_at == clock() + timedelta(hours=1)
    assert tokens.refresh_expires_at == clock() + timedelta(days=90)
    assert "write_customers" in tokens.scopes


def test_no_token_shows_in_a_repr(endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock) -> None:
    tokens = endpoint.exchange(standin.id_token(SHOP), clock())
    assert tokens.access_token not in repr(tokens)
    assert tokens.refresh_token not in repr(tokens)


def test_a_refresh_gives_a_new_pair(endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock) -> None:
    first = endpoint.exchange(standin.id_token(SHOP), clock())
    clock.sleep(3601)
    assert standin.tokens.shop_of(first.access_token) is None
    second = endpoint.refresh(first.refresh_token, clock())
    assert standin.tokens.shop_of(second.access_token) is standin.shop(SHOP)
    assert second.refresh_token != first.refresh_token


def test_a_lost_answer_is_asked_for_again_until_its_replacement_is_used(
    endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock
) -> None:
    first = endpoint.exchange(standin.id_token(SHOP), clock())
    endpoint.refresh(first.refresh_token, clock())
    again = endpoint.refresh(first.refresh_token, clock())
    endpoint.refresh(again.refresh_token, clock())
    with pytest.raises(Reconnect):
        endpoint.refresh(first.refresh_token, clock())


def test_a_refresh_token_ends_after_ninety_days(
    endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock
) -> None:
    tokens = endpoint.exchange(standin.id_token(SHOP), clock())
    clock.sleep(timedelta(days=90).total_seconds())
    with pytest.raises(Reconnect, match="open the app"):
        endpoint.refresh(tokens.refresh_token, clock())


def test_an_id_token_that_shopify_finds_too_old_is_stale(
    endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock
) -> None:
    old = standin.id_token(SHOP)
    clock.sleep(120)
    with pytest.raises(StaleIdToken):
        endpoint.exchange(old, clock())


def test_a_wrong_client_secret_is_named(
    standin: ShopifyStandin, session: requests.Session, clock: Clock
) -> None:
    standin.shop(SHOP)
    wrong = TokenEndpoint(SHOP, CLIENT_ID, ["shpss_wrong"], session, standin.url)
    with pytest.raises(WrongClientSecret, match="SHOPIFY_API_SECRET") as refusal:
        wrong.exchange(standin.id_token(SHOP), clock())
    assert "shpss_wrong" not in str(refusal.value)


def test_the_other_secret_is_tried_while_the_secret_is_being_rotated(
    standin: ShopifyStandin, session: requests.Session, clock: Clock
) -> None:
    standin.shop(SHOP)
    rotating = TokenEndpoint(SHOP, CLIENT_ID, ["shpss_newer", CLIENT_SECRET], session, standin.url)
    assert rotating.exchange(standin.id_token(SHOP), clock()).access_token


def test_a_store_that_removed_the_app_gives_no_tokens(
    endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock
) -> None:
    tokens = endpoint.exchange(standin.id_token(SHOP), clock())
    standin.shop(SHOP).installed = False
    with pytest.raises(ConnectorError, match="still has the app"):
        endpoint.refresh(tokens.refresh_token, clock())


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, "<html>", Unreachable),
        (503, "", Unreachable),
        (302, "", ConnectorError),
        (403, "{}", ConnectorError),
        (200, "{}", ConnectorError),
        (200, '{"access_token": "a", "refresh_token": "b", "expires_in": 1e99}', ConnectorError),
        (200, "[]", ConnectorError),
    ],
)
def test_an_answer_that_holds_no_tokens_is_an_error_for_a_person(
    endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock, status: int, body: str, expected: type
) -> None:
    standin.disturb(status, body=body)
    with pytest.raises(expected):
        endpoint.refresh("shprt_x", clock())


@pytest.mark.parametrize(("header", "wait"), [("7", 7.0), ("soon", 2.0), ("-1", 2.0), ("nan", 2.0)])
def test_shopify_may_ask_us_to_slow_down(
    endpoint: TokenEndpoint, standin: ShopifyStandin, clock: Clock, header: str, wait: float
) -> None:
    standin.disturb(429, Retry_After=header)
    with pytest.raises(Throttled) as asked:
        endpoint.refresh("shprt_x", clock())
    assert asked.value.retry_after == wait


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """An address where nobody listens."""
    with ShopifyStandin() as stopped:
        url = stopped.url
    yield url


def test_nobody_at_the_other_end_is_unreachable_and_tells_no_secret(
    session: requests.Session, clock: Clock, deaf_url: str
) -> None:
    endpoint = TokenEndpoint(SHOP, CLIENT_ID, [CLIENT_SECRET], session, deaf_url)
    with pytest.raises(Unreachable) as failure:
        endpoint.refresh("shprt_secret", clock())
    assert failure.value.__cause__ is None
    assert "shprt_secret" not in str(failure.value)


@pytest.mark.parametrize("shop", ["evil.example.com", "good.myshopify.com/..", "", "good.myshopify.com\n"])
def test_no_token_is_ever_sent_to_a_host_that_is_no_shop(session: requests.Session, shop: str) -> None:
    with pytest.raises(ConnectorError):
        TokenEndpoint(shop, CLIENT_ID, [CLIENT_SECRET], session)
