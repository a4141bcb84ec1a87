"""What an administrator asks by WordPress's own privacy tools, through the companion plugin.

WordPress knows a person by e-mail address. The plugin brings along the numbers that the shop has beside that
address. Whoever orders may type any number: which of them are theirs ``flows.whose`` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.models import Store
from connectors.events import RequestKind
from connectors.woocommerce.plugin_questions import Asked
from flows import audit, compliance, data_export, erasure, traces
from flows.data_export import Document
from flows.incoming import Incoming
from flows.phones import Phone, read_phone
from flows.traces import Shopper

HANDED = "handed to the shop"


def document(incoming: Incoming, asked: Asked) -> Document:
    """What is stored of whom the question is about."""
    return data_export.build(
        incoming.session, incoming.runtime, incoming.store, _named(incoming.store, asked), incoming.now
    )


def note_handed(incoming: Incoming, asked: Asked) -> None:
    """The request was answered: the shop has the whole of it."""
    compliance.note_answered(incoming, compliance.PLATFORM, asked.nonce, HANDED)
    _record(incoming, asked, "contact_exported")


def erase(incoming: Incoming, asked: Asked) -> tuple[bool, int]:
    """Erase them; says whether anything was stored, and how many numbers were left alone."""
    person, hash_key = _named(incoming.store, asked), incoming.runtime.settings.hash_key
    erasure.keep_others_out(incoming, person)
    found = traces.find(incoming.session, hash_key, incoming.store, person, incoming.now, erase=True)
    stored = not data_export.is_empty(data_export.tell(incoming.session, incoming.store, found))
    compliance.ask(incoming, RequestKind.CUSTOMER_REDACT, person, compliance.PLATFORM, asked.nonce)
    _record(incoming, asked, "customer_redact_asked")
    return stored, found.left_out


def _named(store: Store, asked: Asked) -> Shopper:
    phones = tuple(dict.fromkeys(_numbers(asked.phones, store.country)))
    return Shopper(phones, email=asked.email, customer_id=asked.customer_id, vouched=False)


def _numbers(phones: Sequence[tuple[str, str | None]], home: str | None) -> Iterable[str]:
    read = (read_phone(typed, country or home) for typed, country in phones)
    return (phone.e164 for phone in read if isinstance(phone, Phone))


def _record(incoming: Incoming, asked: Asked, action: str) -> None:
    actor = f"woocommerce:{asked.user}" if asked.user else audit.PLATFORM
    audit.record(incoming.session, incoming.store.id, actor, action, incoming.now)
