"""Customer records and their consent to texts as normalised events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.events import ConsentChanged, ConsentSignal, ConsentState, CustomerSeen, Event
from connectors.shopify import fields
from connectors.shopify.fields import Record
from connectors.shopify.shopper import customer

# Lower case in webhooks, upper case in GraphQL; not_subscribed and never_subscribed say nothing that
# could be given or withdrawn.
_STATES = {
    "subscribed": ConsentState.GIVEN,
    "unsubscribed": ConsentState.WITHDRAWN,
    "redacted": ConsentState.WITHDRAWN,
    "pending": ConsentState.PENDING,
}


def consent(
    state: object,
    opt_in_level: object,
    phone: object,
    customer_id: str | None,
    occurred_at: object,
    collected_from: object = None,
) -> ConsentSignal | None:
    """The consent that a customer record holds; None where it holds none or names nobody.

    Of how it was given the record tells its level and who collected it, no address and no browser.
    """
    known = _STATES.get(state.lower()) if isinstance(state, str) else None
    number = fields.text(phone, longest=40)
    if known is None or not (number or customer_id):
        return None
    level = opt_in_level.lower() if isinstance(opt_in_level, str) else ""
    collector = fields.text(collected_from, longest=100)
    told = {"opt_in_level": level, "collected_from": collector.lower() if collector else ""}
    return ConsentSignal(
        state=known,
        phone=number,
        source="shopify_customer",
        confirmed=known is ConsentState.GIVEN and level == "confirmed_opt_in",
        occurred_at=fields.moment(occurred_at),
        customer_id=customer_id,
        evidence={name: value for name, value in told.items() if value},
    )


def consent_changed(body: Record, received_at: datetime) -> Sequence[Event]:
    """customers_marketing_consent/update: the consent to texts (e-mail has a topic of its own)."""
    told = fields.record(body.get("sms_marketing_consent"))
    signal = consent(
        told.get("state"),
        told.get("opt_in_level"),
        body.get("phone"),
        fields.identifier(body.get("admin_graphql_api_id"), body.get("id")),
        told.get("consent_updated_at"),
        told.get("consent_collected_from"),
    )
    return (ConsentChanged(signal),) if signal else ()


def customer_seen(body: Record, received_at: datetime) -> Sequence[Event]:
    """customers/create and customers/update; they carry no consent since API 2025-01."""
    person = customer(body)
    if not person.customer_id:
        return ()
    updated_at = fields.moment(body.get("updated_at"))
    return (CustomerSeen(person.customer_id, person, updated_at),)


def customer_deleted(body: Record, received_at: datetime) -> Sequence[Event]:
    """customers/delete changes nothing here.

    It is no withdrawal: merging two records deletes one of them. Erasure comes as customers/redact.
    """
    return ()
