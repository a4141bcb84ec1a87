from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.sms import OutgoingText
from connectors.twilio import TwilioProvider
from tests.standins.twilio import TwilioStandin

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
SERVICE = "MG" + "0" * 31 + "1"
SENDER = "+15005550001"
SHOPPER = "+14155550123"

MakeProvider = Callable[..., TwilioProvider]


def outgoing(**changes: object) -> OutgoingText:
    fields = {
        "to": SHOPPER,
        "body": "Your Aurora lamp is saved: https://r.example/r/Zb3kQ9xY2mP STOP to opt out",
        "sender": SENDER,
        "reference": "step:1:reminder:0",
        "receipt_url": "https://app.example/webhooks/sms/twilio/receipt",
        "validity": 3600,
        "link_token": "Zb3kQ9xY2mP",
    }
    return OutgoingText(**{**fields, **changes})  # type: ignore[arg-type]  # the fields have many types


@pytest.fixture
def twilio() -> Iterator[TwilioStandin]:
    with TwilioStandin(now=lambda: NOW, receipts=False) as twilio:
        yield twilio
        assert twilio.violations() == []


@pytest.fixture
def make_provider() -> Iterator[MakeProvider]:
    """Makes providers for any address, and closes them."""
    made: list[TwilioProvider] = []

    def make(url: str, *, timeout: tuple[float, float] = (5.0, 5.0), **options: str) -> TwilioProvider:
        credentials = {"account_sid": "AC" + "0" * 31 + "1", "auth_token": "the-standin-auth-token"}
        provider = TwilioProvider(**{**credentials, **options}, api_url=url, now=lambda: NOW, timeout=timeout)
        made.append(provider)
        return provider

    yield make
    for provider in made:
        provider.close()


@pytest.fixture
def provider(twilio: TwilioStandin, make_provider: MakeProvider) -> TwilioProvider:
    return make_provider(twilio.url)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A self-signed certificate with its key, as a PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return str(path)
