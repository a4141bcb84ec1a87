"""What a merchant, a WooCommerce shop and a stranger do in a key handshake, each step by itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import access, logins
from app.models import Credential, Store
from app.runtime import Runtime
from flows import connections
from tests.standins.woocommerce import WooCommerceStandin

DOOR = "/install/woocommerce"


def begin(client: FlaskClient, url: str) -> TestResponse:
    return client.get(DOOR, query_string={"store_url": url})


def state_of(answer: TestResponse) -> str:
    """The state in the address of the grant page to which an answer leads."""
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.location).query)["user_id"][0]


def hand_over(client: FlaskClient, state: str, keys: tuple[str, str], **changes: Any) -> TestResponse:
    """What the shop's server posts after the approval."""
    key, secret = keys
    body = {"key_id": 1, "user_id": state, "consumer_key": key, "consumer_secret": secret}
    return client.post(f"{DOOR}/callback", json=body | {"key_permissions": "read_write"} | changes)


def come_back(client: FlaskClient, state: str) -> TestResponse:
    return client.get(f"{DOOR}/return", query_string={"success": "1", "user_id": state})


def connect(client: FlaskClient, shop: WooCommerceStandin) -> None:
    """Connect the shop as its merchant does."""
    assert hand_over(client, state_of(begin(client, shop.url)), shop.add_key()).status_code == 200


def stores(runtime: Runtime) -> list[Store]:
    with runtime.database.session() as session:
        return list(session.scalars(select(Store).order_by(Store.id)))


def kept_keys(runtime: Runtime, store: Store, kind: str = connections.WOOCOMMERCE_KEYS) -> dict[str, str]:
    with runtime.database.session() as session:
        found = connections.read_credential(session, runtime, store.id, kind)
    assert found is not None
    return found


def stored_secrets(runtime: Runtime) -> str:
    with runtime.database.session() as session:
        return " ".join(session.scalars(select(Credential.secret)))


def sign_in_links(shop: WooCommerceStandin) -> list[str]:
    """The links that were left in the shop, where only its managers look."""
    names = [hook["name"] for hook in shop.hooks() if hook["status"] == "paused"]
    return [link for name in names for link in re.findall(r"http\S+/login/\w+", name)]


def log_in(client: FlaskClient, runtime: Runtime, shop: WooCommerceStandin) -> None:
    """Use the link that waits in the shop, as its manager would."""
    token = sign_in_links(shop)[-1].rpartition("/")[2]
    with runtime.database.session() as session:
        opened = logins.use_link(session, token, runtime.clock.now())
    assert opened is not None
    with client.application.test_request_context():
        name = access.cookie_name()
    client.set_cookie(name, opened.token)
