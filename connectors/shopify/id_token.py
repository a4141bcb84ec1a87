"""Shopify's ID token: who opened the embedded admin, and of which store.

App Bridge adds it to every request (``Authorization: Bearer``), the first load has it in the query. It
is a JWT signed with the client secret, lives about a minute, and is the only proof of who is asking
(Shopify documentation, apps/build/authentication-authorization/session-tokens, 2026-10).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard
from urllib.parse import urlsplit

import jwt

from connectors.platform import ConnectorError
from connectors.shopify.addresses import shop_domain

LEEWAY = 10
"""Seconds by which clocks may differ; the same as in Shopify's own libraries."""


class InvalidIdToken(ConnectorError):
    """The token proves nothing; the message says which rule it broke, never what it holds."""


class StaleIdToken(InvalidIdToken):
    """The token was good once: App Bridge must fetch a fresh one and ask again."""


@dataclass(frozen=True, slots=True)
class IdToken:
    """What a verified token says: the store's domain and the staff member."""

    shop: str
    user_id: str | None


def verify_id_token(
    token: str, api_key: str, secrets: Sequence[str], now: datetime, shop: str | None = None
) -> IdToken:
    """The token's store and user. Raises StaleIdToken once it has expired, InvalidIdToken for all else.

    ``secrets`` are the client secrets, more than one while they are being rotated; ``shop`` is the
    store that the request claims to be for, if it claims one.

    PyJWT checks form, signature and audience. Neither Shopify library checks all that is due:
    shopifyapi's ``decode_from_header`` takes a token without ``exp`` and one secret only, shopifyapp's
    ``verify_app_home_req`` one without ``exp`` or ``dest`` and never compares ``iss`` with ``dest``;
    both read the clock themselves (shopifyapi 12.7.0 and shopifyapp 1.0.2, read and executed).
    """
    claims = _signed_claims(token, api_key, secrets)
    _check_times(claims, now)
    domain = _shop_of(claims)
    if shop is not None and shop != domain:
        raise InvalidIdToken("The ID token belongs to another store.")
    return IdToken(domain, _word(claims.get("sub")))


def _signed_claims(token: str, api_key: str, secrets: Sequence[str]) -> Mapping[str, object]:
    for secret in filter(None, secrets):
        try:
            return jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=api_key,
                # The times are checked against the clock that the caller passes in.
                options={
                    "require": ["aud", "exp", "nbf", "dest", "iss"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, UnicodeError) as error:
            raise InvalidIdToken(f"The ID token is not valid ({type(error).__name__}).") from error
    raise InvalidIdToken("The ID token is not signed with this app's client secret.")


def _check_times(claims: Mapping[str, object], now: datetime) -> None:
    expires, begins = claims["exp"], claims["nbf"]
    if not _is_number(expires) or not _is_number(begins):
        raise InvalidIdToken("The ID token's times are not numbers.")
    if begins > now.timestamp() + LEEWAY:
        raise InvalidIdToken("The ID token is not valid yet: check this server's clock.")
    if expires <= now.timestamp() - LEEWAY:
        raise StaleIdToken("The ID token has expired.")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shop_of(claims: Mapping[str, object]) -> str:
    """The domain in ``dest`` (https://{shop}); ``iss`` (https://{shop}/admin) must be of the same host."""
    destination, issuer = _host(claims["dest"]), _host(claims["iss"])
    domain = shop_domain(destination)
    if domain is None:
        raise InvalidIdToken("The ID token names no Shopify store.")
    if issuer != domain:
        raise InvalidIdToken("The ID token was issued by another store than it is for.")
    return domain


def _host(address: object) -> str | None:
    """The host of an https address, exactly as written, so that user-info or a port never passes."""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        return None
    return parts.netloc if parts and parts.scheme == "https" else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
