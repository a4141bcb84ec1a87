"""The sandbox provider: our side of the protocol that the package describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import requests
from urllib3.response import BaseHTTPResponse

from connectors.sandbox.protocol import SIGNATURE_HEADER, is_signature, read_object, required, sign, text_body
from connectors.sms import (
    Accepted,
    CallbackRequest,
    Capabilities,
    Category,
    InDoubt,
    MalformedCallback,
    OutgoingText,
    ProviderUnreachable,
    Question,
    Receipt,
    Refused,
    Reply,
    SendResult,
    Status,
)
from connectors.sms_http import (
    NO_ANSWER,
    Post,
    Timeout,
    certainly_refused,
    open_session,
    retry_after,
    unanswered,
)

BEFORE = timedelta(minutes=1)
AFTER = timedelta(minutes=3)
"""How far the sandbox's time may lie from ours: clocks differ, and a call may wait its turn."""

_KEYWORDS = ("stop", "start", "help")


class SandboxProvider:
    """Sends to the sandbox at ``url`` (without ``/messages``); ``secret`` signs both ways.

    ``now`` gives the current moment as an aware UTC datetime.
    """

    name = "sandbox"
    capabilities = Capabilities(find=True, validity=True, replies=True)

    def __init__(
        self, url: str, secret: str, *, now: Callable[[], datetime], timeout: Timeout = (5.0, 10.0)
    ) -> None:
        self._messages_url = url.rstrip("/") + "/messages"
        self._secret = secret
        self._now = now
        self._timeout = timeout
        self._session = open_session()
        self._post = Post(self._session, self._messages_url, timeout)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def send(self, text: OutgoingText) -> SendResult:
        """Hand over one text, once; safe to call from many threads."""
        body = text_body(text)
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: sign(body, self._secret)}
        try:
            response = self._post(body, headers)
        except NO_ANSWER as error:
            return unanswered(error)
        if certainly_refused(response.status):
            return self._refusal(response)
        return _acceptance(response)

    def verify(self, request: CallbackRequest) -> bool:
        """Whether the sandbox signed this callback."""
        signature = request.headers.get(SIGNATURE_HEADER.lower(), "")
        return is_signature(signature, request.body, self._secret)

    def parse_receipt(self, request: CallbackRequest) -> Receipt:
        """Read a receipt. Raises MalformedCallback."""
        return _state(_fields_of(request, "receipt"))

    def parse_reply(self, request: CallbackRequest) -> Reply:
        """Read a reply. Raises MalformedCallback."""
        fields = _fields_of(request, "reply")
        answered = fields.get("answered")
        return Reply(
            provider_id=required(fields, "id"),
            from_number=required(fields, "from"),
            to_number=required(fields, "to"),
            body=str(fields.get("body") or ""),
            answered=answered if answered in _KEYWORDS else None,
        )

    def find(self, question: Question) -> Sequence[Receipt]:
        """The sandbox's texts that may be the one in doubt. Raises ProviderUnreachable."""
        try:
            listed = read_object(self._list(question))["messages"]
            return [_state(message) for message in listed if _may_be(message, question)]
        except (MalformedCallback, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ProviderUnreachable("The sandbox's list of texts is not of the known form.") from error

    def _list(self, question: Question) -> bytes:
        query = {"to": question.to} | ({"token": question.link_token} if question.link_token else {})
        encoded = urlencode(query)
        headers = {SIGNATURE_HEADER: sign(encoded.encode(), self._secret)}
        url = f"{self._messages_url}?{encoded}"
        try:
            response = self._session.get(url, headers=headers, timeout=self._timeout, allow_redirects=False)
        except NO_ANSWER as error:
            raise ProviderUnreachable("The sandbox could not be reached.") from error
        if response.status_code != requests.codes.ok:
            raise ProviderUnreachable(f"The sandbox answered HTTP {response.status_code}.")
        return response.content

    def _refusal(self, response: BaseHTTPResponse) -> Refused:
        code = _refusal_code(response)
        category = _category(code)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            category = Category.RATE
        return Refused(
            category=category,
            code=code,
            detail=f"The sandbox refused the text: HTTP {response.status}.",
            retryable=category is Category.RATE,
            retry_after=retry_after(response, self._now()),
        )


def _acceptance(response: BaseHTTPResponse) -> Accepted | InDoubt:
    if response.status != HTTPStatus.CREATED:
        return InDoubt(f"The sandbox answered HTTP {response.status}.")
    try:
        fields = read_object(response.data)
        return Accepted(
            provider_id=required(fields, "id"),
            status=_status(fields) or Status.ACCEPTED,
            segments=_segments(fields),
            price=_price(fields),
            currency=fields.get("currency"),
        )
    except MalformedCallback:
        return InDoubt("The sandbox answered, but its answer cannot be read.")


def _refusal_code(response: BaseHTTPResponse) -> str | None:
    try:
        code = read_object(response.data).get("code")
    except MalformedCallback:
        return None
    return str(code) if code else None


def _fields_of(request: CallbackRequest, kind: str) -> Mapping[str, Any]:
    """The body of a callback of this kind: a signed receipt must not pass as a reply."""
    fields = read_object(request.body)
    if fields.get("type") != kind:
        raise MalformedCallback(f"The sandbox's body is no {kind}.")
    return fields


def _state(fields: Mapping[str, Any]) -> Receipt:
    status = _status(fields)
    code = fields.get("code")
    failed = status in (Status.UNDELIVERED, Status.FAILED)
    return Receipt(
        provider_id=required(fields, "id"),
        status=status,
        provider_status=required(fields, "status"),
        category=_category(code) if failed else None,
        code=str(code) if code else None,
        segments=_segments(fields),
        price=_price(fields),
        currency=fields.get("currency"),
        sender=fields.get("from"),
    )


def _may_be(message: Mapping[str, Any], question: Question) -> bool:
    if message["to"] != question.to:
        return False
    if question.link_token:
        return question.link_token in message["body"]
    created = datetime.fromisoformat(message["created_at"])
    in_time = question.sent_at - BEFORE <= created <= question.sent_at + AFTER
    return in_time and message["body"] == question.body and message["from"] == question.sender


def _status(fields: Mapping[str, Any]) -> Status | None:
    try:
        return Status(str(fields.get("status")))
    except ValueError:
        return None


def _category(code: object) -> Category:
    try:
        return Category(str(code))
    except ValueError:
        return Category.UNKNOWN


def _segments(fields: Mapping[str, Any]) -> int | None:
    value = fields.get("segments")
    return value if type(value) is int and value > 0 else None


def _price(fields: Mapping[str, Any]) -> Decimal | None:
    try:
        return None if fields.get("price") is None else Decimal(str(fields["price"]))
    except InvalidOperation as error:
        raise MalformedCallback("The sandbox's price is not a decimal number.") from error
