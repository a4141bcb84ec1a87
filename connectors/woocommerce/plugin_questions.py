"""What the companion plugin asks and waits for: figures, somebody's data, an erasure, a way in, good-bye.

Signed as its events are (``plugin_events``), with ``warmcart-question.`` before what is signed, so that
neither can ever be played back as the other. The body is JSON: ``type``, ``user`` (the number of the
WordPress user who asks), and for ``export`` and ``erase`` the person: ``email``, ``phones`` (each with
``phone`` and ``country``), ``customer_id``; ``page`` of an export begins at 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.platform import Malformed
from connectors.woocommerce import plugin_events
from connectors.woocommerce.body import Json, identifier, load_object, rows, text

DOMAIN = "warmcart-question."
SUMMARY, EXPORT, ERASE, LOGIN, GOODBYE = "summary", "export", "erase", "login", "goodbye"
KINDS = (SUMMARY, EXPORT, ERASE, LOGIN, GOODBYE)
LONGEST = 16_384
LONGEST_EMAIL, LONGEST_PHONE, MOST_PHONES, LAST_PAGE = 254, 40, 10, 1_000
_NONCE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. ``phones`` are as somebody typed them, each with the country of the address beside it."""

    kind: str
    nonce: str
    user: str | None = None
    email: str = ""
    phones: tuple[tuple[str, str | None], ...] = ()
    customer_id: str | None = None
    page: int = 1


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the plugin's ``secrets`` signed this question. ``headers`` have lower-case names."""
    return plugin_events.verify(headers, body, secrets, DOMAIN)


def read(headers: Mapping[str, str], body: bytes) -> Asked:
    """The question. Raises Malformed."""
    content, nonce = load_object(body), headers.get(plugin_events.NONCE, "")
    if not _NONCE.fullmatch(nonce):
        raise Malformed("X-Warmcart-Nonce is not 32 digits in hex.")
    kind, user = text(content.get("type")), identifier(content.get("user"))
    if kind not in KINDS:
        raise Malformed("This server does not know what the plugin asks. Is it older than the plugin?")
    if kind == LOGIN and user is None:
        raise Malformed("The question names no user.")
    if kind not in (EXPORT, ERASE):
        return Asked(kind, nonce, user)
    return Asked(
        kind,
        nonce,
        user,
        email=_email(content),
        phones=_phones(content),
        customer_id=identifier(content.get("customer_id")),
        page=min(int(identifier(content.get("page")) or 1), LAST_PAGE),
    )


def _email(content: Json) -> str:
    email = text(content.get("email")).lower()
    if "@" not in email or len(email) > LONGEST_EMAIL:
        raise Malformed("The question names no e-mail address.")
    return email


def _phones(content: Json) -> tuple[tuple[str, str | None], ...]:
    told = [(text(row.get("phone")), text(row.get("country"))) for row in rows(content.get("phones"))]
    read = [
        (phone, country if re.fullmatch(r"[A-Z]{2}", country) else None)
        for phone, country in told
        if phone and len(phone) <= LONGEST_PHONE
    ]
    return tuple(read[:MOST_PHONES])
