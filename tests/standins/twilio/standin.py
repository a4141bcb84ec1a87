"""The stand-in in this process: how it answers, what it reports, and the methods for tests."""

from __future__ import annotations

import functools
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests

from tests.standins.twilio.behaviour import Account, Refusal, Text, moment
from tests.standins.twilio.callbacks import Outcome, Postman
from tests.standins.twilio.contract import Contract
from tests.standins.twilio.wire import Handler, Server

FORM = "application/x-www-form-urlencoded"
PAGE_SIZE = 50


@functools.cache
def _contract() -> Contract:
    return Contract()


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


class TwilioStandin:
    """Twilio on a local port. ``port=0`` takes a free one; ``log`` gets a JSON line for each taken text;
    further keywords are knobs (see ``Knobs``)."""

    def __init__(
        self,
        *,
        port: int = 0,
        account_sid: str = "AC00000000000000000000000000000001",
        auth_token: str = "the-standin-auth-token",
        log: Path | None = None,
        now: Callable[[], datetime] = _now,
        seed: int = 1,
        **knobs: Any,
    ) -> None:
        self.account_sid, self.auth_token = account_sid, auth_token
        self._account = Account(account_sid, now, seed)
        self._account.knobs.set(**knobs)
        self._log = log.open("a", encoding="utf-8") if log else None
        self._stopping = threading.Event()
        self._server = Server(("127.0.0.1", port), self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._postman = Postman(auth_token)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> TwilioStandin:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._postman.close()
        self._server.stop()
        self._thread.join()
        if self._log:
            self._log.close()

    def set_knobs(self, **changes: Any) -> None:
        """Change how the stand-in behaves from now on."""
        with self._account.lock:
            self._account.knobs.set(**changes)

    def texts(self, to: str | None = None) -> list[dict[str, Any]]:
        """The taken texts, oldest first, as Message resources with ``validity_period`` and
        ``status_callback`` besides."""
        with self._account.lock:
            found = self._account.by_recipient.get(to, []) if to else list(self._account.texts.values())
            return [
                {
                    **self._account.message(text),
                    "validity_period": text.validity,
                    "status_callback": text.status_callback,
                }
                for text in found
            ]

    def counts(self) -> Counter[tuple[str, str]]:
        """How many texts were taken per recipient and body."""
        return self._account.counts()

    def violations(self) -> list[str]:
        """Every request that Twilio's description does not allow."""
        return list(self._account.violations)

    def outcomes(self) -> list[dict[str, Any]]:
        """Every callback that was posted, with the answer's HTTP status and Twilio's complaint."""
        return [outcome.as_json() for outcome in list(self._postman.outcomes)]

    def receipt(self, sid: str, status: str, error_code: int | None = None) -> dict[str, Any]:
        """Move a text to a status and post the callback; returns its outcome."""
        text = self._account.texts[sid]
        with requests.Session() as session:
            return self._report(session, text, status, error_code).as_json()

    def move(self, sid: str, status: str, error_code: int | None = None) -> None:
        """Move a text to a status whose callback is lost."""
        self._account.move(self._account.texts[sid], status, error_code)

    def reply(
        self, from_number: str, to_number: str, body: str, service: str | None = None, sid: str | None = None
    ) -> dict[str, Any]:
        """Post a shopper's text to ``reply_url`` and return its outcome. The same ``sid`` repeats one."""
        url = self._account.knobs.reply_url
        if url is None:
            raise ValueError("set the knob reply_url first")
        keyword = self._account.keyword(from_number, service or to_number, body)
        fields = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "Body": body,
            "From": from_number,
            "MessageSid": (sid := sid or f"SM{secrets.token_hex(16)}"),
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": to_number,
        }
        if service:
            fields["MessagingServiceSid"] = service
        if keyword and self._account.knobs.opt_out == "advanced":
            fields["OptOutType"] = keyword
        with requests.Session() as session:
            return self._postman.post(session, url, fields).as_json()

    def settle(self, timeout: float = 30.0) -> bool:
        """Wait until every callback that is due has been posted."""
        return self._postman.settle(timeout)

    def reset(self) -> None:
        """Forget texts, opt-outs, violations and outcomes; the knobs stay."""
        with self._account.lock:
            self._account.texts.clear()
            self._account.by_recipient.clear()
            self._account.opted_out.clear()
            self._account.violations.clear()
            self._postman.outcomes.clear()

    def create(self, request: Handler, body: bytes) -> None:
        """Answer a POST to Messages.json."""
        knobs = self._account.knobs
        self._stopping.wait(knobs.latency / 2)
        try:
            form = _form(request, body)
        except ValueError as error:
            return self._violation(request, str(error))
        fault = self._account.fault()
        if fault in _FAILS_BEFORE:
            return _FAILS_BEFORE[fault](request, knobs.retry_after)
        if refusal := self._account.refusal(form):
            return request.refuse(refusal)
        answer = self._take(form)
        self._stopping.wait(knobs.latency / 2 + (knobs.slow_seconds if fault == "slow" else 0.0))
        if fault == "error_after":
            return request.refuse(Refusal(500, 20500, "An internal server error has occurred"))
        if fault == "drop_after":
            return request.drop()
        return request.answer(201, answer)

    def listing(self, request: Handler, query: str) -> None:
        """Answer a GET of Messages.json: newest first, filtered and paged."""
        self._stopping.wait(self._account.knobs.latency)
        pairs = parse_qsl(query, keep_blank_values=True)
        if problems := _contract().query_problems(pairs):
            return self._violation(request, "; ".join(problems))
        asked = dict(pairs)
        with self._account.lock:
            texts = [text for text in self._candidates(asked) if _is_asked(text, asked)]
        size, page = int(asked.get("PageSize", PAGE_SIZE)), int(asked.get("Page", 0))
        shown = texts[page * size : (page + 1) * size]
        more = len(texts) > (page + 1) * size
        filters = {name: value for name, value in asked.items() if not name.startswith("Page")}

        def uri(number: int) -> str:
            token = {"PageToken": f"PA{shown[-1].sid}"} if number > page and shown else {}
            return (
                f"{request.path_only()}?{urlencode({**filters, 'PageSize': size, 'Page': number, **token})}"
            )

        return request.answer(
            200,
            {
                "end": page * size + len(shown) - 1 if shown else 0,
                "first_page_uri": uri(0),
                "messages": [self._account.message(text) for text in shown],
                "next_page_uri": uri(page + 1) if more else None,
                "page": page,
                "page_size": size,
                "previous_page_uri": uri(page - 1) if page else None,
                "start": page * size,
                "uri": uri(page),
            },
        )

    def control(self, request: Handler, name: str, arguments: dict[str, Any]) -> None:
        """Answer ``/standin/<name>``: one of the public methods with JSON arguments and result."""
        if name not in CONTROLS:
            return request.answer(404, {"message": f"no such control: {name}"})
        try:
            result = getattr(self, name)(**arguments)
        except (KeyError, TypeError, ValueError) as error:
            return request.answer(400, {"message": f"{type(error).__name__}: {error}"})
        if isinstance(result, Counter):
            result = [[*key, count] for key, count in result.items()]
        return request.answer(200, {"result": result})

    def _take(self, form: dict[str, str]) -> dict[str, Any]:
        text = self._account.take(form)
        answer = self._account.message(text)
        if self._log:
            line = {"sid": text.sid, "to": text.to, "body": text.body, "sender": text.sender or text.service}
            with self._account.lock:
                self._log.write(json.dumps(line) + "\n")
                self._log.flush()
        if self._account.knobs.receipts and text.status_callback:
            self._report_later(text, self._course(text))
        return answer

    def _course(self, text: Text) -> list[tuple[str, int | None]]:
        """The states that are reported: never the first one, which the answer to the POST told."""
        first: list[tuple[str, int | None]] = [("queued", None)] if text.service else []
        code = self._account.knobs.fail.get(text.to)
        return [*first, ("sent", None), ("undelivered", code) if code else ("delivered", None)]

    def _report_later(self, text: Text, course: list[tuple[str, int | None]]) -> None:
        (status, code), *rest = course

        def job(session: requests.Session) -> None:
            self._report(session, text, status, code)
            if rest:
                self._report_later(text, rest)

        self._postman.later(self._account.knobs.receipt_delay, job)

    def _report(self, session: requests.Session, text: Text, status: str, code: int | None) -> Outcome:
        if text.status_callback is None:
            raise ValueError("this text asked for no receipts")
        self._account.move(text, status, code)
        fields = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "From": text.sender or "",
            "MessageSid": text.sid,
            "MessageStatus": status,
            "SmsSid": text.sid,
            "SmsStatus": status,
            "To": text.to,
        }
        if text.service:
            fields["MessagingServiceSid"] = text.service
        if code:
            fields["ErrorCode"] = str(code)
        return self._postman.post(session, text.status_callback, fields)

    def _candidates(self, asked: dict[str, str]) -> list[Text]:
        texts = (
            self._account.by_recipient.get(asked["To"], []) if "To" in asked else self._account.texts.values()
        )
        return list(texts)[::-1]

    def _violation(self, request: Handler, problems: str) -> None:
        self._account.violations.append(problems)
        return request.refuse(Refusal(400, 20001, problems))


