"""Reading replies for their page: those that a person should read, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin.paging import Page, Place, read_page, read_place
from app.models import Cart, Consent, Contact, Reply
from flows import keywords
from flows.phones import mask

OPEN, ALL = "open", "all"
SHOWS = {OPEN: "Waiting for you", ALL: "All"}
NO_ANSWER = "Warmcart answers no questions: write to the shopper from your store."
WAITING = "Reminders to this number wait until it is settled, two weeks at most."
OUTCOMES = {
    "settled": "Settled",
    "kept": "Settled: the number stays stopped",
    "undone": "Settled: it was no stop",
}


@dataclass(frozen=True)
class Filter:
    show: str = OPEN
    after: Place | None = None


@dataclass(frozen=True)
class Listed:
    """One reply. ``did`` is what we did about it, ``because`` the words that decided.

    ``cart_id`` is the shopper's last cart, by which a merchant knows who wrote.
    ``keeps_stopped``: settling it leaves a number stopped that it has stopped.

    ``may_undo``: it stopped the number, and can be found to have been no stop.
    """

    reply: Reply
    cart_id: int | None
    number: str
    name: str | None
    did: str
    because: str | None
    keeps_stopped: bool
    may_undo: bool
    outcome: str | None


def read_filter(arguments: Mapping[str, str]) -> Filter:
    """The filter in an address; what is not known is as if it were not asked for."""
    show = arguments.get("show", OPEN)
    return Filter(show if show in SHOWS else OPEN, read_place(arguments.get("after", "")))


def page(session: Session, store_id: int, wanted: Filter) -> Page[Listed]:
    """One page of a store's replies; the number of queries does not depend on the number of replies."""
    last_cart = (
        select(Cart.id)
        .where(Cart.store_id == Reply.store_id, Cart.contact_id == Reply.contact_id)
        .order_by(Cart.activity_at.desc(), Cart.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(Reply, Contact, Consent, last_cart)
        .outerjoin(Contact, (Contact.store_id == Reply.store_id) & (Contact.id == Reply.contact_id))
        .outerjoin(
            Consent,
            (Consent.store_id == Reply.store_id)
            & (Consent.channel == "sms")
            & (Consent.address == Contact.phone),
        )
        .where(Reply.store_id == store_id, Reply.needs_person)
    )
    if wanted.show == OPEN:
        query = query.where(Reply.settled_at.is_(None))
    found = read_page(session, query, Reply.received_at, wanted.after)
    return Page([_listed(*row) for row in found.rows], found.next)


def _listed(reply: Reply, contact: Contact | None, consent: Consent | None, cart_id: int | None) -> Listed:
    is_stop = reply.intent == "stop"
    stopped = bool(consent and consent.stopped)
    return Listed(
        reply=reply,
        cart_id=cart_id,
        number=mask(contact.phone) if contact else "•••",
        name=contact.first_name if contact else None,
        did=_did(is_stop, stopped, settled=reply.settled_at is not None),
        because=keywords.intent(reply.body).word if is_stop and reply.body else None,
        keeps_stopped=is_stop and stopped,
        may_undo=is_stop and contact is not None and reply.settled_as != "undone",
        outcome=OUTCOMES.get(reply.settled_as or "") if reply.settled_at else None,
    )


def _did(is_stop: bool, stopped: bool, settled: bool) -> str:
    if is_stop:
        after = "and told so" if stopped else "and is open again now"
        return f"The number was stopped at once, {after}."
    if stopped:
        return "The number is stopped."
    return NO_ANSWER if settled else f"{NO_ANSWER} {WAITING}"
