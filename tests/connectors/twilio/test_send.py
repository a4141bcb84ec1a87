"""Handing a text to Twilio, and telling what certainly did not leave from what nobody knows."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from connectors.sms import Accepted, Category, InDoubt, Refused, Status
from connectors.twilio import TwilioProvider
from tests.connectors.listener import (
    Behaviour,
    Listener,
    hang_up_at_once,
    http_answer,
    read_and_hang_up,
    read_and_say_nothing,
    refused_address,
    say,
)
from tests.connectors.twilio.conftest import SENDER, SERVICE, SHOPPER, MakeProvider, outgoing
from tests.standins.twilio import TwilioStandin

MESSAGE = (
    b'{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "num_segments": "2", '
    b'"price": "-0.01500", "price_unit": "usd", "error_code": null}'
)


def test_a_text_from_a_number_is_accepted(provider: TwilioProvider, twilio: TwilioStandin) -> None:
    result = provider.send(outgoing())
    (text,) = twilio.texts()
    assert result == Accepted(text["sid"], Status.ACCEPTED, segments=1)
    assert (text["to"], text["from"], text["body"]) == (SHOPPER, SENDER, outgoing().body)
    assert (text["validity_period"], text["status_callback"]) == (3600, outgoing().receipt_url)


def test_a_text_from_a_messaging_service_names_the_service_and_knows_no_segments_yet(
    provider: TwilioProvider, twilio: TwilioStandin
) -> None:
    result = provider.send(outgoing(sender=SERVICE))
    (text,) = twilio.texts()
    assert (text["messaging_service_sid"], text["from"]) == (SERVICE, None)
    assert result == Accepted(text["sid"], Status.ACCEPTED, segments=None)


def test_a_sender_name_that_begins_with_mg_is_no_service(
    provider: TwilioProvider, twilio: TwilioStandin
) -> None:
    provider.send(outgoing(sender="MG Shoes"))
    assert twilio.texts()[0]["from"] == "MG Shoes"


def test_the_default_sender_serves_a_text_that_names_none(
    twilio: TwilioStandin, make_provider: MakeProvider
) -> None:
    provider = make_provider(twilio.url, messaging_service_sid=SERVICE, sender=SENDER)
    provider.send(outgoing(sender=""))
    assert provider.default_sender == SERVICE
    assert twilio.texts()[0]["messaging_service_sid"] == SERVICE


def test_a_text_keeps_every_character(provider: TwilioProvider, twilio: TwilioStandin) -> None:
    body = "Čaka te: žarnica „Aurora“ & 1+1=2 % 🙏🏽\nhttps://r.example/r/a?b=c&d"
    provider.send(outgoing(body=body))
    assert twilio.texts()[0]["body"] == body


def test_a_validity_beyond_twilios_limit_is_the_limit(
    provider: TwilioProvider, twilio: TwilioStandin
) -> None:
    provider.send(outgoing(validity=90_000))
    assert twilio.texts()[0]["validity_period"] == 36_000


def test_many_threads_send_through_one_provider(provider: TwilioProvider, twilio: TwilioStandin) -> None:
    texts = [outgoing(to=f"+1415555{number:04}") for number in range(200)]
    with ThreadPoolExecutor(64) as pool:
        results = list(pool.map(provider.send, texts))
    assert {type(result) for result in results} == {Accepted}
    assert twilio.counts() == {(text.to, text.body): 1 for text in texts}


def test_price_and_segments_are_read_where_twilio_tells_them(make_provider: MakeProvider) -> None:
    with Listener(say(http_answer("201 Created", MESSAGE))) as listener:
        result = make_provider(listener.url).send(outgoing())
    assert result == Accepted(
        "SM0123456789abcdef0123456789abcdef", Status.ACCEPTED, 2, Decimal("0.015"), "USD"
    )


@pytest.mark.parametrize(
    ("code", "category"),
    [
        (21610, Category.OPTED_OUT),
        (21211, Category.INVALID_NUMBER),
        (21614, Category.NOT_MOBILE),
        (21612, Category.SENDER_NOT_ALLOWED),
        (30610, Category.QUIET_HOURS),
        (99999, Category.UNKNOWN),
    ],
)
def test_a_refusal_has_a_category_and_keeps_the_code(
    provider: TwilioProvider, twilio: TwilioStandin, code: int, category: Category
) -> None:
    twilio.set_knobs(refuse={SHOPPER: code})
    result = provider.send(outgoing())
    assert isinstance(result, Refused)
    assert (result.category, result.code, result.retryable) == (category, str(code), False)
    assert twilio.texts() == []


def test_a_refusal_never_repeats_the_number(provider: TwilioProvider) -> None:
    result = provider.send(outgoing(to="+0000"))
    assert isinstance(result, Refused)
    assert (result.category, result.detail) == (
        Category.INVALID_NUMBER,
        "Twilio refused the text: invalid 'To' number.",
    )


def test_wrong_credentials_are_a_matter_of_the_account(
    twilio: TwilioStandin, make_provider: MakeProvider
) -> None:
    result = make_provider(twilio.url, auth_token="wrong").send(outgoing())
    assert isinstance(result, Refused)
    assert (result.category, result.code, result.retryable) == (Category.ACCOUNT, "20003", False)


def test_a_rate_limit_may_be_retried_after_the_time_that_twilio_names(
    provider: TwilioProvider, twilio: TwilioStandin
) -> None:
    twilio.set_knobs(script=["rate_limited"], retry_after=7)
    result = provider.send(outgoing())
    assert isinstance(result, Refused)
    assert (result.category, result.retryable, result.retry_after) == (Category.RATE, True, 7.0)
    assert twilio.texts() == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 0", 0.0),
        ("Retry-After: Tue, 24 Nov 2026 15:02:00 GMT", 120.0),
        ("Retry-After: Tue, 24 Nov 2026 14:00:00 GMT", 0.0),
        ("Retry-After: soon", None),
        ("X-Other: 1", None),
    ],
)
def test_the_time_to_wait_is_read_in_both_forms(
    make_provider: MakeProvider, header: str, seconds: float | None
) -> None:
    with Listener(say(http_answer("429 Too Many Requests", b"", header))) as listener:
        result = make_provider(listener.url).send(outgoing())
    assert isinstance(result, Refused)
    assert (result.category, result.retryable, result.retry_after) == (Category.RATE, True, seconds)


@pytest.mark.parametrize(
    ("status", "category"),
    [
        ("400 Bad Request", Category.UNKNOWN),
        ("401 Unauthorized", Category.ACCOUNT),
        ("403 Forbidden", Category.ACCOUNT),
        ("404 Not Found", Category.CONFIG),
    ],
)
def test_a_refusal_without_a_code_goes_by_its_http_status(
    make_provider: MakeProvider, status: str, category: Category
) -> None:
    with Listener(say(http_answer(status, b"<html>no</html>"))) as listener:
        result = make_provider(listener.url).send(outgoing())
    assert isinstance(result, Refused)
    assert (result.category, result.code, result.retryable) == (category, None, False)


def assert_unreachable(result: object) -> None:
    assert isinstance(result, Refused)
    assert (result.category, result.retryable) == (Category.UNREACHABLE, True)


def test_a_refused_connection_certainly_sent_nothing(make_provider: MakeProvider) -> None:
    assert_unreachable(make_provider(f"http://{refused_address()}").send(outgoing()))


def test_a_name_that_does_not_resolve_certainly_sent_nothing(
    make_provider: MakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert_unreachable(make_provider("http://twilio.invalid").send(outgoing()))


def test_a_connection_that_is_not_taken_in_time_certainly_sent_nothing(make_provider: MakeProvider) -> None:
    """A full backlog drops further SYNs, so the connection never stands."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        result = make_provider(f"http://127.0.0.1:{address[1]}", timeout=(0.2, 5.0)).send(outgoing())
        for filler in fillers:
            filler.close()
    assert_unreachable(result)


