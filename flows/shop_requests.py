"""What an administrator asks by WordPress's own privacy tools, through the companion plugin.

WordPress knows a person by e-mail address. The plugin brings along the numbers that the shop has beside that
address. Whoever orders may type any number, so a number counts only while no other address is known with it:
nobody gets to see, or to erase, what is stored of somebody else by typing their number once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.models import Contact, Store
from connectors.platform import RequestKind
from connectors.woocommerce.plugin_questions import Asked
from flows import audit, compliance, data_export, erasure
from flows.data_export import Document
from flows.incoming import Incoming
from flows.phones import Phone, read_phone
from flows.traces import Shopper, read_shopper

HANDED = "handed to the shop"


@dataclass(frozen=True, slots=True)
class Named:
    """The person as Warmcart may know them, once for each number; ``left_out`` numbers are not theirs."""

    shoppers: tuple[Shopper, ...]
    left_out: int


def named(session: Session, store: Store, asked: Asked) -> Named:
    """Whom a question is about."""
    brought = dict.fromkeys(_numbers(asked.phones, store.country))
    known_otherwise = select(Contact.phone).where(
        Contact.store_id == store.id,
        Contact.erased_at.is_(None),
        Contact.phone.in_(brought),
        Contact.email != asked.email,
        or_(Contact.customer_id.is_(None), Contact.customer_id != (asked.customer_id or "")),
    )
    others = set(session.scalars(known_otherwise))
    phones: list[str | None] = [phone for phone in brought if phone not in others]
    told = (asked.email, asked.customer_id)
    return Named(tuple(read_shopper(store, phone, *told) for phone in phones or [None]), len(others))


def documents(incoming: Incoming, asked: Asked, person: Named) -> list[Document]:
    """What is stored of them, a document for each number, without those in which nothing is."""
    store, now = incoming.store, incoming.now
    built = (
        data_export.build(incoming.session, incoming.runtime, store, one, now) for one in person.shoppers
    )
    return [document for document in built if not data_export.is_empty(document)]


def note_handed(incoming: Incoming, asked: Asked) -> None:
    """The request was answered: the shop has the whole of it."""
    compliance.note_answered(incoming, compliance.PLATFORM, asked.nonce, HANDED)
    _record(incoming, asked, "contact_exported")


def erase(incoming: Incoming, asked: Asked, person: Named) -> bool:
    """Erase them; says whether anything was stored. The locks of all numbers are taken at once."""
    erasure.keep_others_out(incoming, *person.shoppers)
    found = bool(documents(incoming, asked, person))
    for number, shopper in enumerate(person.shoppers):
        name = f"{asked.nonce}:{number}"
        compliance.ask(incoming, RequestKind.CUSTOMER_REDACT, shopper, compliance.PLATFORM, name)
    _record(incoming, asked, "customer_redact_asked")
    return found


def _numbers(phones: Sequence[tuple[str, str | None]], home: str | None) -> Iterable[str]:
    read = (read_phone(typed, country or home) for typed, country in phones)
    return (phone.e164 for phone in read if isinstance(phone, Phone))


def _record(incoming: Incoming, asked: Asked, action: str) -> None:
    actor = f"woocommerce:{asked.user}" if asked.user else audit.PLATFORM
    audit.record(incoming.session, incoming.store.id, actor, action, incoming.now)
