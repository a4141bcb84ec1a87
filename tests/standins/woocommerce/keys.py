"""Who may call: the rules of class-wc-rest-authentication.php (WooCommerce 10.9.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from tests.standins.woocommerce.wordpress import WordPressError

OAUTH_PARAMETERS = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)
WINDOW = 15 * 60


@dataclass
class Key:
    consumer_key: str
    consumer_secret: str
    permissions: str = "read_write"
    nonces: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """A request as PHP sees it. ``basic`` is the pair of the Authorization header, if it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    basic: tuple[str, str] | None
    secure: bool


class Keys:
    """The keys of one store, whose own address is ``home``."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.by_name: dict[str, Key] = {}

    def add(self, permissions: str = "read_write") -> Key:
        key = Key(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}", permissions)
        self.by_name[key.consumer_key] = key
        return key

    def revoke(self, consumer_key: str) -> None:
        del self.by_name[consumer_key]

    def authenticate(self, caller: Caller) -> Key | None:
        """The key of a caller; None for no key, an unknown key, or Basic over http. Raises WordPressError."""
        key = self._by_secret(caller) if caller.secure else None
        key = key or self._by_signature(caller)
        if key is not None:
            _check_permission(key, caller.method)
        return key

    def _by_secret(self, caller: Caller) -> Key | None:
        name, secret = caller.query.get("consumer_key", ""), caller.query.get("consumer_secret", "")
        if not (name and secret):
            name, secret = caller.basic or ("", "")
        key = self.by_name.get(name)
        if key is not None and not hmac.compare_digest(key.consumer_secret.encode(), secret.encode()):
            raise _refused("Consumer secret is invalid.")
        return key

    def _by_signature(self, caller: Caller) -> Key | None:
        missing = [name for name in OAUTH_PARAMETERS if not caller.query.get(name)]
        if len(missing) == len(OAUTH_PARAMETERS):
            return None
        if missing:
            names = ", ".join(missing)
            raise WordPressError(
                401, "woocommerce_rest_authentication_missing_parameter", f"Missing OAuth parameters {names}"
            )
        key = self.by_name.get(caller.query["oauth_consumer_key"])
        if key is None:
            raise _refused("Consumer key is invalid.")
        expected = oauth_signature(
            caller.method, self._signed_address(caller), caller.query, key.consumer_secret
        )
        given = caller.query["oauth_signature"].replace(" ", "+")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise _refused("Invalid signature - provided signature does not match.")
        _check_fresh(key, int(caller.query["oauth_timestamp"]), caller.query["oauth_nonce"])
        return key

    def _signed_address(self, caller: Caller) -> str:
        """The address as WordPress believes that it was called: its own, whatever the Host header says."""
        home = urlsplit(self.home)
        base = home.path.rstrip("/") + "/"
        path = caller.path.removeprefix(base)
        scheme = "https" if caller.secure else "http"
        return f"{scheme}://{home.netloc}{base}{path.lstrip('/')}"


def oauth_signature(method: str, address: str, query: Mapping[str, str], secret: str) -> str:
    """The signature that WooCommerce expects: RFC 5849 with the secret and an empty token secret."""
    pairs = sorted((name, value) for name, value in query.items() if name != "oauth_signature")
    joined = "%26".join(_twice(name) + "%3D" + _twice(value) for name, value in pairs)
    text = f"{method}&{quote(address, safe='')}&{joined}"
    algorithm = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}.get(
        query["oauth_signature_method"]
    )
    if algorithm is None:
        raise _refused("Invalid signature - signature method is invalid.")
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), algorithm).digest()).decode()


def _twice(text: str) -> str:
    return quote(quote(text, safe=""), safe="")


def _check_fresh(key: Key, timestamp: int, nonce: str) -> None:
    now = int(time.time())
    if abs(now - timestamp) > WINDOW:
        raise _refused("Invalid timestamp.")
    if nonce in key.nonces:
        raise _refused("Invalid nonce - nonce has already been used.")
    key.nonces = {old: when for old, when in key.nonces.items() if now - when < WINDOW} | {nonce: timestamp}


def _check_permission(key: Key, method: str) -> None:
    needed = "read" if method in ("GET", "HEAD") else "write"
    if key.permissions not in (needed, "read_write"):
        raise _refused(f"The API key provided does not have {needed} permissions.")


def _refused(message: str) -> WordPressError:
    return WordPressError(401, "woocommerce_rest_authentication_error", message)
