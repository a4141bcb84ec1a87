"""Visits of a merchant's browser: with Shopify's proof, or by a link and its cookie."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import logins
from app.models import Store
from app.runtime import Runtime
from tests.factories import NOW, SHOPIFY_SECRET

SHOP = "good.myshopify.com"
BASE = "https://warmcart.example.com"
RETRY = "X-Shopify-Retry-Invalid-Session-Request"


def id_token(secret: str = SHOPIFY_SECRET, /, shop: str = SHOP, **changes: Any) -> str:
    """What App Bridge brings: a token of the last seconds; ``...`` removes a claim."""
    seconds = int(NOW.timestamp())
    claims = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": "shopify-client-id",
        "sub": "548380009",
        "exp": seconds + 50,
        "nbf": seconds - 10,
        "iat": seconds - 10,
    } | changes
    kept = {name: value for name, value in claims.items() if value is not ...}
    return jwt.PyJWS().encode(json.dumps(kept).encode(), secret, algorithm="HS256")


def stale() -> str:
    return id_token(exp=int(NOW.timestamp()) - 60)


def get(client: FlaskClient, path: str, bearer: str | None = None) -> TestResponse:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return client.get(path, base_url=BASE, headers=headers)


def pause(client: FlaskClient, shop: str, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
    """A change: pause sending."""
    address = f"/app/settings/sending?shop={shop}"
    return client.post(address, base_url=BASE, headers=headers or {}, data={"sending": "0"} | form)


def status(runtime: Runtime, store: Store) -> str:
    with runtime.database.session() as session:
        return session.get_one(Store, store.id).status


def policy(response: TestResponse) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def link(runtime: Runtime, store: Store, **life: timedelta) -> str:
    """A fresh sign-in link for the store's owner."""
    now = runtime.clock.now()
    with runtime.database.session() as session:
        token = logins.make_login_link(session, store, logins.store_owner(session, store, now), now, **life)
    return f"/login/{token}"


def sign_in(client: FlaskClient, runtime: Runtime, store: Store) -> None:
    assert client.post(link(runtime, store), base_url=BASE).status_code == 303


def form_token(client: FlaskClient, store: Store) -> str:
    """The token in the forms of a page."""
    page = get(client, f"/app/settings?shop={store.domain}").text
    return page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
