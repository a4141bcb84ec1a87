"""The HTTP client of the SMS providers, and what an unanswered call means.

Whether a text left is decided by where a call broke: before the connection stood, nothing was
written and a later try is safe; after that nobody knows. urllib3 does not keep the two apart: a TLS
handshake that times out is reported as a read time-out, and one that is reset as a broken answer.
The connections below therefore report whatever breaks in ``connect`` as a failed connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProxyError,
    TimeoutError,
)
from urllib3.response import BaseHTTPResponse

from connectors.sms import Category, InDoubt, Refused

Timeout = tuple[float, float]
"""Seconds to wait for the connection, and for the answer."""

NO_ANSWER = (requests.RequestException, HTTPError)
"""Whatever a call raises when it brings no answer."""

# More fill larger batches, which cost less; but providers allow an account only so many at a time.
CALLS_IN_FLIGHT = 96


@contextmanager
def _reported_as_failed_connection(connection: HTTPConnection) -> Iterator[None]:
    try:
        yield
    except ConnectTimeoutError:
        raise
    except (OSError, ValueError, HTTPError) as error:
        raise NewConnectionError(connection, f"{type(error).__name__} before anything was sent") from error


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        with _reported_as_failed_connection(self):
            super().connect()


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        with _reported_as_failed_connection(self):
            super().connect()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def pool(self, request: requests.PreparedRequest, settings: Mapping[str, Any]) -> HTTPConnectionPool:
        """The connections to where the request goes, as the session's settings want them."""
        verify, cert = settings["verify"], settings["cert"]
        pool = self.get_connection_with_tls_context(request, verify, settings["proxies"], cert)
        self.cert_verify(pool, request.url, verify, cert)  # type: ignore[no-untyped-call]
        return cast(HTTPConnectionPool, pool)


def open_session() -> requests.Session:
    """A session that keeps a connection for each of ``CALLS_IN_FLIGHT`` threads and never retries."""
    session = requests.Session()
    adapter = _Adapter(pool_connections=1, pool_maxsize=CALLS_IN_FLIGHT, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class Post:
    """Posts to one address, over and over, from many threads; redirects are not followed.

    What does not change from one call to the next (address, credentials, proxies, trusted certificates)
    ``requests`` works out once; a call then is urllib3's alone, which costs us half as much.
    """

    def __init__(self, session: requests.Session, url: str, timeout: Timeout) -> None:
        request = session.prepare_request(requests.Request("POST", url))
        settings = session.merge_environment_settings(url, {}, None, None, None)
        adapter = cast(_Adapter, session.get_adapter(url))
        self._pool = adapter.pool(request, settings)
        self._target = adapter.request_url(request, settings["proxies"])
        self._headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
        self._timeout = urllib3.Timeout(*timeout)

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Send one body; the answer is read whole. Raises one of ``NO_ANSWER``."""
        return self._pool.urlopen(
            "POST",
            self._target,
            body=body,
            headers={**self._headers, **headers},
            timeout=self._timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,
        )


def unanswered(error: Exception) -> Refused | InDoubt:
    """What a post that raised one of ``NO_ANSWER`` says about the text."""
    cause = error.original_error if isinstance(error, ProxyError) else error
    if isinstance(cause, ConnectTimeoutError):
        return Refused(Category.UNREACHABLE, detail="The provider could not be reached.", retryable=True)
    if isinstance(cause, TimeoutError):
        return InDoubt("The provider did not answer in time.")
    return InDoubt("The connection broke before the provider's answer was read.")


def certainly_refused(http_status: int) -> bool:
    """Whether this answer says that the text was not taken.

    Any 4xx does, except 408, which a gateway sends when it gave up waiting. No 5xx does: a server
    error may come after the text was queued (Twilio documentation, errors 20500 and 20503).
    """
    return 400 <= http_status < 500 and http_status != 408


def retry_after(response: BaseHTTPResponse, now: datetime) -> float | None:
    """Seconds to wait as the ``Retry-After`` header asks (RFC 9110, 10.2.3), None where it does not."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - now).total_seconds())
