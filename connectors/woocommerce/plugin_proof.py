"""The question to a store whether its companion plugin holds a secret."""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

import requests

from connectors.platform import Unreachable
from connectors.woocommerce.body import member, text
from connectors.woocommerce.calls import call, refusal

PATH = "/wp-json/warmcart/v1/connection"
CLOSED = "{host} closes " + PATH + " to us. A firewall or security plugin does that, mostly."
DOMAIN = "warmcart-connection."
"""Before every challenge, so that an answer can never be the signature of an event."""


def proof_of(secret: str, challenge: str) -> str:
    """What a store that holds ``secret`` answers."""
    return hmac.new(secret.encode(), f"{DOMAIN}{challenge}".encode(), hashlib.sha256).hexdigest()


def ask_for_proof(session: requests.Session, store_url: str, challenge: str) -> str:
    """The store's answer, not compared yet. Raises ConnectorError."""
    answer = call(session, "POST", f"{store_url}{PATH}", json={"challenge": challenge})
    if answer.code == "warmcart_no_attempt":
        raise Unreachable("nobody pressed Connect there just now.")
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(CLOSED.format(host=urlsplit(store_url).netloc))
    if answer.status != HTTPStatus.OK:
        raise refusal(store_url, "POST", answer)
    return text(member(answer.json(), "proof"))
