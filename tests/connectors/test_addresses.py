from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, IPv4Network, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util.connection import create_connection

from connectors.addresses import AddressRefused, check_store_url, guarded_session, is_public
from connectors.platform import Unreachable
from tests.connectors.listener import Listener, read_and_say_nothing, refused_address
from tests.standins.certificates import self_signed

PUBLIC = "93.184.215.14"
ANOTHER_PUBLIC = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("shop.example", "https://shop.example"),
        ("  https://Shop.Example/ ", "https://shop.example"),
        ("http://shop.example:80/sub//folder/?utm_source=x#top", "http://shop.example/sub/folder"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:8080", "http://shop.example:8080"),
        ("https://bücher.example/Läden", "https://xn--bcher-kva.example/L%C3%A4den"),
        ("https://shop.example./", "https://shop.example"),
        (
            "https://shop.example/boutique/wp-admin/admin.php?page=wc-settings",
            "https://shop.example/boutique",
        ),
        ("https://shop.example/wp-json/", "https://shop.example"),
        ("http://[2606:4700::1111]/shop", "http://[2606:4700::1111]/shop"),
        ("http://127.0.0.1:8089", "http://127.0.0.1:8089"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert check_store_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ftp://shop.example",
        "file:///etc/passwd",
        "gopher://shop.example/_x",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:secret@shop.example/",
        "owner@shop.example",
        "https://shop.example\\@evil.example/",
        "https://shop.example/a b",
        "https://shop.example/\x00",
        "https://shop.example\n.evil.example",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "https://shop..example/",
        "https://*.example/",
        "https://[::1",
        "http://[fe80::1%25eth0]/",
        "https://shop.example/%2e%2e/other",
        "https://shop.example/" + "x" * 600,
    ],
)
def test_what_is_no_shop_address_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_store_url(typed)
    assert str(refused.value).endswith((".", "example", "http://"))
    assert "secret" not in str(refused.value)


