"""Access tokens: exchanged for an ID token, renewed with a refresh token.

Public apps get expiring offline tokens: an hour, with a refresh token of 90 days that is replaced at
each use. The one before stays usable until its replacement is used, so an answer that got lost may be
asked for again; still only one refresh per store may run at a time, and both tokens must be stored at
once (Shopify documentation, access-tokens/offline-access-tokens; changelog, "More resilient refreshes
for expiring offline access tokens", 2026-08-28). Lock and storage are the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import requests

from connectors.platform import ConnectorError, Reconnect, Throttled, Unreachable
from connectors.shopify import fields
from connectors.shopify.addresses import shop_domain
from connectors.shopify.http import TIMEOUT, json_of, retry_after
from connectors.shopify.id_token import StaleIdToken

_EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    "expiring": 1,
}


_LONGEST_LIFE = 10 * 366 * 24 * 3600


class WrongClientSecret(ConnectorError):
    """Shopify does not know this app by its client id and secret, or not at this store."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens with its ends; neither token shows in a repr, and so in no log."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime
    scopes: tuple[str, ...]


class TokenEndpoint:
    """A store's token endpoint.

    Not shopifyapp's ``exchange_using_token_exchange`` and ``refresh_token_exchanged_access_token``:
    they read the clock themselves, sleep in the calling thread, open a connection per call, turn a 429
    into a failure without its Retry-After, and can only call https://{shop}.myshopify.com (shopifyapp
    1.0.2, read). shopifyapi has neither grant.
    """

    def __init__(
        self,
        shop: str,
        client_id: str,
        secrets: Sequence[str],
        session: requests.Session,
        base_url: str = "https://{shop}",
    ) -> None:
        """``secrets`` are tried in turn, for tokens stay bound to the secret that they were made with."""
        if not shop_domain(shop):
            raise ConnectorError("The store's domain is not one of Shopify's.")
        self._url = base_url.replace("{shop}", shop) + "/admin/oauth/access_token"
        self._client_id, self._secrets, self._session = client_id, secrets, session

    def exchange(self, id_token: str, now: datetime) -> Tokens:
        """Tokens for a verified ID token. Raises StaleIdToken where Shopify finds it too old."""
        return self._ask({**_EXCHANGE, "subject_token": id_token}, now)

    def refresh(self, refresh_token: str, now: datetime) -> Tokens:
        """The next pair. Raises Reconnect where the merchant must open the app again."""
        return self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token}, now)

    def _ask(self, grant: Mapping[str, object], now: datetime) -> Tokens:
        for secret in self._secrets:
            status, answer, wait = self._post(
                {**grant, "client_id": self._client_id, "client_secret": secret}
            )
            if status == 200:
                return _tokens(answer, now)
            if answer.get("error") != "invalid_client":
                raise _refusal(status, answer.get("error"), wait)
        raise WrongClientSecret(
            "Shopify refused this app's client id and secret (invalid_client): check SHOPIFY_API_KEY and "
            "SHOPIFY_API_SECRET, and that the store still has the app."
        )

    def _post(self, body: Mapping[str, object]) -> tuple[int, fields.Record, float]:
        try:
            response = self._session.post(
                self._url,
                json=body,
                headers={"Accept": "application/json"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # "from None": the request inside the error holds the secret and the token.
            raise Unreachable(f"Shopify's token endpoint gave no answer ({type(error).__name__}).") from None
        return response.status_code, fields.record(json_of(response)), retry_after(response)


def _tokens(answer: fields.Record, now: datetime) -> Tokens:
    access, refresh = fields.text(answer.get("access_token")), fields.text(answer.get("refresh_token"))
    lasts = _lifetime(answer.get("expires_in"))
    refresh_lasts = _lifetime(answer.get("refresh_token_expires_in"))
    if not (access and refresh and lasts and refresh_lasts):
        raise ConnectorError("Shopify gave no expiring token: the app must use expiring offline tokens.")
    return Tokens(
        access_token=access,
        refresh_token=refresh,
        expires_at=now + lasts,
        refresh_expires_at=now + refresh_lasts,
        scopes=tuple(scope for scope in (fields.text(answer.get("scope")) or "").split(",") if scope),
    )


def _lifetime(seconds: object) -> timedelta | None:
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST_LIFE:
        return timedelta(seconds=seconds)
    return None


def _refusal(status: int, code: object, wait: float) -> ConnectorError:
    if code == "invalid_subject_token":
        return StaleIdToken("Shopify no longer accepts this ID token.")
    if code == "invalid_grant":
        return Reconnect("Shopify no longer accepts our access to this store: open the app in Shopify once.")
    if status == 429:
        return Throttled("Shopify asks us to slow down.", wait)
    if status >= 500:
        return Unreachable(f"Shopify's token endpoint answered {status}.")
    return ConnectorError(f"Shopify refused the token request (HTTP {status}).")
