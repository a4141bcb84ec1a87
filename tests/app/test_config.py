import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from app.config import SettingError, Settings, read_settings, setting_name

KEY = "a2V5LW9mLXRoZS10ZXN0cy13aXRoLTMyLWJ5dGVzISE="
COMPLETE = {
    "WARMCART_DATABASE_URL": "postgresql://db/warmcart",
    "WARMCART_REDIS_URL": "redis://cache:6379/0",
    "WARMCART_PUBLIC_URL": "https://warmcart.example.com",
    "WARMCART_SECRET_KEY": "s" * 32,
    "WARMCART_HASH_KEY": "h" * 32,
    "WARMCART_ENCRYPTION_KEYS": KEY,
}


def test_a_complete_environment_is_read_with_the_defaults():
    settings = read_settings(COMPLETE | {"PATH": "/bin"})

    assert settings.public_url == "https://warmcart.example.com"
    assert settings.contact_cap == timedelta(hours=16)
    assert settings.countries is None
    assert settings.sms_provider == "sandbox"
    assert settings.secure_cookies


@pytest.mark.parametrize("name", COMPLETE)
def test_each_required_setting_is_named_when_it_is_missing(name):
    environment = {key: value for key, value in COMPLETE.items() if key != name}

    with pytest.raises(SettingError, match=f"^{name} is missing"):
        read_settings(environment)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("DATABASE_URL", "mysql://db/x", "must begin with postgresql://"),
        ("REDIS_URL", "http://cache", "must begin with redis://"),
        ("PUBLIC_URL", "http://warmcart.example.com", "must be https"),
        ("PUBLIC_URL", "https://warmcart.example.com/app", "without a path"),
        ("PUBLIC_URL", "warmcart.example.com", "must be a whole address"),
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("ENCRYPTION_KEYS", f"{KEY},nonsense", "key 2 is not a Fernet key"),
        ("COUNTRIES", "SI,Germany", "'GERMANY' is no country's code"),
        ("COUNTRIES", "SI,UK", "'UK' is no country's code"),
        ("CONTACT_CAP", "16 hours", "is not an ISO 8601 duration"),
        ("CONTACT_CAP", "P1M", "must be a duration of days"),
        ("ALLOW_PRIVATE_STORES", "yes", "must be 0 or 1"),
        ("SMS_PROVIDER", "pigeon", "must be one of"),
        ("SHOPIFY_ADMIN_URL", "ftp://x", "must be a whole address"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name_and_the_reason(name, value, complaint):
    with pytest.raises(SettingError, match=f"^WARMCART_{name} .*{complaint}") as caught:
        read_settings(COMPLETE | {f"WARMCART_{name}": value})

    assert "\n" not in str(caught.value)


def test_a_misspelt_setting_is_refused_instead_of_ignored():
    with pytest.raises(SettingError, match="WARMCART_PUBLIC_ULR is not a setting"):
        read_settings(COMPLETE | {"WARMCART_PUBLIC_ULR": "https://x.example"})


@pytest.mark.parametrize("missing", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"])
def test_twilio_needs_its_account_token_and_a_sender(missing):
    twilio = {
        "SMS_PROVIDER": "twilio",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t",
        "TWILIO_FROM": "+1",
    }
    environment = COMPLETE | {f"WARMCART_{key}": value for key, value in twilio.items() if key != missing}

    with pytest.raises(SettingError, match=f"WARMCART_{missing}"):
        read_settings(environment)


def test_http_is_for_loopback_only_and_then_cookies_are_not_secure():
    settings = read_settings(COMPLETE | {"WARMCART_PUBLIC_URL": "http://127.0.0.1:8000/"})

    assert settings.public_url == "http://127.0.0.1:8000"
    assert not settings.secure_cookies


def test_no_secret_shows_when_settings_are_printed():
    shown = repr(read_settings(COMPLETE))

    assert not any(COMPLETE[name] in shown for name in COMPLETE if name != "WARMCART_PUBLIC_URL")


def test_every_setting_is_documented_in_its_own_words():
    page = Path("docs/settings.md").read_text()

    rows = {
        f"| `{setting_name(spec.name)}` | {spec.metadata['doc']} |" for spec in dataclasses.fields(Settings)
    }

    assert {row for row in rows if row not in page} == set()
