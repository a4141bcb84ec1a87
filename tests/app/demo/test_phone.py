"""The phone and its SMS provider, reached by Warmcart's own sandbox connector over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest

from app.clock import FixedClock
from app.demo.words import messages
from connectors.sandbox import SIGNATURE_HEADER, SandboxProvider, sign
from connectors.sms import Accepted, CallbackRequest, Category, OutgoingText, Question, Refused, Status
from flows.providers import receipt_url, sandbox_secret, sandbox_url
from tests.app.demo.conftest import Stage

NUMBER = "+447400123456"
LINK = "https://warmcart.example/r/AbCdEfGhIjKl"
BODY = f"Fern & Kettle: your cart is saved: {LINK}\nReply STOP to opt out"


@pytest.fixture
def provider(stage: Stage) -> Iterator[SandboxProvider]:
    settings = stage.runtime.settings
    provider = SandboxProvider(sandbox_url(settings), sandbox_secret(settings), now=stage.runtime.clock.now)
    yield provider
    provider.close()


def text(stage: Stage, body: str = BODY, to: str = NUMBER) -> OutgoingText:
    return OutgoingText(to, body, "Warmcart", "1", receipt_url(stage.runtime.settings, "sandbox"), 3600)


def test_a_text_that_was_taken_lies_on_the_phone(stage: Stage, provider: SandboxProvider) -> None:
    taken = provider.send(text(stage))
    assert isinstance(taken, Accepted)
    assert (taken.segments, taken.price, taken.currency) == (1, Decimal("0.045"), "EUR")
    page = stage.visitor().get("/demo/phone").text
    assert "Fern &amp; Kettle: your cart is saved:" in page
    assert f'<a href="{LINK}" target="demo-shop" rel="noreferrer">{LINK}</a>' in page
    assert "18:00" in page
    assert "<h2>Warmcart</h2>" in page


def test_every_part_of_a_long_text_is_paid_for(stage: Stage, provider: SandboxProvider) -> None:
    taken = provider.send(text(stage, "Košarica " * 10))
    assert isinstance(taken, Accepted)
    assert (taken.segments, taken.price) == (2, Decimal("0.090"))


def test_the_receipts_follow_as_from_a_network(stage: Stage, provider: SandboxProvider) -> None:
    taken = provider.send(text(stage))
    rows = stage.heard("sms:sandbox:receipt")
    receipts = [provider.parse_receipt(CallbackRequest("POST", "", {}, row.body or b"")) for row in rows]
    assert isinstance(taken, Accepted)
    assert [(one.provider_id, one.status) for one in receipts] == [
        (taken.provider_id, Status.SENT),
        (taken.provider_id, Status.DELIVERED),
    ]


def test_a_text_in_doubt_is_found_by_its_token(
    stage: Stage, provider: SandboxProvider, clock: FixedClock
) -> None:
    provider.send(text(stage))
    provider.send(text(stage, "another text"))
    question = Question(NUMBER, BODY, "Warmcart", clock.now(), link_token="AbCdEfGhIjKl")
    (found,) = provider.find(question)
    assert found.segments == 1
    assert provider.find(Question(NUMBER, BODY, "Warmcart", clock.now(), link_token="ZZZZZZZZZZZZ")) == []


def test_what_is_no_number_is_refused(stage: Stage, provider: SandboxProvider) -> None:
    refused = provider.send(text(stage, to="+0"))
    assert isinstance(refused, Refused)
    assert (refused.category, refused.retryable) == (Category.INVALID_NUMBER, False)


def test_the_sandbox_takes_and_tells_nothing_without_its_signature(stage: Stage) -> None:
    client, path = stage.app.test_client(), "/demo/phone/sandbox/messages"
    forged = {SIGNATURE_HEADER: sign(b"{}", "guessed")}
    assert client.post(path, data=b"{}", headers=forged).status_code == 403
    assert client.post(path, data=b"{}").status_code == 403
    assert client.get(f"{path}?to={quote(NUMBER)}", headers=forged).status_code == 403
    assert stage.texts.numbers() == []


def test_a_signed_body_that_is_no_text_is_refused(stage: Stage) -> None:
    secret = sandbox_secret(stage.runtime.settings)
    for body in (b"[]", b"\xff", b'{"to": "+447400123456"}'):
        headers = {SIGNATURE_HEADER: sign(body, secret)}
        answer = stage.app.test_client().post("/demo/phone/sandbox/messages", data=body, headers=headers)
        assert answer.status_code == 400


def test_a_reply_stands_on_the_phone_and_goes_to_warmcart(stage: Stage, provider: SandboxProvider) -> None:
    provider.send(text(stage))
    visitor = stage.visitor()
    answer = visitor.post("/demo/phone/reply", number=NUMBER, body=" STOP ")
    assert answer.status_code == 303
    assert 'class="bubble mine"><p>STOP</p>' in visitor.get(answer.location).text
    (row,) = stage.heard("sms:sandbox:reply")
    reply = provider.parse_reply(CallbackRequest("POST", "", {}, row.body or b""))
    assert (reply.from_number, reply.to_number, reply.body) == (NUMBER, "Warmcart", "STOP")
    assert reply.answered is None


def test_script_in_a_text_or_a_reply_is_shown_and_not_run(stage: Stage, provider: SandboxProvider) -> None:
    evil = '<script>alert(1)</script> javascript:alert(1) https://x.example/"onclick=alert(1)'
    provider.send(text(stage, evil))
    visitor = stage.visitor()
    visitor.post("/demo/phone/reply", number=NUMBER, body=evil)
    page = visitor.get("/demo/phone").text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert 'onclick=alert(1)"' not in page


def test_a_number_without_texts_cannot_reply(stage: Stage) -> None:
    visitor = stage.visitor()
    assert "demo/phone/reply" not in visitor.get(f"/demo/phone?number={quote(NUMBER)}").text
    assert visitor.post("/demo/phone/reply", number=NUMBER, body="STOP").status_code == 400
    assert stage.heard("sms:sandbox:reply") == []


def test_an_empty_reply_is_none(stage: Stage, provider: SandboxProvider) -> None:
    provider.send(text(stage))
    assert stage.visitor().post("/demo/phone/reply", number=NUMBER, body="  ").status_code == 303
    assert stage.heard("sms:sandbox:reply") == []


def test_each_number_has_its_own_conversation(
    stage: Stage, provider: SandboxProvider, clock: FixedClock
) -> None:
    provider.send(text(stage, "for Ana"))
    clock.advance(timedelta(seconds=5))
    provider.send(text(stage, "for Ben", to="+4915123456789"))
    visitor = stage.visitor()
    latest = visitor.get("/demo/phone").text
    assert "for Ben" in latest
    assert "for Ana" not in latest
    assert '<option value="+447400123456">' in latest
    assert 'data-messages="/demo/phone/messages"' in latest
    chosen = visitor.get(f"/demo/phone?number={quote(NUMBER)}").text
    assert "for Ana" in chosen
    assert 'data-messages="/demo/phone/messages?number=%2B447400123456"' in chosen


def test_the_page_asks_for_the_conversation_alone(stage: Stage, provider: SandboxProvider) -> None:
    assert messages("en")["phone.empty"] in stage.visitor().get("/demo/phone/messages").text
    provider.send(text(stage))
    part = stage.visitor().get("/demo/phone/messages").text
    assert "<html" not in part
    assert 'id="talk"' in part


def test_the_phone_has_the_time_of_its_number(stage: Stage, provider: SandboxProvider) -> None:
    provider.send(text(stage, to="+819012345678"))
    assert "03:00" in stage.visitor().get("/demo/phone").text
