"""How a store hands us its keys (wc-auth): WooCommerce documentation, rest-api/authentication, 2026-11.

We send the merchant to the store with a one-time state; on approval the store's server posts the keys
to our callback, which carries neither signature nor store address. So whoever knows a state can post
anything, and a key is kept only after the very store that the state is bound to accepted it.
The callback must be answered with exactly 200: on anything else the store deletes the key.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

import requests

from connectors.events import StoreChanged
from connectors.platform import Malformed
from connectors.woocommerce.body import Json, load_object, text
from connectors.woocommerce.calls import StoreRefused
from connectors.woocommerce.details import store_details
from connectors.woocommerce.rest import Credentials, RestClient

APP_NAME = "Warmcart"
SCOPE = "read_write"

STATE = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""All that survives the way through ``user_id``: ``acct_42|xyz&1`` came back as ``acct_42xyz``."""

_KEY = re.compile(r"ck_[A-Za-z0-9]{8,128}")
_SECRET = re.compile(r"cs_[A-Za-z0-9]{8,128}")


@dataclass(frozen=True, slots=True)
class HandedKeys:
    """What a store posted: its key, and the state that we had sent along."""

    state: str
    consumer_key: str
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProvenKeys:
    """A key that its store accepted, in the form that worked, and what the store says of itself."""

    credentials: Credentials
    details: StoreChanged

    @property
    def keys(self) -> dict[str, str]:
        """What is to be kept, encrypted: ``make_store_client`` takes it back."""
        given = self.credentials
        return {"key": given.consumer_key, "secret": given.consumer_secret, "method": given.method}


def new_state() -> str:
    """A one-time state: 256 bits, in letters that the store gives back unchanged."""
    return secrets.token_urlsafe(32)


def authorize_url(store_url: str, state: str, callback_url: str, return_url: str) -> str:
    """Where the merchant approves. ``callback_url`` must be https, or the store refuses."""
    if not STATE.fullmatch(state):
        raise ValueError("a state is 1 to 128 of A-Z a-z 0-9 _ -")
    query = {
        "app_name": APP_NAME,
        "scope": SCOPE,
        "user_id": state,
        "return_url": return_url,
        "callback_url": callback_url,
    }
    return f"{store_url}/wc-auth/v1/authorize?{urlencode(query)}"


def parse_callback(body: bytes) -> HandedKeys:
    """The keys that a store posted. Raises Malformed, also for a key that may not write."""
    content = load_object(body)
    state = text(content.get("user_id"))
    if not STATE.fullmatch(state):
        raise Malformed("The hand-over names no attempt to connect.")
    if content.get("key_permissions") != SCOPE:
        raise Malformed("The key may not read and write.")
    return HandedKeys(
        state, _matching(content, "consumer_key", _KEY), _matching(content, "consumer_secret", _SECRET)
    )


def prove_key(
    store_url: str, consumer_key: str, consumer_secret: str, session: requests.Session
) -> ProvenKeys:
    """Ask the store itself whether the key is its own and may write. Raises ConnectorError."""
    pasted = _matching({"key": consumer_key.strip()}, "key", _KEY)
    secret = _matching({"secret": consumer_secret.strip()}, "secret", _SECRET)
    rest = RestClient(Credentials(store_url, pasted, secret), session)
    details = store_details(rest)
    _prove_writing(rest)
    return ProvenKeys(rest.credentials, details)


def _prove_writing(rest: RestClient) -> None:
    """Raises Reconnect for a key that may only read.

    A webhook without topic and address is never made: whoever may write hears 400 of what is missing,
    a key that may only read 401 before that (observed on 9.9.5 and 10.9.4, 2026-11).
    """
    try:
        rest.post("webhooks", {})
    except StoreRefused as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise


def _matching(content: Json, name: str, form: re.Pattern[str]) -> str:
    value = text(content.get(name))
    if not form.fullmatch(value):
        raise Malformed(f"The {name.replace('_', ' ')} does not look like one of WooCommerce.")
    return value
