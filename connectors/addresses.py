"""The check of every outside store address, on paper and again at each connection.

A merchant types the address, so it may name anything: our own network, a cloud's metadata service, a
host that answers the check with one address and the call with another. Therefore the name is resolved
once, by us, and the connection goes to exactly the address that passed; TLS and the Host header still
carry the name. Each redirect opens its connection the same way, so it is checked the same way.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util.connection import create_connection

from connectors.platform import ConnectorError, Unreachable

TIMEOUT = (5.0, 20.0)
"""Seconds to wait for the connection, and for each part of the answer, where a call names none."""

STORE_PORTS = frozenset({80, 443, 8080, 8443})
"""Where shops are served; another port makes us knock at somebody's mail server."""

LONGEST_URL = 500
MOST_REDIRECTS = 5
STORES_AT_ONCE = 64

_NEVER_IN_AN_ADDRESS = re.compile(r"[\s\\\x00-\x1f\x7f]")
_HOST = re.compile(r"[0-9a-f:.]*:[0-9a-f:.]+|[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_BACK_OFFICE = frozenset({"wp-admin", "wp-login.php", "wp-json", "wp-cron.php"})
"""Parts of WordPress that merchants paste; the store is what stands before them."""

_NEVER_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata and agent service, on a public address
        "192.0.0.0/24",  # protocol assignments, Oracle's metadata service among them (RFC 6890)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "2001::/23",  # Teredo and other protocols (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4: any IPv4 address, written as IPv6 (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
"""All of public IPv6 (RFC 4291). NAT64 (64:ff9b::/96), mapped and private addresses lie outside."""

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]
Connect = Callable[..., socket.socket]


class AddressRefused(ConnectorError):
    """An address at which we do not call; the message says why."""


def check_store_url(url: str) -> str:
    """The address of a store as we keep it: ``https://shop.example/sub-folder``, no final slash.

    Scheme, host (punycode), port if it is not the scheme's own, and sub-folder; query and fragment are
    dropped. Without a scheme it is taken as https. Raises AddressRefused; whether the host is public is
    asked at each connection (``guarded_session``), for names move.
    """
    typed = url.strip()
    if not typed or len(typed) > LONGEST_URL or _NEVER_IN_AN_ADDRESS.search(typed):
        raise AddressRefused("This is not a web address. It should look like https://shop.example")
    parts = _split(typed if "://" in typed else f"https://{typed}")
    if parts.scheme not in _DEFAULT_PORTS:
        raise AddressRefused("The address of a shop begins with https:// or http://")
    if "@" in parts.netloc:
        raise AddressRefused("The address must not hold a user name or a password.")
    host = (parts.hostname or "").rstrip(".")
    if not _HOST.fullmatch(host):
        raise AddressRefused("The host of this address is not valid. Copy it from your browser.")
    port = f":{parts.port}" if parts.port and parts.port != _DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{_folder(parts.path)}"


def _split(url: str) -> SplitResult:
    """The URL as ``requests`` would call it: host in punycode, path quoted, port a number."""
    try:
        return urlsplit(requests.Request("GET", url).prepare().url or "")
    except (requests.RequestException, ValueError):
        raise AddressRefused("This is not a web address. It should look like https://shop.example") from None


def _folder(path: str) -> str:
    kept: list[str] = []
    for segment in filter(None, path.split("/")):
        if segment.lower() in _BACK_OFFICE:
            break
        if unquote(segment) in (".", ".."):
            raise AddressRefused("The path of this address is not valid. Copy it from your browser.")
        kept.append(segment)
    return "".join(f"/{segment}" for segment in kept)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet and nothing special lives there."""
    if any(address in network for network in _NEVER_PUBLIC if network.version == address.version):
        return False
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve_name(host: str, port: int) -> list[str]:
    """Every address of a host, in the order in which the system would try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def guarded_session(
    allow_private: bool, *, resolve: Resolve = resolve_name, connect: Connect = create_connection
) -> requests.Session:
    """A session that calls public addresses only, unless ``allow_private`` (tests, demo).

    Raises AddressRefused or Unreachable from the call that would have connected elsewhere. It ignores
    proxies and netrc of the environment: through a proxy, the proxy would resolve the name. It keeps no
    cookies: one session serves many stores.
    ``resolve`` and ``connect`` take the place of the network in tests.
    """

    def addresses(host: str, port: int) -> list[str]:
        return _checked(host, port, allow_private, resolve)

    session = requests.Session()
    session.trust_env = False
    session.max_redirects = MOST_REDIRECTS
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = _GuardedAdapter(_pools(addresses, connect))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _checked(host: str, port: int, allow_private: bool, resolve: Resolve) -> list[str]:
    """The addresses of a host, all of them good: one bad one among them is a trick."""
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError):
        raise Unreachable(f"We cannot find {host}. Check the spelling of the address.") from None
    if allow_private:
        return found
    if port not in STORE_PORTS:
        raise AddressRefused(f"We do not call {host} at port {port}. Shops are served at port 443 or 80.")
    if not found or not all(is_public(ip_address(address)) for address in found):
        raise AddressRefused(f"{host} is not on the public internet, so we do not call it.")
    return found


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, pools: Mapping[str, type[HTTPConnectionPool]]) -> None:
        self._pools = pools
        super().__init__(pool_connections=STORES_AT_ONCE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(self._pools)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = TIMEOUT
        return super().send(request, *args, **kwargs)


def _pools(
    addresses: Callable[[str, int], list[str]], connect: Connect
) -> Mapping[str, type[HTTPConnectionPool]]:
    """urllib3's pools, whose connections open their sockets at checked addresses only.

    ``_new_conn`` is where urllib3 resolves and connects; TLS names the host, not the address, after it.
    """

    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _first_that_answers(self, addresses(self._dns_host, self.port), connect)

    class TlsConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _first_that_answers(self, addresses(self._dns_host, self.port), connect)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": PlainPool, "https": TlsPool}


def _first_that_answers(connection: HTTPConnection, addresses: list[str], connect: Connect) -> socket.socket:
    failure: HTTPError = NewConnectionError(connection, f"{connection.host} has no address")
    for address in addresses:
        try:
            return connect(
                (address, connection.port),
                connection.timeout,
                source_address=connection.source_address,
                socket_options=connection.socket_options,
            )
        except TimeoutError:
            failure = ConnectTimeoutError(connection, f"Connecting to {connection.host} timed out")
        except OSError as error:
            failure = NewConnectionError(connection, f"Connecting to {connection.host}: {error.strerror}")
    raise failure
