from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import requests

from connectors.addresses import guarded_session
from connectors.woocommerce.rest import Credentials, RestClient
from connectors.woocommerce.store import WooCommerceStore
from tests.standins.certificates import self_signed
from tests.standins.woocommerce import WooCommerceStandin

SECRET = "a1b2c3d4" * 8
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nobody_was_poked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports come again, and with them addresses that another test poked or asked a moment ago."""
    monkeypatch.setattr("connectors.woocommerce.store._last_pokes", {})
    monkeypatch.setattr("connectors.woocommerce.shipping._known", {})


@pytest.fixture
def session(certificate: tuple[str, str]) -> Iterator[requests.Session]:
    """A session that may call this machine and trusts the stand-in's certificate."""
    with guarded_session(True) as opened:
        opened.verify = certificate[0]
        yield opened


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return self_signed(tmp_path_factory.mktemp("certificate"), "127.0.0.1")


@pytest.fixture
def shop() -> Iterator[WooCommerceStandin]:
    """A store at http, in a sub-folder."""
    with WooCommerceStandin(path="/boutique") as store:
        yield store


@pytest.fixture
def secure_shop(certificate: tuple[str, str]) -> Iterator[WooCommerceStandin]:
    """A store at https."""
    with WooCommerceStandin(tls=certificate) as store:
        yield store


@pytest.fixture
def open_rest(session: requests.Session) -> Callable[[WooCommerceStandin], RestClient]:
    """Makes a client with a new key of a store."""

    def open_it(store: WooCommerceStandin) -> RestClient:
        return RestClient(Credentials(store.url, *store.add_key()), session)

    return open_it


@pytest.fixture
def client(
    shop: WooCommerceStandin, open_rest: Callable[[WooCommerceStandin], RestClient]
) -> WooCommerceStore:
    """The client of ``shop``."""
    return WooCommerceStore(open_rest(shop), SECRET)