@given(st.text(st.sampled_from("abz.:/@?#%2e\\[]0189-_ é"), max_size=40))
def test_a_checked_address_is_whole_and_stays_as_it_is(typed: str) -> None:
    try:
        kept = check_store_url(typed)
    except AddressRefused:
        return
    parts = urlsplit(kept)
    assert check_store_url(kept) == kept
    assert kept.isascii()
    assert parts.scheme in ("http", "https")
    assert parts.hostname
    assert not (parts.query or parts.fragment or parts.username or kept.endswith("/"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "100.64.0.1",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.7",
        "224.0.0.1",
        "233.252.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "192.88.99.1",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_not_public_is_never_called(address: str) -> None:
    assert not is_public(ip_address(address))
    session = guarded_session(False, resolve=lambda host, port: [address], connect=never)
    with (
        closing(session),
        pytest.raises(AddressRefused, match=r"shop\.example is not on the public internet"),
    ):
        session.get("https://shop.example/")


@pytest.mark.parametrize("address", [PUBLIC, ANOTHER_PUBLIC, "8.8.8.8", "2a00:1450:4001:81b::200e"])
def test_what_is_public_may_be_called(address: str) -> None:
    assert is_public(ip_address(address))


@given(
    st.ip_addresses(v=4).filter(lambda address: address in IPv4Network("10.0.0.0/8")) | st.ip_addresses(v=4)
)
def test_a_private_address_is_refused_in_every_ipv6_dress(address: IPv4Address) -> None:
    for dressed in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}"):
        assert not is_public(ip_address(dressed))


def test_one_private_address_among_public_ones_is_refused() -> None:
    session = guarded_session(False, resolve=lambda host, port: [PUBLIC, "10.0.0.1"], connect=never)
    with closing(session), pytest.raises(AddressRefused):
        session.get("https://shop.example/")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_loopback_is_refused(host: str) -> None:
    with closing(guarded_session(False, connect=never)) as session, pytest.raises(AddressRefused):
        session.get(f"http://{host}/")


@pytest.mark.parametrize("number", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_loopback_is_refused_however_the_system_reads_it(number: str) -> None:
    session = guarded_session(False, resolve=as_the_system_reads_it, connect=never)
    with closing(session), pytest.raises(AddressRefused):
        session.get(f"http://{number}/")


def test_a_name_that_is_not_found_is_said_to_be_misspelt() -> None:
    def not_found(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    session = guarded_session(False, resolve=not_found)
    with closing(session), pytest.raises(Unreachable, match=r"cannot find shop\.example"):
        session.get("https://shop.example/")


def test_an_unusual_port_is_not_knocked_at() -> None:
    session = guarded_session(False, resolve=lambda host, port: [PUBLIC], connect=never)
    with closing(session), pytest.raises(AddressRefused, match="port 25"):
        session.get("http://shop.example:25/")


def test_the_connection_goes_to_the_checked_address_whatever_the_name_says_later() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    with shop() as server, closing(rerouted(server, lambda host, port: next(answers))) as session:
        assert session.get("http://shop.example/").text == "GET / at shop.example"
        assert server.connected == [PUBLIC]
        session.close()
        with pytest.raises(AddressRefused):
            session.get("http://shop.example/")
        assert server.connected == [PUBLIC]


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with shop() as server:
        session = rerouted(server, lambda host, port: [ANOTHER_PUBLIC, PUBLIC], dead={ANOTHER_PUBLIC})
        with closing(session):
            assert session.get("http://shop.example/").ok
        assert server.connected == [ANOTHER_PUBLIC, PUBLIC]


def test_tls_and_host_still_carry_the_name(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "shop.example")
    with shop(certificate) as server, closing(rerouted(server, lambda host, port: [PUBLIC])) as session:
        session.verify = certificate[0]
        assert session.get("https://shop.example/").text == "GET / at shop.example"
        assert server.names == ["shop.example"]
        with pytest.raises(requests.exceptions.SSLError):
            session.get("https://another.example/")


@pytest.mark.parametrize("target", ["http://inside.example/", "http://169.254.169.254/latest/meta-data/"])
def test_a_redirect_to_a_private_address_is_refused(target: str) -> None:
    def resolve(host: str, port: int) -> list[str]:
        return {"shop.example": [PUBLIC], "inside.example": ["10.0.0.1"]}.get(host, [host])

    with shop(redirect=target) as server, closing(rerouted(server, resolve)) as session:
        with pytest.raises(AddressRefused):
            session.get("http://shop.example/")
        assert server.connected == [PUBLIC]


def test_a_redirect_never_ends_elsewhere_than_http() -> None:
    with (
        shop(redirect="file:///etc/passwd") as server,
        closing(rerouted(server, lambda host, port: [PUBLIC])) as session,
        pytest.raises(requests.exceptions.InvalidSchema),
    ):
        session.get("http://shop.example/")


def test_a_circle_of_redirects_ends() -> None:
    with (
        shop(redirect="/again") as server,
        closing(rerouted(server, lambda host, port: [PUBLIC])) as session,
        pytest.raises(requests.exceptions.TooManyRedirects),
    ):
        session.get("http://shop.example/")


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{refused_address()}")
    with shop() as server, closing(rerouted(server, lambda host, port: [PUBLIC])) as session:
        assert session.get("http://shop.example/").ok


def test_private_addresses_are_called_where_they_are_allowed() -> None:
    with shop() as server, closing(guarded_session(True)) as session:
        assert session.get(f"http://127.0.0.1:{server.server_port}/").ok


def test_nobody_listening_is_a_connection_error() -> None:
    with closing(guarded_session(True)) as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://{refused_address()}/")


def test_a_call_without_a_time_limit_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.addresses.TIMEOUT", (1.0, 0.05))
    session = guarded_session(True)
    with Listener(read_and_say_nothing) as listener, closing(session), pytest.raises(requests.ReadTimeout):
        session.get(listener.url)


def as_the_system_reads_it(host: str, port: int) -> list[str]:
    return [socket.inet_ntoa(socket.inet_aton(host))]


class Shop(ThreadingHTTPServer):
    """A server that notes under which names and addresses it was called."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.connected: list[str] = []
        self.names: list[str | None] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that refuses our certificate hangs up: that is its right."""


@contextmanager
def shop(certificate: tuple[str, str] | None = None, redirect: str | None = None) -> Iterator[Shop]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"GET {self.path} at {self.headers['Host']}".encode()
            self.send_response(302 if redirect else 200)
            if redirect:
                self.send_header("Location", redirect)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with Shop(Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            context.sni_callback = lambda tls, name, context: server.names.append(name)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def rerouted(server: Shop, resolve: Any, dead: frozenset[str] | set[str] = frozenset()) -> requests.Session:
    """A guarded session whose public addresses all lead to the server of the test."""

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        server.connected.append(address[0])
        if address[0] in dead:
            raise ConnectionRefusedError
        return create_connection(("127.0.0.1", server.server_port), *args, **kwargs)

    return guarded_session(False, resolve=resolve, connect=connect)


def never(*args: Any, **kwargs: Any) -> socket.socket:
    raise AssertionError(f"a connection to {args} was opened")
