"""How we speak HTTP with Shopify: one pool of connections, a time limit on every call."""

from __future__ import annotations

import math

import requests
from requests.adapters import HTTPAdapter

TIMEOUT = 10.0
"""Seconds to connect, and then to wait for each part of the answer."""

_SLOW_DOWN = 2.0


def open_session(connections: int = 16) -> requests.Session:
    """A session that keeps this many connections, to as many shops; it never retries by itself."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=connections, pool_maxsize=connections, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = "Warmcart"
    return session


def json_of(response: requests.Response) -> object:
    """The JSON value of an answer, None where it holds none."""
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def retry_after(response: requests.Response) -> float:
    """The seconds that ``Retry-After`` asks for; 2 where it says nothing sensible."""
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return _SLOW_DOWN
    return seconds if math.isfinite(seconds) and seconds >= 0 else _SLOW_DOWN
