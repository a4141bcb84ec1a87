"""What the stand-in remembers and how it behaves: texts, opt-outs, refusals and faults."""

from __future__ import annotations

import random
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import urlsplit

FAULTS = frozenset(
    {"rate_limited", "error_before", "error_after", "unavailable", "drop_before", "drop_after", "slow"}
)
"""``..._before`` and ``rate_limited``, ``unavailable`` fail before the text is taken, ``..._after`` after it;
``slow`` takes the text and answers after ``slow_seconds``."""

BODY_LIMIT = 1600
LONGEST_VALIDITY = 36_000

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SHORT_CODE = re.compile(r"\d{3,8}")
_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
_START = frozenset({"start", "yes", "unstop"})
_HELP = frozenset({"help", "info"})
_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
_GSM_7_DOUBLE = frozenset("^{}\\[~]|€")


@dataclass
class Knobs:
    """How the stand-in behaves. All may be changed while it runs.

    ``latency`` is the time in seconds that each request takes. ``faults`` gives a chance between 0 and 1
    to faults, ``script`` the faults of the next requests in order ("none" for a good one). ``refuse`` and
    ``fail`` give error codes per recipient: refused at once, or taken and then undelivered. ``opt_out``:
    ``off`` as for an account with opt-out handling switched off, ``default`` as Twilio does by itself
    (blocks the number, says nothing to us), ``advanced`` also sends ``OptOutType``.
    """

    latency: float = 0.0
    slow_seconds: float = 30.0
    retry_after: int | None = 1
    faults: dict[str, float] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    fail: dict[str, int] = field(default_factory=dict)
    receipts: bool = True
    receipt_delay: float = 0.0
    opt_out: Literal["off", "default", "advanced"] = "off"
    reply_url: str | None = None

    def set(self, **changes: Any) -> None:
        """Change some; raises ValueError for a knob or fault that does not exist."""
        known = {knob.name for knob in fields(self)}
        faults = {*changes.get("faults", {}), *changes.get("script", [])} - FAULTS - {"none"}
        if unknown := (set(changes) - known) | faults:
            raise ValueError(f"no such knob or fault: {sorted(unknown)}")
        for name, value in changes.items():
            setattr(self, name, value)


@dataclass
class Text:
    """One text that was taken."""

    sid: str
    to: str
    sender: str | None
    service: str | None
    body: str
    created: datetime
    status: str
    status_callback: str | None
    validity: int | None
    error_code: int | None = None
    sent: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """An answer of Twilio that is not a Message."""

    http_status: int
    code: int
    message: str


