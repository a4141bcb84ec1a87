"""The Twilio provider: one POST per text, one list request to ask what became of it.

Source: twilio-oai ``twilio_api_v2010.json``, CreateMessage and ListMessage (commit d50069b, 2026-04-14).
Messages have no idempotency key and no reference of ours: a text is never posted twice, and one in
doubt is found by what its body says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin

import requests
from urllib3.response import BaseHTTPResponse

from connectors.sms import (
    Accepted,
    CallbackRequest,
    Capabilities,
    Category,
    InDoubt,
    OutgoingText,
    ProviderUnreachable,
    Question,
    Receipt,
    Refused,
    Reply,
    SendResult,
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
from connectors.twilio import callbacks
from connectors.twilio.errors import category_of_answer, meaning
from connectors.twilio.messages import accepted, may_be, names_a_service, state
from connectors.twilio.signature import is_signed

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LONGEST_VALIDITY = 36_000
PAGE_SIZE = 1_000
MOST_PAGES = 10


class TwilioProvider:
    """Sends through one Twilio account.

    ``default_sender`` is the messaging service, number or name that serves where a text names none.
    ``now`` gives the current moment as an aware UTC datetime.
    """

    name = "twilio"
    capabilities = Capabilities(find=True, validity=True, replies=True)

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        messaging_service_sid: str | None = None,
        sender: str | None = None,
        api_url: str = "https://api.twilio.com",
        *,
        now: Callable[[], datetime],
        timeout: Timeout = (5.0, 30.0),
    ) -> None:
        self.default_sender = messaging_service_sid or sender
        self._auth_token = auth_token
        self._api_url = api_url.rstrip("/") + "/"
        self._messages_url = urljoin(self._api_url, f"2010-04-01/Accounts/{account_sid}/Messages.json")
        self._now = now
        self._timeout = timeout
        self._session = open_session()
        self._session.auth = (account_sid, auth_token)
        self._post = Post(self._session, self._messages_url, timeout)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def send(self, text: OutgoingText) -> SendResult:
        """Hand over one text, once; safe to call from many threads."""
        try:
            response = self._post(urlencode(self._form(text)).encode(), FORM)
        except NO_ANSWER as error:
            return unanswered(error)
        if certainly_refused(response.status):
            return self._refusal(response)
        return _acceptance(response)

    def verify(self, request: CallbackRequest) -> bool:
        """Whether Twilio signed this callback."""
        return is_signed(request, self._auth_token)

    def parse_receipt(self, request: CallbackRequest) -> Receipt:
        """Read a status callback. Raises MalformedCallback."""
        return callbacks.receipt(request)

    def parse_reply(self, request: CallbackRequest) -> Reply:
        """Read an incoming message. Raises MalformedCallback."""
        return callbacks.reply(request)

    def find(self, question: Question) -> Sequence[Receipt]:
        """Twilio's texts to this recipient that may be the one in doubt.

        The list is not narrowed by ``DateSent``: a text that still waits in Twilio's queue has no such
        date and would be missed. Raises ProviderUnreachable when Twilio cannot be asked.
        """
        url = self._messages_url
        query: Mapping[str, str] | None = {"To": question.to, "PageSize": str(PAGE_SIZE)}
        for _ in range(MOST_PAGES):
            page = self._page(url, query)
            try:
                found = [state(message) for message in page["messages"] if may_be(message, question)]
            except (AttributeError, KeyError, TypeError) as error:
                raise ProviderUnreachable("Twilio's list of texts is not of the known form.") from error
            if found or not page.get("next_page_uri"):
                return found
            url, query = self._next_page(str(page["next_page_uri"])), None
        raise ProviderUnreachable("Twilio holds more texts to this number than can be searched.")

    def _form(self, text: OutgoingText) -> dict[str, str]:
        sender = text.sender or self.default_sender or ""
        return {
            "To": text.to,
            "MessagingServiceSid" if names_a_service(sender) else "From": sender,
            "Body": text.body,
            "StatusCallback": text.receipt_url,
            "ValidityPeriod": str(min(text.validity, LONGEST_VALIDITY)),
            "SmartEncoded": "false",
        }

    def _refusal(self, response: BaseHTTPResponse) -> Refused:
        code = _error_code(response)
        category = category_of_answer(response.status, code)
        known = meaning(code)
        return Refused(
            category=category,
            code=code,
            detail=f"Twilio refused the text: {known}." if known else "Twilio refused the text.",
            retryable=category is Category.RATE,
            retry_after=retry_after(response, self._now()),
        )

    def _page(self, url: str, query: Mapping[str, str] | None) -> dict[str, Any]:
        try:
            response = self._session.get(url, params=query, timeout=self._timeout, allow_redirects=False)
        except NO_ANSWER as error:
            raise ProviderUnreachable("Twilio could not be reached.") from error
        if response.status_code != requests.codes.ok:
            raise ProviderUnreachable(f"Twilio answered HTTP {response.status_code}.")
        page = _json(response)
        if page is None:
            raise ProviderUnreachable("Twilio's answer is not JSON.")
        return page

    def _next_page(self, uri: str) -> str:
        """The address of the next page, at our own API address only: it gets our credentials."""
        url = urljoin(self._api_url, uri)
        if not url.startswith(self._api_url):
            raise ProviderUnreachable("Twilio's list of texts goes on at a foreign address.")
        return url


def _acceptance(response: BaseHTTPResponse) -> Accepted | InDoubt:
    if not 200 <= response.status < 300:
        return InDoubt(f"Twilio answered HTTP {response.status}.")
    try:
        return accepted(_json(response) or {})
    except (KeyError, TypeError):
        return InDoubt(f"Twilio answered HTTP {response.status}, but its answer cannot be read.")


def _error_code(response: BaseHTTPResponse) -> str | None:
    code = (_json(response) or {}).get("code")
    return str(code) if code else None


def _json(response: BaseHTTPResponse | requests.Response) -> dict[str, Any] | None:
    try:
        value = response.json()
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
