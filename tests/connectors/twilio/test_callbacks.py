"""Receipts and replies as Twilio sends them."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import permutations
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sms import (
    FINAL,
    RANK,
    CallbackRequest,
    Category,
    MalformedCallback,
    Receipt,
    Reply,
    Status,
    moves_forward,
)
from connectors.twilio import TwilioProvider
from connectors.twilio.status import status
from tests.connectors.twilio.conftest import SENDER, SERVICE, SHOPPER, MakeProvider
from tests.standins.twilio.callbacks import sign

RECEIPT_URL = "https://app.example/webhooks/sms/twilio/receipt"
SID = "SM0123456789abcdef0123456789abcdef"
STATUSES = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,
    "partially_delivered": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
    "receiving": None,
    "received": None,
    "brand_new": None,
}


@pytest.fixture
def provider(make_provider: MakeProvider) -> TwilioProvider:
    """A provider that calls nobody."""
    return make_provider("http://127.0.0.1:1")


def form_callback(**fields: str) -> CallbackRequest:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return CallbackRequest("POST", RECEIPT_URL, headers, urlencode(fields).encode())


def receipt_of(provider: TwilioProvider, **fields: str) -> Receipt:
    return provider.parse_receipt(form_callback(**{"MessageSid": SID, **fields}))


@pytest.mark.parametrize(("provider_status", "expected"), list(STATUSES.items()))
def test_every_state_of_twilio_has_its_place(
    provider: TwilioProvider, provider_status: str, expected: Status | None
) -> None:
    receipt = receipt_of(provider, MessageStatus=provider_status)
    assert (receipt.status, receipt.provider_status) == (expected, provider_status)


def test_a_delivered_text_has_no_category(provider: TwilioProvider) -> None:
    receipt = receipt_of(provider, MessageStatus="delivered", From=SENDER)
    assert receipt == Receipt(SID, Status.DELIVERED, "delivered", sender=SENDER)


@pytest.mark.parametrize(
    ("state", "code", "category"),
    [
        ("undelivered", "30003", Category.TEMPORARY),
        ("undelivered", "30005", Category.INVALID_NUMBER),
        ("failed", "21610", Category.OPTED_OUT),
        ("failed", "77777", Category.UNKNOWN),
        ("failed", "", Category.UNKNOWN),
        ("canceled", "", Category.CANCELLED),
    ],
)
def test_a_text_that_did_not_arrive_says_why(
    provider: TwilioProvider, state: str, code: str, category: Category
) -> None:
    receipt = receipt_of(provider, MessageStatus=state, ErrorCode=code)
    assert (receipt.category, receipt.code) == (category, code or None)


def test_segments_and_price_are_read_if_they_come(provider: TwilioProvider) -> None:
    receipt = receipt_of(
        provider, MessageStatus="sent", NumSegments="2", Price="-0.01500", PriceUnit="USD", Unknown="x"
    )
    assert (receipt.segments, receipt.price, receipt.currency) == (2, Decimal("0.015"), "USD")


@pytest.mark.parametrize(
    ("segments", "price"), [("0", ""), ("", "NaN"), ("many", "free"), ("-1", "Infinity")]
)
def test_odd_figures_are_unknown_figures(provider: TwilioProvider, segments: str, price: str) -> None:
    receipt = receipt_of(provider, MessageStatus="sent", NumSegments=segments, Price=price)
    assert (receipt.segments, receipt.price) == (None, None)


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_receipts_in_any_order_end_at_the_furthest_state(
    provider: TwilioProvider, order: tuple[str, ...]
) -> None:
    current = Status.ACCEPTED
    for provider_status in order:
        reported = receipt_of(provider, MessageStatus=provider_status).status
        assert reported is not None
        current = reported if moves_forward(current, reported) else current
    assert current is Status.DELIVERED


@given(st.lists(st.sampled_from(sorted(STATUSES)), max_size=12))
def test_no_sequence_of_receipts_moves_a_text_back(reports: list[str]) -> None:
    current = Status.ACCEPTED
    for report in reports:
        reported = status(report)
        if reported is None or not moves_forward(current, reported):
            continue
        assert current not in FINAL and RANK[reported] > RANK[current]
        current = reported


def test_a_reply_is_read_whole(provider: TwilioProvider) -> None:
    reply = provider.parse_reply(
        form_callback(MessageSid=SID, From=SHOPPER, To=SENDER, Body="Ali imate modro? 💙 ", NumMedia="0")
    )
    assert reply == Reply(SID, SHOPPER, SENDER, "Ali imate modro? 💙 ")


@pytest.mark.parametrize(
    ("opt_out_type", "answered"), [("STOP", "stop"), ("START", "start"), ("HELP", "help"), ("NEW", None)]
)
def test_a_keyword_that_twilio_answered_is_marked(
    provider: TwilioProvider, opt_out_type: str, answered: str | None
) -> None:
    fields = {"MessageSid": SID, "From": SHOPPER, "To": SENDER, "Body": "x", "OptOutType": opt_out_type}
    reply = provider.parse_reply(form_callback(**fields, MessagingServiceSid=SERVICE))
    assert (reply.answered, reply.account) == (answered, SERVICE)


def test_a_picture_without_words_is_a_reply_too(provider: TwilioProvider) -> None:
    reply = provider.parse_reply(
        form_callback(MessageSid=SID, From=SHOPPER, To=SENDER, Body="", NumMedia="1")
    )
    assert reply.body == ""


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To"])
def test_a_reply_that_lacks_a_parameter_names_it(provider: TwilioProvider, missing: str) -> None:
    fields = {"MessageSid": SID, "From": SHOPPER, "To": SENDER, "Body": "x"}
    del fields[missing]
    with pytest.raises(MalformedCallback, match=missing):
        provider.parse_reply(form_callback(**fields))


@pytest.mark.parametrize("missing", ["MessageSid", "MessageStatus"])
def test_a_receipt_that_lacks_a_parameter_names_it(provider: TwilioProvider, missing: str) -> None:
    fields = {"MessageSid": SID, "MessageStatus": "sent"}
    del fields[missing]
    with pytest.raises(MalformedCallback, match=missing):
        provider.parse_receipt(form_callback(**fields))


def json_callback(body: bytes) -> CallbackRequest:
    return CallbackRequest("POST", RECEIPT_URL, {"content-type": "application/json"}, body)


def test_a_json_callback_is_read_like_a_form(provider: TwilioProvider) -> None:
    body = json.dumps({"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": 30003}).encode()
    receipt = provider.parse_receipt(json_callback(body))
    assert (receipt.status, receipt.code) == (Status.UNDELIVERED, "30003")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_bytes_that_are_not_what_twilio_sends_are_malformed(provider: TwilioProvider, body: bytes) -> None:
    with pytest.raises(MalformedCallback):
        provider.parse_receipt(json_callback(body))


@given(body=st.binary(max_size=60))
def test_any_form_is_read_or_malformed(body: bytes) -> None:
    provider = TwilioProvider("AC" + "0" * 32, "t", now=lambda: pytest.fail("no clock is needed here"))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with pytest.raises(MalformedCallback):
        provider.parse_receipt(CallbackRequest("POST", RECEIPT_URL, headers, body))


def test_a_signed_callback_is_verified_with_the_accounts_token(provider: TwilioProvider) -> None:
    fields = {"MessageSid": SID, "MessageStatus": "sent"}
    request = form_callback(**fields)
    headers = {**request.headers, "x-twilio-signature": sign(RECEIPT_URL, fields, "the-standin-auth-token")}
    assert provider.verify(CallbackRequest("POST", RECEIPT_URL, headers, request.body))
    assert not provider.verify(CallbackRequest("POST", RECEIPT_URL, headers, request.body + b"&x=1"))
