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
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
)

from connectors.sms import Category, InDoubt, Refused

Timeout = tuple[float, float]
"""Seconds to wait for the connection, and for the answer."""

NO_ANSWER = (requests.RequestException, HTTPError)
"""Whatever a call raises when it brings no answer."""

CALLS_IN_FLIGHT = 64


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


def open_session() -> requests.Session:
    """A session that keeps a connection for each of ``CALLS_IN_FLIGHT`` threads and never retries."""
    session = requests.Session()
    adapter = _Adapter(pool_connections=1, pool_maxsize=CALLS_IN_FLIGHT, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class FormPost:
    """Posts forms to one address, over and over, from many threads; redirects are not followed.

    What does not change from one call to the next (address, credentials, proxies, trusted certificates)
    is worked out once: with ``requests`` that is half of what a call costs us.
    """

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session = session
        self._request = session.prepare_request(requests.Request("POST", url))
        self._settings = session.merge_environment_settings(url, {}, None, None, None)

    def __call__(self, form: Mapping[str, str], timeout: Timeout) -> requests.Response:
        """Send one form. Raises one of ``NO_ANSWER``."""
        request = self._request.copy()
        request.prepare_body(form, None)
        return self._session.send(request, timeout=timeout, allow_redirects=False, **self._settings)


def unanswered(error: Exception) -> Refused | InDoubt:
    """What a call that raised one of ``NO_ANSWER`` says about the text."""
    if _broke_before_sending(error):
        return Refused(Category.UNREACHABLE, detail="The provider could not be reached.", retryable=True)
    if isinstance(error, requests.Timeout):
        return InDoubt("The provider did not answer in time.")
    return InDoubt("The connection broke before the provider's answer was read.")


def _broke_before_sending(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, ProxyError):
        reason = reason.original_error
    return isinstance(reason, ConnectTimeoutError)


def certainly_refused(http_status: int) -> bool:
    """Whether this answer says that the text was not taken.

    Any 4xx does, except 408, which a gateway sends when it gave up waiting. No 5xx does: a server
    error may come after the text was queued (Twilio documentation, errors 20500 and 20503).
    """
    return 400 <= http_status < 500 and http_status != 408


def retry_after(response: requests.Response, now: datetime) -> float | None:
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
