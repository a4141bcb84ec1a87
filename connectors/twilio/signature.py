"""``X-Twilio-Signature``: base64 of HMAC-SHA1, keyed with the account's auth token.

Signed is the callback's address as Twilio called it, followed by name and value of every form
parameter in the order of their names; of a repeated name each different value once, sorted. A JSON
body is not signed itself: the address carries its SHA-256 as ``bodySHA256``. Twilio is inconsistent
about the port, so both spellings of the address are tried.
Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security and twilio-python
``request_validator.py`` (commit 306691e, 2026-08-11).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import parse_qs, parse_qsl, urlsplit

from connectors.sms import CallbackRequest

HEADER = "x-twilio-signature"
FORM = "application/x-www-form-urlencoded"
Parameters = list[tuple[str, str]]

_PORT = re.compile(r":\d+$")


def sign(url: str, parameters: Iterable[tuple[str, str]], auth_token: str) -> bytes:
    """The signature of one callback, as the header carries it."""
    signed = url + "".join(name + value for name, value in sorted(set(parameters)))
    digest = hmac.digest(auth_token.encode(), signed.encode("utf-8", "surrogateescape"), "sha1")
    return base64.b64encode(digest)


def is_signed(request: CallbackRequest, auth_token: str) -> bool:
    """Whether Twilio signed exactly this request."""
    parameters = _signed_parameters(request)
    if parameters is None:
        return False
    given = request.headers.get(HEADER, "").encode("utf-8", "surrogateescape")
    expected = [sign(url, parameters, auth_token) for url in _spellings(request.url)]
    return any([hmac.compare_digest(signature, given) for signature in expected])


def media_type(request: CallbackRequest) -> str:
    """The body's media type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def form(body: bytes) -> Parameters:
    """The parameters of a form body. Bytes that are not UTF-8 are kept as surrogate escapes."""
    text = body.decode("utf-8", "surrogateescape")
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def _signed_parameters(request: CallbackRequest) -> Parameters | None:
    if media_type(request) == FORM or not request.body:
        return form(request.body)
    claimed = parse_qs(urlsplit(request.url).query).get("bodySHA256", [""])[0].encode()
    actual = hashlib.sha256(request.body).hexdigest().encode()
    return [] if hmac.compare_digest(actual, claimed) else None


def _spellings(url: str) -> set[str]:
    parts = urlsplit(url)
    bare = _PORT.sub("", parts.netloc)
    with_default_port = f"{bare}:{443 if parts.scheme == 'https' else 80}"
    hosts = {bare, parts.netloc if parts.netloc != bare else with_default_port}
    return {url.replace(f"//{parts.netloc}", f"//{host}", 1) for host in hosts}
