"""What the companion plugin tells: carts as they happen, and the orders that they become.

Headers: ``X-Warmcart-Timestamp`` (seconds since 1970), ``X-Warmcart-Nonce`` (the event's own id, the same
when it is sent again), ``X-Warmcart-Signature``: hex of HMAC-SHA256 over ``timestamp.nonce.body`` with the
plugin's own secret, made when the event is sent, however long it waited. The body is JSON: ``type`` (``cart``
or ``order``), ``occurred_at``, and the thing as it is now. An order has the fields of WooCommerce's REST API.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.events import CartSeen, ConsentSignal, ConsentState, Event, Item, Key, Money, Shopper
from connectors.platform import Delivery, Malformed
from connectors.woocommerce import webhooks
from connectors.woocommerce.body import (
    Json,
    amount,
    identifier,
    language_tag,
    load_object,
    member,
    moment,
    rows,
    text,
)
from connectors.woocommerce.orders import (
    LONGEST_EVIDENCE,
    LONGEST_TOKEN,
    LONGEST_WORDING,
    SESSION_KEY,
    items_of,
    order_events,
    session_key,
)
from connectors.woocommerce.people import phone_forms

SIGNATURE, NONCE, TIMESTAMP = "x-warmcart-signature", "x-warmcart-nonce", "x-warmcart-timestamp"
FRESH_FOR = timedelta(minutes=5)
CONSENT_SOURCE = "woocommerce_box"
TOPIC = "warmcart."
CART, ORDER = "cart", "order"
STEPS = ("cart", "contact", "shipping", "payment")
_NONCE = re.compile(r"[0-9a-f]{32}")


def is_one(headers: Mapping[str, str]) -> bool:
    """Whether a delivery claims to be the plugin's. ``headers`` have lower-case names."""
    return SIGNATURE in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], domain: str = "") -> bool:
    """Whether one of the plugin's ``secrets`` signed these bytes, this time and this nonce.

    ``domain`` stands before what is signed; that of an event begins with its time.
    """
    given = headers.get(SIGNATURE, "").encode("utf-8", "surrogateescape")
    time_and_nonce = f"{domain}{headers.get(TIMESTAMP, '')}.{headers.get(NONCE, '')}."
    signed = time_and_nonce.encode("utf-8", "surrogateescape") + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets if secret]
    return any([hmac.compare_digest(given, signature.encode()) for signature in expected])


def is_fresh(headers: Mapping[str, str], now: datetime) -> bool:
    """Whether it was signed within five minutes: what somebody recorded cannot be played back later."""
    told = headers.get(TIMESTAMP, "")
    if not re.fullmatch(r"[0-9]{1,11}", told, re.ASCII):
        return False
    return abs(now - datetime.fromtimestamp(int(told), UTC)) <= FRESH_FOR


