"""The words in which deliveries say what they are about, and in which a waiting text asks for them.

``<cart key kind>:<value>``, ``phone:<digits>``, ``email:<lower case>``, ``customer:<id>``: see
``connectors.platform.Delivery.mentions``.
"""

from __future__ import annotations

import phonenumbers

from app.models import Cart, Contact
from connectors.events import ComplianceRequested, ConsentChanged, Event, Key, Shopper


def of_event(event: Event) -> list[str]:
    """What an event is about: two events that may touch the same rows share a word."""
    keys: tuple[Key, ...] = getattr(event, "keys", ())
    order_id: str | None = getattr(event, "order_id", None)
    shopper = _shopper(event)
    found = [f"{key.kind}:{key.value}" for key in keys]
    found += [f"phone:{digits(phone)}" for phone in shopper.phones]
    found += person(shopper.email, shopper.customer_id)
    return found + ([f"order:{order_id}"] if order_id else [])


def _shopper(event: Event) -> Shopper:
    if isinstance(event, ConsentChanged):
        phones = (event.signal.phone,) if event.signal.phone else ()
        return Shopper(phones=phones, customer_id=event.signal.customer_id)
    if isinstance(event, ComplianceRequested):
        phones = (event.phone,) if event.phone else ()
        return Shopper(phones=phones, email=event.email, customer_id=event.customer_id)
    shopper: Shopper = getattr(event, "shopper", Shopper())
    return shopper


def of_cart(cart: Cart, contact: Contact | None) -> list[str]:
    """The person of a cart; its keys are in rows of their own."""
    found = person(cart.email, cart.customer_id)
    if contact is None:
        return found
    found += person(contact.email, contact.customer_id)
    if contact.erased_at is None:
        found += [f"phone:{form}" for form in phone_forms(contact.phone)]
    return list(dict.fromkeys(found))


def phone_forms(e164: str) -> tuple[str, ...]:
    """The digits of a number as they may stand in an event that nobody has read yet: international,
    national, and national with a trunk zero."""
    national = str(phonenumbers.parse(e164).national_number)
    return digits(e164), national, f"0{national}"


def digits(phone: str) -> str:
    return "".join(character for character in phone if character in "0123456789")


def person(email: str | None, customer_id: str | None) -> list[str]:
    found = [f"email:{email.lower()}"] if email else []
    return found + ([f"customer:{customer_id}"] if customer_id else [])
