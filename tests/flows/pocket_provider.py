"""An SMS provider in this process: it keeps what it takes, and answers as the test wants."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from connectors.sms import (
    Accepted,
    CallbackRequest,
    Capabilities,
    OutgoingText,
    ProviderUnreachable,
    Question,
    Receipt,
    Reply,
    SendResult,
    Status,
)


class Killed(BaseException):
    """The process dies: nothing in it may catch this."""


class PocketProvider:
    """``answers`` gives the results of the next calls in order, or raises them; then all are accepted.

    ``before`` is called with each text before it is taken: the place for what happens meanwhile.
    """

    name = "sandbox"
    capabilities = Capabilities(find=True, validity=True, replies=True)

    def __init__(self) -> None:
        self.texts: list[OutgoingText] = []
        self.answers: list[SendResult | BaseException] = []
        self.before: Callable[[OutgoingText], None] = lambda text: None
        self.held: list[tuple[str, OutgoingText]] = []
        self.asked: list[Question] = []
        self.unreachable = False
        self._lock = threading.Lock()

    def send(self, text: OutgoingText) -> SendResult:
        self.before(text)
        with self._lock:
            self.texts.append(text)
            answer = self.answers.pop(0) if self.answers else self.take(text)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def take(self, text: OutgoingText) -> Accepted:
        """Hold the text as a provider does that took it."""
        provider_id = f"pocket-{len(self.held) + 1}"
        self.held.append((provider_id, text))
        return Accepted(provider_id)

    def counts(self) -> Counter[tuple[str, str]]:
        """How many texts went to each number, by their words."""
        return Counter((text.to, text.body) for text in self.texts)

    def find(self, question: Question) -> Sequence[Receipt]:
        self.asked.append(question)
        if self.unreachable:
            raise ProviderUnreachable("The pocket is closed.")
        return [
            Receipt(provider_id, Status.SENT, "sent")
            for provider_id, text in self.held
            if text.to == question.to and text.link_token == question.link_token
        ]

    def verify(self, request: CallbackRequest) -> bool:
        raise NotImplementedError("the webhooks are tested with the real providers")

    def parse_receipt(self, request: CallbackRequest) -> Receipt:
        raise NotImplementedError("receipts are handed to flows.receipts.take")

    def parse_reply(self, request: CallbackRequest) -> Reply:
        """``<provider id>|<from>|<to>|<words>|<answered>``: replies as tests write them."""
        provider_id, from_number, to_number, body, answered = request.body.decode().split("|")
        return Reply(provider_id, from_number, to_number, body, answered or None)
