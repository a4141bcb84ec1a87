"""Asking Twilio what became of a text in doubt."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.sms import Category, InDoubt, ProviderUnreachable, Question, Status
from connectors.twilio import TwilioProvider
from connectors.twilio import provider as module
from tests.connectors.listener import Listener, http_answer, read_and_say_nothing, refused_address, say
from tests.connectors.twilio.conftest import NOW, SENDER, SERVICE, SHOPPER, MakeProvider, outgoing
from tests.standins.twilio import TwilioStandin

TEXT = outgoing()
BY_LINK = Question(TEXT.to, TEXT.body, TEXT.sender, NOW, TEXT.link_token)
BY_BODY = replace(BY_LINK, link_token=None)
LIST_WITHOUT_SIDS = json.dumps(
    {"messages": [{"to": SHOPPER, "direction": "outbound-api", "body": TEXT.body}]}
).encode()


def test_a_text_whose_answer_was_lost_is_found_by_its_link(
    provider: TwilioProvider, twilio: TwilioStandin
) -> None:
    twilio.set_knobs(script=["drop_after"])
    assert isinstance(provider.send(TEXT), InDoubt)
    (found,) = provider.find(BY_LINK)
    assert (found.provider_id, found.status) == (twilio.texts()[0]["sid"], Status.ACCEPTED)


def test_a_text_that_twilio_never_took_is_not_found(provider: TwilioProvider, twilio: TwilioStandin) -> None:
    twilio.set_knobs(script=["drop_before"])
    provider.send(TEXT)
    assert list(provider.find(BY_LINK)) == []


def test_a_found_text_tells_its_state_price_and_error(
    provider: TwilioProvider, twilio: TwilioStandin
) -> None:
    provider.send(TEXT)
    (text,) = twilio.texts()
    twilio.move(text["sid"], "undelivered", 30003)
    (found,) = provider.find(BY_LINK)
    assert (found.status, found.category, found.code) == (Status.UNDELIVERED, Category.TEMPORARY, "30003")
    assert (found.segments, found.price, found.currency) == (1, Decimal("0.0075"), "USD")
    assert found.sender == SENDER


def test_another_link_or_another_recipient_is_another_text(provider: TwilioProvider) -> None:
    provider.send(TEXT)
    assert list(provider.find(replace(BY_LINK, link_token="Another1token"))) == []
    assert list(provider.find(replace(BY_LINK, to="+14155550199"))) == []


def test_a_text_without_a_link_is_found_by_sender_body_and_minute(provider: TwilioProvider) -> None:
    provider.send(TEXT)
    assert len(provider.find(BY_BODY)) == 1
    assert list(provider.find(replace(BY_BODY, body=TEXT.body + "."))) == []
    assert list(provider.find(replace(BY_BODY, sender="+15005550002"))) == []


def test_a_text_of_a_messaging_service_is_found_by_the_service(provider: TwilioProvider) -> None:
    provider.send(replace(TEXT, sender=SERVICE))
    assert len(provider.find(replace(BY_BODY, sender=SERVICE))) == 1
    assert list(provider.find(BY_BODY)) == []


@pytest.mark.parametrize(
    ("sent_before", "found"),
    [
        (timedelta(minutes=-1), 1),
        (timedelta(minutes=-1, seconds=-1), 0),
        (timedelta(minutes=3), 1),
        (timedelta(minutes=3, seconds=1), 0),
    ],
)
def test_the_same_words_at_another_time_are_another_text(
    provider: TwilioProvider, sent_before: timedelta, found: int
) -> None:
    provider.send(TEXT)
    assert len(provider.find(replace(BY_BODY, sent_at=NOW - sent_before))) == found


def test_the_list_is_followed_page_by_page(provider: TwilioProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_SIZE", 2)
    provider.send(TEXT)
    for number in range(6):
        provider.send(outgoing(body=f"Another text {number}"))
    assert len(provider.find(BY_LINK)) == 1
    assert list(provider.find(replace(BY_LINK, link_token="Another1token"))) == []


def test_a_list_that_is_too_long_to_search_is_no_answer(
    provider: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE_SIZE", 1)
    monkeypatch.setattr(module, "MOST_PAGES", 3)
    provider.send(TEXT)
    for number in range(3):
        provider.send(outgoing(body=f"Another text {number}"))
    with pytest.raises(ProviderUnreachable):
        provider.find(BY_LINK)


def test_a_text_that_came_in_is_not_ours(make_provider: MakeProvider) -> None:
    inbound = {"to": SHOPPER, "direction": "inbound", "body": TEXT.body, "sid": "SM1", "status": "received"}
    page = json.dumps({"messages": [inbound], "next_page_uri": None}).encode()
    with Listener(say(http_answer("200 OK", page))) as listener:
        assert list(make_provider(listener.url).find(BY_LINK)) == []


@pytest.mark.parametrize(
    "answer",
    [
        http_answer("200 OK", b"not JSON"),
        http_answer("200 OK", b"{}"),
        http_answer("200 OK", b'{"messages": ["text"]}'),
        http_answer("200 OK", LIST_WITHOUT_SIDS),
        http_answer("200 OK", b'{"messages": [], "next_page_uri": "https://evil.example/2010-04-01/"}'),
        http_answer("200 OK", b'{"messages": [], "next_page_uri": "//evil.example/2010-04-01/"}'),
        http_answer("302 Found", b"", "Location: https://evil.example/"),
        http_answer("401 Unauthorized", b'{"code": 20003}'),
        http_answer("503 Service Unavailable"),
        b"",
    ],
    ids=lambda answer: answer[:90].decode(),
)
def test_no_answer_is_never_taken_for_an_empty_list(make_provider: MakeProvider, answer: bytes) -> None:
    with Listener(say(answer)) as listener, pytest.raises(ProviderUnreachable):
        make_provider(listener.url).find(BY_LINK)


def test_twilio_that_cannot_be_reached_is_asked_again_later(make_provider: MakeProvider) -> None:
    with pytest.raises(ProviderUnreachable):
        make_provider(f"http://{refused_address()}").find(BY_LINK)
    with Listener(read_and_say_nothing) as listener, pytest.raises(ProviderUnreachable):
        make_provider(listener.url, timeout=(5.0, 0.1)).find(BY_LINK)