class Account:
    """The account's memory. Safe to use from many threads."""

    def __init__(self, account_sid: str, now: Callable[[], datetime], seed: int = 1) -> None:
        self.account_sid = account_sid
        self.knobs = Knobs()
        self.texts: dict[str, Text] = {}
        self.by_recipient: dict[str, list[Text]] = {}
        self.opted_out: set[tuple[str, str]] = set()
        self.violations: list[str] = []
        self.lock = threading.RLock()
        self._now = now
        self._random = random.Random(seed)

    def fault(self) -> str:
        """The fault of this request: the script's, else by chance, else "none"."""
        with self.lock:
            if self.knobs.script:
                return self.knobs.script.pop(0)
            for name, chance in self.knobs.faults.items():
                if self._random.random() < chance:
                    return name
            return "none"

    def refusal(self, form: dict[str, str]) -> Refusal | None:
        """Why Twilio would not take this text; codes from https://www.twilio.com/docs/api/errors."""
        to, body = form.get("To", ""), form.get("Body", "")
        sender = form.get("From") or form.get("MessagingServiceSid")
        if not to:
            return Refusal(400, 21604, "A 'To' phone number is required.")
        if not sender:
            return Refusal(400, 21603, "A 'From' or 'MessagingServiceSid' parameter is required.")
        if not body:
            return Refusal(400, 21602, "Message body is required.")
        if len(body) > BODY_LIMIT:
            return Refusal(
                400, 21617, f"The concatenated message body exceeds the {BODY_LIMIT} character limit."
            )
        if not _E164.fullmatch(to):
            return Refusal(400, 21211, f"The 'To' number {to} is not a valid phone number.")
        if "From" in form and not _is_sender(form["From"]):
            return Refusal(400, 21606, f"The 'From' number {form['From']} is not a valid sender.")
        return self._wrong_option(form) or self._refused_recipient(to, form)

    def take(self, form: dict[str, str]) -> Text:
        """Take a text. A service has no sender yet and starts as accepted, a number as queued."""
        service = form.get("MessagingServiceSid")
        validity = form.get("ValidityPeriod")
        text = Text(
            sid=f"SM{secrets.token_hex(16)}",
            to=form["To"],
            sender=form.get("From"),
            service=service,
            body=form["Body"],
            created=self._now(),
            status="accepted" if service else "queued",
            status_callback=form.get("StatusCallback"),
            validity=int(validity) if validity else None,
        )
        with self.lock:
            self.texts[text.sid] = text
            self.by_recipient.setdefault(text.to, []).append(text)
        return text

    def move(self, text: Text, status: str, error_code: int | None) -> None:
        """Change a text's state; a service chooses its sender when the text leaves."""
        with self.lock:
            text.status, text.error_code = status, error_code
            if text.sent is None and status not in ("accepted", "queued"):
                text.sent = self._now()
            if text.sender is None:
                text.sender = "+15005550006"

    def counts(self) -> Counter[tuple[str, str]]:
        """How many texts were taken per recipient and body."""
        with self.lock:
            return Counter((text.to, text.body) for text in self.texts.values())

    def keyword(self, shopper: str, sender: str, body: str) -> str | None:
        """Twilio's own handling of a keyword: what ``OptOutType`` would say, None if it stays out of it."""
        word = body.strip().lower()
        if self.knobs.opt_out == "off":
            return None
        if word in _STOP:
            self.opted_out.add((sender, shopper))
            return "STOP"
        if word in _START:
            self.opted_out.discard((sender, shopper))
            return "START"
        return "HELP" if word in _HELP else None

    def message(self, text: Text) -> dict[str, Any]:
        """The Message resource of a text, as the description has it."""
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{text.sid}"
        segments = 0 if text.status == "accepted" else segment_count(text.body)
        charged = text.status in ("sent", "delivered", "undelivered")
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": text.body,
            "date_created": format_datetime(text.created),
            "date_sent": format_datetime(text.sent) if text.sent else None,
            "date_updated": format_datetime(text.sent or text.created),
            "direction": "outbound-api",
            "error_code": text.error_code,
            "error_message": "The text failed." if text.error_code else None,
            "from": text.sender,
            "messaging_service_sid": text.service,
            "num_media": "0",
            "num_segments": str(segments),
            "price": f"-{segments * 0.0075:.5f}" if charged else None,
            "price_unit": "USD",
            "sid": text.sid,
            "status": text.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": text.to,
            "uri": f"{uri}.json",
        }

    def _wrong_option(self, form: dict[str, str]) -> Refusal | None:
        validity = form.get("ValidityPeriod")
        if validity and not 1 <= int(validity) <= LONGEST_VALIDITY:
            return Refusal(400, 30045, f"ValidityPeriod must lie between 1 and {LONGEST_VALIDITY}.")
        callback = form.get("StatusCallback")
        if callback is not None:
            parts = urlsplit(callback)
            if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
                return Refusal(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
        return None

    def _refused_recipient(self, to: str, form: dict[str, str]) -> Refusal | None:
        if to in self.knobs.refuse:
            return Refusal(400, self.knobs.refuse[to], f"The text to {to} is refused.")
        senders = {form.get("From", ""), form.get("MessagingServiceSid", "")}
        if any((sender, to) in self.opted_out for sender in senders):
            return Refusal(400, 21610, "Attempt to send to unsubscribed recipient.")
        return None


def segment_count(body: str) -> int:
    """Segments by division, near enough for a stand-in."""
    if set(body) <= _GSM_7:
        units, single, several = len(body) + sum(c in _GSM_7_DOUBLE for c in body), 160, 153
    else:
        units, single, several = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // several)


def moment(value: str) -> tuple[datetime, datetime]:
    """A ``DateSent`` filter as the first and last moment that it means: a day, or one moment."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        day = datetime.fromisoformat(value).replace(tzinfo=UTC)
        return day, day.replace(hour=23, minute=59, second=59, microsecond=999_999)
    exact = datetime.fromisoformat(value)
    exact = exact if exact.tzinfo else exact.replace(tzinfo=UTC)
    return exact, exact


def _is_sender(value: str) -> bool:
    return any(pattern.fullmatch(value) for pattern in (_E164, _SENDER_NAME, _SHORT_CODE))
