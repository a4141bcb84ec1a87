"""Secrets at rest, keyed hashes and random tokens."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import string
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

BASE62 = string.digits + string.ascii_letters


class Undecryptable(Exception):
    """No current key opens this secret: a key was removed before everything was encrypted anew."""


class Cipher:
    """Encrypts with the newest key, opens with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise Undecryptable("WARMCART_ENCRYPTION_KEYS has no key for a stored secret") from None

    def rotate(self, token: str) -> str:
        """The same secret under the newest key."""
        try:
            return self._fernet.rotate(token.encode()).decode()
        except InvalidToken:
            raise Undecryptable("WARMCART_ENCRYPTION_KEYS has no key for a stored secret") from None

    def encrypt_json(self, value: Any) -> str:
        return self.encrypt(json.dumps(value, separators=(",", ":")))

    def decrypt_json(self, token: str) -> Any:
        return json.loads(self.decrypt(token))


def keyed_hash(key: str, *parts: str) -> str:
    """HMAC-SHA256 in hex over the parts; a separator keeps ``("ab", "c")`` and ``("a", "bc")`` apart."""
    return hmac.new(key.encode(), "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """How a random token is stored: it can be recognised but not read."""
    return hashlib.sha256(token.encode()).hexdigest()


def random_token(length: int = 12) -> str:
    """Random base62; 12 characters hold 71 bits, 22 hold 131."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def same(left: str | bytes, right: str | bytes) -> bool:
    """Constant-time comparison on bytes: a str with a non-ASCII character would raise TypeError."""
    return hmac.compare_digest(_bytes(left), _bytes(right))


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
