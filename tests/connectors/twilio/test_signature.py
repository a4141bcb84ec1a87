"""``X-Twilio-Signature``: Twilio's own vectors, and what must never pass.

Vectors: twilio-python ``tests/unit/test_request_validator.py`` (commit 306691e, 2026-08-11).
"""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sms import CallbackRequest
from connectors.twilio.signature import is_signed, sign
from tests.standins.twilio.callbacks import sign as sign_independently

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMETERS = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_URL = URL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"

fields = st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=30), max_size=6)


def posted(url: str, body: bytes, signature: str, media_type: str) -> CallbackRequest:
    headers = {"x-twilio-signature": signature, "content-type": media_type}
    return CallbackRequest("POST", url, headers, body)


def form_post(url: str, parameters: object, signature: str) -> CallbackRequest:
    body = urlencode(parameters).encode()  # type: ignore[arg-type]  # a mapping or pairs
    return posted(url, body, signature, "application/x-www-form-urlencoded; charset=utf-8")


def json_post(url: str, body: bytes, signature: str) -> CallbackRequest:
    return posted(url, body, signature, "application/json")


def test_twilios_own_signature_is_accepted() -> None:
    assert is_signed(form_post(URL, PARAMETERS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), TOKEN)


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (URL.replace(".com", ".com:1234"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace("https://mycompany.com", "http://mycompany.com:1234"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (URL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (URL.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
    ids=["https without its port", "http with its port", "https with 443", "http with 80"],
)
def test_the_address_counts_with_and_without_its_port(url: str, signature: str) -> None:
    assert is_signed(form_post(url, PARAMETERS, signature), TOKEN)


def test_a_repeated_name_counts_once_for_each_different_value() -> None:
    pairs = [
        ("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")
    ]  # fmt: skip
    assert sign(URL, pairs, TOKEN) == b"IK+Dwps556ElfBT0I3Rgjkr1wJU="
    assert is_signed(form_post(URL, pairs, "IK+Dwps556ElfBT0I3Rgjkr1wJU="), TOKEN)


def test_a_json_body_is_signed_through_its_hash_in_the_address() -> None:
    assert is_signed(json_post(JSON_URL, JSON_BODY, "a9nBmqA0ju/hNViExpshrM61xv4="), TOKEN)


def test_a_changed_json_body_is_refused() -> None:
    assert not is_signed(json_post(JSON_URL, JSON_BODY + b" ", "a9nBmqA0ju/hNViExpshrM61xv4="), TOKEN)


def test_a_json_body_whose_hash_is_not_in_the_address_is_refused() -> None:
    signature = sign(URL, [], TOKEN).decode()
    assert is_signed(posted(URL, b"", signature, ""), TOKEN)
    assert not is_signed(json_post(URL, JSON_BODY, signature), TOKEN)


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/json", "multipart/form-data"])
def test_a_form_under_another_media_type_does_not_escape_the_signature(media_type: str) -> None:
    signature = sign(URL, [], TOKEN).decode()
    assert not is_signed(posted(URL, b"Body=STOP&From=%2B1", signature, media_type), TOKEN)


@pytest.mark.parametrize("signature", ["", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "ünïcode", "\udcff"])
def test_a_missing_or_broken_signature_is_refused(signature: str) -> None:
    assert not is_signed(form_post(URL, PARAMETERS, signature), TOKEN)
    assert not is_signed(CallbackRequest("POST", URL, {}, b"From=%2B1"), TOKEN)


@given(fields)
def test_whatever_twilio_signs_is_accepted(parameters: dict[str, str]) -> None:
    assert is_signed(form_post(URL, parameters, sign_independently(URL, parameters, TOKEN)), TOKEN)


@given(fields, st.text(min_size=1, max_size=12), st.text(max_size=30))
def test_a_changed_or_added_parameter_is_refused(parameters: dict[str, str], name: str, value: str) -> None:
    signature = sign_independently(URL, parameters, TOKEN)
    changed = {**parameters, name: value}
    accepted = is_signed(form_post(URL, changed, signature), TOKEN)
    unchanged = "".join(n + v for n, v in sorted(changed.items())) == "".join(
        n + v for n, v in sorted(parameters.items())
    )
    assert accepted is unchanged


@given(fields, st.sampled_from(["http://mycompany.com/myapp.php?foo=1&bar=2", URL + "&c", URL[:-1]]))
def test_a_signature_belongs_to_one_address(parameters: dict[str, str], url: str) -> None:
    assert not is_signed(form_post(url, parameters, sign_independently(URL, parameters, TOKEN)), TOKEN)


@given(fields, st.text(alphabet="0123456789abcdef", min_size=1, max_size=32).filter(lambda t: t != TOKEN))
def test_a_signature_belongs_to_one_token(parameters: dict[str, str], token: str) -> None:
    assert not is_signed(form_post(URL, parameters, sign_independently(URL, parameters, token)), TOKEN)


@given(st.binary(max_size=80))
def test_bytes_that_are_no_form_never_break_the_check(body: bytes) -> None:
    assert not is_signed(posted(URL, body, "x", "application/x-www-form-urlencoded"), TOKEN)
