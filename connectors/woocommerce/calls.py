"""One HTTP call to a store, and what a refusal means to its merchant.

Secrets and order keys travel in URLs, so no URL is ever logged or put into an error. The store's own
error messages are translated into its language: only ``code`` and the status can be relied on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.platform import ConnectorError, Malformed, Reconnect, Throttled, Unreachable
from connectors.woocommerce.body import load_json, member, text

USER_AGENT = "Warmcart"

CALL_TIMEOUT = (5.0, 20.0)
"""Seconds to wait for the connection, and for each part of the answer."""

WHOLE_ANSWER = 60.0
"""Seconds for a whole answer: a store that drips would hold a worker for ever."""

LARGEST_ANSWER = 32 * 1024 * 1024
DEFAULT_WAIT, LONGEST_WAIT = 60.0, 3600.0

PERMALINKS = (
    'Its permalinks may be set to "plain", with which WooCommerce cannot be reached:'
    " choose another structure in WordPress under Settings, Permalinks."
)


NO_RIGHTS = (
    "The person who connected {host} may no longer manage WooCommerce there."
    " Connect the shop again as an administrator or shop manager."
)


class StoreRefused(ConnectorError):
    """The store understood the request and declined it; ``code`` is its own name for the reason."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """A read answer; ``location`` is the address that gave it, after redirects, and a secret."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    location: str

    def json(self) -> object:
        """The body as JSON, None where it is not."""
        try:
            return load_json(self.content)
        except Malformed:
            return None

    @property
    def code(self) -> str:
        """WordPress's name for an error; empty where the answer is not WordPress's."""
        return text(member(self.json(), "code"))


def call(session: requests.Session, method: str, url: str, **options: Any) -> Answer:
    """One HTTP call, its answer read whole. Raises Unreachable, and AddressRefused of the session.

    The error of ``requests`` is not chained to ours: its text holds the whole URL, secrets too.
    """
    host = urlsplit(url).netloc
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **options.pop("headers", {})}
    options = {"timeout": CALL_TIMEOUT, "allow_redirects": False, **options}
    try:
        with session.request(method, url, stream=True, headers=headers, **options) as response:
            content = _read(response, host)
            return Answer(response.status_code, response.headers, content, response.url)
    except requests.RequestException as error:
        failure = unreachable(host, error)
    raise failure


def _read(response: requests.Response, host: str) -> bytes:
    deadline = time.monotonic() + WHOLE_ANSWER
    content = bytearray()
    for chunk in response.iter_content(65536):
        content += chunk
        if len(content) > LARGEST_ANSWER or time.monotonic() > deadline:
            raise Unreachable(f"{host} answers with more than we can read, or too slowly.")
    return bytes(content)


def unreachable(host: str, error: requests.RequestException) -> Unreachable:
    """What kept a call from being answered, without the URL."""
    if isinstance(error, requests.exceptions.SSLError):
        return _no_tls(host, error)
    if isinstance(error, requests.Timeout):
        return Unreachable(f"{host} did not answer in time.")
    if isinstance(error, requests.TooManyRedirects):
        return Unreachable(f"{host} redirects in a circle.")
    return Unreachable(f"{host} cannot be reached. Is the shop online, and is https or http right?")


def _no_tls(host: str, error: requests.exceptions.SSLError) -> Unreachable:
    """A bad certificate; or a port that speaks plain http, which TLS calls by many names."""
    if "certificate" in str(error).lower():
        return Unreachable(f"The certificate of {host} is not valid. Renew it, or ask your host to.")
    return Unreachable(f"{host} does not speak https. If the shop has none, begin its address with http://")


def no_data(host: str) -> Unreachable:
    """An answer that says OK and is no data: a firewall's or a cache's page, mostly."""
    return Unreachable(
        f"{host} answered with a page in place of data. A firewall or a cache may stand before the shop."
    )


def refusal(store_url: str, method: str, answer: Answer) -> ConnectorError:
    """The error that an answer other than 2xx stands for."""
    host = urlsplit(store_url).netloc
    status, code = answer.status, answer.code
    if 300 <= status < 400:
        return _redirected(host, answer)
    if status == HTTPStatus.UNAUTHORIZED:
        return Reconnect(_unauthorized(store_url, method, code))
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(host, code)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == 503 and "Retry-After" in answer.headers):
        return Throttled(f"{host} asks us to slow down.", _wait(answer))
    if status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED:
        return Unreachable(f"{host} has a problem of its own (status {status}).")
    if code == "rest_no_route":
        return Unreachable(f"WooCommerce is not active at {host}.")
    if status == HTTPStatus.NOT_FOUND and not code:
        return Unreachable(f"{host} does not know WooCommerce's address. {PERMALINKS}")
    return StoreRefused(f"{host} declined a request ({code or status}).", status, code)


def _redirected(host: str, answer: Answer) -> Unreachable:
    """A key is never sent on to another address: the merchant has to name that one."""
    try:
        target = urlsplit(answer.headers.get("Location", ""))
    except ValueError:
        target = urlsplit("")
    if not target.netloc or "@" in target.netloc:
        return Unreachable(f"{host} redirects our calls. Connect the shop at its final address.")
    return Unreachable(f"{host} redirects to {target.scheme}://{target.netloc}: connect the shop there.")


def _unauthorized(store_url: str, method: str, code: str) -> str:
    """The causes of a 401. Which it is, the store does not tell apart (observed on 10.9.1, 2026-11)."""
    host, secure = urlsplit(store_url).netloc, store_url.startswith("https://")
    if not code:
        return f"{host} asks for a password before the shop answers. Is it a protected test shop?"
    if not code.startswith("woocommerce_rest_authentication"):
        proxy = (
            " Or the shop stands behind a proxy that ends HTTPS: then PHP must be told HTTPS=on,"
            " or WooCommerce takes our calls for plain http."
        )
        return f"{host} does not know our key. Connect the shop again.{proxy if secure else ''}"
    causes = "it was revoked or is wrong"
    if method != "GET":
        causes += ", or it may only read (it needs read and write)"
    if not secure:
        causes += f", or the shop's clock is wrong, or its address in WordPress is not {store_url}"
    return f"{host} refuses our key: {causes}. Connect the shop again."


def _forbidden(host: str, code: str) -> ConnectorError:
    """A key that is good while its owner's rights are gone; or somebody else's refusal."""
    if code.startswith(("woocommerce_", "rest_")):
        return Reconnect(NO_RIGHTS.format(host=host))
    return Unreachable(f"A firewall or security plugin at {host} turns our calls away.")


def _wait(answer: Answer) -> float:
    """Seconds of ``Retry-After``; a date there counts as not told."""
    value = text(answer.headers.get("Retry-After"))
    seconds = float(value) if value.isascii() and value.isdecimal() and len(value) < 10 else DEFAULT_WAIT
    return min(max(seconds, 1.0), LONGEST_WAIT)