@pytest.mark.parametrize(
    "behaviour",
    [hang_up_at_once, read_and_hang_up, read_and_say_nothing, say(b"no TLS here")],
    ids=["closed", "reset", "silent", "not TLS"],
)
def test_a_tls_handshake_that_fails_certainly_sent_nothing(
    make_provider: MakeProvider, behaviour: Behaviour
) -> None:
    with Listener(behaviour) as listener:
        assert_unreachable(make_provider(f"https://{listener.address}", timeout=(0.3, 5.0)).send(outgoing()))


def test_a_certificate_that_nobody_vouches_for_certainly_sent_nothing(
    make_provider: MakeProvider, certificate: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def handshake(listener: Listener, connection: socket.socket) -> None:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except ssl.SSLError:
            return

    with Listener(handshake) as listener:
        assert_unreachable(make_provider(f"https://{listener.address}").send(outgoing()))


def test_tls_that_breaks_after_the_request_was_written_leaves_doubt(
    make_provider: MakeProvider, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def spoil(listener: Listener, connection: socket.socket) -> None:
        with context.wrap_socket(connection.dup(), server_side=True) as encrypted:
            listener.received.append(encrypted.recv(65536))
            connection.sendall(b"no TLS record")

    with Listener(spoil) as listener:
        result = make_provider(f"https://{listener.address}").send(outgoing())
        assert b"POST /2010-04-01/Accounts/" in listener.received[0]
    assert isinstance(result, InDoubt)


def test_a_server_that_closes_without_an_answer_leaves_doubt(make_provider: MakeProvider) -> None:
    for behaviour in (hang_up_at_once, read_and_hang_up):
        with Listener(behaviour) as listener:
            assert isinstance(make_provider(listener.url).send(outgoing()), InDoubt)


def test_a_server_that_does_not_answer_in_time_leaves_doubt(make_provider: MakeProvider) -> None:
    with Listener(read_and_say_nothing) as listener:
        result = make_provider(listener.url, timeout=(5.0, 0.2)).send(outgoing())
        assert b"POST /2010-04-01/Accounts/" in listener.received[0]
    assert result == InDoubt("The provider did not answer in time.")


@pytest.mark.parametrize(
    "answer",
    [
        http_answer("201 Created", b"not JSON"),
        http_answer("201 Created", b"[]"),
        http_answer("201 Created", b'{"status": "queued"}'),
        http_answer("201 Created", b'{"sid": null, "status": "queued"}'),
        http_answer("201 Created", MESSAGE)[:-20],
        http_answer("204 No Content"),
        http_answer("302 Found", b"", "Location: http://127.0.0.1:1/"),
        http_answer("408 Request Timeout"),
        http_answer("500 Internal Server Error", b'{"code": 20500}'),
        http_answer("502 Bad Gateway", b"<html>"),
        http_answer("503 Service Unavailable", b'{"code": 20503}'),
        http_answer("504 Gateway Timeout"),
        b"nonsense\r\n\r\n",
    ],
    ids=lambda answer: answer[:60].decode(),
)
def test_an_answer_that_does_not_say_what_became_of_the_text_leaves_doubt(
    make_provider: MakeProvider, answer: bytes
) -> None:
    with Listener(say(answer)) as listener:
        assert isinstance(make_provider(listener.url).send(outgoing()), InDoubt)


@pytest.mark.parametrize(
    ("fault", "taken"),
    [("drop_before", 0), ("drop_after", 1), ("error_before", 0), ("error_after", 1), ("unavailable", 0)],
)
def test_doubt_looks_the_same_whether_the_text_was_taken_or_not(
    provider: TwilioProvider, twilio: TwilioStandin, fault: str, taken: int
) -> None:
    twilio.set_knobs(script=[fault])
    assert isinstance(provider.send(outgoing()), InDoubt)
    assert len(twilio.texts()) == taken


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(
    provider: TwilioProvider, twilio: TwilioStandin
) -> None:
    twilio.set_knobs(script=["none", "drop_before"])
    provider.send(outgoing())
    provider.send(outgoing())
    assert isinstance(provider.send(outgoing()), Accepted)


def test_a_text_is_posted_once_whatever_happens(make_provider: MakeProvider) -> None:
    for behaviour in (read_and_hang_up, say(http_answer("503 Service Unavailable"))):
        with Listener(behaviour) as listener:
            make_provider(listener.url).send(outgoing())
            assert len(listener.received) == 1


def test_texts_go_through_the_proxy_that_the_environment_names(
    make_provider: MakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(say(http_answer("201 Created", MESSAGE))) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert isinstance(make_provider("http://twilio.example").send(outgoing()), Accepted)
        assert proxy.received[0].startswith(b"POST http://twilio.example/2010-04-01/Accounts/")
