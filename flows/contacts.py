"""Contacts: one number of one store, with what was last told of the person behind it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from app.models import Contact, Store
from connectors.events import CustomerSeen, Shopper
from flows.incoming import Incoming
from flows.phones import Phone, PhoneProblem, best_phone


@dataclass(frozen=True, slots=True)
class Read:
    """The number to text, or why there is none; both None where nothing was typed."""

    phone: Phone | None
    problem: str | None


def read(shopper: Shopper, store: Store) -> Read:
    """The number of a shopper. A number without a country code belongs to the country of the address."""
    found = best_phone(shopper.phones, shopper.country or store.country)
    if isinstance(found, PhoneProblem):
        return Read(None, found.reason)
    return Read(found, None)


def keep(incoming: Incoming, phone: Phone, shopper: Shopper, locale: str | None = None) -> Contact:
    """The contact of this number, with what is known of the person now; what is not told stays."""
    told = {
        "country": phone.country,
        "address_country": shopper.country,
        "region": shopper.region,
        "postcode": shopper.postcode,
        "email": shopper.email.lower() if shopper.email else None,
        "customer_id": shopper.customer_id,
        "first_name": shopper.first_name,
        "locale": locale,
    }
    contact = find(incoming, phone.e164)
    if contact is None:
        return _create(incoming, phone.e164, told)
    _tell(incoming, contact, told)
    return contact


def find(incoming: Incoming, phone: str) -> Contact | None:
    query = select(Contact).where(Contact.store_id == incoming.store.id, Contact.phone == phone)
    return incoming.session.scalar(query)


def see_customer(incoming: Incoming, seen: CustomerSeen) -> None:
    """A customer's record tells more of contacts that we know. It makes none: nobody left a cart by it."""
    phone = read(seen.shopper, incoming.store).phone
    same_person = Contact.customer_id == seen.customer_id
    if phone is not None:
        same_person = or_(same_person, Contact.phone == phone.e164)
    query = select(Contact).where(Contact.store_id == incoming.store.id, same_person).order_by(Contact.id)
    for contact in incoming.session.scalars(query):
        told = {
            "email": seen.shopper.email.lower() if seen.shopper.email else None,
            "customer_id": seen.customer_id,
            "first_name": seen.shopper.first_name,
            "locale": seen.locale,
        }
        _tell(incoming, contact, told)


def _create(incoming: Incoming, phone: str, told: dict[str, str | None]) -> Contact:
    """Another worker may create the same contact at this moment: then that one is ours too."""
    values = {"store_id": incoming.store.id, "phone": phone, **told}
    times = {"created_at": incoming.now, "updated_at": incoming.now}
    fresh = insert(Contact).values(**values, **times).on_conflict_do_nothing().returning(Contact)
    contact = incoming.session.scalar(fresh) or find(incoming, phone)
    if contact is None:
        raise LookupError("a contact that was just inserted is not there")
    _tell(incoming, contact, told)
    return contact


def _tell(incoming: Incoming, contact: Contact, told: dict[str, str | None]) -> None:
    changed = {name: value for name, value in told.items() if value and getattr(contact, name) != value}
    for name, value in changed.items():
        setattr(contact, name, value)
    if changed:
        contact.updated_at = incoming.now
