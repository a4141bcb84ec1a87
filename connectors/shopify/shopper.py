"""Who the shopper is, as checkouts, orders and customers of Shopify tell it."""

from __future__ import annotations

from connectors.events import Shopper
from connectors.shopify.fields import Record, country, email, identifier, record, text


def buyer(body: Record) -> Shopper:
    """The person of a checkout or an order.

    Any of ``customer``, ``shipping_address`` and ``billing_address`` may be absent, null, ``[]`` or
    ``{}``. Only ``sms_marketing_phone`` was given for texts; the other phones are contact data.
    """
    customer = record(body.get("customer"))
    shipping, billing = record(body.get("shipping_address")), record(body.get("billing_address"))
    home = record(customer.get("default_address"))
    place = next(
        (address for address in (shipping, billing, home) if country(address.get("country_code"))), {}
    )
    return Shopper(
        phones=_phones(
            body.get("sms_marketing_phone"),
            body.get("phone"),
            *_each_phone(shipping, customer, billing, home),
        ),
        email=email(body.get("email")) or email(customer.get("email")),
        first_name=_first(customer, shipping, billing),
        customer_id=identifier(customer.get("admin_graphql_api_id"), customer.get("id")),
        country=country(place.get("country_code")),
        region=text(place.get("province_code"), longest=16),
        postcode=text(place.get("zip"), longest=32),
    )


def customer(body: Record) -> Shopper:
    """The person of a customer record; also of a compliance body's ``customer``."""
    home = record(body.get("default_address"))
    return Shopper(
        phones=_phones(*_each_phone(body, home)),
        email=email(body.get("email")),
        first_name=_first(body, home),
        customer_id=identifier(body.get("admin_graphql_api_id"), body.get("id")),
        country=country(home.get("country_code")),
        region=text(home.get("province_code"), longest=16),
        postcode=text(home.get("zip"), longest=32),
    )


def _each_phone(*places: Record) -> list[object]:
    return [place.get("phone") for place in places]


def _phones(*typed: object) -> tuple[str, ...]:
    """The phones as typed, most specific first, each once."""
    found = (text(phone, longest=40) for phone in typed)
    return tuple(dict.fromkeys(phone for phone in found if phone))


def _first(*people: Record) -> str | None:
    names = (text(person.get("first_name"), longest=255) for person in people)
    return next((name for name in names if name), None)
