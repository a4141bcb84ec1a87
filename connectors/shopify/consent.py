"""Telling Shopify what a shopper said to us about texts, at the customer's record.

Shopify keeps the consent with the customer's phone number, so the customer is found by the number and
not by an id: the record of somebody whose number is another one says nothing of this one. The states
that are written are not those that are read: NOT_SUBSCRIBED is written, NEVER_SUBSCRIBED is read
(Admin API 2026-10, CustomerSmsMarketingState).
"""

from __future__ import annotations

from datetime import UTC

from connectors.events import ConsentSignal, ConsentState
from connectors.platform import ConnectorError
from connectors.shopify import fields
from connectors.shopify.fields import Record, record, records
from connectors.shopify.graphql import AdminClient

_WRITTEN = {ConsentState.GIVEN: "SUBSCRIBED", ConsentState.WITHDRAWN: "UNSUBSCRIBED"}


def tell(client: AdminClient, signal: ConsentSignal) -> bool:
    """Write the signal to the record of the customer with its number (E.164), unless it says so already.

    False: no customer has this number, there is nothing to tell. Raises ConnectorError.
    """
    found = client.ask("customer_by_phone", {"phone": signal.phone}).data.get("customerByIdentifier")
    customer = record(found)
    number = record(customer.get("defaultPhoneNumber"))
    if number.get("phoneNumber") != signal.phone:
        return False
    if not _says(record(number.get("smsMarketingConsent")), signal):
        _write(client, customer, signal)
    return True


def _says(told: Record, signal: ConsentSignal) -> bool:
    """Whether the record holds the state, and a confirmed one where ours is."""
    confirmed = told.get("optInLevel") == "CONFIRMED_OPT_IN"
    return told.get("state") == _WRITTEN.get(signal.state) and (confirmed or not signal.confirmed)


def _write(client: AdminClient, customer: Record, signal: ConsentSignal) -> None:
    consent = {"marketingState": _WRITTEN[signal.state]}
    if signal.state is ConsentState.GIVEN:
        consent["marketingOptInLevel"] = "CONFIRMED_OPT_IN" if signal.confirmed else "SINGLE_OPT_IN"
    if signal.occurred_at is not None:
        consent["consentUpdatedAt"] = f"{signal.occurred_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    told = {"customerId": customer.get("id"), "smsMarketingConsent": consent}
    answer = client.ask("customer_sms_consent_update", {"input": told}).data
    errors = records(record(answer.get("customerSmsMarketingConsentUpdate")).get("userErrors"))
    if errors:
        # Its own message may repeat the number.
        codes = sorted({fields.text(error.get("code"), longest=64) or "UNKNOWN" for error in errors})
        raise ConnectorError(f"Shopify did not take the consent ({', '.join(codes)}).")