def read(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Topic, subject and names of an event. Raises Malformed."""
    content, nonce = load_object(body), headers.get(NONCE, "")
    if not _NONCE.fullmatch(nonce):
        raise Malformed("X-Warmcart-Nonce is not 32 digits in hex.")
    kind = text(content.get("type"))
    subject, mentions = _about(kind, content)
    return Delivery(
        topic=f"{TOPIC}{kind or 'unknown'}"[: webhooks.LONGEST_NAME],
        dedupe_key=f"plugin:{nonce}",
        subject=subject,
        mentions=mentions,
        triggered_at=moment(content.get("occurred_at")),
    )


def _about(kind: str, content: Json) -> tuple[str, tuple[str, ...]]:
    """Subject and mentions. The order of an event and that of a webhook are one subject."""
    if kind == ORDER:
        order = _part(content, ORDER)
        order_id = identifier(order.get("id"))
        if order_id is None:
            raise Malformed("The order has no id.")
        return f"order:{order_id}", webhooks.mentions("order.updated", order_id, order)
    if kind != CART:
        return "plugin", ()
    cart = _part(content, CART)
    key, shopper = _key(cart), _shopper(cart)
    forms = [form for typed in shopper.phones for form in phone_forms(typed, shopper.country)]
    found = [f"{key.kind}:{key.value}", *(f"phone:{form}" for form in forms)]
    found += [f"email:{shopper.email.lower()}"] if shopper.email else []
    found += [f"customer:{shopper.customer_id}"] if shopper.customer_id else []
    return f"cart:{key.value}", tuple(name for name in found if len(name) <= webhooks.LONGEST_NAME)


def events(topic: str, body: bytes, received_at: datetime) -> Sequence[Event]:
    """The normalised events; none for a kind that a newer plugin may send. Raises Malformed."""
    content = load_object(body)
    if topic == f"{TOPIC}{ORDER}":
        return order_events(_part(content, ORDER), received_at)
    if topic == f"{TOPIC}{CART}":
        return (_cart(_part(content, CART), _moment(content, "occurred_at")),)
    return ()


def _cart(cart: Json, at: datetime) -> CartSeen:
    created, locale = _moment(cart, "created_at"), language_tag(text(cart.get("locale")))
    listed = cart.get("items")
    if not isinstance(listed, list) or len(rows(listed)) != len(listed):
        raise Malformed("The cart's items are no list of lines.")
    return CartSeen(
        keys=(_key(cart),),
        updated_at=at,
        created_at=created,
        items=_items(rows(listed)),
        total=_total(cart) if listed else None,
        locale=locale,
        storefront_locale=language_tag(text(cart.get("storefront_locale"))),
        shopper=_shopper(cart),
        consent=_consent(cart, created, locale),
        step=_step(cart) if listed else "cart",
        user_agent=text(cart.get("user_agent"))[:LONGEST_EVIDENCE] or None,
        opened_by=text(cart.get("opened_by"))[:LONGEST_TOKEN] or None,
        discount_codes=_codes(cart),
    )


def _part(content: Json, name: str) -> Json:
    part = content.get(name)
    if not isinstance(part, dict):
        raise Malformed(f"The event has no {name}.")
    return part


def _key(cart: Json) -> Key:
    key = session_key(cart.get("key"))
    if key is None:
        raise Malformed("The cart has no key of 32 digits in hex.")
    return Key(SESSION_KEY, key)


def _moment(content: Json, name: str) -> datetime:
    found = moment(content.get(name))
    if found is None:
        raise Malformed(f"{name} is not a moment.")
    return found


def _total(cart: Json) -> Money:
    total, currency = amount(cart.get("total")), text(cart.get("currency"))
    if total is None or not re.fullmatch(r"[A-Z]{3}", currency):
        raise Malformed("The cart has no total or no currency.")
    return Money(total, currency)


def _step(cart: Json) -> str:
    step = text(cart.get("step"))
    if step not in STEPS:
        raise Malformed("The cart's step is none that we know.")
    return step


def _codes(cart: Json) -> tuple[str, ...] | None:
    """The codes that stand in the cart; a plugin before 0.2 does not tell."""
    told = cart.get("discount_codes")
    return tuple(code for each in told if (code := text(each))) if isinstance(told, list) else None


def _items(lines: Sequence[Json]) -> tuple[Item, ...]:
    """Lines as those of an order, whose names for title and image are WooCommerce's."""
    named = [{**line, "name": line.get("title"), "image": {"src": line.get("image")}} for line in lines]
    items = items_of(named)
    if any(item.quantity < 1 or item.product_id is None for item in items):
        raise Malformed("A line of the cart has no product or no quantity.")
    return items


def _shopper(cart: Json) -> Shopper:
    shopper = cart.get("shopper")
    phone, country = text(member(shopper, "phone")), text(member(shopper, "country"))
    return Shopper(
        phones=(phone,) if phone else (),
        email=text(member(shopper, "email")) or None,
        customer_id=identifier(member(shopper, "customer_id")),
        country=country if re.fullmatch(r"[A-Z]{2}", country) else None,
    )


def _consent(cart: Json, created: datetime, locale: str | None) -> ConsentSignal | None:
    """The tick as the plugin noted it. The language is that of the page on which the box stood."""
    box = cart.get("consent")
    if box is None:
        return None
    if not isinstance(box, dict):
        raise Malformed("The cart's consent is not an object.")
    names = ("ip", "user_agent", "page_url", "wording_version")
    told = {name: text(box.get(name))[:LONGEST_EVIDENCE] for name in names}
    shopper = _shopper(cart)
    return ConsentSignal(
        state=ConsentState.GIVEN,
        phone=shopper.phones[0] if shopper.phones else None,
        source=CONSENT_SOURCE,
        occurred_at=_moment(box, "given_at"),
        checkout_created_at=created,
        customer_id=shopper.customer_id,
        wording=text(box.get("wording"))[:LONGEST_WORDING] or None,
        language=locale,
        evidence={name: value for name, value in told.items() if value},
    )
