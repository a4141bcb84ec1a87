"""The sandbox provider against a phone that speaks the protocol over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox import (
    HeldText,
    SandboxProvider,
    is_signature,
    read_text,
    receipt_body,
    reply_body,
    sign,
)
from connectors.sms import (
    FINAL,
    Accepted,
    CallbackRequest,
    Category,
    InDoubt,
    MalformedCallback,
    OutgoingText,
    ProviderUnreachable,
    Question,
    Receipt,
    Refused,
    Reply,
    Status,
    moves_forward,
)
from tests.connectors.listener import (
    Listener,
    hang_up_at_once,
    http_answer,
    read_and_hang_up,
    read_and_say_nothing,
    refused_address,
    say,
)
from tests.connectors.sandbox.phone import NOW, SECRET, Phone

TEXT = OutgoingText(
    to="+38640123456",
    body="Vaša košarica čaka: http://localhost:8000/r/Zb3kQ9xY2mP 💛",
    sender="Demo",
    reference="step:1:reminder:0",
    receipt_url="http://localhost:8000/webhooks/sms/sandbox/receipt",
    validity=3600,
    link_token="Zb3kQ9xY2mP",
)
BY_LINK = Question(TEXT.to, TEXT.body, TEXT.sender, NOW, TEXT.link_token)
BY_BODY = replace(BY_LINK, link_token=None)


@pytest.fixture
def phone() -> Iterator[Phone]:
    with Phone() as phone:
        yield phone


@pytest.fixture
def make_provider() -> Iterator[Any]:
    made: list[SandboxProvider] = []

    def make(url: str, secret: str = SECRET, timeout: tuple[float, float] = (5.0, 5.0)) -> SandboxProvider:
        made.append(SandboxProvider(url, secret, now=lambda: NOW, timeout=timeout))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@pytest.fixture
def provider(phone: Phone, make_provider: Any) -> SandboxProvider:
    return make_provider(phone.url)


def callback(body: bytes, signature: str | None = None) -> CallbackRequest:
    headers = {"x-sandbox-signature": sign(body, SECRET) if signature is None else signature}
    return CallbackRequest("POST", TEXT.receipt_url, headers, body)


def test_a_text_arrives_as_it_was_sent(provider: SandboxProvider, phone: Phone) -> None:
    result = provider.send(TEXT)
    assert result == Accepted("sandbox-1", Status.ACCEPTED, 2, Decimal("0.01"), "EUR")
    assert phone.texts[0].text == replace(TEXT, link_token=None)


def test_a_text_that_is_sent_twice_is_two_texts(provider: SandboxProvider, phone: Phone) -> None:
    provider.send(TEXT)
    provider.send(TEXT)
    assert len(phone.texts) == 2


def test_a_wrong_secret_is_refused(phone: Phone, make_provider: Any) -> None:
    provider = make_provider(phone.url, "another")
    assert isinstance(provider.send(TEXT), Refused)
    with pytest.raises(ProviderUnreachable):
        provider.find(BY_LINK)
    assert (phone.unsigned, phone.texts) == (2, [])


@pytest.mark.parametrize("category", list(Category))
def test_every_category_can_be_a_refusal(provider: SandboxProvider, phone: Phone, category: Category) -> None:
    phone.refuses[TEXT.to] = category
    result = provider.send(TEXT)
    assert isinstance(result, Refused)
    assert (result.category, result.retryable) == (category, category is Category.RATE)
    assert phone.texts == []


def test_too_many_requests_may_be_retried(make_provider: Any) -> None:
    with Listener(say(http_answer("429 Too Many Requests", b"", "Retry-After: 3"))) as listener:
        result = make_provider(listener.url).send(TEXT)
    assert isinstance(result, Refused)
    assert (result.category, result.retryable, result.retry_after) == (Category.RATE, True, 3.0)


def test_a_refused_connection_certainly_sent_nothing(make_provider: Any) -> None:
    result = make_provider(f"http://{refused_address()}").send(TEXT)
    assert isinstance(result, Refused)
    assert (result.category, result.retryable) == (Category.UNREACHABLE, True)


@pytest.mark.parametrize(
    "behaviour",
    [
        hang_up_at_once,
        read_and_hang_up,
        read_and_say_nothing,
        say(http_answer("201 Created", b"{}")),
        say(http_answer("201 Created", b"not JSON")),
        say(http_answer("201 Created", b'{"id": "1", "price": "free"}')),
        say(http_answer("200 OK", b'{"id": "1"}')),
        say(http_answer("302 Found", b"", "Location: /")),
        say(http_answer("500 Internal Server Error")),
    ],
)
def test_what_became_of_the_text_is_in_doubt_where_the_answer_does_not_say(
    make_provider: Any, behaviour: Any
) -> None:
    with Listener(behaviour) as listener:
        assert isinstance(make_provider(listener.url, timeout=(5.0, 0.2)).send(TEXT), InDoubt)


def test_a_text_is_found_by_its_link(provider: SandboxProvider) -> None:
    provider.send(TEXT)
    (found,) = provider.find(BY_LINK)
    assert found == Receipt(
        "sandbox-1", Status.ACCEPTED, "accepted", None, None, 2, Decimal("0.01"), "EUR", "Demo"
    )
    assert list(provider.find(replace(BY_LINK, link_token="Another1token"))) == []


def test_a_text_without_a_link_is_found_by_sender_body_and_minute(provider: SandboxProvider) -> None:
    provider.send(TEXT)
    assert len(provider.find(BY_BODY)) == 1
    assert list(provider.find(replace(BY_BODY, sender="Other"))) == []
    assert list(provider.find(replace(BY_BODY, body="Other"))) == []
    assert list(provider.find(replace(BY_BODY, sent_at=NOW + timedelta(hours=1)))) == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"messages": [1]}', b'{"messages": [{"to": "+38640123456"}]}']
)
def test_a_list_that_cannot_be_read_is_no_empty_list(make_provider: Any, body: bytes) -> None:
    with Listener(say(http_answer("200 OK", body))) as listener, pytest.raises(ProviderUnreachable):
        make_provider(listener.url).find(BY_LINK)


def test_a_sandbox_that_cannot_be_reached_is_asked_again_later(make_provider: Any) -> None:
    with pytest.raises(ProviderUnreachable):
        make_provider(f"http://{refused_address()}").find(BY_LINK)


HELD = HeldText("sandbox-7", TEXT, NOW, segments=2, price=Decimal("0.01"), currency="EUR")


@pytest.mark.parametrize("status", list(Status))
def test_a_receipt_that_the_phone_builds_is_verified_and_read(make_provider: Any, status: Status) -> None:
    provider = make_provider("http://127.0.0.1:1")
    request = callback(receipt_body(replace(HELD, status=status, code=Category.TEMPORARY)))
    failed = status in (Status.UNDELIVERED, Status.FAILED)
    assert provider.verify(request)
    assert provider.parse_receipt(request) == Receipt(
        "sandbox-7",
        status,
        status.value,
        Category.TEMPORARY if failed else None,
        "temporary",
        2,
        Decimal("0.01"),
        "EUR",
        "Demo",
    )


@given(st.lists(st.sampled_from(list(Status)), max_size=8))
def test_receipts_in_any_order_never_move_a_text_out_of_a_final_state(statuses: list[Status]) -> None:
    provider = SandboxProvider("http://127.0.0.1:1", SECRET, now=lambda: NOW)
    current = Status.ACCEPTED
    for status in statuses:
        reported = provider.parse_receipt(callback(receipt_body(replace(HELD, status=status)))).status
        assert reported is status
        current = reported if moves_forward(current, reported) else current
    final = [status for status in statuses if status in FINAL]
    furthest_open = Status.SENT if Status.SENT in statuses else Status.ACCEPTED
    assert current is (final[0] if final else furthest_open)


def test_a_reply_that_the_phone_builds_is_verified_and_read(make_provider: Any) -> None:
    provider = make_provider("http://127.0.0.1:1")
    request = callback(reply_body("reply-1", TEXT.to, "Demo", "Stop 🛑", "stop"))
    assert provider.verify(request)
    assert provider.parse_reply(request) == Reply("reply-1", TEXT.to, "Demo", "Stop 🛑", "stop")
    unanswered = provider.parse_reply(callback(reply_body("reply-2", TEXT.to, "Demo", "", None)))
    assert (unanswered.body, unanswered.answered) == ("", None)


def test_a_signed_receipt_is_no_reply_and_a_reply_no_receipt(make_provider: Any) -> None:
    provider = make_provider("http://127.0.0.1:1")
    with pytest.raises(MalformedCallback):
        provider.parse_reply(callback(receipt_body(HELD)))
    with pytest.raises(MalformedCallback):
        provider.parse_receipt(callback(reply_body("reply-1", TEXT.to, "Demo", "Stop")))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b'{"type": "receipt"}', b'{"type": "reply", "id": 1}']
)
def test_bytes_that_are_not_of_the_protocol_are_malformed(make_provider: Any, body: bytes) -> None:
    provider = make_provider("http://127.0.0.1:1")
    for read in (provider.parse_receipt, provider.parse_reply):
        with pytest.raises(MalformedCallback):
            read(callback(body))


def test_an_unknown_status_changes_nothing(make_provider: Any) -> None:
    body = b'{"type": "receipt", "id": "1", "status": "brand_new"}'
    receipt = make_provider("http://127.0.0.1:1").parse_receipt(callback(body))
    assert (receipt.status, receipt.provider_status) == (None, "brand_new")


@pytest.mark.parametrize("missing", ["to", "from", "body", "reference", "receipt_url", "validity"])
def test_a_request_to_the_phone_that_lacks_a_field_names_it(missing: str) -> None:
    names = ["to", "from", "body", "reference", "receipt_url"]
    pairs = [f'"{name}": "x"' for name in names if name != missing]
    pairs += [] if missing == "validity" else ['"validity": 60']
    with pytest.raises(MalformedCallback, match=missing):
        read_text(("{" + ", ".join(pairs) + "}").encode())


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_a_signature_belongs_to_exactly_these_bytes_and_this_secret(payload: bytes, other: bytes) -> None:
    signature = sign(payload, SECRET)
    assert is_signature(signature, payload, SECRET)
    assert not is_signature(signature, payload, "another")
    assert is_signature(signature, other, SECRET) is (payload == other)


@pytest.mark.parametrize("signature", ["", "00", "ünïcode", "\udcff"])
def test_a_missing_or_broken_signature_is_refused(make_provider: Any, signature: str) -> None:
    assert not make_provider("http://127.0.0.1:1").verify(callback(b"{}", signature))
    assert not make_provider("http://127.0.0.1:1").verify(CallbackRequest("POST", "http://x", {}, b"{}"))
