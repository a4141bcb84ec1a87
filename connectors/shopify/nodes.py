"""The Admin API's objects as normalised events: the same truth as the webhooks, in GraphQL's words."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from connectors.events import (
    CartSeen,
    ConsentChanged,
    ConsentSignal,
    Item,
    Money,
    OrderSeen,
    Shopper,
    StoreChanged,
)
from connectors.shopify import fields
from connectors.shopify.addresses import safe_address
from connectors.shopify.checkouts import cart_keys, keys_of_recover_url
from connectors.shopify.customers import consent
from connectors.shopify.fields import Record, record
from connectors.shopify.orders import UNKNOWN_AMOUNT, status
from connectors.shopify.shopper import buyer


def cart_seen(node: Record) -> CartSeen | None:
    """An AbandonedCheckout. It has neither token nor locale nor tick: key and locale are in its address.

    Consent is the customer's own, for the checkout's tick is not told.
    """
    address = node.get("abandonedCheckoutUrl")
    keys, updated_at = keys_of_recover_url(address), fields.moment(node.get("updatedAt"))
    if not keys or updated_at is None:
        return None
    shopper = _shopper(node)
    return CartSeen(
        keys=keys,
        updated_at=updated_at,
        created_at=fields.moment(node.get("createdAt")),
        items=_items(record(node.get("lineItems")).get("nodes")),
        total=_money(node.get("totalPriceSet"), "shopMoney"),
        presentment_total=_money(node.get("totalPriceSet"), "presentmentMoney"),
        locale=_locale(address) or fields.locale(record(node.get("customer")).get("locale")),
        shopper=shopper,
        consent=_consent(record(node.get("customer"))),
        restore_url=safe_address(address),
        completed_at=fields.moment(node.get("completedAt")),
        step=_step(node, shopper),
        discount_codes=fields.texts(node.get("discountCodes")),
    )


def order_seen(node: Record) -> OrderSeen | None:
    """An Order as the fragment OrderNow asks for it."""
    number, placed_at = fields.identifier(node.get("id")), fields.moment(node.get("createdAt"))
    if not number or placed_at is None:
        return None
    refunded = _money(node.get("totalRefundedSet"), "shopMoney")
    return OrderSeen(
        order_id=number,
        status=status(node.get("cancelledAt"), node.get("displayFinancialStatus")),
        placed_at=placed_at,
        updated_at=fields.moment(node.get("updatedAt")) or placed_at,
        total=_money(node.get("totalPriceSet"), "shopMoney") or UNKNOWN_AMOUNT,
        keys=cart_keys(node.get("checkoutToken"), node.get("cartToken")),
        number=fields.text(node.get("name"), longest=255),
        presentment_total=_money(node.get("totalPriceSet"), "presentmentMoney"),
        refunded=refunded.amount if refunded and refunded.amount else None,
        shopper=_shopper(node),
        locale=fields.locale(node.get("customerLocale")),
        status_url=safe_address(node.get("statusPageUrl")),
        discount_codes=fields.texts(node.get("discountCodes")),
        test=node.get("test") is True,
    )


def consent_changed(node: Record) -> ConsentChanged | None:
    """A Customer's consent to texts, if the record holds any."""
    signal = _consent(node)
    return ConsentChanged(signal) if signal else None


def store_changed(data: Record) -> StoreChanged:
    """The answer to the operation ``shop``."""
    shop = record(data.get("shop"))
    languages = fields.records(data.get("shopLocales"))
    scopes = fields.records(record(data.get("currentAppInstallation")).get("accessScopes"))
    ships_to = fields.texts(shop.get("shipsToCountries"))
    return StoreChanged(
        platform_store_id=fields.identifier(shop.get("id")),
        name=fields.text(shop.get("name"), longest=255),
        url=safe_address(record(shop.get("primaryDomain")).get("url")),
        currency=fields.currency(shop.get("currencyCode")),
        country=fields.country(record(shop.get("shopAddress")).get("countryCodeV2")),
        timezone=fields.text(shop.get("ianaTimezone"), longest=64),
        locale=next(
            (fields.locale(entry.get("locale")) for entry in languages if entry.get("primary")), None
        ),
        ships_to=ships_to or None,
        scopes=fields.texts([scope.get("handle") for scope in scopes]) or None,
    )


def _shopper(node: Record) -> Shopper:
    """The person of a checkout or an order, read by the same rules as a webhook's."""
    customer = record(node.get("customer"))
    return buyer(
        {
            "phone": node.get("phone"),
            "email": node.get("email"),
            "customer": {
                "id": customer.get("id"),
                "first_name": customer.get("firstName"),
                "phone": record(customer.get("defaultPhoneNumber")).get("phoneNumber"),
                "email": record(customer.get("defaultEmailAddress")).get("emailAddress"),
            },
            "shipping_address": _address(node.get("shippingAddress")),
            "billing_address": _address(node.get("billingAddress")),
        }
    )


def _address(value: object) -> Record:
    address = record(value)
    return {
        "phone": address.get("phone"),
        "first_name": address.get("firstName"),
        "country_code": address.get("countryCodeV2"),
        "province_code": address.get("provinceCode"),
        "zip": address.get("zip"),
    }


def _consent(customer: Record) -> ConsentSignal | None:
    number = record(customer.get("defaultPhoneNumber"))
    told = record(number.get("smsMarketingConsent"))
    return consent(
        told.get("state"),
        told.get("optInLevel"),
        number.get("phoneNumber"),
        fields.identifier(customer.get("id")),
        told.get("updatedAt"),
    )


def _items(nodes: object) -> tuple[Item, ...]:
    return tuple(
        Item(
            title=fields.text(line.get("title")) or "",
            quantity=quantity,
            product_id=fields.identifier(record(line.get("product")).get("id")),
            variant_id=fields.identifier(record(line.get("variant")).get("id")),
            unit_price=price.amount
            if (price := _money(line.get("originalUnitPriceSet"), "shopMoney"))
            else None,
            image_url=safe_address(record(line.get("image")).get("url")),
        )
        for line in fields.records(nodes)
        if isinstance(quantity := line.get("quantity"), int) and quantity > 0
    )


def _money(bag: object, side: str) -> Money | None:
    told = record(record(bag).get(side))
    return fields.money(told.get("amount"), told.get("currencyCode"))


def _locale(address: object) -> str | None:
    query = urlsplit(address).query if isinstance(address, str) else ""
    return next((fields.locale(value) for value in parse_qs(query).get("locale", [])), None)


def _step(node: Record, shopper: Shopper) -> str:
    if record(node.get("shippingAddress")) or record(node.get("billingAddress")):
        return "shipping"
    return "contact" if shopper != Shopper() else "cart"
