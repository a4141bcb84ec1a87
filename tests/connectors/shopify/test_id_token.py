from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.id_token import IdToken, InvalidIdToken, StaleIdToken, verify_id_token
from tests.connectors.shopify.deliveries import SECRET

KEY = "8d1f0b5f6f5b4d3e9c2a1b0c9d8e7f60"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NEWER = "shpss_ffffffffffffffffffffffffffffffff"


def claims(**changes: Any) -> dict[str, Any]:
    """The claims that Shopify sets; ``...`` removes one."""
    seconds = int(NOW.timestamp())
    usual = {
        "iss": "https://good.myshopify.com/admin",
        "dest": "https://good.myshopify.com",
        "aud": KEY,
        "sub": "548380009",
        "exp": seconds + 50,
        "nbf": seconds - 10,
        "iat": seconds - 10,
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "aaea182f2732d44c23057c0fea584021a4485b2b",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def token(secret: str = SECRET, /, **changes: Any) -> str:
    return signed(secret, "HS256", **changes)


def signed(secret: str, algorithm: str, **changes: Any) -> str:
    """Signed without PyJWT's own check of the claims, so that they may be wrong in every way."""
    return jwt.PyJWS().encode(json.dumps(claims(**changes)).encode(), secret, algorithm=algorithm)


def verify(written: str, now: datetime = NOW, shop: str | None = None) -> IdToken:
    return verify_id_token(written, KEY, [SECRET], now, shop)


def test_a_good_token_names_the_store_and_the_user() -> None:
    expected = IdToken("good.myshopify.com", "548380009")
    assert verify(token()) == expected
    assert verify(token(), shop="good.myshopify.com") == expected


def test_a_token_for_another_store_than_the_request_claims_is_refused() -> None:
    with pytest.raises(InvalidIdToken, match="another store"):
        verify(token(), shop="other.myshopify.com")


@pytest.mark.parametrize("name", ["aud", "exp", "nbf", "dest", "iss"])
def test_every_claim_that_we_rely_on_must_be_there(name: str) -> None:
    without: dict[str, Any] = {name: ...}
    with pytest.raises(InvalidIdToken):
        verify(token(**without))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another app"},
        {"aud": ""},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": None},
        {"nbf": "yesterday"},
        {"dest": "https://other.myshopify.com"},
        {"iss": "https://other.myshopify.com/admin"},
        {"iss": "http://good.myshopify.com/admin"},
        {"iss": "https://good.myshopify.com:8443/admin"},
        {"iss": "https://user@good.myshopify.com/admin"},
        {"iss": None},
        {"dest": "", "iss": ""},
        {"dest": "good.myshopify.com", "iss": "good.myshopify.com"},
        {"dest": "https://evil.example.com", "iss": "https://evil.example.com/admin"},
        {"dest": "https://[", "iss": "https://["},
        {"dest": "https://good.myshopify.com.evil.com", "iss": "https://good.myshopify.com.evil.com/admin"},
        {"dest": "https://Good.myshopify.com", "iss": "https://Good.myshopify.com/admin"},
        {"dest": 1, "iss": 1},
    ],
)
def test_a_token_that_breaks_one_rule_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidIdToken):
        verify(token(**changes))


def test_clocks_may_differ_by_ten_seconds() -> None:
    verify(token(), NOW + timedelta(seconds=59))
    verify(token(), NOW - timedelta(seconds=20))


def test_an_expired_token_is_stale_so_that_a_fresh_one_is_fetched() -> None:
    with pytest.raises(StaleIdToken):
        verify(token(), NOW + timedelta(seconds=60))


def test_a_token_from_the_future_is_refused() -> None:
    with pytest.raises(InvalidIdToken, match="not valid yet"):
        verify(token(), NOW - timedelta(seconds=21))


def test_the_system_clock_plays_no_part() -> None:
    past = NOW - timedelta(days=4000)
    moved: dict[str, Any] = {
        name: int(past.timestamp()) + shift for name, shift in (("exp", 50), ("nbf", -10), ("iat", -10))
    }
    assert verify(token(**moved), past).shop == "good.myshopify.com"


def test_either_secret_signs_while_the_secret_is_being_rotated() -> None:
    assert verify_id_token(token(), KEY, [NEWER, SECRET], NOW).shop == "good.myshopify.com"
    assert verify_id_token(token(NEWER), KEY, [NEWER, SECRET], NOW).shop == "good.myshopify.com"


def test_a_token_signed_by_anybody_else_is_refused() -> None:
    with pytest.raises(InvalidIdToken, match="not signed"):
        verify(token("shpss_somebody_elses_secret_0123456789"))
    for secrets in ([], [""]):
        with pytest.raises(InvalidIdToken):
            verify_id_token(token(), KEY, secrets, NOW)


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_no_other_algorithm_is_accepted(algorithm: str) -> None:
    long_secret = SECRET * 2
    written = signed("" if algorithm == "none" else long_secret, algorithm)
    with pytest.raises(InvalidIdToken):
        verify_id_token(written, KEY, [long_secret], NOW)


@given(st.text(max_size=60) | st.sampled_from(["\udcff", "a.b.c", "é.é.é", "..", "Bearer x"]))
def test_text_that_is_no_token_is_refused_without_an_error(written: str) -> None:
    with pytest.raises(InvalidIdToken):
        verify(written)


@given(position=st.integers(0, 2000), replacement=st.sampled_from("ABCxyz019-_."))
def test_a_changed_character_breaks_the_token_or_changes_nothing(position: int, replacement: str) -> None:
    """The last character of a base64 text may hold unused bits: then the bytes are still the same."""
    good = token()
    at = position % len(good)
    changed = good[:at] + replacement + good[at + 1 :]
    try:
        assert verify(changed) == verify(good)
        assert at == len(good) - 1 or changed == good
    except InvalidIdToken:
        assert changed != good


def test_the_message_never_shows_the_token() -> None:
    with pytest.raises(InvalidIdToken) as refusal:
        verify(token(aud="another app"))
    assert "another app" not in str(refusal.value)
