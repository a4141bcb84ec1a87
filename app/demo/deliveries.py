"""What the demo shop tells of its carts and orders: in its webhooks, and when it is asked.

The form is that of ``connectors.demo.deliveries``.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import structlog
from flask import current_app
from sqlalchemy import select

from app.demo import visits
from app.demo.books import Cart
from app.demo.courier import Courier
from app.demo.products import CURRENCY, PRODUCTS
from app.demo.words import say
from app.models import Store
from app.runtime import Runtime
from app.web import runtime
from connectors.demo.deliveries import CART, ORDER, sign
from flows import connections, demo

log = structlog.get_logger()

EXTENSION = "warmcart_demo_courier"

Json = dict[str, Any]


def courier() -> Courier:
    return cast(Courier, current_app.extensions[EXTENSION])


def tell_cart(cart: Cart) -> None:
    """Say in the background how the cart is now."""
    _tell(CART, cart_body(cart, runtime().settings.public_url))


def tell_order(cart: Cart) -> None:
    """Say in the background that the cart was ordered."""
    _tell(ORDER, order_body(cart, runtime().settings.public_url))


def cart_body(cart: Cart, public_url: str) -> Json:
    return _common(cart) | {
        "items": [
            {
                "title": say(cart.language, f"product.{name}.title"),
                "quantity": count,
                "product_id": name,
                "price": _amount(PRODUCTS[name].price),
            }
            for name, count in cart.lines.items()
        ],
        "consent_at": cart.consent and cart.consent.given_at.isoformat(),
        "consent_confirmed": bool(cart.consent and cart.consent.confirmed),
        "consent_wording": cart.consent and cart.consent.wording,
        "restore_url": f"{public_url}/demo/shop/back/{cart.token}",
        "step": cart.step,
    }


def order_body(cart: Cart, public_url: str) -> Json:
    """Of an ordered cart."""
    return _common(cart) | {
        "order_id": cart.order_number,
        "number": cart.order_number,
        "placed_at": cast(datetime, cart.ordered_at).isoformat(),
        "status_url": f"{public_url}/demo/shop/orders/{cart.token}",
    }


def secret_of(current: Runtime, store: Store) -> str | None:
    """The secret that the shop shares with Warmcart."""
    with current.database.session() as session:
        kept = connections.read_credential(session, current, store.id, connections.WEBHOOK_SECRET)
    return kept["secret"] if kept else None


def known_store(current: Runtime) -> Store | None:
    """The shop as Warmcart knows it; None before the stage is set."""
    with current.database.session() as session:
        query = select(Store).where(Store.domain == demo.SHOP_DOMAIN, Store.platform == "demo")
        return session.scalar(query)


def _common(cart: Cart) -> Json:
    bill = visits.bill(cart)
    return {
        "cart_token": cart.token,
        "created_at": cart.created_at.isoformat(),
        "updated_at": cart.updated_at.isoformat(),
        "currency": CURRENCY,
        "total": _amount(bill.total),
        "discount_codes": bill.codes,
        "locale": cart.language,
        "country": cart.country,
        "phone": cart.phone or None,
        "email": cart.email or None,
        "first_name": cart.first_name or None,
        "user_agent": cart.user_agent or None,
    }


def _amount(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _tell(topic: str, body: Json) -> None:
    current = runtime()
    store = known_store(current)
    secret = secret_of(current, store) if store else None
    if store is None or secret is None:
        # Setting the stage makes Warmcart ask for all open carts.
        log.warning("demo_shop_unknown")
        return
    raw = json.dumps(body).encode()
    headers = {
        "X-Demo-Topic": topic,
        "X-Demo-Delivery": str(uuid.uuid4()),
        "X-Demo-Signature": sign(raw, secret),
    }
    courier().post(f"{current.settings.public_url}/webhooks/demo/{store.public_id}", raw, headers)
