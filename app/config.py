"""The settings: environment variables with the prefix ``WARMCART_``, read once at the start.

A wrong setting stops the start with one line that says which and why. Every field below is one
setting; its ``doc`` is what ``docs/settings.md`` and ``warmcart doctor`` print.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import isodate
from cryptography.fernet import Fernet
from phonenumbers import SUPPORTED_REGIONS

PREFIX = "WARMCART_"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
SMS_PROVIDERS = ("sandbox", "twilio")


class SettingError(Exception):
    """One setting is wrong or missing; the message names it and says what to do."""


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("must be 0 or 1")
    return text == "1"


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("must have at least 32 characters; make one with: openssl rand -hex 32")
    return text


def _fernet_keys(text: str) -> tuple[str, ...]:
    keys = _list(text)
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            raise ValueError(
                f"key {number} is not a Fernet key (32 bytes in URL-safe base64); "
                "make one with: openssl rand -base64 32 | tr '+/' '-_'"
            ) from None
    return keys


def _countries(text: str) -> tuple[str, ...] | None:
    if text.strip() == "*":
        return ("*",)
    codes = _list(text.upper())
    for code in codes:
        if code not in SUPPORTED_REGIONS:
            raise ValueError(f"{code!r} is no country's code (ISO 3166-1, such as GB); use * for all")
    return codes


def _duration(text: str) -> timedelta:
    try:
        duration = isodate.parse_duration(text)
    except isodate.ISO8601Error:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT16H") from None
    if not isinstance(duration, timedelta) or duration < timedelta():
        raise ValueError("must be a duration of days, hours, minutes or seconds, such as PT16H")
    return duration


def _database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return text


def _redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return text


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a whole address such as https://warmcart.example.com")
    return text.rstrip("/")


def _public_url(text: str) -> str:
    url = _http_url(text)
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError("must be scheme and host only, without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https; http is for loopback addresses only")
    return url


def _admin_url(text: str) -> str:
    _http_url(text.replace("{shop}", "shop.example.com"))
    return text.rstrip("/")


def _folder(text: str) -> str:
    if not os.path.isdir(text):
        raise ValueError(f"{text!r} is not a folder")
    return text


def _provider(text: str) -> str:
    if text not in SMS_PROVIDERS:
        raise ValueError(f"must be one of {', '.join(SMS_PROVIDERS)}")
    return text


def _setting(
    doc: str,
    read: Callable[[str], Any] = str,
    default: Any = None,
    required: bool = False,
    secret: bool = False,
) -> Any:
    metadata = {"doc": doc, "read": read, "required": required, "secret": secret}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of one process. Secrets do not show in its ``repr``."""

    database_url: str = _setting(
        "PostgreSQL 15 or newer, any libpq form: postgresql://user:password@host/name",
        _database_url,
        required=True,
        secret=True,
    )
    redis_url: str = _setting(
        "Redis 6.2+ or Valkey 8+: redis://host:6379/0 or unix:///path/to/socket",
        _redis_url,
        required=True,
        secret=True,
    )
    public_url: str = _setting(
        "Address under which stores, providers and shoppers reach this server; https, or http on loopback",
        _public_url,
        required=True,
    )
    secret_key: str = _setting(
        "Signs logins and forms; at least 32 characters", _secret, required=True, secret=True
    )
    hash_key: str = _setting(
        "Key of the suppression hashes; at least 32 characters. Never change it: stops would be forgotten",
        _secret,
        required=True,
        secret=True,
    )
    encryption_keys: tuple[str, ...] = _setting(
        "Fernet keys for secrets at rest, comma-separated, newest first",
        _fernet_keys,
        required=True,
        secret=True,
    )
    shopify_api_key: str | None = _setting("Client id of the Shopify app")
    shopify_api_secret: tuple[str, ...] = _setting(
        "Client secret of the Shopify app; old and new, comma-separated, while it is rotated",
        _list,
        default=(),
        secret=True,
    )
    shopify_admin_url: str = _setting(
        "Where Shopify's Admin API is reached; another value points every call at a stand-in",
        _admin_url,
        default="https://{shop}",
    )
    countries: tuple[str, ...] | None = _setting(
        "The countries that may be texted at all, ISO codes or *; "
        "default: each store's own country and those it ships to",
        _countries,
    )
    contact_cap: timedelta = _setting(
        "Least time between two marketing texts to one contact of a store, ISO 8601; PT0S for no cap",
        _duration,
        default=timedelta(hours=16),
    )
    rules: str | None = _setting(
        "Folder with tables that replace rows of Warmcart's rules about hours and caps, see below", _folder
    )
    allow_private_stores: bool = _setting(
        "1 lets WooCommerce stores live on private or loopback addresses: for tests and the demo only",
        _flag,
        default=False,
    )
    sms_provider: str = _setting("Who sends the texts: twilio or sandbox", _provider, default="sandbox")
    twilio_account_sid: str | None = _setting("Account SID at Twilio")
    twilio_auth_token: str | None = _setting("Auth token at Twilio", secret=True)
    twilio_messaging_service_sid: str | None = _setting("Messaging Service that sends (begins with MG)")
    twilio_from: str | None = _setting("Number or sender name that sends where there is no Messaging Service")
    twilio_api_url: str = _setting(
        "Where Twilio's API is reached", _http_url, default="https://api.twilio.com"
    )
    sandbox_url: str | None = _setting(
        "Where the sandbox provider takes texts; default: the demo phone of this server", _http_url
    )
    demo: bool = _setting("1 serves the demo shop and phone under /demo", _flag, default=False)
    data_folder: str = _setting(
        "Where the embedded PostgreSQL and Valkey keep their data when no database is set", default="var"
    )

    def __repr__(self) -> str:
        return f"Settings(public_url={self.public_url!r}, sms_provider={self.sms_provider!r})"

    @property
    def secure_cookies(self) -> bool:
        """Cookies carry ``__Host-`` and ``Secure`` except on plain loopback."""
        return self.public_url.startswith("https://")


def setting_name(name: str) -> str:
    return PREFIX + name.upper()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check all settings. Raises SettingError for the first wrong one."""
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(Settings):
        text = environment.get(setting_name(spec.name), "").strip()
        if text:
            values[spec.name] = _read(spec, text)
        elif spec.metadata["required"]:
            raise SettingError(f"{setting_name(spec.name)} is missing: {spec.metadata['doc']}")
    _refuse_unknown(environment)
    settings = Settings(**values)
    _check_twilio(settings)
    return settings


def _read(spec: dataclasses.Field[Any], text: str) -> Any:
    try:
        return spec.metadata["read"](text)
    except ValueError as error:
        raise SettingError(f"{setting_name(spec.name)} {error}") from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {setting_name(spec.name) for spec in dataclasses.fields(Settings)}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            raise SettingError(f"{name} is not a setting of Warmcart: see docs/settings.md")


def _check_twilio(settings: Settings) -> None:
    if settings.sms_provider != "twilio":
        return
    if not settings.twilio_account_sid:
        raise SettingError("WARMCART_TWILIO_ACCOUNT_SID is missing: WARMCART_SMS_PROVIDER is twilio")
    if not settings.twilio_auth_token:
        raise SettingError("WARMCART_TWILIO_AUTH_TOKEN is missing: WARMCART_SMS_PROVIDER is twilio")
    if not (settings.twilio_messaging_service_sid or settings.twilio_from):
        raise SettingError("WARMCART_TWILIO_MESSAGING_SERVICE_SID or WARMCART_TWILIO_FROM is missing")