CONTROLS = frozenset(
    {"texts", "counts", "violations", "outcomes", "set_knobs", "receipt", "move", "reply", "settle", "reset"}
)


def _form(request: Handler, body: bytes) -> dict[str, str]:
    """The form of a POST; raises ValueError for one that the description does not allow."""
    if request.media_type() != FORM:
        raise ValueError(f"the body is {request.media_type() or 'untyped'}, not {FORM}")
    pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
    if problems := _contract().request_problems(pairs):
        raise ValueError("; ".join(problems))
    return dict(pairs)


def _is_asked(text: Text, asked: dict[str, str]) -> bool:
    if "From" in asked and text.sender != asked["From"]:
        return False
    windows = {name: moment(asked[name]) for name in ("DateSent", "DateSent<", "DateSent>") if name in asked}
    if not windows:
        return True
    if text.sent is None:
        return False
    earliest = [first for name, (first, _) in windows.items() if name != "DateSent<"]
    latest = [last for name, (_, last) in windows.items() if name != "DateSent>"]
    return all(first <= text.sent for first in earliest) and all(text.sent <= last for last in latest)


def _rate_limited(request: Handler, retry_after: int | None) -> None:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    request.refuse(Refusal(429, 20429, "Too Many Requests"), headers)


def _unavailable(request: Handler, retry_after: int | None) -> None:
    request.refuse(Refusal(503, 20503, "Service unavailable"))


def _error(request: Handler, retry_after: int | None) -> None:
    request.refuse(Refusal(500, 20500, "An internal server error has occurred"))


def _drop(request: Handler, retry_after: int | None) -> None:
    request.drop()


_FAILS_BEFORE = {
    "rate_limited": _rate_limited,
    "unavailable": _unavailable,
    "error_before": _error,
    "drop_before": _drop,
}
