"""The stand-in itself: as strict as Twilio's description, and honest about what it took."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.sms import CallbackRequest
from connectors.twilio import TwilioProvider
from tests.standins.twilio import TwilioProcess, TwilioStandin
from tests.standins.twilio.contract import Contract
from tests.standins.twilio.process import logged_counts

NOW = datetime(2026, 11, 24, 15, 0, 30, tzinfo=UTC)
SERVICE = "MG" + "0" * 31 + "1"
FORM = {"To": "+14155550123", "From": "+15005550001", "Body": "Your cart is saved"}


class Receiver:
    """A web server that keeps the callbacks it gets and answers each with ``answer``."""

    def __init__(self) -> None:
        self.requests: list[CallbackRequest] = []
        self.answer: tuple[int, str, bytes] = (204, "text/xml", b"")
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                url = f"{receiver.url}{self.path}"
                receiver.requests.append(CallbackRequest("POST", url, headers, body))
                status, media_type, content = receiver.answer
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self) -> Receiver:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def twilio() -> Iterator[TwilioStandin]:
    with TwilioStandin(now=lambda: NOW) as twilio:
        yield twilio


@pytest.fixture
def provider(twilio: TwilioStandin) -> Iterator[TwilioProvider]:
    provider = TwilioProvider(twilio.account_sid, twilio.auth_token, api_url=twilio.url, now=lambda: NOW)
    yield provider
    provider.close()


def messages_url(twilio: TwilioStandin | TwilioProcess) -> str:
    return f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"


def post(twilio: TwilioStandin | TwilioProcess, form: Any, **options: Any) -> requests.Response:
    credentials = (twilio.account_sid, twilio.auth_token)
    return requests.post(messages_url(twilio), data=form, auth=credentials, timeout=10, **options)


def listed(twilio: TwilioStandin, **query: str) -> dict[str, Any]:
    credentials = (twilio.account_sid, twilio.auth_token)
    answer = requests.get(messages_url(twilio), params=query, auth=credentials, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("form", [FORM, {**FORM, "MessagingServiceSid": SERVICE}], ids=["number", "service"])
def test_an_accepted_text_is_answered_as_the_description_promises(
    twilio: TwilioStandin, form: dict[str, str]
) -> None:
    answer = post(twilio, form)
    assert answer.status_code == 201
    assert Contract().message_problems(answer.json()) == []
    twilio.move(answer.json()["sid"], "undelivered", 30003)
    assert Contract().message_problems(listed(twilio)["messages"][0]) == []


def test_a_service_starts_as_accepted_with_no_segments_and_no_sender(twilio: TwilioStandin) -> None:
    message = post(twilio, {"To": FORM["To"], "Body": FORM["Body"], "MessagingServiceSid": SERVICE}).json()
    assert (message["status"], message["num_segments"], message["from"]) == ("accepted", "0", None)
    message = post(twilio, FORM).json()
    assert (message["status"], message["num_segments"]) == ("queued", "1")


@pytest.mark.parametrize(
    "form",
    [
        {**FORM, "Reference": "step:1"},
        {**FORM, "body": "lower case"},
        {**FORM, "ValidityPeriod": "an hour"},
        {**FORM, "SmartEncoded": "no"},
        {**FORM, "MessagingServiceSid": "MG1"},
        [*FORM.items(), ("Body", "twice")],
        {"From": FORM["From"], "Body": "x"},
    ],
    ids=str,
)
def test_what_the_description_does_not_allow_is_refused_and_remembered(
    twilio: TwilioStandin, form: Any
) -> None:
    assert post(twilio, form).status_code == 400
    assert len(twilio.violations()) == 1
    assert twilio.texts() == []


def test_a_body_that_is_no_form_is_refused(twilio: TwilioStandin) -> None:
    for body, media_type in ((b"{}", "application/json"), (b"\xff&=", "application/x-www-form-urlencoded")):
        assert post(twilio, body, headers={"Content-Type": media_type}).status_code == 400
    assert len(twilio.violations()) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "4155550123"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "a sender name too long"}, 21606),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"ValidityPeriod": "0"}, 30045),
        ({"ValidityPeriod": "36001"}, 30045),
        ({"StatusCallback": "receipt"}, 21609),
        ({"StatusCallback": "https://my_shop.example/receipt"}, 21609),
    ],
    ids=str,
)
def test_what_twilio_would_refuse_is_refused_with_its_code(
    twilio: TwilioStandin, change: dict[str, str], code: int
) -> None:
    answer = post(twilio, {**FORM, **change})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert twilio.texts() == []


def test_another_account_or_a_wrong_token_is_refused(twilio: TwilioStandin) -> None:
    for credentials in ((twilio.account_sid, "wrong"), ("AC" + "9" * 32, twilio.auth_token)):
        answer = requests.post(messages_url(twilio), data=FORM, auth=credentials, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_the_list_is_filtered_by_recipient_and_day(twilio: TwilioStandin) -> None:
    sent = post(twilio, FORM).json()["sid"]
    queued = post(twilio, FORM).json()["sid"]
    post(twilio, {**FORM, "To": "+14155550199"})
    twilio.move(sent, "delivered")
    assert [message["sid"] for message in listed(twilio, To=FORM["To"])["messages"]] == [queued, sent]
    for day in ({"DateSent": "2026-11-24"}, {"DateSent>": "2026-11-24", "DateSent<": "2026-11-24"}):
        assert [message["sid"] for message in listed(twilio, **day)["messages"]] == [sent]
    for day in ({"DateSent": "2026-11-23"}, {"DateSent>": "2026-11-25"}, {"DateSent<": "2026-11-23"}):
        assert listed(twilio, **day)["messages"] == []


def test_the_list_comes_in_pages(twilio: TwilioStandin) -> None:
    sids = [post(twilio, {**FORM, "Body": str(number)}).json()["sid"] for number in range(5)]
    page = listed(twilio, To=FORM["To"], PageSize="2")
    seen = [message["sid"] for message in page["messages"]]
    while page["next_page_uri"]:
        credentials = (twilio.account_sid, twilio.auth_token)
        page = requests.get(twilio.url + page["next_page_uri"], auth=credentials, timeout=10).json()
        seen += [message["sid"] for message in page["messages"]]
    assert seen == sids[::-1]
    assert twilio.violations() == []


def test_a_query_that_the_description_does_not_allow_is_refused(twilio: TwilioStandin) -> None:
    credentials = (twilio.account_sid, twilio.auth_token)
    for query in ({"Body": "x"}, {"PageSize": "1001"}, {"PageSize": "all"}):
        answer = requests.get(messages_url(twilio), params=query, auth=credentials, timeout=10)
        assert answer.status_code == 400


def test_receipts_are_signed_and_come_in_order(
    twilio: TwilioStandin, receiver: Receiver, provider: TwilioProvider
) -> None:
    post(twilio, {**FORM, "StatusCallback": f"{receiver.url}/receipt?x=1"})
    assert twilio.settle()
    assert all(provider.verify(request) for request in receiver.requests)
    receipts = [provider.parse_receipt(request) for request in receiver.requests]
    assert [receipt.provider_status for receipt in receipts] == ["sent", "delivered"]
    assert {receipt.provider_id for receipt in receipts} == {twilio.texts()[0]["sid"]}


def test_a_number_that_fails_is_reported_undelivered(
    twilio: TwilioStandin, receiver: Receiver, provider: TwilioProvider
) -> None:
    twilio.set_knobs(fail={FORM["To"]: 30003})
    form = {"To": FORM["To"], "Body": "x", "MessagingServiceSid": SERVICE, "StatusCallback": receiver.url}
    post(twilio, form)
    assert twilio.settle()
    receipts = [provider.parse_receipt(request) for request in receiver.requests]
    assert [receipt.provider_status for receipt in receipts] == ["queued", "sent", "undelivered"]
    assert receipts[-1].code == "30003"


def test_a_stop_that_twilio_handles_blocks_the_number_until_start(
    twilio: TwilioStandin, receiver: Receiver, provider: TwilioProvider
) -> None:
    twilio.set_knobs(opt_out="advanced", reply_url=f"{receiver.url}/reply")
    twilio.reply(FORM["To"], FORM["From"], "Stop")
    assert post(twilio, FORM).json()["code"] == 21610
    twilio.reply(FORM["To"], FORM["From"], "START")
    assert post(twilio, FORM).status_code == 201
    assert all(provider.verify(request) for request in receiver.requests)
    replies = [provider.parse_reply(request) for request in receiver.requests]
    assert [(reply.body, reply.answered) for reply in replies] == [("Stop", "stop"), ("START", "start")]


def test_without_advanced_opt_out_twilio_blocks_in_silence(
    twilio: TwilioStandin, receiver: Receiver, provider: TwilioProvider
) -> None:
    twilio.set_knobs(opt_out="default", reply_url=receiver.url)
    twilio.reply(FORM["To"], FORM["From"], "STOP")
    assert provider.parse_reply(receiver.requests[0]).answered is None
    assert post(twilio, FORM).json()["code"] == 21610


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ((204, "text/html", b""), None),
        ((200, "text/xml", b"<Response/>"), None),
        ((200, "text/plain", b"ok"), "12300"),
        ((200, "application/json", b"{}"), "12300"),
        ((503, "text/html", b""), "11200"),
    ],
    ids=str,
)
def test_an_answer_that_twilio_would_complain_about_is_noted(
    twilio: TwilioStandin, receiver: Receiver, answer: tuple[int, str, bytes], complaint: str | None
) -> None:
    receiver.answer = answer
    twilio.set_knobs(reply_url=receiver.url)
    outcome = twilio.reply(FORM["To"], FORM["From"], "hello")
    assert (outcome["complaint"] or "").startswith(complaint or "")
    assert bool(outcome["complaint"]) is bool(complaint)


def test_faults_come_by_script_and_by_chance(twilio: TwilioStandin) -> None:
    twilio.set_knobs(script=["rate_limited", "none"], faults={"error_before": 1.0})
    assert [post(twilio, FORM).status_code for _ in range(3)] == [429, 201, 500]


@pytest.mark.parametrize(
    "knobs", [{"lattency": 1}, {"faults": {"explode": 1.0}}, {"script": ["explode"]}], ids=str
)
def test_a_knob_that_does_not_exist_is_refused(twilio: TwilioStandin, knobs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such knob or fault"):
        twilio.set_knobs(**knobs)


def test_without_the_official_description_a_narrower_check_remains() -> None:
    narrow = Contract(Path("nowhere"))
    assert not narrow.official
    assert narrow.request_problems(FORM.items()) == []
    assert narrow.request_problems([*FORM.items(), ("Reference", "x")]) != []
    assert narrow.query_problems([("To", "+14155550123"), ("PageSize", "1000")]) == []
    assert narrow.query_problems([("PageSize", "1001")]) != []
    assert narrow.message_problems({"sid": "x"}) != []


def test_in_a_process_of_its_own_it_has_the_same_controls(tmp_path: Path, receiver: Receiver) -> None:
    log = tmp_path / "texts.jsonl"
    with TwilioProcess(log=log, reply_url=receiver.url) as twilio:
        sid = post(twilio, FORM).json()["sid"]
        post(twilio, {**FORM, "StatusCallback": receiver.url})
        assert twilio.settle()
        assert twilio.counts() == {(FORM["To"], FORM["Body"]): 2} == logged_counts(log)
        twilio.move(sid, "delivered")
        assert [text["status"] for text in twilio.texts(FORM["To"])] == ["delivered", "delivered"]
        assert twilio.receipt(twilio.texts()[1]["sid"], "delivered")["http_status"] == 204
        assert twilio.reply(FORM["To"], FORM["From"], "hello", SERVICE)["complaint"] is None
        assert len(twilio.outcomes()) == 4
        with pytest.raises(ValueError, match="no such knob"):
            twilio.set_knobs(lattency=1)
        post(twilio, {**FORM, "Reference": "x"})
        assert len(twilio.violations()) == 1
        twilio.reset()
        assert (twilio.texts(), twilio.violations(), twilio.outcomes()) == ([], [], [])
    assert logged_counts(log) == {(FORM["To"], FORM["Body"]): 2}
