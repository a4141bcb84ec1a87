"""Signed calls to the demo shop: ``GET {url}/api/{what}?{query}`` and ``POST {url}/api/{what}``, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import requests

from connectors.demo.deliveries import sign
from connectors.platform import Unreachable

TIMEOUT = (2, 5)


def signed_part(what: str, query: bytes = b"", body: bytes = b"") -> bytes:
    """The bytes of a call that the shop's secret signs; a query has no line break of its own."""
    return what.encode() + b"?" + query + (b"\n" + body if body else b"")


class ShopApi:
    """Raises Unreachable where the shop does not answer, or not in JSON."""

    def __init__(self, url: str, secret: str, session: requests.Session) -> None:
        self._url, self._secret, self._session = url, secret, session

    def ask(self, what: str, query: Mapping[str, str | Sequence[str]]) -> Any:
        encoded = urlencode(query, doseq=True)
        return _answer(self._call("GET", what, encoded))

    def tell(self, what: str, data: Mapping[str, Any], refusals: Sequence[int] = ()) -> tuple[int, Any]:
        """Status and answer; statuses in ``refusals`` are answers too."""
        response = self._call("POST", what, body=json.dumps(data).encode())
        return response.status_code, _answer(response, refusals)

    def _call(self, method: str, what: str, query: str = "", body: bytes = b"") -> requests.Response:
        signature = sign(signed_part(what, query.encode(), body), self._secret)
        headers = {"X-Demo-Signature": signature, "Content-Type": "application/json"}
        url = f"{self._url}/api/{what}" + (f"?{query}" if query else "")
        try:
            return self._session.request(method, url, data=body or None, headers=headers, timeout=TIMEOUT)
        except requests.RequestException:
            raise Unreachable("The demo shop does not answer.") from None


def _answer(response: requests.Response, refusals: Sequence[int] = ()) -> Any:
    try:
        if response.status_code not in refusals:
            response.raise_for_status()
        return response.json()
    except requests.RequestException:
        raise Unreachable("The demo shop does not answer.") from None
