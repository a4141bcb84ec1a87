"""The token endpoint of the stand-in: expiring offline tokens and rotating refresh tokens."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

from tests.standins.shopify_state import Shop

ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=90)
GRACE = timedelta(days=30)
"""How long a replaced refresh token stays usable while its replacement is not used."""

_EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    "expiring": 1,
}

Answer = tuple[int, dict[str, Any]]


@dataclass(eq=False)
class Pair:
    """One pair of tokens as it was given out."""

    shop: Shop
    access_token: str
    refresh_token: str
    given_at: datetime
    replaces: Pair | None = None
    replaced_at: datetime | None = None
    replacement: Pair | None = None
    dead: bool = False


@dataclass
class TokenDesk:
    """Gives out tokens and knows whose they are. ``by_secret`` are the app's client secrets."""

    client_id: str
    client_secrets: list[str]
    clock: Callable[[], datetime]
    shops: Mapping[str, Shop]
    pairs: list[Pair] = field(default_factory=list)

    def answer(self, form: Mapping[str, Any]) -> Answer:
        if form.get("client_id") != self.client_id or form.get("client_secret") not in self.client_secrets:
            return _refusal("invalid_client")
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form.get("refresh_token"))
        if {name: form.get(name) for name in _EXCHANGE} != _EXCHANGE:
            return _refusal("invalid_request")
        return self._exchange(str(form.get("subject_token")))

    def shop_of(self, access_token: str | None) -> Shop | None:
        """The shop whose access token this is, as long as it lives."""
        for pair in self.pairs:
            if pair.access_token == access_token and pair.shop.installed:
                return pair.shop if self.clock() < pair.given_at + ACCESS_LIFE else None
        return None

    def _exchange(self, id_token: str) -> Answer:
        for secret in self.client_secrets:
            try:
                claims = jwt.decode(
                    id_token,
                    secret,
                    algorithms=["HS256"],
                    audience=self.client_id,
                    options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
                )
            except jwt.InvalidTokenError:
                continue
            shop = self.shops.get(str(claims.get("dest")).removeprefix("https://"))
            now = self.clock().timestamp()
            if shop and shop.installed and claims["nbf"] <= now + 10 and now < claims["exp"] + 10:
                return 200, self._give(shop)
        return _refusal("invalid_subject_token")

    def _refresh(self, refresh_token: Any) -> Answer:
        now = self.clock()
        pair = next((pair for pair in self.pairs if pair.refresh_token == refresh_token), None)
        if pair is None or pair.dead or now >= pair.given_at + REFRESH_LIFE:
            return _refusal("invalid_grant")
        if pair.replaced_at and now >= pair.replaced_at + GRACE:
            return _refusal("invalid_grant")
        if not pair.shop.installed:
            return _refusal("invalid_client")
        if pair.replaces:
            pair.replaces.dead = True
        if pair.replacement:
            pair.replacement.dead = True
        return 200, self._give(pair.shop, pair)

    def _give(self, shop: Shop, replaces: Pair | None = None) -> dict[str, Any]:
        made = Pair(
            shop=shop,
            access_token=f"shpat_{secrets.token_hex(16)}",
            refresh_token=f"shprt_{secrets.token_hex(16)}",
            given_at=self.clock(),
            replaces=replaces,
        )
        if replaces:
            replaces.replaced_at = replaces.replaced_at or self.clock()
            replaces.replacement = made
        self.pairs.append(made)
        return {
            "access_token": made.access_token,
            "scope": ",".join(shop.scopes),
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "refresh_token": made.refresh_token,
            "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
        }


def _refusal(code: str) -> Answer:
    return 400, {"error": code, "error_description": "refused by the stand-in"}
