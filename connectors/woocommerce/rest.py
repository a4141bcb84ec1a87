"""WooCommerce's REST API v3 over a guarded session.

The ``woocommerce`` package opens a new connection for each call through the bare ``requests.request``:
no session, hence no checked addresses, no reused connections, and no second form of the key when a
host strips the ``Authorization`` header. So its signing (``woocommerce.oauth``) is used, and the calls
are our own. How a key is sent (WooCommerce documentation, rest-api/authentication; 10.9.1 source):
https as Basic, or as query parameters where the header is lost; http as OAuth 1.0a only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from woocommerce.oauth import OAuth

from connectors.woocommerce.body import Json, identifier, text
from connectors.woocommerce.calls import (
    CALL_TIMEOUT,
    USER_AGENT,
    Answer,
    call,
    no_data,
    refusal,
    unreachable,
)

BASIC, QUERY = "basic", "query"
API = "wc/v3"
PER_PAGE = 100
MOST_PAGES = 1000
POKE_TIMEOUT = (5.0, 1.0)

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A store and its key. ``method`` is ``basic`` or ``query``: which form the store accepts over https."""

    store_url: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    method: str = BASIC


class RestClient:
    """Calls of one store with one key. Raises ConnectorError and nothing else.

    ``credentials.method`` changes when the other form of the key turned out to work: keep it.
    ``timeout``: seconds to wait for the connection, and for each part of an answer.
    """

    def __init__(
        self, credentials: Credentials, session: requests.Session, timeout: tuple[float, float] = CALL_TIMEOUT
    ) -> None:
        self.credentials = credentials
        self.session = session
        self._timeout = timeout

    @property
    def store_url(self) -> str:
        return self.credentials.store_url

    def get(self, path: str, params: Params | None = None) -> Json:
        return self._object(self._request("GET", path, params or {}))

    def post(self, path: str, data: Json) -> Json:
        return self._object(self._request("POST", path, {}, data))

    def put(self, path: str, data: Json) -> Json:
        return self._object(self._request("PUT", path, {}, data))

    def delete(self, path: str, params: Params) -> Json:
        return self._object(self._request("DELETE", path, params))

    def page(self, path: str, params: Params, number: int = 1) -> tuple[list[Json], int]:
        """One page of a list, and the number of the last one (``X-WP-TotalPages``).

        Where something between us strips that header, a full page means that there is another.
        """
        answer = self._request("GET", path, {**params, "per_page": PER_PAGE, "page": number})
        data = answer.json()
        if not isinstance(data, list):
            raise no_data(urlsplit(self.store_url).netloc)
        told = identifier(answer.headers.get("X-WP-TotalPages"))
        last = int(told) if told else number + (len(data) >= PER_PAGE)
        return [row for row in data if isinstance(row, dict)], min(last, MOST_PAGES)

    def total(self, path: str, params: Params) -> int | None:
        """How many rows a list has (``X-WP-Total``); None where something strips that header."""
        answer = self._request("GET", path, {**params, "per_page": 1, "_fields": "id"})
        told = text(answer.headers.get("X-WP-Total"))
        return int(told) if re.fullmatch(r"[0-9]{1,9}", told) else None

    def pages(self, path: str, params: Params, most: int = MOST_PAGES) -> Iterator[Json]:
        """The rows of a list, page by page.

        The pages are counted, never followed by the ``Link`` header: with OAuth it repeats the old
        signature (observed on 10.9.1, 2026-11).
        """
        number, last = 0, 1
        while number < min(last, most):
            number += 1
            found, last = self.page(path, params, number)
            yield from found

    def poke(self) -> None:
        """Visit WP-cron, without which a quiet store delivers nothing. Its answer is not awaited."""
        url = f"{self.store_url}/wp-cron.php?doing_wp_cron"
        try:
            options: dict[str, Any] = {"timeout": POKE_TIMEOUT, "allow_redirects": False, "stream": True}
            self.session.get(url, headers={"User-Agent": USER_AGENT}, **options).close()
            return
        except requests.ReadTimeout:
            return  # the queue is at work
        except requests.RequestException as error:
            failure = unreachable(urlsplit(self.store_url).netloc, error)
        raise failure

    def _object(self, answer: Answer) -> Json:
        found = answer.json()
        if not isinstance(found, dict):
            raise no_data(urlsplit(self.store_url).netloc)
        return found

    def _request(self, method: str, path: str, params: Params, data: Json | None = None) -> Answer:
        answer = self._send(method, path, params, data)
        if self._header_may_be_lost(answer):
            tried = self.credentials
            self.credentials = replace(tried, method=QUERY)
            answer = self._send(method, path, params, data)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                self.credentials = tried
        if not 200 <= answer.status < 300:
            raise refusal(self.store_url, method, answer)
        return answer

    def _header_may_be_lost(self, answer: Answer) -> bool:
        """Some hosts strip ``Authorization``. An error about the key itself says that it arrived."""
        basic = self.store_url.startswith("https://") and self.credentials.method == BASIC
        refused = answer.status == HTTPStatus.UNAUTHORIZED
        return basic and refused and answer.code != "woocommerce_rest_authentication_error"

    def _send(self, method: str, path: str, params: Params, data: Json | None) -> Answer:
        key, secret = self.credentials.consumer_key, self.credentials.consumer_secret
        url = f"{self.store_url}/wp-json/{API}/{path}"
        options: dict[str, Any] = {"timeout": self._timeout}
        if self.store_url.startswith("http://"):
            url = _signed(method, url, params, key, secret)
        elif self.credentials.method == QUERY:
            options["params"] = {**params, "consumer_key": key, "consumer_secret": secret}
        else:
            options |= {"params": params, "auth": (key, secret)}
        if data is not None:
            options |= {"data": json.dumps(data).encode(), "headers": {"Content-Type": "application/json"}}
        return call(self.session, method, url, **options)


def _signed(method: str, url: str, params: Params, key: str, secret: str) -> str:
    query = f"?{urlencode(params)}" if params else ""
    signer = OAuth(url=f"{url}{query}", consumer_key=key, consumer_secret=secret, version=API, method=method)
    return str(signer.get_oauth_url())
