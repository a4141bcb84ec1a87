from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.shopify.events import COMPLIANCE_TOPICS, TOPICS
from connectors.shopify.graphql import API_VERSION
from connectors.shopify.scopes import SCOPES, missing

APP: dict[str, Any] = tomllib.loads((Path(__file__).parents[3] / "shopify.app.toml").read_text())
SUBSCRIPTIONS: list[dict[str, Any]] = APP["webhooks"]["subscriptions"]


def declared(key: str) -> list[str]:
    return [topic for subscription in SUBSCRIPTIONS for topic in subscription.get(key, [])]


def test_the_app_subscribes_to_exactly_the_topics_that_we_read() -> None:
    assert declared("topics") == sorted(TOPICS)
    assert sorted(declared("compliance_topics")) == sorted(COMPLIANCE_TOPICS)


def test_webhooks_and_queries_speak_one_version() -> None:
    assert APP["webhooks"]["api_version"] == API_VERSION


def test_the_app_asks_for_exactly_the_scopes_that_we_check() -> None:
    assert APP["access_scopes"]["scopes"].split(",") == list(SCOPES)
    assert "use_legacy_install_flow" not in APP["access_scopes"]


def test_the_app_is_embedded_and_reached_over_https_at_our_addresses() -> None:
    assert APP["embedded"] is True
    home = urlsplit(APP["application_url"])
    assert (home.scheme, home.path) == ("https", "/app")
    for subscription in SUBSCRIPTIONS:
        address = urlsplit(subscription["uri"])
        assert (address.scheme, address.netloc, address.path) == ("https", home.netloc, "/webhooks/shopify")


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (SCOPES, ()),
        ([*SCOPES, "unauthenticated_read_product_listings", "customer_read_orders", ""], ()),
        ([scope for scope in SCOPES if not scope.startswith("read_customers")], ()),
        ([scope for scope in SCOPES if scope != "write_customers"], ("write_customers",)),
        ([], SCOPES),
    ],
)
def test_missing_scopes_are_named_and_writing_includes_reading(
    granted: list[str], expected: tuple[str, ...]
) -> None:
    assert missing(granted) == expected
